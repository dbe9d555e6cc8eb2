//! Writes metafields of an order by Shopify's GraphQL Admin API.

use super::api::{Client, data};
use crate::domain::custom_fields::Field;
use crate::domain::ids::StoreOrderId;
use crate::stores::StoreAccess;
use crate::stores::custom_fields::{FieldMachine, FieldStep, Outcome, Value};
use crate::stores::error::StoreError;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::json;

/// One call.
pub(crate) struct Write {
    request: Option<Request<Bytes>>,
}

impl Write {
    pub(crate) fn new(access: &StoreAccess, order: &StoreOrderId, values: &[Value]) -> Result<Self, StoreError> {
        let owner = format!("gid://shopify/Order/{order}");
        let fields: Vec<serde_json::Value> = values
            .iter()
            .filter_map(|value| match &value.field {
                Field::Metafield { namespace, key } => Some(json!({
                    "ownerId": owner, "namespace": namespace, "key": key, "type": "single_line_text_field",
                    "value": value.value.text(),
                })),
                Field::Meta(_) | Field::Comment => None,
            })
            .collect();
        let query = "mutation($fields: [MetafieldsSetInput!]!) { result: metafieldsSet(metafields: $fields) { userErrors \
                     { code } } }";
        let request = Client::new(access)?.request(query, &json!({ "fields": fields }))?;
        Ok(Self { request: Some(request) })
    }
}

impl FieldMachine for Write {
    fn step(&mut self, answer: Option<&Response<Bytes>>, _: Timestamp) -> Result<FieldStep, StoreError> {
        if let Some(request) = self.request.take() {
            return Ok(FieldStep::Send(request));
        }
        let answer = answer.ok_or(StoreError::Unreadable("a write was asked for without its answer"))?;
        let data: serde_json::Value = data(answer)?;
        let errors = data.pointer("/result/userErrors").and_then(serde_json::Value::as_array);
        let errors = errors.ok_or_else(|| StoreError::Unavailable("GraphQL answered without a result".to_owned()))?;
        // Its message may repeat the value, its code does not.
        let said = errors.first().map(|error| error["code"].as_str().unwrap_or("unnamed").to_owned());
        Ok(FieldStep::Done(match said {
            None => Outcome::Written,
            Some(code) if code == "INVALID_OWNER" || code == "OWNER_NOT_FOUND" => Outcome::Gone,
            Some(code) => Outcome::Refused(code.chars().take(60).collect()),
        }))
    }
}
