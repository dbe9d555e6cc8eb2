//! AWS's wire protocols without a socket: the SDK's own requests, answered by the emulator of the table, with faults in
//! between, and by a model of Secrets Manager.

use super::calls::Calls;
use super::index::Index;
use super::readers::Readers;
use super::secrets_service::SecretsService;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use waybill_model::chance::Chance;

/// Longer than the SDK waits for one try.
const NEVER: Duration = Duration::from_secs(60);

/// The least lag: lists come from the model of the index, which costs many lives much less than the emulator's.
pub const NO_LAG: Duration = Duration::from_millis(1);

/// What goes wrong between the SDK and the table, each with its probability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TableFaults {
    /// Every request takes up to this long.
    pub latency: Duration,
    /// Refused: too many requests.
    pub throttled: f64,
    /// Refused: internal error.
    pub failing: f64,
    /// No answer, nothing done.
    pub lost_before: f64,
    /// Carried out, no answer.
    pub lost_after: f64,
    /// The index shows what was up to this long ago. Zero: the emulator's own index, which is never behind.
    pub index_lag: Duration,
    /// Whoever asks for a lease gets it.
    pub lease_broken: bool,
}

struct Inner {
    db: Database,
    secrets: SecretsService,
    state: Mutex<State>,
    readers: Arc<Readers>,
    down: AtomicBool,
    unlisted: AtomicBool,
    /// Requests under way, and the most there ever were.
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

/// A request under way.
struct UnderWay<'a>(&'a Inner);

impl<'a> UnderWay<'a> {
    fn new(inner: &'a Inner) -> Self {
        let now = inner.busy.fetch_add(1, Ordering::Relaxed) + 1;
        inner.busiest.fetch_max(now, Ordering::Relaxed);
        Self(inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

struct State {
    faults: TableFaults,
    chance: Chance,
    index: Index,
    now: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// The table and the secrets behind the SDK, as one process sees them.
#[derive(Clone)]
pub struct Wire {
    inner: Arc<Inner>,
    calls: Calls,
    /// A test's own eyes: what it sees is never delayed, lost or refused.
    untroubled: bool,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// An empty database in memory; faults run from the seed.
    #[must_use]
    pub fn memory(seed: u64, now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let state = State {
            faults: TableFaults::default(),
            chance: Chance::new(seed),
            index: Index::default(),
            now: Arc::new(now),
        };
        let db = Database::memory().expect("a database");
        Self {
            inner: Arc::new(Inner {
                db,
                secrets: SecretsService::default(),
                state: Mutex::new(state),
                readers: Arc::default(),
                down: AtomicBool::new(false),
                unlisted: AtomicBool::new(false),
                busy: AtomicUsize::new(0),
                busiest: AtomicUsize::new(0),
            }),
            calls: Calls::default(),
            untroubled: false,
        }
    }

    /// Who holds leases and reads orders.
    #[must_use]
    pub fn readers(&self) -> Arc<Readers> {
        Arc::clone(&self.inner.readers)
    }

    /// Secrets Manager on this wire.
    #[must_use]
    pub fn secrets(&self) -> &SecretsService {
        &self.inner.secrets
    }

    /// The same wire for another process.
    #[must_use]
    pub fn for_process(&self, calls: &Calls) -> Self {
        Self { inner: Arc::clone(&self.inner), calls: calls.clone(), untroubled: false }
    }

    /// The same wire for those who only look.
    #[must_use]
    pub fn untroubled(&self) -> Self {
        Self { untroubled: true, ..self.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: TableFaults) {
        self.state().faults = faults;
    }

    /// Whether every request of every process fails from now on.
    pub fn down(&self, down: bool) {
        self.inner.down.store(down, Ordering::Relaxed);
    }

    /// Nobody here wants lists that are behind, or looks into them: no history of them is kept, which in a very large
    /// world is larger than the table.
    pub fn without_lists(&self) {
        self.inner.unlisted.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_lists(&self) -> bool {
        !self.inner.unlisted.load(Ordering::Relaxed)
    }

    /// The most requests that were ever under way at the same time.
    #[must_use]
    pub fn busiest(&self) -> usize {
        self.inner.busiest.load(Ordering::Relaxed)
    }

    /// The places of the lists whose name starts so, as they are now: list, place, row.
    #[must_use]
    pub fn listed(&self, lists: &str) -> Vec<(String, String, (String, String))> {
        self.state().index.listed(lists)
    }

    /// Every row of the table, as JSON.
    #[must_use]
    pub fn all_rows(&self, table: &str) -> Vec<Value> {
        let request = serde_json::json!({"TableName": table}).to_string();
        let text = call(request.as_bytes(), |r| self.inner.db.scan(r)).expect("a scan");
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        assert!(answer["LastEvaluatedKey"].is_null(), "the scan needs another page");
        answer["Items"].as_array_mut().map(std::mem::take).unwrap_or_default()
    }

    /// For `aws::local_config`.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Runs one operation as DynamoDB would, and says status and body.
    #[must_use]
    pub fn run(&self, target: &str, body: &[u8]) -> (u16, String) {
        let db = &self.inner.db;
        let operation = target.rsplit('.').next().unwrap_or_default();
        let writes = matches!(operation, "PutItem" | "DeleteItem" | "TransactWriteItems");
        let listed = self.has_lists();
        let parsed: Option<Value> = (listed && (writes || matches!(operation, "Query" | "UpdateItem")))
            .then(|| serde_json::from_slice(body).unwrap_or_else(|e| panic!("the SDK sent what no one reads: {e}")));
        if let Some(request) = parsed.as_ref().filter(|request| request["IndexName"].is_string()) {
            let mut state = self.state();
            let lag = state.faults.index_lag;
            if !lag.is_zero() {
                let behind = lag.mul_f64(state.chance.bits() as f64 / u64::MAX as f64);
                let until = (state.now)().saturating_sub(behind);
                return (200, state.index.query(request, until));
            }
        }
        let answer = match operation {
            "CreateTable" => call(body, |r| db.create_table(r)),
            "UpdateTimeToLive" => call(body, |r| db.update_time_to_live(r)),
            "GetItem" => call(body, |r| db.get_item(r)),
            "PutItem" => call(body, |r| db.put_item(r)),
            "UpdateItem" => self.update(body),
            "DeleteItem" => call(body, |r| db.delete_item(r)),
            "Query" => call(body, |r| db.query(r)),
            "BatchGetItem" => self.batch(body),
            "TransactWriteItems" => call(body, |r| db.transact_write_items(r)),
            other => panic!("the product does not call {other}"),
        };
        match answer {
            Ok(text) => {
                let Some(request) = parsed else { return (200, text) };
                if operation == "UpdateItem" {
                    self.inner.readers.leased(&self.calls, &request);
                }
                if writes {
                    let mut state = self.state();
                    let now = (state.now)();
                    state.index.note(now, operation, &request);
                }
                (200, text)
            }
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    fn update(&self, body: &[u8]) -> Result<String, DynoxideError> {
        let db = &self.inner.db;
        if !self.state().faults.lease_broken {
            return call(body, |r| db.update_item(r));
        }
        let mut request: Value = serde_json::from_slice(body).expect("JSON");
        let lease = request["Key"]["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("LEASE#"));
        if lease && let Some(condition) = request["ConditionExpression"].as_str() {
            request["ConditionExpression"] = format!("{condition} OR attribute_exists(#owner)").into();
        }
        let text = call(request.to_string().as_bytes(), |r| db.update_item(r))?;
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        answer.as_object_mut().expect("an object").remove("Attributes");
        Ok(answer.to_string())
    }

    /// Many rows. Where the table is short of breath, it answers for the first half of them and hands back the rest.
    fn batch(&self, body: &[u8]) -> Result<String, DynoxideError> {
        let mut request: Value = serde_json::from_slice(body).expect("JSON");
        let mut left = request.clone();
        for (name, asked) in request["RequestItems"].as_object_mut().expect("tables") {
            let keys = asked["Keys"].as_array_mut().expect("keys");
            let short = self.state().faults.throttled > 0.0 && keys.len() > 1;
            let rest = keys.split_off(if short { keys.len() / 2 } else { keys.len() });
            left["RequestItems"][name]["Keys"] = rest.into();
        }
        let text = call(request.to_string().as_bytes(), |r| self.inner.db.batch_get_item(r))?;
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        let tables = left["RequestItems"].as_object_mut().expect("tables");
        tables.retain(|_, asked| asked["Keys"].as_array().is_some_and(|keys| !keys.is_empty()));
        answer["UnprocessedKeys"] = left["RequestItems"].take();
        Ok(answer.to_string())
    }

    async fn pass(self, target: String, body: Vec<u8>) -> (u16, String) {
        let _under_way = UnderWay::new(&self.inner);
        if self.inner.down.load(Ordering::Relaxed) {
            return (500, r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#.to_owned());
        }
        if self.untroubled {
            return self.run(&target, &body);
        }
        let (wait, [throttled, failing, before, after]) = {
            let mut state = self.state();
            let faults = state.faults;
            let part = state.chance.bits() as f64 / u64::MAX as f64;
            let mut strikes = |probability: f64| probability > 0.0 && state.chance.happens(probability);
            let struck = [faults.throttled, faults.failing, faults.lost_before, faults.lost_after].map(&mut strikes);
            (faults.latency.mul_f64(part), struck)
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        if throttled {
            return (400, error("ProvisionedThroughputExceededException"));
        }
        if failing {
            return (500, error("InternalServerError"));
        }
        if before {
            tokio::time::sleep(NEVER).await;
        }
        let answer = self.run(&target, &body);
        if after {
            tokio::time::sleep(NEVER).await;
        }
        answer
    }
}

fn error(kind: &str) -> String {
    serde_json::json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "injected"}).to_string()
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    run: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request: Q = serde_json::from_slice(body).unwrap_or_else(|e| panic!("the SDK sent what no one reads: {e}"));
    Ok(serde_json::to_string(&run(request)?).expect("an answer is JSON"))
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let (wire, calls) = (self.clone(), self.calls.clone());
        HttpConnectorFuture::new(async move {
            if target.starts_with("secretsmanager.") {
                let (status, text) = calls.around(async { wire.inner.secrets.answer(&target, &body) }).await;
                return answer(status, text);
            }
            let (status, text) = calls.around(wire.pass(target, body)).await;
            answer(status, text)
        })
    }
}

fn answer(status: u16, text: String) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).expect("a status");
    let mut response = HttpResponse::new(status, SdkBody::from(text));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    Ok(response)
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
