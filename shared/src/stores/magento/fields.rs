//! Writes a comment into the history of a Magento order, unless it stands there already. Buyers neither see it nor get a
//! mail of it.
//!
//! No attribute: the only call that could write one is `POST /V1/orders`, which saves an order, not a field. With nothing but
//! extension attributes it ends in a database error (magento2 issue 32202), with more it has overwritten items and order
//! numbers (22431, 32397), and every save writes all columns as they were read, so that changes of others meanwhile are lost
//! (40147). A merchant's order is not worth a custom field.

use super::api::Client;
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

/// What the comment begins with.
const WHAT: &str = "TikTok order";

/// Reads the comments, then writes one.
pub(crate) struct Write {
    client: Client,
    order: StoreOrderId,
    comment: String,
    waiting: Waiting,
}

enum Waiting {
    Nothing,
    List,
    Answer,
}

#[derive(Deserialize)]
struct Comments {
    items: List<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    comment: Text,
}

impl Write {
    pub(crate) fn new(access: &StoreAccess, order: &StoreOrderId, values: &[Value]) -> Result<Self, StoreError> {
        let said: Vec<String> =
            values.iter().map(|value| format!("{}: {}", value.path.as_str(), plain(value.value.text()))).collect();
        let comment = format!("{WHAT}: {}", said.join("; "));
        Ok(Self { client: Client::new(access)?, order: order.clone(), comment, waiting: Waiting::Nothing })
    }

    fn path(&self) -> String {
        format!("/orders/{}/comments", self.order)
    }
}

/// Comments are shown as markup.
fn plain(text: &str) -> String {
    text.replace(['<', '>'], " ").replace('&', "+")
}

impl FieldMachine for Write {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<FieldStep, StoreError> {
        let path = self.path();
        let Some(answer) = answer else {
            self.waiting = Waiting::List;
            return self.client.request(Method::GET, &path, None, now).map(FieldStep::Send);
        };
        if let Some(said) = refusal(answer)? {
            return Ok(FieldStep::Done(Outcome::Refused(said)));
        }
        let body = match answer::sorted(answer)? {
            Answer::Body(body) => body,
            Answer::Gone(_) => return Ok(FieldStep::Done(Outcome::Gone)),
        };
        if matches!(self.waiting, Waiting::List) {
            let known = answer::json::<Comments>(body)?.items.0;
            if known.iter().any(|known| known.comment.get() == Some(self.comment.as_str())) {
                return Ok(FieldStep::Done(Outcome::Written));
            }
            self.waiting = Waiting::Answer;
            let order: u64 =
                self.order.as_str().parse().map_err(|_| StoreError::Unreadable("the ids are not Magento's"))?;
            let body = json!({"statusHistory": {
                "comment": self.comment, "parent_id": order, "entity_name": "order", "is_customer_notified": 0,
                "is_visible_on_front": 0,
            }});
            return self.client.request(Method::POST, &path, Some(&body), now).map(FieldStep::Send);
        }
        // Magento answers `true`; a page of somebody else has status 200 too.
        match answer::json::<bool>(body)? {
            true => Ok(FieldStep::Done(Outcome::Written)),
            false => Err(StoreError::Unavailable("the comment was not saved".to_owned())),
        }
    }
}
