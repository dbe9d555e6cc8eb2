use super::*;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn clock() -> Clock {
    Clock::fixed("2026-11-03T10:00:00Z".parse().expect("a time"))
}

/// Serves answers in turn, one a connection, and gives back what was asked.
async fn serve(listener: TcpListener, answers: &[(u16, &str)]) -> Vec<String> {
    let mut asked = Vec::new();
    for (status, body) in answers {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !complete(&request) {
            assert_ne!(stream.read_buf(&mut request).await.expect("bytes"), 0, "closed too early");
        }
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).await.expect("written");
        asked.push(String::from_utf8_lossy(&request).into_owned());
    }
    asked
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length:")).and_then(|n| n.trim().parse().ok());
        body.len() >= length.unwrap_or(0usize)
    })
}

async fn get_item(answers: &[(u16, &str)]) -> (Option<String>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let local = LocalAws::at(format!("http://{address}"));
    let client = aws_sdk_dynamodb::Client::new(&local_config(&local, &clock(), None).expect("built"));
    let call = client.get_item().table_name("waybill").key("pk", AttributeValue::S("a".to_owned())).send();
    let (asked, answer) = tokio::join!(serve(listener, answers), call);
    let item = answer.ok().and_then(|answer| answer.item);
    (item.and_then(|item| item.get("pk").and_then(|value| value.as_s().ok().cloned())), asked)
}

#[tokio::test]
async fn an_item_is_read_from_something_local() {
    let (item, asked) = get_item(&[(200, r#"{"Item":{"pk":{"S":"a"}}}"#)]).await;
    assert_eq!(item.as_deref(), Some("a"));
    assert!(asked[0].contains("x-amz-target: DynamoDB_20120810.GetItem"), "{}", asked[0]);
    assert!(asked[0].contains("Credential=local/20261103/us-east-1/dynamodb"), "signed by the handed-in clock");
}

#[tokio::test]
async fn a_busy_table_is_asked_again() {
    let busy = r#"{"__type":"com.amazon.coral.availability#ThrottlingException","message":"slow down"}"#;
    let (item, asked) = get_item(&[(400, busy), (500, "{}"), (200, r#"{"Item":{"pk":{"S":"a"}}}"#)]).await;
    assert_eq!((item.as_deref(), asked.len()), (Some("a"), 3));
}

/// Takes requests and never answers.
#[derive(Debug)]
struct Silent(Arc<AtomicU32>);

impl HttpConnector for Silent {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.0.fetch_add(1, Ordering::Relaxed);
        HttpConnectorFuture::new(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_says_nothing_costs_three_seconds_at_most() {
    let tries = Arc::new(AtomicU32::new(0));
    let connector = SharedHttpConnector::new(Silent(Arc::clone(&tries)));
    let transport = http_client_fn(move |_, _| connector.clone());
    let config = local_config(&LocalAws::at("http://table.local"), &clock(), Some(transport)).expect("built");
    let client = aws_sdk_dynamodb::Client::new(&config);
    let started = tokio::time::Instant::now();
    let answer = client.get_item().table_name("waybill").key("pk", AttributeValue::S("a".to_owned())).send().await;
    assert!(matches!(answer, Err(aws_sdk_dynamodb::error::SdkError::TimeoutError(_))), "{answer:?}");
    assert!(started.elapsed() <= CALL + Duration::from_millis(100), "{:?}", started.elapsed());
    assert!(tries.load(Ordering::Relaxed) >= 2, "one slow try is not the end");
}

#[tokio::test]
async fn settings_for_real_aws_are_built_without_a_network() {
    let config = sdk_config(&clock()).await.expect("built");
    assert_eq!(config.timeout_config().and_then(TimeoutConfig::operation_timeout), Some(CALL));
    assert!(config.http_client().is_some());
}

#[test]
fn all_of_amazons_roots_are_embedded_and_no_others() {
    let pem = amazon_roots();
    assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 5, "Amazon Root CA 1 to 4 and Starfield Services G2");
    let mut store = rustls::RootCertStore::empty();
    let ders = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter(|der| pem.contains(&BASE64.encode(der)));
    assert_eq!(store.add_parsable_certificates(ders.cloned()), (5, 0));
    http_client().expect("TLS takes them");
}
