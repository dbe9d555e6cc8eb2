//! Reads from BigCommerce's V2 orders API.

use super::body::{OrderBody, ProductBody, ShipmentBody, Unnamed};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, Shipment, ShipmentStatus, Version};
use crate::domain::ids::StoreOrderId;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::List;
use crate::stores::{LookUp, LookUpMachine, Step, StoreAccess, StoreCredentials, ThinNotice, limits};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

/// Entries of one page; the API allows 250.
pub(super) const PAGE: usize = 250;
/// Pages read of one list at most.
const MOST_PAGES: usize = 40;
/// Sends requests to one store; the base ends with `/stores/{hash}`.
#[derive(Clone, Debug)]
pub(super) struct Client {
    base: String,
    token: SecretString,
}

impl Client {
    pub(super) fn new(access: &StoreAccess) -> Result<Self, StoreError> {
        let StoreCredentials::Token(token) = &access.credentials else {
            return Err(StoreError::Unauthorised { status: 0 });
        };
        Ok(Self { base: access.base.clone(), token: token.clone() })
    }

    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Bytes>, StoreError> {
        let uri = format!("{}{path}", self.base);
        answer::request(method, &uri, &[("x-auth-token", self.token.expose_secret())], body)
    }
}

/// A list, of which every page counts. 204 with an empty body is an empty list.
pub(super) fn page<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<Vec<T>, StoreError> {
    if body.is_empty() { Ok(Vec::new()) } else { answer::json::<List<T>>(body).map(|list| list.0) }
}

/// What is being waited for.
enum Waiting {
    Nothing,
    Shipment,
    Shipments,
    Order,
    Products,
}

/// Reads an order and the shipments that a notice spoke of.
pub(crate) struct OrderRead {
    settings: StoreSettings,
    client: Client,
    order: StoreOrderId,
    /// `None`: only the order itself is wanted.
    notice: Option<ThinNotice>,
    waiting: Waiting,
    pages: usize,
    unnamed: Unnamed,
    products: Vec<ProductBody>,
    /// The list of all shipments was read.
    whole: bool,
    gone: Option<Shipment>,
    head: Option<(Fulfilment, Version)>,
}

impl OrderRead {
    pub(crate) fn new(access: &StoreAccess, what: LookUp) -> Result<Self, StoreError> {
        let (order, notice) = match what {
            LookUp::Link { order } => (order, None),
            LookUp::Shipments(notice) => {
                (notice.order.clone().ok_or(StoreError::Unreadable("the notice names no order"))?, Some(notice))
            }
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let shipment = notice.as_ref().and_then(|notice| notice.shipment.as_ref());
        if !digits(order.as_str()) || !shipment.is_none_or(|id| digits(id.as_str())) {
            return Err(StoreError::Unreadable("the ids are not BigCommerce's"));
        }
        Ok(Self {
            settings: access.settings.clone(),
            client: Client::new(access)?,
            order,
            notice,
            waiting: Waiting::Nothing,
            pages: 1,
            unnamed: Unnamed::default(),
            products: Vec::new(),
            whole: false,
            gone: None,
            head: None,
        })
    }

    /// Reads all shipments of an order that is known already.
    pub(super) fn of_known(
        access: &StoreAccess,
        order: StoreOrderId,
        head: Fulfilment,
        version: Version,
    ) -> Result<Self, StoreError> {
        let at = Timestamp::UNIX_EPOCH;
        let notice = ThinNotice { order: Some(order), shipment: None, deleted: false, at, known: None };
        Ok(Self { head: Some((head, version)), ..Self::new(access, LookUp::Shipments(notice))? })
    }

    /// What comes after the shipments.
    fn after_shipments(&mut self) -> Result<Step, StoreError> {
        if self.head.is_none() { self.get(Waiting::Order, "") } else { self.after_order() }
    }

    fn after_order(&mut self) -> Result<Step, StoreError> {
        if self.unnamed.has_lines() { self.get_page(Waiting::Products, "products") } else { self.finish() }
    }

    fn get(&mut self, waiting: Waiting, rest: &str) -> Result<Step, StoreError> {
        self.waiting = waiting;
        self.client.request(Method::GET, &format!("/v2/orders/{}{rest}", self.order), None).map(Step::Send)
    }

    fn get_page(&mut self, waiting: Waiting, list: &str) -> Result<Step, StoreError> {
        let rest = format!("/{list}?limit={PAGE}&page={}", self.pages);
        self.get(waiting, &rest)
    }

    /// The next page of the same list, if this one was full.
    fn more(&mut self, entries: usize) -> Result<bool, StoreError> {
        if entries < PAGE {
            self.pages = 1;
            return Ok(false);
        }
        self.pages += 1;
        if self.pages > MOST_PAGES {
            Err(StoreError::Unreadable("a list has more pages than we read"))
        } else {
            Ok(true)
        }
    }

    fn cancelled(&self, now: Timestamp) -> Option<Shipment> {
        let notice = self.notice.as_ref()?;
        Some(Shipment {
            id: notice.shipment.clone()?,
            version: Version::new(notice.at, now),
            status: ShipmentStatus::Cancelled,
            parcels: Vec::new(),
            lines: Vec::new(),
        })
    }

    fn finish(&mut self) -> Result<Step, StoreError> {
        let Some((mut found, version)) = self.head.take() else { return Ok(Step::Gone) };
        found.shipments = std::mem::take(&mut self.unnamed).named(&self.products);
        found.shipments.extend(self.gone.take());
        found.complete = self.whole.then_some(version);
        limits::checked(found).map(Step::Done)
    }
}

impl LookUpMachine for OrderRead {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<Step, StoreError> {
        let Some(answer) = answer else {
            return match self.notice.as_ref().map(|notice| (notice.shipment.clone(), notice.deleted)) {
                None => self.get(Waiting::Order, ""),
                Some((Some(_), true)) => {
                    self.gone = self.cancelled(now);
                    self.get(Waiting::Order, "")
                }
                Some((Some(shipment), false)) => self.get(Waiting::Shipment, &format!("/shipments/{shipment}")),
                Some((None, _)) => self.get_page(Waiting::Shipments, "shipments"),
            };
        };
        let body = match (answer::sorted(answer)?, &self.waiting) {
            (Answer::Body(body), _) => body,
            (Answer::Gone(_), Waiting::Shipment) => {
                self.gone = self.cancelled(now);
                return self.get(Waiting::Order, "");
            }
            (Answer::Gone(_), Waiting::Products) => b"",
            (Answer::Gone(_), Waiting::Nothing | Waiting::Shipments | Waiting::Order) => return Ok(Step::Gone),
        };
        match self.waiting {
            Waiting::Nothing => Ok(Step::Gone),
            Waiting::Shipment => {
                let shipment = [answer::json::<ShipmentBody>(body)?];
                answer::recognised(&shipment, |shipment| shipment.id.get())?;
                self.unnamed.add(&shipment, now);
                self.get(Waiting::Order, "")
            }
            Waiting::Shipments => {
                let shipments: Vec<ShipmentBody> = page(body)?;
                // An empty list says that all are gone; a list of another schema says nothing.
                answer::recognised(&shipments, |shipment| shipment.id.get())?;
                self.unnamed.add(&shipments, now);
                if self.more(shipments.len())? {
                    return self.get_page(Waiting::Shipments, "shipments");
                }
                self.whole = true;
                self.after_shipments()
            }
            Waiting::Order => {
                let order: OrderBody = answer::json(body)?;
                answer::recognised(std::slice::from_ref(&order), |order| order.id.get())?;
                if order.is_deleted() {
                    return Ok(Step::Gone);
                }
                self.head = Some((order.head(self.order.clone(), &self.settings, now), order.changed(now)));
                self.after_order()
            }
            Waiting::Products => {
                let products: Vec<ProductBody> = page(body)?;
                answer::recognised(&products, |product| product.id.get())?;
                let entries = products.len();
                self.products.extend(products);
                if self.more(entries)? { self.get_page(Waiting::Products, "products") } else { self.finish() }
            }
        }
    }
}
