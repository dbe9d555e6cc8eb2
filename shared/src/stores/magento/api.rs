//! Reads from Magento's REST API.

use super::body::{OrderBody, ShipmentBody};
use super::oauth::{Credentials, ENCODED};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Shipment, ShipmentStatus, Version};
use crate::domain::ids::StoreOrderId;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{List, Quantity};
use crate::stores::{LookUp, LookUpMachine, Step, StoreAccess, StoreCredentials, ThinNotice, limits};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::utf8_percent_encode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

/// Entries of one page; some stores allow no more than 300.
pub(super) const PAGE: u32 = 100;
/// Pages read of one list at most.
const MOST_PAGES: u32 = 20;
/// A notice can leave from inside the store's own save: for so long an absent shipment may still appear.
const NOT_SAVED_YET: SignedDuration = SignedDuration::from_mins(15);

/// Sends requests to one store.
#[derive(Clone, Debug)]
pub(super) struct Client {
    base: String,
    proof: Proof,
    counter: u64,
}

#[derive(Clone, Debug)]
enum Proof {
    Bearer(SecretString),
    OAuth(Credentials),
}

impl Client {
    pub(super) fn new(access: &StoreAccess) -> Result<Self, StoreError> {
        let proof = match &access.credentials {
            StoreCredentials::Token(token) => Proof::Bearer(token.clone()),
            StoreCredentials::OAuth1 { consumer_key, consumer_secret, token, token_secret } => {
                Proof::OAuth(Credentials {
                    consumer_key: consumer_key.clone(),
                    consumer_secret: consumer_secret.clone(),
                    token: token.clone(),
                    token_secret: token_secret.clone(),
                })
            }
            StoreCredentials::None | StoreCredentials::Basic { .. } => {
                return Err(StoreError::Unauthorised { status: 0 });
            }
        };
        Ok(Self { base: format!("{}/rest/V1", access.base), proof, counter: 0 })
    }

    pub(super) fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        now: Timestamp,
    ) -> Result<Request<Bytes>, StoreError> {
        let uri = format!("{}{path}", self.base);
        self.counter += 1;
        let authorization = match &self.proof {
            Proof::Bearer(token) => format!("Bearer {}", token.expose_secret()),
            Proof::OAuth(credentials) => credentials.authorization(&method, &uri, now, self.counter),
        };
        answer::request(method, &uri, &[("authorization", &authorization)], body)
    }
}

/// A filtered list, sorted by its key so that pages do not shift. Every filter must hold.
pub(super) fn search(key: &str, filters: &[(&str, &str, &str)], page: u32) -> String {
    let mut query = String::new();
    let mut put = |name: &str, value: &str| {
        let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        query.push_str(&format!("{}={}&", encoded(&format!("searchCriteria{name}")), encoded(value)));
    };
    for (index, (field, value, condition)) in filters.iter().enumerate() {
        let filter = format!("[filter_groups][{index}][filters][0]");
        put(&format!("{filter}[field]"), field);
        put(&format!("{filter}[value]"), value);
        put(&format!("{filter}[condition_type]"), condition);
    }
    put("[sortOrders][0][field]", key);
    put("[sortOrders][0][direction]", "ASC");
    put("[pageSize]", &PAGE.to_string());
    put("[currentPage]", &page.to_string());
    query.pop();
    query
}

/// A page of a filtered list. Past the last page Magento repeats it, hence the count.
#[derive(Deserialize)]
#[serde(bound = "T: serde::de::DeserializeOwned")]
pub(super) struct SearchPage<T> {
    /// Required: an answer without it is not a page, and an empty page would pass for "nothing has changed".
    pub(super) items: List<T>,
    #[serde(default)]
    total_count: Quantity,
}

impl<T> SearchPage<T> {
    /// The page after this one, if there is one.
    pub(super) fn next(&self, page: u32) -> Option<u32> {
        (self.total_count.0 > page.saturating_mul(PAGE)).then(|| page + 1)
    }
}

/// What is being waited for.
enum Waiting {
    Nothing,
    Shipment,
    Shipments(u32),
    Order,
}

/// Reads an order, and the shipments that a notice spoke of.
pub(crate) struct OrderRead {
    settings: StoreSettings,
    client: Client,
    order: Option<StoreOrderId>,
    /// `None`: only the order itself is wanted.
    notice: Option<ThinNotice>,
    waiting: Waiting,
    shipments: Vec<Shipment>,
    /// The list of all shipments was read.
    whole: bool,
}

impl OrderRead {
    pub(crate) fn new(access: &StoreAccess, what: LookUp) -> Result<Self, StoreError> {
        let (order, notice) = match what {
            LookUp::Link { order } => (Some(order), None),
            LookUp::Shipments(notice) => (notice.order.clone(), Some(notice)),
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let shipment = notice.as_ref().and_then(|notice| notice.shipment.as_ref());
        if order.is_none() && shipment.is_none() {
            return Err(StoreError::Unreadable("the notice names neither an order nor a shipment"));
        }
        if !order.as_ref().is_none_or(|id| digits(id.as_str())) || !shipment.is_none_or(|id| digits(id.as_str())) {
            return Err(StoreError::Unreadable("the ids are not Magento's"));
        }
        Ok(Self {
            settings: access.settings.clone(),
            client: Client::new(access)?,
            order,
            notice,
            waiting: Waiting::Nothing,
            shipments: Vec::new(),
            whole: false,
        })
    }

    fn get(&mut self, waiting: Waiting, path: &str, now: Timestamp) -> Result<Step, StoreError> {
        self.waiting = waiting;
        self.client.request(Method::GET, path, None, now).map(Step::Send)
    }

    fn get_order(&mut self, now: Timestamp) -> Result<Step, StoreError> {
        let Some(order) = &self.order else { return Ok(Step::Gone) };
        let path = format!("/orders/{order}");
        self.get(Waiting::Order, &path, now)
    }

    fn get_shipments(&mut self, page: u32, now: Timestamp) -> Result<Step, StoreError> {
        let Some(order) = &self.order else { return Ok(Step::Gone) };
        let path = format!("/shipments?{}", search("entity_id", &[("order_id", order.as_str(), "eq")], page));
        self.get(Waiting::Shipments(page), &path, now)
    }

    fn absent_shipment(&mut self, now: Timestamp) -> Result<Step, StoreError> {
        let Some(notice) = &self.notice else { return Ok(Step::Gone) };
        if !notice.deleted && now.duration_since(notice.at) < NOT_SAVED_YET {
            return Err(StoreError::Unavailable("HTTP 404: the shipment is not saved yet".to_owned()));
        }
        self.shipments.extend(notice.shipment.clone().map(|id| Shipment {
            id,
            version: Version::new(notice.at, now),
            status: ShipmentStatus::Cancelled,
            parcels: Vec::new(),
            lines: Vec::new(),
        }));
        self.get_order(now)
    }
}

impl LookUpMachine for OrderRead {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<Step, StoreError> {
        let Some(answer) = answer else {
            return match self.notice.as_ref().map(|notice| notice.shipment.clone()) {
                None => self.get_order(now),
                Some(Some(shipment)) => self.get(Waiting::Shipment, &format!("/shipment/{shipment}"), now),
                Some(None) => self.get_shipments(1, now),
            };
        };
        let body = match (answer::sorted(answer)?, &self.waiting) {
            (Answer::Body(body), _) => body,
            (Answer::Gone(_), Waiting::Shipment) => return self.absent_shipment(now),
            (Answer::Gone(_), Waiting::Nothing | Waiting::Shipments(_) | Waiting::Order) => return Ok(Step::Gone),
        };
        match self.waiting {
            Waiting::Nothing => Ok(Step::Gone),
            Waiting::Shipment => {
                let shipment: ShipmentBody = answer::json(body)?;
                // The shipment knows its order better than a body that a person configured.
                self.order = shipment.order().or_else(|| self.order.take());
                self.shipments.extend(shipment.shipment(now));
                self.get_order(now)
            }
            Waiting::Shipments(page) => {
                let found: SearchPage<ShipmentBody> = answer::json(body)?;
                self.shipments.extend(found.items.0.iter().filter_map(|shipment| shipment.shipment(now)));
                match found.next(page) {
                    Some(next) if next > MOST_PAGES => {
                        Err(StoreError::Unreadable("an order has more shipments than we read"))
                    }
                    Some(next) => self.get_shipments(next, now),
                    None => {
                        self.whole = true;
                        self.get_order(now)
                    }
                }
            }
            Waiting::Order => {
                let Some(order) = self.order.clone() else { return Ok(Step::Gone) };
                let body: OrderBody = answer::json(body)?;
                let mut found = body.head(order, &self.settings, now);
                found.shipments = std::mem::take(&mut self.shipments);
                found.complete = self.whole.then(|| body.version(now));
                limits::checked(found).map(Step::Done)
            }
        }
    }
}
