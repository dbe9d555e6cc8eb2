//! Stands between a function and the AWS emulator, and lets through what the function's role allows: an emulator does
//! not look at IAM, and a missing permission would show only in the cloud.

use crate::template::Template;
use crate::template::iam::{Call, Role};
use crate::template::{ACCOUNT, REGION, members};
use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waybill_model::{ModelAnswer, serve};

/// A gate for one function.
#[derive(Debug)]
pub struct Gate {
    /// Where the function finds AWS.
    pub url: String,
    seen: Arc<Mutex<Seen>>,
    _task: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Seen {
    allowed: BTreeSet<String>,
    denied: BTreeSet<String>,
}

impl Gate {
    /// Opens a gate with the function's role in front of the emulator.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn open(template: &Template, function: &str, cloud: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let role = Arc::new(Role::of(template, function));
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (http, cloud, kept) = (super::cloud::client()?, cloud.to_owned(), Arc::clone(&seen));
        let mut task = JoinSet::new();
        let answer = move |request| {
            let (role, seen, http, cloud) = (Arc::clone(&role), Arc::clone(&seen), http.clone(), cloud.clone());
            async move { judge(&role, &seen, &http, &cloud, request).await }
        };
        task.spawn(async move { drop(serve(listener, answer).await) });
        Ok(Self { url, seen: kept, _task: task })
    }

    /// What was let through: action and first part of the key.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).allowed.clone()
    }

    /// What was not.
    #[must_use]
    pub fn denied(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).denied.clone()
    }
}

async fn judge(
    role: &Role,
    seen: &Mutex<Seen>,
    http: &reqwest::Client,
    cloud: &str,
    request: Request<Bytes>,
) -> ModelAnswer {
    let calls = read(&request);
    let allowed = !calls.is_empty() && calls.iter().all(|call| role.allows(call));
    {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let list = if allowed { &mut seen.allowed } else { &mut seen.denied };
        list.extend(calls.iter().map(shown));
    }
    if !allowed {
        let body = json!({"__type": "AccessDeniedException", "message": "the role does not allow this"});
        return answer(400, body.to_string().into());
    }
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut forward = http.request(parts.method, format!("{cloud}{path}")).body(body);
    for (name, value) in &parts.headers {
        if name != http::header::HOST && name != http::header::CONTENT_LENGTH {
            forward = forward.header(name, value);
        }
    }
    let Ok(reply) = forward.send().await else { return ModelAnswer::Reset };
    let status = reply.status().as_u16();
    match reply.bytes().await {
        Ok(body) => answer(status, body),
        Err(_) => ModelAnswer::Reset,
    }
}

fn answer(status: u16, body: Bytes) -> ModelAnswer {
    let built = Response::builder().status(status).header("Content-Type", "application/x-amz-json-1.0").body(body);
    built.map_or(ModelAnswer::Reset, ModelAnswer::Reply)
}

fn shown(call: &Call) -> String {
    let what = call.leading_key.as_deref().or_else(|| call.resource.rsplit(':').next()).unwrap_or_default();
    let what = what.split_inclusive('#').next().unwrap_or_default();
    let list = if call.resource.contains("/index/") { "list " } else { "" };
    format!("{} {list}{what}", call.action)
}

/// What a request asks for, as IAM sees it. Nothing known: nothing allowed.
fn read(request: &Request<Bytes>) -> Vec<Call> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let (service, operation) = target.split_once('.').unwrap_or_default();
    if service == "secretsmanager" {
        let name = body["SecretId"].as_str().or_else(|| body["Name"].as_str()).unwrap_or_default();
        let arn = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf");
        return vec![Call::new(&format!("secretsmanager:{operation}"), &arn)];
    }
    if request.uri().path() == "/v2/email/outbound-emails" {
        let from = body["FromEmailAddress"].as_str().unwrap_or_default();
        let from = from.rsplit('<').next().unwrap_or_default().trim_end_matches('>');
        return vec![Call::new("ses:SendEmail", &format!("arn:aws:ses:{REGION}:{ACCOUNT}:identity/{from}"))];
    }
    if !service.starts_with("DynamoDB_") {
        return Vec::new();
    }
    let table = |name: &str| format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}");
    let one = |name: &str, key: Option<&str>| {
        let call = Call::new(&format!("dynamodb:{operation}"), &table(name));
        // Without a key the condition must not hold: an empty one matches no pattern.
        call.on(key.unwrap_or_default())
    };
    let name = body["TableName"].as_str().unwrap_or_default();
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![one(name, body["Key"]["pk"]["S"].as_str())],
        "PutItem" => vec![one(name, body["Item"]["pk"]["S"].as_str())],
        "Query" => {
            let key = body["ExpressionAttributeValues"][":pk"]["S"].as_str();
            let mut call = one(name, key);
            if let Some(index) = body["IndexName"].as_str() {
                call.resource = format!("{}/index/{index}", call.resource);
            }
            vec![call]
        }
        "BatchGetItem" => {
            let tables = members(&body["RequestItems"]);
            let keys = tables.flat_map(|(name, items)| {
                let keys = items["Keys"].as_array().cloned().unwrap_or_default();
                keys.into_iter().map(move |key| (name.clone(), key))
            });
            keys.map(|(name, key)| one(&name, key["pk"]["S"].as_str())).collect()
        }
        _ => vec![one(name, None)],
    }
}
