//! The embedded table. It has no port: the program that holds it calls it in process, and commands beside that program
//! reach it by a socket that only their own user can open. Either way the AWS SDK speaks DynamoDB's own protocol to it.

pub mod socket;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
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
use std::path::Path;

/// What the SDK is told as the table's address. Nothing listens there.
pub const ADDRESS: &str = "http://table.invalid";
/// DynamoDB's own content type.
const JSON: &str = "application/x-amz-json-1.0";

/// A table in this process.
#[derive(Clone)]
pub struct Embedded(Database);

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedded")
    }
}

impl Embedded {
    /// Opens the table of a file, or an empty one in memory.
    ///
    /// # Errors
    /// When the file is no table, or is damaged.
    pub fn open(file: Option<&Path>) -> Result<Self, DynoxideError> {
        match file {
            Some(file) => Database::new(&file.to_string_lossy()).map(Self),
            None => Database::memory().map(Self),
        }
    }

    /// For `aws::local_config`.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Runs one operation as DynamoDB would: status and body. It is carried out also when nobody waits for the answer
    /// any more.
    pub async fn answer(&self, target: String, body: Vec<u8>) -> (u16, String) {
        let table = self.clone();
        let done = tokio::task::spawn_blocking(move || table.run(&target, &body)).await;
        done.unwrap_or_else(|_| (500, fault("InternalServerError", "the table broke")))
    }

    fn run(&self, target: &str, body: &[u8]) -> (u16, String) {
        let db = &self.0;
        let done = match target.rsplit('.').next().unwrap_or_default() {
            "CreateTable" => call(body, |r| db.create_table(r)),
            "DescribeTable" => call(body, |r| db.describe_table(r)),
            "UpdateTimeToLive" => call(body, |r| db.update_time_to_live(r)),
            "GetItem" => call(body, |r| db.get_item(r)),
            "PutItem" => call(body, |r| db.put_item(r)),
            "UpdateItem" => call(body, |r| db.update_item(r)),
            "DeleteItem" => call(body, |r| db.delete_item(r)),
            "Query" => call(body, |r| db.query(r)),
            "Scan" => call(body, |r| db.scan(r)),
            "BatchGetItem" => call(body, |r| db.batch_get_item(r)),
            "BatchWriteItem" => call(body, |r| db.batch_write_item(r)),
            "TransactWriteItems" => call(body, |r| db.transact_write_items(r)),
            "TransactGetItems" => call(body, |r| db.transact_get_items(r)),
            _ => return (400, fault("UnknownOperationException", "the embedded table does not know this operation")),
        };
        match done {
            Ok(text) => (200, text),
            Err(Trouble::Table(error)) => (error.status_code(), error.to_json()),
            Err(Trouble::Form(error)) => (400, fault("SerializationException", &error.to_string())),
        }
    }
}

enum Trouble {
    Table(DynoxideError),
    Form(serde_json::Error),
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    run: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, Trouble> {
    let request: Q = serde_json::from_slice(body).map_err(Trouble::Form)?;
    serde_json::to_string(&run(request).map_err(Trouble::Table)?).map_err(Trouble::Form)
}

fn fault(kind: &str, message: &str) -> String {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{kind}");
    serde_json::json!({"__type": kind, "message": message}).to_string()
}

/// The parts of a request that count: operation and body.
fn parts(request: &HttpRequest) -> (String, Vec<u8>) {
    let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
    (target, request.body().bytes().unwrap_or_default().to_vec())
}

fn response(status: u16, body: SdkBody) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|e| ConnectorError::other(e.into(), None))?;
    let mut response = HttpResponse::new(status, body);
    response.headers_mut().insert("content-type", JSON);
    Ok(response)
}

impl HttpConnector for Embedded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let table = self.clone();
        let (target, body) = parts(&request);
        HttpConnectorFuture::new(async move {
            let (status, text) = table.answer(target, body).await;
            response(status, SdkBody::from(text))
        })
    }
}

impl HttpClient for Embedded {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
