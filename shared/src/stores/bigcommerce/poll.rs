//! BigCommerce: orders changed since a moment, then the shipments of each.

use super::api::{Client, OrderRead, PAGE, page};
use super::body::OrderBody;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::StoreOrderId;
use crate::stores::StoreAccess;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::poll::{Place, PollMachine, PollQuery, PollStep, Watermark, read_on};
use bytes::Bytes;
use http::{Method, Response};
use jiff::Timestamp;

/// The poll of one store.
pub(crate) struct OrdersPoll {
    access: StoreAccess,
    client: Client,
    place: Place,
    watermark: Watermark,
    /// The list is not read to its end yet.
    more: bool,
    found: Vec<Fulfilment>,
    /// Orders of this page whose shipments are not read yet, last one first.
    unread: Vec<OrderBody>,
    reading: Option<OrderRead>,
}

impl OrdersPoll {
    pub(crate) fn new(access: &StoreAccess, query: PollQuery) -> Result<Self, StoreError> {
        Ok(Self {
            client: Client::new(access)?,
            access: access.clone(),
            place: Place::new(&query),
            watermark: Watermark::resumed(query.resume.as_ref()),
            more: true,
            found: Vec::new(),
            unread: Vec::new(),
            reading: None,
        })
    }

    fn ask(&self, now: Timestamp) -> Result<PollStep, StoreError> {
        if !self.more {
            return Ok(PollStep::Done { watermark: self.watermark.get(now) });
        }
        let since = self.place.since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().replace(':', "%3A");
        let page = self.place.page;
        let path = format!("/v2/orders?min_date_modified={since}&sort=date_modified%3Aasc&limit={PAGE}&page={page}");
        self.client.request(Method::GET, &path, None).map(PollStep::Send)
    }

    fn take_page(&mut self, answer: &Response<Bytes>) -> Result<(), StoreError> {
        let Answer::Body(body) = answer::sorted(answer)? else {
            return Err(StoreError::Unavailable("HTTP 404: no such store".to_owned()));
        };
        let mut orders: Vec<OrderBody> = page(body)?;
        answer::recognised(&orders, |order| order.id.get())?;
        self.more = orders.len() >= PAGE;
        self.place = self.place.after(orders.last().and_then(OrderBody::modified));
        orders.reverse();
        self.unread = orders;
        Ok(())
    }

    /// The next order of the page that needs its shipments read, else what the page gave.
    fn next(&mut self, now: Timestamp) -> Result<PollStep, StoreError> {
        while let Some(order) = self.unread.pop() {
            let Some(id) = order.id.id().and_then(|id| StoreOrderId::parse(id).ok()) else { continue };
            let head = order.head(id.clone(), &self.access.settings, now);
            if order.is_deleted() || head.link == OrderLink::OtherChannel {
                continue;
            }
            let version = order.changed(now);
            if order.has_shipped_nothing() {
                self.found.push(Fulfilment { complete: Some(version), ..head });
                continue;
            }
            let reading = OrderRead::of_known(&self.access, id, head, version)?;
            if let Some((reading, request)) = read_on(reading, None, now, &mut self.found)? {
                self.reading = Some(reading);
                return Ok(PollStep::Send(request));
            }
        }
        let cursor = self.more.then(|| self.place.cursor(self.watermark.get(now)));
        Ok(PollStep::Found { fulfilments: std::mem::take(&mut self.found), cursor })
    }
}

impl PollMachine for OrdersPoll {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<PollStep, StoreError> {
        let Some(answer) = answer else { return self.ask(now) };
        match self.reading.take() {
            Some(reading) => {
                if let Some((reading, request)) = read_on(reading, Some(answer), now, &mut self.found)? {
                    self.reading = Some(reading);
                    return Ok(PollStep::Send(request));
                }
            }
            None => {
                self.watermark.note(answer, now);
                self.take_page(answer)?;
            }
        }
        self.next(now)
    }
}
