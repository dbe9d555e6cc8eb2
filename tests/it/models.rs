//! The models of the outside world and the client were written apart from each other, from the same documents. Here they
//! meet: what one writes, the other must read.

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use waybill::domain::clock::Clock;
use waybill::domain::connection::StoreSettings;
use waybill::domain::fulfilment::{Fulfilment, OrderLink, ShipmentStatus};
use waybill::domain::ids::TikTokOrderId;
use waybill::domain::platform::Platform;
use waybill::stores::magento::key_paths;
use waybill::stores::poll::{PollQuery, PollStep, poll};
use waybill::stores::subscriptions::{Goal, Report, SubscriptionStep, Wanted, subscriptions};
use waybill::stores::{Delivery, HookSecrets, LookUp, Notice, Step, StoreAccess, StoreCredentials, adapter, look_up};
use waybill_model::stores::{Account, IdField, Kind, ModelStore, Plugin, Way, adobe};
use waybill_tests::world::stores::way_name;

const START: i64 = 1_795_255_200;
const TIKTOK_ORDER: &str = "576000000000000017";
const HOOK: &str = "https://waybill.example/hooks/x/abc";

const KINDS: [Kind; 13] = [
    Kind::Shopify,
    Kind::WooCommerce(Plugin::Official),
    Kind::WooCommerce(Plugin::Ast),
    Kind::WooCommerce(Plugin::AfterShip),
    Kind::WooCommerce(Plugin::VillaTheme),
    Kind::WooCommerce(Plugin::PluginHive),
    Kind::WooCommerce(Plugin::Core),
    Kind::BigCommerce,
    Kind::Magento(Way::MageOs),
    Kind::Magento(Way::Mageplaza),
    Kind::Magento(Way::IoEvents),
    Kind::Magento(Way::CommerceWebhooks),
    Kind::Generic,
];

/// A clock that the test moves.
#[derive(Clone)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    pub fn later(&self, time: SignedDuration) {
        self.0.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    pub fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::new(move || hands.now(), || Duration::ZERO)
    }
}

fn platform(kind: Kind) -> Platform {
    match kind {
        Kind::Shopify => Platform::Shopify,
        Kind::WooCommerce(_) => Platform::WooCommerce,
        Kind::BigCommerce => Platform::BigCommerce,
        Kind::Magento(_) => Platform::Magento,
        Kind::Generic => Platform::Generic,
    }
}

fn settings(kind: Kind) -> StoreSettings {
    let way = match kind {
        Kind::Magento(way) => Some(way_name(way)),
        _ => None,
    };
    let tracking_field =
        matches!(kind, Kind::WooCommerce(Plugin::PluginHive)).then(|| "_ost_tracking_items".to_owned());
    StoreSettings { way: way.map(str::to_owned), tracking_field, ..StoreSettings::default() }
}

fn access(kind: Kind, account: &Account) -> StoreAccess {
    let secret = |text: &str| SecretString::from(text.to_owned());
    let credentials = match kind {
        Kind::Shopify | Kind::BigCommerce => StoreCredentials::Token(secret(&account.access_token)),
        Kind::WooCommerce(_) => {
            StoreCredentials::Basic { key: secret(&account.consumer_key), secret: secret(&account.consumer_secret) }
        }
        Kind::Magento(_) => StoreCredentials::OAuth1 {
            consumer_key: secret(&account.consumer_key),
            consumer_secret: secret(&account.consumer_secret),
            token: secret(&account.token),
            token_secret: secret(&account.token_secret),
        },
        Kind::Generic => StoreCredentials::None,
    };
    let base = match kind {
        Kind::BigCommerce => format!("https://api.bigcommerce.com/stores/{}", account.domain),
        _ => format!("https://{}", account.domain),
    };
    StoreAccess { platform: platform(kind), base, credentials, settings: settings(kind) }
}

struct Meeting {
    kind: Kind,
    store: ModelStore,
    hands: Hands,
}

impl Meeting {
    fn new(kind: Kind) -> Self {
        let hands = Hands::new();
        let store = ModelStore::new(kind, hands.clock(), 1);
        store.subscribe_all(HOOK);
        Self { kind, store, hands }
    }

    fn access(&self) -> StoreAccess {
        access(self.kind, &self.store.account())
    }

    async fn ask(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.store.handle(request).await.reply().unwrap()
    }

    /// Takes what the store sends, verifies and reads it, and follows every look-up.
    async fn hear(&self) -> Vec<Fulfilment> {
        let account = self.store.account();
        let mut secrets = HookSecrets {
            current: Some(account.secret.clone().into()),
            header: Some(account.header.1.clone().into()),
            public_keys: vec![("commerce".to_owned(), adobe::PUBLIC[0].to_owned())],
            client_id: Some(adobe::CLIENT_ID.to_owned()),
            ..HookSecrets::default()
        };
        let mut heard = Vec::new();
        for outgoing in self.store.deliveries() {
            let (head, body) = outgoing.request.into_parts();
            let delivery = Delivery { method: head.method, headers: head.headers, query: None, body };
            for path in key_paths(&delivery) {
                secrets.public_keys.extend(adobe::published_key(path).map(|key| (path.to_owned(), key.to_owned())));
            }
            let reader = adapter(platform(self.kind));
            let place = format!("{:?} {}", self.kind, outgoing.topic);
            let ping = delivery.body.starts_with(b"webhook_id=");
            let verified = match reader.verify(&delivery, &secrets, self.hands.now()) {
                Ok(verified) => verified,
                Err(_) if ping => continue,
                Err(error) => panic!("{place}: {error}"),
            };
            let notice =
                reader.read(&verified, &settings(self.kind)).unwrap_or_else(|error| panic!("{place}: {error}"));
            let fulfilment = match notice {
                Notice::Fulfilled(mut fulfilment) => {
                    if fulfilment.link == OrderLink::NotRead {
                        let what = LookUp::Link { order: fulfilment.order.clone() };
                        fulfilment.link = self.look_up(what).await.unwrap().link;
                    }
                    fulfilment
                }
                Notice::Thin(thin) => match self.look_up(LookUp::Shipments(thin)).await {
                    Some(fulfilment) => fulfilment,
                    None => continue,
                },
                Notice::Ping => continue,
                other => panic!("{place}: {other:?}"),
            };
            heard.push(fulfilment);
        }
        heard
    }

    async fn look_up(&self, what: LookUp) -> Option<Fulfilment> {
        let mut machine = look_up(&self.access(), what).unwrap();
        let mut answer = None;
        loop {
            match machine.step(answer.as_ref(), self.hands.now()).unwrap_or_else(|e| panic!("{:?}: {e}", self.kind)) {
                Step::Send(request) => answer = Some(self.ask(request).await),
                Step::Done(fulfilment) => return Some(fulfilment),
                Step::Gone => return None,
            }
        }
    }

    async fn poll(&self, since: Timestamp) -> Vec<Fulfilment> {
        let query = PollQuery { since, open_orders: Vec::new(), resume: None };
        let mut machine = poll(&self.access(), query).unwrap();
        let (mut answer, mut all) = (None, Vec::new());
        loop {
            match machine
                .step(answer.take().as_ref(), self.hands.now())
                .unwrap_or_else(|e| panic!("{:?}: {e}", self.kind))
            {
                PollStep::Send(request) => answer = Some(self.ask(request).await),
                PollStep::Found { fulfilments, .. } => all.extend(fulfilments),
                PollStep::Done { .. } => return all,
            }
        }
    }

    async fn keep(&self, goal: Goal) -> Report {
        let account = self.store.account();
        let header = Some(account.header.1.clone().into());
        let wanted =
            Wanted { address: HOOK.to_owned(), former: Vec::new(), secret: Some(account.secret.into()), header };
        // A Magento nonce is made of the time, which stands still here unless it is moved.
        self.hands.later(SignedDuration::from_secs(1));
        let mut machine = subscriptions(&self.access(), wanted, goal).unwrap();
        let mut answer = None;
        loop {
            match machine.step(answer.as_ref(), self.hands.now()).unwrap_or_else(|e| panic!("{:?}: {e}", self.kind)) {
                SubscriptionStep::Send(request) => answer = Some(self.ask(request).await),
                SubscriptionStep::Done(report) => return report,
            }
        }
    }
}

/// Numbers of shipments that count, sorted, each once.
fn numbers(heard: &[Fulfilment]) -> Vec<String> {
    let shipped = heard.iter().flat_map(|f| &f.shipments).filter(|s| s.status == ShipmentStatus::Shipped);
    let mut all: Vec<String> =
        shipped.flat_map(|s| &s.parcels).map(|parcel| parcel.number.as_str().to_owned()).collect();
    all.sort();
    all.dedup();
    all
}

#[tokio::test]
async fn the_client_understands_what_each_store_tells_about_a_parcel() {
    let id = TikTokOrderId::parse(TIKTOK_ORDER).unwrap();
    for kind in KINDS {
        let meeting = Meeting::new(kind);
        let order =
            meeting.store.order().tiktok(IdField::Main, TIKTOK_ORDER).line("MUG-BLUE", 2).line("CAP-RED", 1).place();
        meeting.hear().await;
        meeting.store.fulfil(order, &[("MUG-BLUE", 1)], &["9400100000000000000017"], "USPS").unwrap();
        let heard = meeting.hear().await;
        assert_eq!(numbers(&heard), ["9400100000000000000017"], "{kind:?}");
        assert!(heard.iter().all(|f| f.link == OrderLink::Found(id.clone())), "{kind:?}: {heard:?}");
        let shipments: Vec<_> = heard.iter().flat_map(|f| &f.shipments).collect();
        let carrier = shipments[0].parcels[0].carrier.as_deref().unwrap_or_default();
        assert!(carrier.eq_ignore_ascii_case("usps"), "{kind:?}: {carrier}");
        let silent = matches!(kind, Kind::WooCommerce(Plugin::Official | Plugin::PluginHive | Plugin::VillaTheme));
        if !silent {
            let line = &shipments[0].lines[0];
            assert_eq!((line.sku.as_str(), line.quantity), ("MUG-BLUE", 1), "{kind:?}");
        }
        meeting.hands.later(SignedDuration::from_mins(5));
        meeting.store.fulfil(order, &[], &["1Z0000000000000024", "1Z0000000000000025"], "UPS").unwrap();
        let found = numbers(&meeting.hear().await);
        let wanted: &[&str] = match kind {
            Kind::WooCommerce(Plugin::Core) => &["1Z0000000000000024"],
            // Its list is a history: the last number of a line is the current one.
            Kind::WooCommerce(Plugin::VillaTheme) => &["1Z0000000000000025"],
            _ => &["1Z0000000000000024", "1Z0000000000000025"],
        };
        assert!(wanted.iter().all(|number| found.iter().any(|f| f == number)), "{kind:?}: {found:?}");
    }
}

#[tokio::test]
async fn a_poll_finds_what_no_webhook_told() {
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Generic) {
        let meeting = Meeting::new(kind);
        let old = meeting.store.order().tiktok(IdField::Main, "576000000000000999").line("A", 1).place();
        meeting.store.fulfil(old, &[], &["9400100000000000000999"], "USPS").unwrap();
        meeting.store.drop_subscriptions();
        meeting.hands.later(SignedDuration::from_hours(3));
        let since = meeting.hands.now();
        let mut wanted = Vec::new();
        for i in 0..7 {
            let order =
                meeting.store.order().tiktok(IdField::Main, &format!("57600000000000{i:04}")).line("A", 1).place();
            meeting.hands.later(SignedDuration::from_secs(30));
            let number = format!("940010000000000000{i:04}");
            meeting.store.fulfil(order, &[], &[&number], "USPS").unwrap();
            wanted.push(number);
        }
        assert!(meeting.hear().await.is_empty());
        let found = meeting.poll(since).await;
        assert_eq!(numbers(&found), wanted, "{kind:?}");
        let linked = found
            .iter()
            .filter(|f| !f.shipments.is_empty())
            .all(|f| matches!(f.link, OrderLink::Found(_) | OrderLink::NotRead));
        assert!(linked, "{kind:?}");
    }
}

#[tokio::test]
async fn subscriptions_that_a_store_lost_are_noticed_and_repaired() {
    for kind in [Kind::Shopify, Kind::WooCommerce(Plugin::Official), Kind::BigCommerce, Kind::Magento(Way::MageOs)] {
        let meeting = Meeting::new(kind);
        meeting.store.drop_subscriptions();
        let missing = meeting.keep(Goal::Check).await.missing;
        assert!(!missing.is_empty(), "{kind:?}");
        let report = meeting.keep(Goal::Ensure).await;
        assert_eq!((report.repaired.len(), &report.refused), (missing.len(), &vec![]), "{kind:?}");
        assert_eq!(meeting.keep(Goal::Check).await.missing, Vec::<String>::new(), "{kind:?}");
        let sleeper = meeting.store.subscriptions()[0].id;
        meeting.store.disable_subscription(sleeper);
        assert_eq!(meeting.keep(Goal::Check).await.missing.len(), 1, "{kind:?}: one sleeps");
        meeting.keep(Goal::Ensure).await;
        assert_eq!(meeting.keep(Goal::Check).await.missing, Vec::<String>::new(), "{kind:?}");
        let order = meeting.store.order().tiktok(IdField::Main, TIKTOK_ORDER).line("A", 1).place();
        meeting.store.fulfil(order, &[], &["9400100000000000000017"], "USPS").unwrap();
        assert_eq!(numbers(&meeting.hear().await), ["9400100000000000000017"], "{kind:?}: and it delivers");
        let removed = meeting.keep(Goal::Remove).await;
        let left = meeting.store.subscriptions().iter().filter(|hook| hook.active).count();
        assert_eq!(left, 0, "{kind:?}: {removed:?}");
    }
}
