//! Reads from Shopify's GraphQL Admin API.

use super::{API_VERSION, OrderFields, parcels, status};
use crate::domain::fulfilment::{Fulfilment, Shipment, StoreLine, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{Amount, List, Quantity, Text, moment};
use crate::stores::{LookUp, LookUpMachine, Step, StoreAccess, StoreCredentials, limits};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The order's own fields, enough to find the TikTok id and a cancellation.
pub(super) const ORDER_FIELDS: &str = "legacyResourceId name sourceName sourceIdentifier tags note customAttributes \
                                       { key value } cancelledAt updatedAt";
/// A fulfillment with its numbers and its first lines.
pub(super) const FULFILLMENT_FIELDS: &str = "legacyResourceId status updatedAt trackingInfo(first: 20) \
                                             { company number } fulfillmentLineItems(first: 10) \
                                             { nodes { quantity lineItem { sku } } pageInfo { hasNextPage endCursor } }";
/// Pages of lines read for one fulfillment at most (100 lines each).
const MOST_LINE_PAGES: u32 = 50;

/// Sends GraphQL to one shop.
#[derive(Clone, Debug)]
pub(super) struct Client {
    uri: String,
    token: SecretString,
}

impl Client {
    pub(super) fn new(access: &StoreAccess) -> Result<Self, StoreError> {
        let StoreCredentials::Token(token) = &access.credentials else {
            return Err(StoreError::Unauthorised { status: 0 });
        };
        Ok(Self { uri: format!("{}/admin/api/{API_VERSION}/graphql.json", access.base), token: token.clone() })
    }

    pub(super) fn request(&self, query: &str, variables: &Value) -> Result<Request<Bytes>, StoreError> {
        answer::request(
            http::Method::POST,
            &self.uri,
            &[("x-shopify-access-token", self.token.expose_secret())],
            Some(&json!({ "query": query, "variables": variables })),
        )
    }
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Value,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    #[serde(default)]
    cost: Option<Cost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    #[serde(default)]
    requested_query_cost: Amount,
    throttle_status: Option<ThrottleStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleStatus {
    #[serde(default)]
    currently_available: Amount,
    #[serde(default)]
    restore_rate: Amount,
}

/// The data of a GraphQL answer. Errors come with HTTP 200 as well.
///
/// # Errors
/// As [`answer::sorted`]; `THROTTLED` waits until the bucket holds enough points again.
pub(super) fn data<T: for<'de> Deserialize<'de>>(response: &Response<Bytes>) -> Result<T, StoreError> {
    let Answer::Body(body) = answer::sorted(response)? else {
        return Err(StoreError::Unavailable("HTTP 404: no such shop, or the API version has ended".to_owned()));
    };
    let envelope: Envelope<T> = answer::json(body)?;
    let codes: Vec<&str> = envelope
        .errors
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| error.pointer("/extensions/code").and_then(Value::as_str).unwrap_or_default())
        .collect();
    if codes.contains(&"THROTTLED") {
        return Err(StoreError::Throttled { after: wait(envelope.extensions.as_ref()) });
    }
    if codes.contains(&"ACCESS_DENIED") {
        return Err(StoreError::Unauthorised { status: 403 });
    }
    if !envelope.errors.is_null() && envelope.errors != json!([]) {
        return Err(StoreError::Unavailable("GraphQL answered with an error".to_owned()));
    }
    envelope.data.ok_or_else(|| StoreError::Unavailable("GraphQL answered without data".to_owned()))
}

fn wait(extensions: Option<&Extensions>) -> Option<Duration> {
    let cost = extensions?.cost.as_ref()?;
    let status = cost.throttle_status.as_ref()?;
    let missing = (cost.requested_query_cost.0 - status.currently_available.0).max(0.0);
    Duration::try_from_secs_f64(missing / status.restore_rate.0.max(1.0)).ok().map(|d| d.min(Duration::from_secs(3600)))
}

/// An order as GraphQL tells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderNode {
    #[serde(default)]
    pub(super) legacy_resource_id: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    source_name: Text,
    #[serde(default)]
    source_identifier: Text,
    #[serde(default)]
    tags: List<Text>,
    #[serde(default)]
    note: Text,
    #[serde(default)]
    custom_attributes: List<AttributeNode>,
    #[serde(default)]
    cancelled_at: Text,
    #[serde(default)]
    pub(super) fulfillments: List<FulfillmentNode>,
}

#[derive(Deserialize)]
struct AttributeNode {
    #[serde(default)]
    key: Text,
    #[serde(default)]
    value: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfillmentNode {
    #[serde(default)]
    legacy_resource_id: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    updated_at: Text,
    #[serde(default)]
    tracking_info: List<TrackingNode>,
    #[serde(default)]
    fulfillment_line_items: Option<LinesNode>,
}

#[derive(Deserialize)]
struct TrackingNode {
    #[serde(default)]
    company: Text,
    #[serde(default)]
    number: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinesNode {
    #[serde(default)]
    nodes: List<LineNode>,
    #[serde(default)]
    page_info: Option<PageInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineNode {
    #[serde(default)]
    quantity: Quantity,
    #[serde(default)]
    line_item: Option<LineItemNode>,
}

#[derive(Deserialize)]
struct LineItemNode {
    #[serde(default)]
    sku: Text,
}

/// Where the next page starts.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    #[serde(default)]
    has_next_page: bool,
    #[serde(default)]
    end_cursor: Option<String>,
}

impl PageInfo {
    pub(super) fn next(&self) -> Option<String> {
        self.end_cursor.clone().filter(|_| self.has_next_page)
    }
}

impl LinesNode {
    fn lines(&self) -> impl Iterator<Item = StoreLine> {
        let sent = self.nodes.0.iter().filter(|line| line.quantity.0 > 0);
        sent.map(|line| line.quantity.of_sku(line.line_item.as_ref().map_or("", |item| item.sku.or_empty())))
    }
}

/// A fulfillment whose lines do not fit on the first page.
#[derive(Debug)]
pub(super) struct MoreLines {
    shipment: usize,
    cursor: String,
    pages: u32,
}

impl OrderNode {
    /// The order without its shipments.
    pub(super) fn head(
        &self,
        order: StoreOrderId,
        settings: &crate::domain::connection::StoreSettings,
        now: Timestamp,
    ) -> Fulfilment {
        let fields = OrderFields {
            name: self.name.get(),
            note: self.note.get(),
            source_name: self.source_name.get(),
            source_identifier: self.source_identifier.get(),
            tags: self.tags.0.iter().filter_map(Text::get).collect(),
            attributes: self.custom_attributes.0.iter().map(|a| (a.key.or_empty(), a.value.or_empty())).collect(),
        };
        Fulfilment {
            order,
            order_name: self.name.get().map(str::to_owned),
            link: fields.link(settings),
            cancelled: self.cancelled_at.get().map(|at| Version::new(moment(at).unwrap_or(now), now)),
            shipments: Vec::new(),
            complete: None,
        }
    }

    /// The order's shipments, and those whose lines go on.
    pub(super) fn shipments(&self, now: Timestamp) -> (Vec<Shipment>, Vec<MoreLines>) {
        let (mut shipments, mut more) = (Vec::new(), Vec::new());
        for node in &self.fulfillments.0 {
            let Some(id) = node.legacy_resource_id.id().and_then(|id| ShipmentId::parse(id).ok()) else { continue };
            let changed = node.updated_at.get().and_then(moment).unwrap_or(now);
            let lines = node.fulfillment_line_items.as_ref();
            if let Some(cursor) = lines.and_then(|l| l.page_info.as_ref()).and_then(PageInfo::next) {
                more.push(MoreLines { shipment: shipments.len(), cursor, pages: 0 });
            }
            shipments.push(Shipment {
                id,
                version: Version::new(changed, now),
                status: status(node.status.or_empty()),
                parcels: parcels(
                    node.tracking_info.0.iter().filter_map(|info| Some((info.number.get()?, info.company.get()))),
                ),
                lines: lines.into_iter().flat_map(LinesNode::lines).collect(),
            });
        }
        (shipments, more)
    }
}

/// Reads the remaining lines of large fulfillments, page by page.
#[derive(Debug, Default)]
pub(super) struct LinePages(Vec<MoreLines>);

#[derive(Deserialize)]
struct LinesData {
    node: Option<LinesHolder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinesHolder {
    fulfillment_line_items: Option<LinesNode>,
}

impl LinePages {
    pub(super) fn new(mut more: Vec<MoreLines>) -> Self {
        more.reverse();
        Self(more)
    }

    /// The next page to ask for, if any is missing.
    pub(super) fn ask(&self, client: &Client, shipments: &[Shipment]) -> Result<Option<Request<Bytes>>, StoreError> {
        let Some((more, shipment)) = self.0.last().and_then(|more| Some((more, shipments.get(more.shipment)?))) else {
            return Ok(None);
        };
        let query = "query($id: ID!, $after: String) { node(id: $id) { ... on Fulfillment { fulfillmentLineItems(first: 100, \
                     after: $after) { nodes { quantity lineItem { sku } } pageInfo { hasNextPage endCursor } } } } }";
        let id = format!("gid://shopify/Fulfillment/{}", shipment.id);
        client.request(query, &json!({ "id": id, "after": more.cursor })).map(Some)
    }

    /// Takes the answer to [`LinePages::ask`].
    pub(super) fn take(&mut self, answer: &Response<Bytes>, shipments: &mut [Shipment]) -> Result<(), StoreError> {
        let Some(mut more) = self.0.pop() else { return Ok(()) };
        let page = data::<LinesData>(answer)?.node.and_then(|node| node.fulfillment_line_items);
        if let (Some(page), Some(shipment)) = (page, shipments.get_mut(more.shipment)) {
            shipment.lines.extend(page.lines());
            if let Some(cursor) = page.page_info.as_ref().and_then(PageInfo::next) {
                more.pages += 1;
                if more.pages >= MOST_LINE_PAGES {
                    return Err(StoreError::Unreadable("a fulfillment has more lines than we read"));
                }
                more.cursor = cursor;
                self.0.push(more);
            }
        }
        Ok(())
    }
}

/// Reads one order: its TikTok id, and its shipments when they are wanted.
pub(crate) struct OrderRead {
    access: StoreAccess,
    client: Client,
    order: StoreOrderId,
    shipments: bool,
    found: Option<Fulfilment>,
    pages: LinePages,
}

#[derive(Deserialize)]
struct OrderData {
    order: Option<OrderNode>,
}

impl OrderRead {
    pub(crate) fn new(access: &StoreAccess, what: LookUp) -> Result<Self, StoreError> {
        let (order, shipments) = match what {
            LookUp::Link { order } => (order, false),
            LookUp::Shipments(notice) => {
                (notice.order.ok_or(StoreError::Unreadable("the notice names no order"))?, true)
            }
        };
        if !order.as_str().bytes().all(|b| b.is_ascii_digit()) {
            return Err(StoreError::Unreadable("the order id is not one of Shopify's"));
        }
        let client = Client::new(access)?;
        Ok(Self { access: access.clone(), client, order, shipments, found: None, pages: LinePages::default() })
    }

    fn first(&self) -> Result<Step, StoreError> {
        let fulfillments =
            if self.shipments { format!(" fulfillments(first: 50) {{ {FULFILLMENT_FIELDS} }}") } else { String::new() };
        let query = format!("query($id: ID!) {{ order(id: $id) {{ {ORDER_FIELDS}{fulfillments} }} }}");
        let id = format!("gid://shopify/Order/{}", self.order);
        self.client.request(&query, &json!({ "id": id })).map(Step::Send)
    }
}

impl LookUpMachine for OrderRead {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<Step, StoreError> {
        let Some(answer) = answer else { return self.first() };
        let found = match self.found.take() {
            None => {
                let Some(order) = data::<OrderData>(answer)?.order else { return Ok(Step::Gone) };
                let mut found = order.head(self.order.clone(), &self.access.settings, now);
                if self.shipments {
                    let (shipments, more) = order.shipments(now);
                    found.shipments = shipments;
                    self.pages = LinePages::new(more);
                }
                found
            }
            Some(mut found) => {
                self.pages.take(answer, &mut found.shipments)?;
                found
            }
        };
        match self.pages.ask(&self.client, &found.shipments)? {
            Some(request) => {
                self.found = Some(found);
                Ok(Step::Send(request))
            }
            None => limits::checked(found).map(Step::Done),
        }
    }
}
