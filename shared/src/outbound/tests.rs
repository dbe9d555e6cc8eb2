use super::guard::{Lookup, Refusal};
use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

const LIMIT: Duration = Duration::from_secs(5);

/// Serves each connection by `each` on a thread of its own; counts connections.
fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (each, count) = (Arc::new(each), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            seen.fetch_add(1, Ordering::SeqCst);
            let each = Arc::clone(&each);
            std::thread::spawn(move || each(stream));
        }
    });
    (address, count)
}

/// Reads up to the end of a request's head. `None`: the other side has closed.
fn read_head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn request(url: impl AsRef<str>) -> http::Request<Bytes> {
    http::Request::get(url.as_ref()).body(Bytes::new()).expect("a request")
}

fn on(address: SocketAddr) -> http::Request<Bytes> {
    request(format!("http://{address}/token?app_secret=canary"))
}

fn open() -> Outbound {
    Outbound::over_network(AllowList::default())
}

/// A server's certificate for 127.0.0.1 under a root made for the test.
fn certificate() -> (CertificateDer<'static>, rustls::ServerConfig) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).expect("names").signed_by(&key, &ca).expect("a leaf");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a server");
    (ca.der().clone(), config)
}

#[tokio::test]
async fn a_connection_trusts_the_given_roots_and_no_others() {
    let (root, config) = certificate();
    let (other, _) = certificate();
    let config = Arc::new(config);
    let (address, _) = serve(move |stream| {
        let session = rustls::ServerConnection::new(Arc::clone(&config)).expect("a session");
        let mut stream = rustls::StreamOwned::new(session, stream);
        if read_head(&mut stream).is_some() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    let get = || request(format!("https://{address}/?app_secret=canary"));
    let trusting = Outbound::trusting(Roots::only([root]), AllowList::default());
    let answer = trusting.send(get(), LIMIT).await.expect("trusted");
    assert_eq!(&answer.body()[..], b"ok");

    for outbound in [open(), Outbound::trusting(Roots::only([other]), AllowList::default())] {
        let error = outbound.send(get(), LIMIT).await.expect_err("not trusted");
        assert!(matches!(error, OutboundError::NeverSent { why: NotSent::Connect, .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn an_error_says_whether_the_other_side_may_have_acted_and_never_shows_the_url() {
    let (reset, _) = serve(|mut stream| drop(read_head(&mut stream)));
    let (silent, _) = serve(|mut stream| {
        read_head(&mut stream);
        std::thread::sleep(Duration::from_secs(3));
    });
    let (truncating, _) = serve(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"code\":");
        let _ = stream.shutdown(Shutdown::Both);
    });
    let (garbled, _) = serve(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n");
    });
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let (short, long) = (Duration::from_millis(200), LIMIT);
    for (name, request, limit, expected) in [
        ("reset", on(reset), long, "MaybeSent Reset"),
        ("silent", on(silent), short, "MaybeSent TimedOut"),
        ("truncating", on(truncating), long, "MaybeSent Truncated"),
        ("garbled", on(garbled), long, "MaybeSent Reset"),
        ("closed", on(closed), long, "NeverSent Connect"),
        ("no scheme", request("/only/a/path?canary"), long, "NeverSent Malformed"),
        ("odd scheme", request("gopher://example.com/?canary"), long, "NeverSent Malformed"),
        ("no time", on(silent), Duration::ZERO, "NeverSent NoTime"),
    ] {
        let error = open().send(request, limit).await.expect_err(name);
        assert_eq!(kind_of(&error), expected, "{name}: {error:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_told_apart_from_a_host_that_refuses() {
    let lookup: Lookup = Arc::new(|_| Box::pin(async { Err(std::io::Error::other("no such name")) }));
    let network = Network::guarded(Roots::embedded(), PublicOnly::new(lookup), 1000);
    let error = network.send(request("https://shop.example.com/?app_secret=canary"), LIMIT).await.expect_err("no name");
    assert_eq!(kind_of(&error), "NeverSent Dns", "{error:?}");
}

/// The kind in words, after a look at everything that the error shows.
fn kind_of(error: &OutboundError) -> String {
    let mut shown = format!("{error} {error:?}");
    let mut below = std::error::Error::source(error);
    while let Some(cause) = below {
        shown = format!("{shown} {cause} {cause:?}");
        below = cause.source();
    }
    for secret in ["app_secret", "canary", "/token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    match error {
        OutboundError::NeverSent { why, .. } => format!("NeverSent {why:?}"),
        OutboundError::MaybeSent { why, .. } => format!("MaybeSent {why:?}"),
        OutboundError::TooLarge { .. } => "TooLarge".to_owned(),
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_size_and_no_further() {
    let (address, _) = serve(|mut stream| {
        let head = read_head(&mut stream).unwrap_or_default();
        let body = vec![b'x'; 3000];
        let _ = if head.contains("/chunked") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nbb8\r\n");
            let _ = stream.write_all(&body);
            stream.write_all(b"\r\n0\r\n\r\n")
        } else {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3000\r\n\r\n");
            stream.write_all(&body)
        };
    });
    for path in ["sized", "chunked"] {
        for (most, fits) in [(2999, false), (3000, true)] {
            let network = Network::open(Roots::embedded(), most);
            let answer = network.send(request(format!("http://{address}/{path}")), LIMIT).await;
            match answer {
                Ok(answer) => assert!(fits && answer.body().len() == 3000, "{path} {most}"),
                Err(error) => assert!(!fits && matches!(error, OutboundError::TooLarge { .. }), "{path} {error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (inside, visits) = serve(|_| ());
    let (address, _) = serve(move |mut stream| {
        let head = format!("HTTP/1.1 302 Found\r\nlocation: http://{inside}/\r\ncontent-length: 0\r\n\r\n");
        // The second request may come over the same connection.
        while read_head(&mut stream).is_some() {
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let allow = AllowList::of([("127.0.0.1".to_owned(), address.port())]);
    let outbound = Outbound::over_network(allow);
    for answer in [outbound.send(on(address), LIMIT).await, outbound.merchant(on(address), LIMIT).await] {
        assert_eq!(answer.expect("an answer").status(), 302);
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_merchants_name_that_leads_inside_gets_no_connection() {
    let (address, visits) = serve(|_| ());
    let lookup: Lookup = Arc::new(move |_| Box::pin(async move { Ok(vec![address]) }));
    let network = Network::guarded(Roots::embedded(), PublicOnly::new(lookup), 1000);
    let error = network.send(request("https://shop.example.com/?canary"), LIMIT).await.expect_err("refused");
    let refused = NotSent::Guard(Refusal::PrivateAddress);
    assert!(matches!(error, OutboundError::NeverSent { why, .. } if why == refused), "{error:?}");
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_merchants_address_is_judged_before_anything_is_sent() {
    let (address, visits) = serve(|_| ());
    let outbound = open();
    for url in [format!("http://{address}/"), format!("https://{address}/"), "https://localhost/".to_owned()] {
        let error = outbound.merchant(request(&url), LIMIT).await.expect_err("refused");
        assert!(matches!(error, OutboundError::NeverSent { why: NotSent::Guard(_), .. }), "{url}: {error:?}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn connections_are_kept_for_the_next_request() {
    let (address, connections) = serve(|mut stream| {
        while read_head(&mut stream).is_some() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let outbound = open();
    for _ in 0..5 {
        outbound.clone().send(on(address), LIMIT).await.expect("an answer");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}
