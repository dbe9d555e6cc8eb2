//! WooCommerce: orders changed since a moment, then the orders that wait for a number.

use super::api::{Client, OrderRead};
use super::order::OrderBody;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::StoreOrderId;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::List;
use crate::stores::poll::{Place, PollMachine, PollQuery, PollStep, Watermark, read_on};
use crate::stores::{Known, Notice, StoreAccess};
use bytes::Bytes;
use http::{Method, Response};
use jiff::Timestamp;

/// Orders of one page; WordPress allows 100.
const PAGE: usize = 100;

/// The poll of one site.
pub(crate) struct OrdersPoll {
    client: Client,
    access: StoreAccess,
    place: Place,
    watermark: Watermark,
    /// The list of changed orders is not read to its end yet.
    changed: bool,
    /// Ids to ask for by name.
    open: Vec<StoreOrderId>,
    found: Vec<Fulfilment>,
    /// Orders of this page of which more must be read, last one first.
    unread: Vec<Known>,
    reading: Option<OrderRead>,
}

impl OrdersPoll {
    pub(crate) fn new(access: &StoreAccess, query: PollQuery) -> Result<Self, StoreError> {
        let place = Place::new(&query);
        let watermark = Watermark::resumed(query.resume.as_ref());
        let digits = |id: &StoreOrderId| id.as_str().bytes().all(|b| b.is_ascii_digit());
        let open: Vec<StoreOrderId> = query.open_orders.into_iter().filter(digits).collect();
        Ok(Self {
            client: Client::new(access)?,
            access: access.clone(),
            place,
            watermark,
            changed: true,
            open,
            found: Vec::new(),
            unread: Vec::new(),
            reading: None,
        })
    }

    fn ask(&mut self, now: Timestamp) -> Result<PollStep, StoreError> {
        let path = if self.changed {
            let since = self.place.since.strftime("%Y-%m-%dT%H:%M:%S");
            format!(
                "/orders?modified_after={since}&dates_are_gmt=true&orderby=modified&order=asc&per_page={PAGE}&page={}",
                self.place.page
            )
        } else if self.open.is_empty() {
            return Ok(PollStep::Done { watermark: self.watermark.get(now) });
        } else {
            let ids = self.open.split_off(self.open.len().saturating_sub(PAGE));
            let ids: Vec<&str> = ids.iter().map(StoreOrderId::as_str).collect();
            format!("/orders?include={}&per_page={PAGE}", ids.join(","))
        };
        self.client.request(Method::GET, &path, None).map(PollStep::Send)
    }

    fn take_page(&mut self, answer: &Response<Bytes>, now: Timestamp) -> Result<(), StoreError> {
        let Answer::Body(body) = answer::sorted(answer)? else {
            return Err(StoreError::Unavailable("HTTP 404: the site has no WooCommerce REST API here".to_owned()));
        };
        let orders: List<OrderBody> = answer::json(body)?;
        answer::recognised(&orders.0, |order| order.id.get())?;
        for order in &orders.0 {
            let Some(id) = order.id.id().and_then(|id| StoreOrderId::parse(id).ok()) else { continue };
            match order.notice(id, &self.access.settings, now) {
                Ok(Notice::Fulfilled(found)) if found.link != OrderLink::OtherChannel => self.found.push(found),
                Ok(Notice::Thin(notice)) => self.unread.extend(notice.known.map(|known| *known)),
                Ok(_) => {}
                // One order that is no order must not hide all others.
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "an order is left out of a poll");
                }
            }
        }
        self.unread.reverse();
        if self.changed {
            self.changed = orders.0.len() >= PAGE;
            self.place = self.place.after(orders.0.last().and_then(OrderBody::modified));
        }
        Ok(())
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
                self.take_page(answer, now)?;
            }
        }
        while let Some(known) = self.unread.pop() {
            let reading = OrderRead::of_known(&self.access, known)?;
            if let Some((reading, request)) = read_on(reading, None, now, &mut self.found)? {
                self.reading = Some(reading);
                return Ok(PollStep::Send(request));
            }
        }
        let cursor = self.changed.then(|| self.place.cursor(self.watermark.get(now)));
        Ok(PollStep::Found { fulfilments: std::mem::take(&mut self.found), cursor })
    }
}
