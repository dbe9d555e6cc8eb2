//! Shopify's GraphQL Admin API: one order, the poll, and subscriptions.

use super::book::Progress;
use super::graphql::{self, Field};
use super::hooks::Subscription;
use super::shopify::node;
use super::{Shelf, json_answer, json_body};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

impl Shelf {
    pub(super) fn shopify_api(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        let graphql = path.starts_with("/admin/api/") && path.ends_with("/graphql.json");
        if request.method() != http::Method::POST || !graphql {
            return json_answer(404, &json!({"errors": "Not Found"}));
        }
        let token = request.headers().get("x-shopify-access-token").and_then(|token| token.to_str().ok());
        if token != Some(self.account.access_token.as_str()) || self.token_over() {
            let text = "[API] Invalid API key or access token (unrecognized login or wrong password)";
            return json_answer(401, &json!({"errors": text}));
        }
        let body = json_body(request);
        let document = body["query"].as_str().unwrap_or_default();
        let answer = graphql::parse(document, &body["variables"]).and_then(|(mutation, fields)| {
            let mut data = Map::new();
            for field in &fields {
                let value = if mutation { self.mutate(field) } else { self.query(field) }?;
                data.insert(field.alias.clone(), value);
            }
            Ok(Value::Object(data))
        });
        let cost = json!({"cost": {
            "requestedQueryCost": 3, "actualQueryCost": 3,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1997, "restoreRate": 100.0},
        }});
        match answer {
            Ok(data) => json_answer(200, &json!({"data": data, "extensions": cost})),
            // GraphQL errors come with HTTP 200.
            Err(message) => {
                let error = json!({"message": message, "extensions": {"code": "undefinedField"}});
                json_answer(200, &json!({"errors": [error]}))
            }
        }
    }

    fn query(&self, field: &Field) -> Result<Value, String> {
        match field.name.as_str() {
            "order" => {
                let id = field.text("id").and_then(|id| id.strip_prefix("gid://shopify/Order/"));
                let id = id.ok_or("Invalid global id")?.parse::<u64>().ok();
                let order = id.and_then(|id| self.orders.get(&id)).filter(|order| !order.deleted);
                order.map_or(Ok(Value::Null), |order| graphql::project(&field.fields, &node(order)))
            }
            "orders" => self.orders(field),
            "webhookSubscriptions" => {
                let topics: Option<Vec<&str>> = field
                    .args
                    .get("topics")
                    .and_then(Value::as_array)
                    .map(|l| l.iter().filter_map(Value::as_str).collect());
                let wanted = |hook: &&Subscription| {
                    topics.as_ref().is_none_or(|topics| topics.contains(&topic_word(&hook.topic).as_str()))
                };
                let all: Vec<Value> =
                    self.hooks.iter().filter(|hook| hook.active).filter(wanted).map(hook_node).collect();
                graphql::page(field, &all)
            }
            "shop" => graphql::project(
                &field.fields,
                &json!({"id": "gid://shopify/Shop/954889", "name": "Tiny Mugs", "myshopifyDomain": self.account.domain}),
            ),
            other => Err(format!("Field '{other}' doesn't exist on type 'QueryRoot'")),
        }
    }

    fn orders(&self, field: &Field) -> Result<Value, String> {
        let filter = Filter::read(field.text("query").unwrap_or_default())?;
        let mut orders: Vec<_> = self.orders.values().filter(|order| !order.deleted).collect();
        orders.retain(|order| {
            let status = match order.progress() {
                Progress::None => "unshipped",
                Progress::Part => "partial",
                Progress::All => "shipped",
            };
            filter.updated.iter().all(|(test, at)| test.holds(order.updated, *at))
                && (filter.statuses.is_empty() || filter.statuses.iter().any(|wanted| wanted == status))
        });
        match field.text("sortKey").unwrap_or("PROCESSED_AT") {
            "UPDATED_AT" => orders.sort_by_key(|order| (order.updated, order.id)),
            "CREATED_AT" | "PROCESSED_AT" | "ID" => orders.sort_by_key(|order| (order.created, order.id)),
            other => return Err(format!("Argument 'sortKey' has an invalid value ({other})")),
        }
        if field.args.get("reverse") == Some(&Value::Bool(true)) {
            orders.reverse();
        }
        let nodes: Vec<Value> = orders.into_iter().map(node).collect();
        graphql::page(field, &nodes)
    }

    fn mutate(&mut self, field: &Field) -> Result<Value, String> {
        if field.name == "metafieldsSet" {
            return graphql::project(&field.fields, &self.set_metafields(field)?);
        }
        let id = field.text("id").and_then(|id| id.strip_prefix("gid://shopify/WebhookSubscription/"));
        let id = id.and_then(|id| id.parse::<u64>().ok());
        let address = field
            .args
            .get("webhookSubscription")
            .and_then(|input| input["uri"].as_str().or_else(|| input["callbackUrl"].as_str()).map(str::to_owned));
        let error = |text: &str| json!([{"field": ["webhookSubscription"], "message": text}]);
        let good = address.as_deref().is_some_and(|a| a.starts_with("https://") || a.starts_with("http://127.0.0.1"));
        let (hook, deleted, errors) = match field.name.as_str() {
            "webhookSubscriptionCreate" if !good => (None, None, error("Address is not a valid URL")),
            "webhookSubscriptionCreate" => {
                let topic = topic_path(field.text("topic").ok_or("Argument 'topic' is required")?);
                let address = address.unwrap_or_default();
                if self.hooks.iter().any(|hook| hook.topic == topic && hook.address == address) {
                    (None, None, error("Address for this topic has already been taken"))
                } else {
                    let id = self.subscribe(&topic, &address, None, Vec::new());
                    (Some(id), None, json!([]))
                }
            }
            "webhookSubscriptionUpdate" => match self.hooks.iter_mut().find(|hook| Some(hook.id) == id) {
                Some(hook) if good => {
                    hook.address = address.unwrap_or_default();
                    (id, None, json!([]))
                }
                Some(_) => (None, None, error("Address is not a valid URL")),
                None => (None, None, error("Webhook subscription could not be found")),
            },
            "webhookSubscriptionDelete" => {
                let before = self.hooks.len();
                self.hooks.retain(|hook| Some(hook.id) != id);
                let gone = before > self.hooks.len();
                let errors = if gone { json!([]) } else { error("Webhook subscription does not exist") };
                (None, id.filter(|_| gone), errors)
            }
            other => return Err(format!("Field '{other}' doesn't exist on type 'Mutation'")),
        };
        let hook = hook.and_then(|id| self.hooks.iter().find(|hook| hook.id == id)).map(hook_node);
        let mut payload = json!({"userErrors": errors});
        if field.name == "webhookSubscriptionDelete" {
            payload["deletedWebhookSubscriptionId"] = json!(deleted.map(gid));
        } else {
            payload["webhookSubscription"] = json!(hook);
        }
        let shown: Vec<Field> = field.fields.clone();
        if payload["webhookSubscription"].is_null() && field.child("webhookSubscription").is_some() {
            // A null object is shown as null, whatever was selected inside.
            let flat = |mut f: Field| {
                if f.name == "webhookSubscription" {
                    f.fields.clear();
                }
                f
            };
            return graphql::project(&shown.into_iter().map(flat).collect::<Vec<_>>(), &payload);
        }
        graphql::project(&shown, &payload)
    }
}

fn gid(id: u64) -> String {
    format!("gid://shopify/WebhookSubscription/{id}")
}

/// `fulfillments/create` in GraphQL's spelling.
fn topic_word(topic: &str) -> String {
    topic.replace('/', "_").to_ascii_uppercase()
}

/// And back: the first word of a topic is the resource, except that `ORDERS_PARTIALLY_FULFILLED` has three.
fn topic_path(word: &str) -> String {
    word.to_ascii_lowercase().replacen('_', "/", 1)
}

fn hook_node(hook: &Subscription) -> Value {
    json!({
        "id": gid(hook.id), "legacyResourceId": hook.id.to_string(), "topic": topic_word(&hook.topic),
        "uri": hook.address, "callbackUrl": hook.address, "endpoint": {"callbackUrl": hook.address}, "format": "JSON",
        "includeFields": [], "filter": null, "name": null, "createdAt": hook.created.to_string(),
        "updatedAt": hook.created.to_string(), "apiVersion": {"handle": super::shopify::VERSION},
    })
}

#[derive(Clone, Copy, Debug)]
enum Test {
    From,
    After,
    To,
    Before,
}

impl Test {
    fn holds(self, time: Timestamp, bound: Timestamp) -> bool {
        match self {
            Self::From => time >= bound,
            Self::After => time > bound,
            Self::To => time <= bound,
            Self::Before => time < bound,
        }
    }
}

/// The part of Shopify's search syntax that a poll uses.
#[derive(Debug, Default)]
struct Filter {
    updated: Vec<(Test, Timestamp)>,
    statuses: Vec<String>,
}

impl Filter {
    fn read(text: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        let blank = |c: char| c.is_whitespace() || matches!(c, '(' | ')');
        for term in text.split(blank).filter(|term| !term.is_empty() && !["AND", "OR"].contains(term)) {
            let Some((field, value)) = term.split_once(':') else {
                return Err(format!("the search term {term} is not understood"));
            };
            match field {
                "updated_at" => filter.updated.push(bound(value).ok_or("updated_at: not a time")?),
                "fulfillment_status" => filter.statuses.extend(value.split(['|', ',']).map(str::to_owned)),
                // Unknown fields are ignored by the real server, with a warning.
                _ => {}
            }
        }
        Ok(filter)
    }
}

fn bound(value: &str) -> Option<(Test, Timestamp)> {
    let tests = [(">=", Test::From), ("<=", Test::To), (">", Test::After), ("<", Test::Before)];
    let (test, rest) = tests.iter().find_map(|(mark, test)| Some((*test, value.strip_prefix(mark)?)))?;
    Some((test, rest.trim_matches(|c| c == '\'' || c == '"').parse().ok()?))
}
