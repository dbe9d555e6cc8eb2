//! AWS Secrets Manager as a service, on a port or on the wire of a world: its JSON protocol, its staging labels, its errors.
//!
//! Source: AWS Secrets Manager API reference.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waybill_model::{self, ModelAnswer};

/// The service. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct SecretsService(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Versions, oldest first; the last is current, the one before it previous.
    secrets: BTreeMap<String, Vec<(String, String)>>,
    down: bool,
    calls: Vec<String>,
}

impl SecretsService {
    /// Serves it on a free port of loopback until the set is dropped. Gives its address.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn serve(&self, tasks: &mut JoinSet<()>) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let service = self.clone();
        let answer = move |request| {
            let service = service.clone();
            async move { ModelAnswer::Reply(service.reply(&request)) }
        };
        tasks.spawn(async move { drop(waybill_model::serve(listener, answer).await) });
        format!("http://{address}")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on every call fails, or none.
    pub fn down(&self, down: bool) {
        self.state().down = down;
    }

    /// Calls of an action so far.
    #[must_use]
    pub fn calls(&self, action: &str) -> usize {
        self.state().calls.iter().filter(|known| *known == action).count()
    }

    /// Every text that it holds, by name.
    #[must_use]
    pub fn texts(&self) -> Vec<(String, String)> {
        let state = self.state();
        let all = state.secrets.iter();
        all.flat_map(|(name, versions)| versions.iter().map(|(_, text)| (name.clone(), text.clone()))).collect()
    }

    /// Status and body.
    pub(super) fn answer(&self, target: &str, body: &[u8]) -> (u16, String) {
        let action = target.trim_start_matches("secretsmanager.");
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match self.act(action, &body) {
            Ok(body) => (200, body.to_string()),
            Err("InternalServiceError") => (500, json!({"__type": "InternalServiceError"}).to_string()),
            // Messages of the real service cite the request.
            Err(code) => (400, json!({"__type": code, "Message": format!("{code}: canary {body}")}).to_string()),
        }
    }

    fn reply(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (status, body) = self.answer(target, request.body());
        let answer = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
        answer.body(Bytes::from(body)).expect("an answer")
    }

    fn act(&self, action: &str, body: &Value) -> Result<Value, &'static str> {
        let mut state = self.state();
        state.calls.push(action.to_owned());
        if state.down {
            return Err("InternalServiceError");
        }
        let field = |name: &str| body[name].as_str().map(str::to_owned);
        let id = field("SecretId").or_else(|| field("Name")).ok_or("InvalidParameterException")?;
        let new = || -> Result<(String, String), &'static str> {
            let token = field("ClientRequestToken").filter(|token| (32..=64).contains(&token.len()));
            let text = field("SecretString").filter(|text| text.len() <= 65_536);
            Ok((token.ok_or("InvalidParameterException")?, text.ok_or("InvalidParameterException")?))
        };
        match action {
            "CreateSecret" if state.secrets.contains_key(&id) => Err("ResourceExistsException"),
            "CreateSecret" => {
                state.secrets.insert(id, vec![new()?]);
                Ok(json!({}))
            }
            "PutSecretValue" => {
                let versions = state.secrets.get_mut(&id).ok_or("ResourceNotFoundException")?;
                let (token, text) = new()?;
                // The same token again is the same version: a repeated request changes nothing.
                if !versions.iter().any(|(known, _)| *known == token) {
                    versions.push((token, text));
                }
                // Versions without a label may go at any time; here they go at once.
                let unlabelled = versions.len().saturating_sub(2);
                versions.drain(..unlabelled);
                Ok(json!({}))
            }
            "GetSecretValue" => {
                let versions = state.secrets.get(&id).ok_or("ResourceNotFoundException")?;
                let found = match field("VersionId") {
                    Some(wanted) => versions.iter().find(|(version, _)| *version == wanted),
                    None => versions.last(),
                };
                let (version, text) = found.ok_or("ResourceNotFoundException")?;
                Ok(json!({"SecretString": text, "VersionId": version}))
            }
            "DeleteSecret" => state.secrets.remove(&id).map(|_| json!({})).ok_or("ResourceNotFoundException"),
            _ => Err("InvalidParameterException"),
        }
    }
}
