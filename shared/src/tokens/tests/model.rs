//! A model of Secrets Manager behind the real client: requests and answers of its JSON protocol, without sockets.
//! Source: AWS Secrets Manager API reference (actions, errors, staging labels).

use crate::aws::{LocalAws, local_config};
use crate::domain::clock::Clock;
use crate::tokens::SecretsManager;
use crate::tokens::testing;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug, Default)]
pub(super) struct Model(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Versions, oldest first; the last is current, the one before it previous.
    secrets: BTreeMap<String, Vec<(String, String)>>,
    /// Every call from now on gets this error.
    failing: Option<&'static str>,
    calls: Vec<String>,
}

impl Model {
    pub(super) fn store(&self) -> SecretsManager {
        let connector = SharedHttpConnector::new(self.clone());
        let transport = http_client_fn(move |_, _| connector.clone());
        let clock = Clock::fixed(testing::start());
        let config = local_config(&LocalAws::at("http://secrets.local"), &clock, Some(transport)).expect("built");
        SecretsManager::new(aws_sdk_secretsmanager::Client::new(&config), testing::entropy(11))
    }

    pub(super) fn fail_with(&self, code: Option<&'static str>) {
        self.0.lock().expect("unpoisoned").failing = code;
    }

    pub(super) fn calls(&self) -> usize {
        self.0.lock().expect("unpoisoned").calls.len()
    }

    fn answer(&self, action: &str, body: &Value) -> Result<Value, &'static str> {
        let mut state = self.0.lock().expect("unpoisoned");
        state.calls.push(action.to_owned());
        if let Some(code) = state.failing {
            return Err(code);
        }
        let field = |name: &str| body[name].as_str().map(str::to_owned);
        let id = field("SecretId").or_else(|| field("Name")).expect("a secret is named");
        let new = || {
            let token = field("ClientRequestToken").expect("idempotent");
            assert!((32..=64).contains(&token.len()), "{token}");
            (token, field("SecretString").expect("text"))
        };
        match action {
            "CreateSecret" if state.secrets.contains_key(&id) => Err("ResourceExistsException"),
            "CreateSecret" => {
                state.secrets.insert(id, vec![new()]);
                Ok(json!({}))
            }
            "PutSecretValue" => {
                let versions = state.secrets.get_mut(&id).ok_or("ResourceNotFoundException")?;
                versions.push(new());
                Ok(json!({}))
            }
            "GetSecretValue" => {
                let versions = state.secrets.get(&id).ok_or("ResourceNotFoundException")?;
                // Versions without a label may go at any time; here they go at once.
                let labelled = versions.iter().rev().take(2);
                let found = match field("VersionId") {
                    Some(wanted) => labelled.into_iter().find(|(version, _)| *version == wanted),
                    None => versions.last(),
                };
                let (version, text) = found.ok_or("ResourceNotFoundException")?;
                Ok(json!({"SecretString": text, "VersionId": version}))
            }
            "DeleteSecret" => {
                assert_eq!(body["ForceDeleteWithoutRecovery"], true);
                state.secrets.remove(&id).map(|_| json!({})).ok_or("ResourceNotFoundException")
            }
            other => panic!("the model does not know {other}"),
        }
    }
}

impl HttpConnector for Model {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let action = request.headers().get("x-amz-target").expect("an action").replace("secretsmanager.", "");
        let body = serde_json::from_slice(request.body().bytes().expect("in memory")).expect("JSON");
        let (status, body) = match self.answer(&action, &body) {
            Ok(body) => (200, body),
            Err("InternalServiceError") => (500, json!({"__type": "InternalServiceError"})),
            // Messages of the real service cite the request.
            Err(code) => (400, json!({"__type": code, "Message": format!("{code}: canary {body}")})),
        };
        let status = u16::try_from(status).expect("a status").try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
    }
}
