//! Shopify: orders changed since a moment, oldest change first.

use super::api::{Client, FULFILLMENT_FIELDS, ORDER_FIELDS, OrderNode, OrderRead, PageInfo, data};
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::StoreOrderId;
use crate::stores::error::StoreError;
use crate::stores::json::List;
use crate::stores::poll::{PollCursor, PollMachine, PollQuery, PollStep, Watermark, read_on};
use crate::stores::{LookUp, StoreAccess, ThinNotice, limits};
use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

/// Fulfillments read with the list: more would cost too many points. Larger orders are read one by one.
const WITH_LIST: usize = 5;

/// The poll of one shop.
pub(crate) struct OrdersPoll {
    access: StoreAccess,
    client: Client,
    since: Timestamp,
    after: Option<String>,
    watermark: Watermark,
    found: Vec<Fulfilment>,
    /// Large orders of this page, last one first.
    large: Vec<StoreOrderId>,
    reading: Option<OrderRead>,
    /// The page was handed out and no other one follows.
    finished: bool,
}

#[derive(Deserialize)]
struct OrdersData {
    orders: OrdersNode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrdersNode {
    #[serde(default)]
    nodes: List<OrderNode>,
    #[serde(default)]
    page_info: Option<PageInfo>,
}

impl OrdersPoll {
    pub(crate) fn new(access: &StoreAccess, query: PollQuery) -> Result<Self, StoreError> {
        Ok(Self {
            client: Client::new(access)?,
            access: access.clone(),
            since: query.resume.as_ref().map_or(query.since, |cursor| cursor.since),
            watermark: Watermark::resumed(query.resume.as_ref()),
            after: query.resume.map(|cursor| cursor.page).filter(|page| !page.is_empty()),
            found: Vec::new(),
            large: Vec::new(),
            reading: None,
            finished: false,
        })
    }

    /// Not filtered by fulfillment status: an order whose only fulfillment was cancelled counts as unfulfilled again.
    fn ask(&self) -> Result<PollStep, StoreError> {
        let query = format!(
            "query($after: String, $query: String) {{ orders(first: 10, after: $after, query: $query, sortKey: \
             UPDATED_AT) {{ nodes {{ {ORDER_FIELDS} fulfillments(first: {WITH_LIST}) {{ {FULFILLMENT_FIELDS} }} }} \
             pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let filter = format!("updated_at:>='{}'", self.since);
        self.client.request(&query, &json!({ "after": self.after, "query": filter })).map(PollStep::Send)
    }

    fn take_page(&mut self, answer: &Response<Bytes>, now: Timestamp) -> Result<(), StoreError> {
        let page = data::<OrdersData>(answer)?.orders;
        for order in &page.nodes.0 {
            let Some(id) = order.legacy_resource_id.id().and_then(|id| StoreOrderId::parse(id).ok()) else { continue };
            let mut head = order.head(id.clone(), &self.access.settings, now);
            let (shipments, more) = order.shipments(now);
            let nothing_to_say = shipments.is_empty() && head.cancelled.is_none();
            if nothing_to_say || head.link == OrderLink::OtherChannel {
                continue;
            }
            if !more.is_empty() || order.fulfillments.0.len() >= WITH_LIST {
                self.large.push(id);
                continue;
            }
            head.shipments = shipments;
            limits::keep(&mut self.found, head, now);
        }
        self.large.reverse();
        self.after = page.page_info.as_ref().and_then(PageInfo::next);
        self.finished = self.after.is_none();
        Ok(())
    }

    fn next(&mut self, now: Timestamp) -> Result<PollStep, StoreError> {
        while let Some(order) = self.large.pop() {
            let notice = ThinNotice { order: Some(order), shipment: None, deleted: false, at: now, known: None };
            let reading = OrderRead::new(&self.access, LookUp::Shipments(notice))?;
            if let Some((reading, request)) = read_on(reading, None, now, &mut self.found)? {
                self.reading = Some(reading);
                return Ok(PollStep::Send(request));
            }
        }
        let cursor =
            self.after.clone().map(|page| PollCursor { since: self.since, page, watermark: self.watermark.get(now) });
        Ok(PollStep::Found { fulfilments: std::mem::take(&mut self.found), cursor })
    }
}

impl PollMachine for OrdersPoll {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<PollStep, StoreError> {
        let Some(answer) = answer else {
            return if self.finished { Ok(PollStep::Done { watermark: self.watermark.get(now) }) } else { self.ask() };
        };
        match self.reading.take() {
            Some(reading) => {
                if let Some((reading, request)) = read_on(reading, Some(answer), now, &mut self.found)? {
                    self.reading = Some(reading);
                    return Ok(PollStep::Send(request));
                }
            }
            None => {
                self.watermark.note(answer, now);
                self.take_page(answer, now)?;
            }
        }
        self.next(now)
    }
}
