//! Shopify's webhook subscriptions by GraphQL. What an app configures for all its shops is not listed here.

use super::api::{Client, PageInfo, data};
use crate::stores::StoreAccess;
use crate::stores::error::StoreError;
use crate::stores::json::{List, Text};
use crate::stores::subscriptions::{Change, Existing, HookApi, Wanted};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// By hand, in the shop's own settings. The privacy topics belong to the app's configuration, not to a shop.
pub(crate) const BY_HAND: &[&str] = &[
    "In the Shopify admin open Settings, Notifications, Webhooks",
    "Create the webhook \"Fulfillment creation\", format JSON, URL {address}",
    "Create the webhook \"Fulfillment update\", format JSON, URL {address}",
    "Create the webhook \"Order cancellation\", format JSON, URL {address}",
    "Copy the secret shown below the list (\"Your webhooks will be signed with …\") and give it to waybill as webhook_secret",
];

/// The subscriptions of one shop.
pub(crate) struct Hooks {
    client: Client,
    wanted: Wanted,
}

impl Hooks {
    pub(crate) fn new(access: &StoreAccess, wanted: Wanted) -> Result<Self, StoreError> {
        Ok(Self { client: Client::new(access)?, wanted })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListData {
    webhook_subscriptions: ListNode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListNode {
    #[serde(default)]
    nodes: List<HookNode>,
    #[serde(default)]
    page_info: Option<PageInfo>,
}

#[derive(Deserialize)]
struct HookNode {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    topic: Text,
    #[serde(default)]
    uri: Text,
    #[serde(default)]
    format: Text,
}

impl HookApi for Hooks {
    fn topics(&self) -> &'static [&'static str] {
        &["FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE", "ORDERS_CANCELLED", "APP_UNINSTALLED"]
    }

    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn list(&mut self, page: Option<&str>, _: Timestamp) -> Result<Request<Bytes>, StoreError> {
        let query = "query($after: String) { webhookSubscriptions(first: 100, after: $after) { nodes { id topic uri format } \
                     pageInfo { hasNextPage endCursor } } }";
        self.client.request(query, &json!({ "after": page }))
    }

    fn listed(&self, answer: &Response<Bytes>) -> Result<(Vec<Existing>, Option<String>), StoreError> {
        let list = data::<ListData>(answer)?.webhook_subscriptions;
        let existing = list.nodes.0.into_iter().filter_map(|node| {
            Some(Existing {
                id: node.id.take()?,
                topic: node.topic.take()?,
                address: node.uri.take().unwrap_or_default(),
                good: node.format.get().is_none_or(|format| format == "JSON"),
            })
        });
        Ok((existing.collect(), list.page_info.as_ref().and_then(PageInfo::next)))
    }

    fn change(&mut self, change: &Change, _: Timestamp) -> Result<Option<Request<Bytes>>, StoreError> {
        let hook = json!({ "uri": self.wanted.address, "format": "JSON" });
        let (query, variables) = match change {
            Change::Create(topic) => (
                "mutation($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) { result: \
                 webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) { userErrors { message } } }",
                json!({ "topic": topic, "hook": hook }),
            ),
            Change::Repair(existing) => (
                "mutation($id: ID!, $hook: WebhookSubscriptionInput!) { result: webhookSubscriptionUpdate(id: $id, \
                 webhookSubscription: $hook) { userErrors { message } } }",
                json!({ "id": existing.id, "hook": hook }),
            ),
            Change::Remove(existing) => (
                "mutation($id: ID!) { result: webhookSubscriptionDelete(id: $id) { userErrors { message } } }",
                json!({ "id": existing.id }),
            ),
        };
        self.client.request(query, &variables).map(Some)
    }

    /// A missing scope shows up as an invalid topic: either among the user errors or as an error of the query.
    fn changed(&self, answer: &Response<Bytes>) -> Result<Option<String>, StoreError> {
        let data: Value = match data(answer) {
            Err(StoreError::Unavailable(said)) if answer.status().is_success() => return Ok(Some(said)),
            other => other?,
        };
        let said = data.pointer("/result/userErrors/0/message").and_then(Value::as_str);
        Ok(said.map(str::to_owned))
    }
}
