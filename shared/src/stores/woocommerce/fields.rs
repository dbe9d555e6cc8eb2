//! Writes meta data of an order by WooCommerce's REST API v3.

use super::api::{Client, really_gone};
use super::order::OrderBody;
use crate::domain::custom_fields::Field;
use crate::domain::ids::StoreOrderId;
use crate::stores::StoreAccess;
use crate::stores::answer::{self, Answer};
use crate::stores::custom_fields::{FieldMachine, FieldStep, Outcome, Value};
use crate::stores::error::StoreError;
use crate::stores::subscriptions::refusal;
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::json;

/// One call.
pub(crate) struct Write {
    request: Option<Request<Bytes>>,
}

impl Write {
    pub(crate) fn new(access: &StoreAccess, order: &StoreOrderId, values: &[Value]) -> Result<Self, StoreError> {
        let meta: Vec<serde_json::Value> = values
            .iter()
            .filter_map(|value| match &value.field {
                Field::Meta(key) => Some(json!({"key": key, "value": value.value.text()})),
                Field::Metafield { .. } | Field::Comment => None,
            })
            .collect();
        let body = json!({ "meta_data": meta });
        let request = Client::new(access)?.request(Method::PUT, &format!("/orders/{order}"), Some(&body))?;
        Ok(Self { request: Some(request) })
    }
}

impl FieldMachine for Write {
    fn step(&mut self, answer: Option<&Response<Bytes>>, _: Timestamp) -> Result<FieldStep, StoreError> {
        if let Some(request) = self.request.take() {
            return Ok(FieldStep::Send(request));
        }
        let answer = answer.ok_or(StoreError::Unreadable("a write was asked for without its answer"))?;
        if let Some(said) = refusal(answer)? {
            return Ok(FieldStep::Done(Outcome::Refused(said)));
        }
        match answer::sorted(answer)? {
            // A firewall's page has status 200 too: the order itself must come back.
            Answer::Body(body) => {
                let order: OrderBody = answer::json(body)?;
                answer::recognised(std::slice::from_ref(&order), |order| order.id.get())?;
                Ok(FieldStep::Done(Outcome::Written))
            }
            Answer::Gone(body) => really_gone(body).map(|()| FieldStep::Done(Outcome::Gone)),
        }
    }
}
