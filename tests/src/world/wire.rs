//! DynamoDB's wire protocol without a socket: the SDK's own requests, answered by the emulator.

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
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The emulator behind the SDK.
#[derive(Clone)]
pub struct Wire(Arc<Database>, Arc<AtomicBool>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// An empty database in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self(Arc::new(Database::memory().expect("a database")), Arc::default())
    }

    /// Answers nothing but errors, or works again.
    pub fn down(&self, down: bool) {
        self.1.store(down, Ordering::Relaxed);
    }

    /// For `aws::local_config`.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Runs one operation as DynamoDB would, and says status and body.
    #[must_use]
    pub fn run(&self, target: &str, body: &[u8]) -> (u16, String) {
        let db = &self.0;
        let operation = target.rsplit('.').next().unwrap_or_default();
        let answer = match operation {
            "CreateTable" => call(body, |r| db.create_table(r)),
            "UpdateTimeToLive" => call(body, |r| db.update_time_to_live(r)),
            "GetItem" => call(body, |r| db.get_item(r)),
            "PutItem" => call(body, |r| db.put_item(r)),
            "UpdateItem" => call(body, |r| db.update_item(r)),
            "DeleteItem" => call(body, |r| db.delete_item(r)),
            "Query" => call(body, |r| db.query(r)),
            "BatchGetItem" => call(body, |r| db.batch_get_item(r)),
            "BatchWriteItem" => call(body, |r| db.batch_write_item(r)),
            "TransactWriteItems" => call(body, |r| db.transact_write_items(r)),
            other => panic!("the product does not call {other}"),
        };
        match answer {
            Ok(text) => (200, text),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }
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
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            if wire.1.load(Ordering::Relaxed) {
                let text = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"down"}"#;
                return answer(500, text.to_owned());
            }
            let (status, text) = wire.run(&target, &body);
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
