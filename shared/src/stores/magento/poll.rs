//! Magento: shipments changed since a moment, orders cancelled since then, and the shipments of orders that wait for a
//! number (a new track need not touch the shipment's date).

use super::api::{Client, SearchPage, search};
use super::body::{OrderBody, ShipmentBody};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::StoreOrderId;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::poll::{PollCursor, PollMachine, PollQuery, PollStep, Watermark};
use crate::stores::{StoreAccess, limits};
use bytes::Bytes;
use http::{Method, Response};
use jiff::Timestamp;
use std::collections::HashMap;

/// Orders asked for by name in one request.
const NAMED: usize = 50;

/// The three lists, each with its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Shipments(u32),
    Cancelled(u32),
    Open(u32),
    End,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (list, page) = text.split_once(':')?;
        let page = page.parse().ok()?;
        match list {
            "shipments" => Some(Self::Shipments(page)),
            "cancelled" => Some(Self::Cancelled(page)),
            // Orders that wait are named anew by whoever resumes.
            "open" => Some(Self::Open(1)),
            _ => None,
        }
    }

    fn text(self) -> Option<String> {
        match self {
            Self::Shipments(page) => Some(format!("shipments:{page}")),
            Self::Cancelled(page) => Some(format!("cancelled:{page}")),
            Self::Open(page) => Some(format!("open:{page}")),
            Self::End => None,
        }
    }
}

/// The poll of one store.
pub(crate) struct ShipmentsPoll {
    client: Client,
    settings: StoreSettings,
    since: Timestamp,
    place: Place,
    /// Orders to ask for by name, those of the present request last.
    open: Vec<StoreOrderId>,
    watermark: Watermark,
}

impl ShipmentsPoll {
    pub(crate) fn new(access: &StoreAccess, query: PollQuery) -> Result<Self, StoreError> {
        let place = query.resume.as_ref().and_then(|cursor| Place::parse(&cursor.page)).unwrap_or(Place::Shipments(1));
        let digits = |id: &StoreOrderId| id.as_str().bytes().all(|b| b.is_ascii_digit());
        let mut poll = Self {
            client: Client::new(access)?,
            settings: access.settings.clone(),
            since: query.resume.as_ref().map_or(query.since, |cursor| cursor.since),
            place,
            watermark: Watermark::resumed(query.resume.as_ref()),
            open: query.open_orders.into_iter().filter(digits).collect(),
        };
        poll.skip_empty();
        Ok(poll)
    }

    fn skip_empty(&mut self) {
        if matches!(self.place, Place::Open(_)) && self.open.is_empty() {
            self.place = Place::End;
        }
    }

    fn named(&self) -> usize {
        self.open.len().saturating_sub(NAMED)
    }

    fn ask(&mut self, now: Timestamp) -> Result<PollStep, StoreError> {
        let since = self.since.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let path = match self.place {
            Place::Shipments(page) => {
                format!("/shipments?{}", search("entity_id", &[("updated_at", &since, "gteq")], page))
            }
            Place::Cancelled(page) => {
                let filters = [("updated_at", since.as_str(), "gteq"), ("state", "canceled", "eq")];
                format!("/orders?{}", search("entity_id", &filters, page))
            }
            Place::Open(page) => {
                let ids: Vec<&str> =
                    self.open.get(self.named()..).unwrap_or_default().iter().map(StoreOrderId::as_str).collect();
                format!("/shipments?{}", search("entity_id", &[("order_id", &ids.join(","), "in")], page))
            }
            Place::End => return Ok(PollStep::Done { watermark: self.watermark.get(now) }),
        };
        self.client.request(Method::GET, &path, None, now).map(PollStep::Send)
    }

    fn take(&mut self, body: &[u8], now: Timestamp) -> Result<Vec<Fulfilment>, StoreError> {
        let found = match self.place {
            Place::Shipments(page) => {
                let list: SearchPage<ShipmentBody> = answer::json(body)?;
                self.place = list.next(page).map_or(Place::Cancelled(1), Place::Shipments);
                by_order(&list.items.0, now)
            }
            Place::Cancelled(page) => {
                let list: SearchPage<OrderBody> = answer::json(body)?;
                self.place = list.next(page).map_or(Place::Open(1), Place::Cancelled);
                let head = |order: &OrderBody| {
                    let id = StoreOrderId::parse(order.entity_id.get()?).ok()?;
                    order.is_cancelled().then(|| order.head(id, &self.settings, now))
                };
                list.items.0.iter().filter_map(head).collect()
            }
            Place::Open(page) => {
                let list: SearchPage<ShipmentBody> = answer::json(body)?;
                self.place = Place::Open(list.next(page).unwrap_or_else(|| {
                    self.open.truncate(self.open.len().saturating_sub(NAMED));
                    1
                }));
                by_order(&list.items.0, now)
            }
            Place::End => Vec::new(),
        };
        self.skip_empty();
        Ok(found)
    }
}

/// Shipments of one order together. Their order is still to be read.
fn by_order(shipments: &[ShipmentBody], now: Timestamp) -> Vec<Fulfilment> {
    let mut found: Vec<Fulfilment> = Vec::new();
    let mut places: HashMap<StoreOrderId, usize> = HashMap::new();
    for body in shipments {
        let (Some(order), Some(shipment)) = (body.order(), body.shipment(now)) else { continue };
        match places.get(&order).and_then(|at| found.get_mut(*at)) {
            Some(fulfilment) => fulfilment.shipments.push(shipment),
            None => {
                places.insert(order.clone(), found.len());
                found.push(Fulfilment {
                    order,
                    order_name: None,
                    link: OrderLink::NotRead,
                    cancelled: None,
                    shipments: vec![shipment],
                    complete: None,
                });
            }
        }
    }
    let mut kept = Vec::new();
    found.into_iter().for_each(|message| limits::keep(&mut kept, message, now));
    kept
}

impl PollMachine for ShipmentsPoll {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<PollStep, StoreError> {
        let Some(answer) = answer else { return self.ask(now) };
        self.watermark.note(answer, now);
        let Answer::Body(body) = answer::sorted(answer)? else {
            return Err(StoreError::Unavailable("HTTP 404: the site has no Magento REST API here".to_owned()));
        };
        let fulfilments = self.take(body, now)?;
        let watermark = self.watermark.get(now);
        let cursor = self.place.text().map(|page| PollCursor { since: self.since, page, watermark });
        Ok(PollStep::Found { fulfilments, cursor })
    }
}
