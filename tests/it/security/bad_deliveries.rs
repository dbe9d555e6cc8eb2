//! Deliveries that no store sent as they are: a good one of every platform and way, spoiled in every way we could think
//! of. None is taken, none changes a row, none breaks its handler.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use waybill_model::chance::Chance;
use waybill_model::stores::{IdField, Kind, Way};
use waybill_tests::world::stores::{Front, KINDS, copy_of};
use waybill_tests::world::{SHOP, World};

/// Tries over all platforms. More: `BAD_DELIVERIES=100000 cargo test -p waybill-tests --test it bad_deliveries`.
const TRIES: usize = 20_000;
const ORDER: &str = "576000000000000017";
const NUMBER: &str = "9310215860339224995564";

struct Spoiler {
    chance: Chance,
}

impl Spoiler {
    fn pick(&mut self, most: usize) -> usize {
        usize::try_from(self.chance.bits() % most.max(1) as u64).expect("small")
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.pick(all.len());
        &all[at]
    }

    /// Headers that prove something.
    fn proofs(request: &Request<Bytes>) -> Vec<HeaderName> {
        let proves = ["signature", "hmac-sha256", "tracking-auth", "signature-1", "signature-2"];
        let names = request.headers().keys().filter(|name| proves.iter().any(|part| name.as_str().ends_with(part)));
        names.cloned().collect()
    }

    /// Another text in the place of every proof. All of them, since one of two may be enough.
    fn proof(&mut self, request: &mut Request<Bytes>, secret: &str) -> Option<String> {
        use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
        use ring::{digest, hmac};
        let names = Self::proofs(request);
        let way = self.pick(16);
        let body = request.body().clone();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        for name in &names {
            let value = request.headers()[name].to_str().expect("text").to_owned();
            let with = |algorithm| hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), &body);
            let other = match way {
                0 => {
                    request.headers_mut().remove(name);
                    continue;
                }
                1 => String::new(),
                2 => value[..value.len() / 2].to_owned(),
                3 => format!("{value}A"),
                4 => value.chars().rev().collect(),
                5 => BASE64.encode(with(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY).as_ref()),
                6 => BASE64.encode(with(hmac::HMAC_SHA512).as_ref()),
                7 => BASE64.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"another"), &body).as_ref()),
                8 => BASE64.encode(digest::digest(&digest::SHA256, &body).as_ref()),
                9 => BASE64.encode(&[0; 32]),
                10 => {
                    format!("v1,{}", BASE64.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), &body).as_ref()))
                }
                11 => format!("{value},{value}"),
                12 => {
                    let mut bytes = value.clone().into_bytes();
                    let at = self.pick(bytes.len());
                    bytes[at] = if bytes[at] == b'b' { b'c' } else { b'b' };
                    // The last character of unpadded base64 has bits that no byte holds.
                    if value.as_bytes()[at] == b'=' || at + 4 > bytes.len() {
                        bytes[0] = if bytes[0] == b'x' { b'y' } else { b'x' };
                    }
                    String::from_utf8(bytes).expect("text")
                }
                13 => BASE64URL_NOPAD.encode(hmac::sign(&key, b"").as_ref()),
                14 => "null".to_owned(),
                _ => format!("sha256={}", HEXLOWER.encode(&[7; 32])),
            };
            let value = HeaderValue::from_str(&other).expect("a value");
            request.headers_mut().insert(name, value);
        }
        Some(format!("proof {way}"))
    }

    /// Another body under the same proof. A static header covers no body.
    fn body(&mut self, kind: Kind, request: &mut Request<Bytes>) -> Option<String> {
        if kind == Kind::Magento(Way::Mageplaza) {
            return None;
        }
        let body = request.body().to_vec();
        let way = self.pick(9);
        let other = match way {
            0 => [b"\xef\xbb\xbf".as_slice(), &body].concat(),
            1 => [body.as_slice(), b"\n"].concat(),
            2 => body[..body.len() - 1].to_vec(),
            3 => Vec::new(),
            4 => String::from_utf8_lossy(&body).encode_utf16().flat_map(u16::to_le_bytes).collect(),
            5 => [body.as_slice(), &body].concat(),
            6 => String::from_utf8_lossy(&body).replacen(':', ": ", 1).into_bytes(),
            7 => String::from_utf8_lossy(&body).replacen(NUMBER, "9474824340957450782691", 1).into_bytes(),
            _ => {
                let mut flipped = body.clone();
                let at = self.pick(flipped.len());
                flipped[at] ^= 1 << self.pick(8);
                flipped
            }
        };
        if other == body {
            return None;
        }
        *request.body_mut() = other.into();
        Some(format!("body {way}"))
    }

    /// Another time or id under the same proof, where it is signed.
    fn time(&mut self, request: &mut Request<Bytes>) -> Option<String> {
        let time = request.headers().get("webhook-timestamp")?.to_str().expect("text").to_owned();
        let id = request.headers().get("webhook-id")?.to_str().expect("text").to_owned();
        let way = self.pick(6);
        let (id, time) = match way {
            0 => (id, (time.parse::<i64>().expect("a time") - 86_400).to_string()),
            1 => (id, (time.parse::<i64>().expect("a time") + 86_400).to_string()),
            2 => (id, format!("0{time}")),
            3 => (format!("{id}x"), time),
            4 => (String::new(), time),
            _ => (id[..1].to_owned(), format!("{}.{time}", &id[1..])),
        };
        for (name, value) in [("webhook-timestamp", time), ("webhook-id", id)] {
            request.headers_mut().insert(name, HeaderValue::from_str(&value).expect("a value"));
        }
        Some(format!("time {way}"))
    }

    /// A good delivery where it does not belong.
    fn place(&mut self, request: &mut Request<Bytes>, others: &[String]) -> Option<String> {
        let path = request.uri().path().to_owned();
        let hook = path.rsplit('/').next().expect("a hook").to_owned();
        let way = self.pick(7);
        let other = match way {
            0 => path[..path.len() - 1].to_owned(),
            1 => path.to_uppercase(),
            2 => format!("{path}/more"),
            3 => format!("/hooks/etsy/{hook}"),
            4 => format!("/hooks/shopify/{hook}"),
            5 => self.of(others).clone(),
            _ => {
                *request.method_mut() = self.of(&[Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD]).clone();
                path.clone()
            }
        };
        if other == path && request.method() == Method::POST {
            return None;
        }
        *request.uri_mut() = other.parse().expect("a path");
        Some(format!("place {way}"))
    }
}

/// A world with a store of this kind, and a delivery of it that would be taken.
async fn town(kind: Kind) -> (World, Front, Vec<Request<Bytes>>, Vec<String>) {
    let world = World::new().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2)]).place();
    let front = world.open_store(kind).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG-BLUE", 2).tiktok(IdField::Main, ORDER).place();
    world.deliver(&front).await;
    front.model.fulfil(twin, &[("MUG-BLUE", 1)], &[NUMBER], "USPS").expect("shipped");
    let mut good: Vec<Request<Bytes>> = front.model.deliveries().into_iter().map(|out| out.request).collect();
    for request in &mut good {
        let path = request.uri().path().to_owned();
        *request.uri_mut() = path.parse().expect("a path");
    }
    // Addresses of the same account, whose secrets are others. One site has one connection.
    let mut others = Vec::new();
    for other in [Kind::Generic, Kind::BigCommerce] {
        if other != kind {
            let neighbour = world.open_store(other).await;
            let url = neighbour.added.webhook_url;
            others.push(url[url.find("/hooks/").expect("a path")..].to_owned());
        }
    }
    (world, front, good, others)
}

#[tokio::test(start_paused = true)]
async fn no_bad_delivery_is_taken_changes_a_row_or_breaks_its_handler() {
    #[expect(clippy::disallowed_methods, reason = "how many are tried is asked of whoever runs the test")]
    let tries = std::env::var("BAD_DELIVERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(TRIES);
    for (place, kind) in KINDS.into_iter().enumerate() {
        let (world, front, good, others) = town(kind).await;
        let secret = front.model.account().secret;
        let mut spoiler = Spoiler { chance: Chance::new(11 + place as u64) };
        let before = super::rows(&world);
        for _ in 0..tries / KINDS.len() {
            let mut request = copy_of(spoiler.of(&good));
            let spoiled = match spoiler.pick(8) {
                0..=2 => spoiler.proof(&mut request, &secret),
                3..=4 => spoiler.body(kind, &mut request),
                5 => spoiler.time(&mut request),
                _ => spoiler.place(&mut request, &others),
            };
            let Some(how) = spoiled else { continue };
            let answer = world.receive(request).await;
            let status = answer.status().as_u16();
            assert!(status < 500, "{kind:?}, {how}: {status}");
            assert!(super::rows(&world) == before, "{kind:?}, {how}: a row changed");
            if !how.starts_with("place") {
                assert_eq!(status, 401, "{kind:?}, {how}");
            }
        }
        assert_eq!(super::rows(&world), before, "{kind:?}");
        // What was spoiled was good.
        for request in &good {
            assert_eq!(world.receive(copy_of(request)).await.status(), 200, "{kind:?}");
        }
        assert_ne!(super::rows(&world), before, "{kind:?}");
    }
}
