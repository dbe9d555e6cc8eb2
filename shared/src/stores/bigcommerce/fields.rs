//! Writes metafields of an order by BigCommerce's V3 API: one that is there is changed, others are made.

use super::api::Client;
use crate::domain::custom_fields::Field;
use crate::domain::ids::StoreOrderId;
use crate::stores::StoreAccess;
use crate::stores::answer::{self, Answer};
use crate::stores::custom_fields::{FieldMachine, FieldStep, Outcome, Value};
use crate::stores::error::StoreError;
use crate::stores::json::{List, Text};
use crate::stores::subscriptions::refusal;
use bytes::Bytes;
use http::{Method, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

/// Reads what is there, then a call for each value that is not.
pub(crate) struct Write {
    client: Client,
    path: String,
    values: Vec<Value>,
    known: Option<Vec<Known>>,
    asked: bool,
}

#[derive(Deserialize)]
struct Page {
    data: List<Known>,
}

#[derive(Deserialize)]
struct Done {
    #[serde(rename = "data")]
    _data: serde_json::Value,
}

#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    namespace: Text,
    #[serde(default)]
    key: Text,
    #[serde(default)]
    value: Text,
}

impl Write {
    pub(crate) fn new(access: &StoreAccess, order: &StoreOrderId, values: Vec<Value>) -> Result<Self, StoreError> {
        let path = format!("/v3/orders/{order}/metafields");
        Ok(Self { client: Client::new(access)?, path, values, known: None, asked: false })
    }

    fn next(&mut self) -> Result<FieldStep, StoreError> {
        while let Some(value) = self.values.pop() {
            let Field::Metafield { namespace, key } = &value.field else { continue };
            let text = value.value.text();
            let known = self.known.iter().flatten().find(|known| {
                known.namespace.get() == Some(namespace.as_str()) && known.key.get() == Some(key.as_str())
            });
            let (method, path, body) = match known.map(|known| (known.id.get(), known.value.get())) {
                Some((_, Some(there))) if there == text => continue,
                Some((Some(id), _)) if id.bytes().all(|b| b.is_ascii_digit()) => {
                    (Method::PUT, format!("{}/{id}", self.path), json!({ "value": text }))
                }
                _ => {
                    let body = json!({
                        "permission_set": "read", "namespace": namespace, "key": key, "value": text,
                    });
                    (Method::POST, self.path.clone(), body)
                }
            };
            return self.client.request(method, &path, Some(&body)).map(FieldStep::Send);
        }
        Ok(FieldStep::Done(Outcome::Written))
    }
}

impl FieldMachine for Write {
    fn step(&mut self, answer: Option<&Response<Bytes>>, _: Timestamp) -> Result<FieldStep, StoreError> {
        let Some(answer) = answer.filter(|_| self.asked) else {
            self.asked = true;
            let list = format!("{}?limit=250", self.path);
            return self.client.request(Method::GET, &list, None).map(FieldStep::Send);
        };
        if let Some(said) = refusal(answer)? {
            return Ok(FieldStep::Done(Outcome::Refused(said)));
        }
        match answer::sorted(answer)? {
            Answer::Gone(_) => return Ok(FieldStep::Done(Outcome::Gone)),
            Answer::Body(body) if self.known.is_none() => {
                let known = if body.is_empty() { Vec::new() } else { answer::json::<Page>(body)?.data.0 };
                self.known = Some(known);
            }
            // A page of somebody else has status 200 too.
            Answer::Body(body) => drop(answer::json::<Done>(body)?),
        }
        self.next()
    }
}
