//! Reads from BigCommerce's V2 orders API.

use super::CANCELLED;
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreLine, StoreParcel, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{Flag, List, Quantity, Text, moment};
use crate::stores::order_id::{Search, mentions_tiktok};
use crate::stores::{LookUp, LookUpMachine, Step, StoreAccess, StoreCredentials, ThinNotice, numbers_in};
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
/// Order sources that BigCommerce itself names for orders placed in the store.
const OWN_CHANNELS: [&str; 6] = ["www", "iphone", "ipad", "android", "mobile", "manual"];

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

/// A shipment. The address is not read.
#[derive(Deserialize)]
pub(super) struct ShipmentBody {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    date_created: Text,
    #[serde(default)]
    tracking_number: Text,
    #[serde(default)]
    shipping_provider_display_name: Text,
    #[serde(default)]
    tracking_carrier: Text,
    #[serde(default)]
    shipping_provider: Text,
    #[serde(default)]
    shipping_method: Text,
    #[serde(default)]
    items: List<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    order_product_id: Text,
    #[serde(default)]
    quantity: Quantity,
}

/// An order. Customer and address are not read.
#[derive(Deserialize)]
pub(super) struct OrderBody {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    date_modified: Text,
    #[serde(default)]
    pub(super) status_id: Text,
    #[serde(default)]
    payment_method: Text,
    #[serde(default)]
    staff_notes: Text,
    #[serde(default)]
    customer_message: Text,
    #[serde(default)]
    order_source: Text,
    #[serde(default)]
    external_source: Text,
    #[serde(default)]
    external_id: Text,
    #[serde(default)]
    external_order_id: Text,
    #[serde(default)]
    items_shipped: Text,
    #[serde(default)]
    is_deleted: Flag,
}

/// A line of an order.
#[derive(Deserialize)]
pub(super) struct ProductBody {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    sku: Text,
}

impl OrderBody {
    pub(super) fn modified(&self) -> Option<Timestamp> {
        self.date_modified.get().and_then(moment)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.is_deleted.0
    }

    /// No unit has left, so there is no shipment either.
    pub(super) fn has_shipped_nothing(&self) -> bool {
        self.items_shipped.get() == Some("0")
    }

    pub(super) fn changed(&self, now: Timestamp) -> Version {
        Version::new(self.modified().unwrap_or(now), now)
    }

    /// The order without its shipments.
    pub(super) fn head(&self, order: StoreOrderId, settings: &StoreSettings, now: Timestamp) -> Fulfilment {
        let cancelled = self.status_id.get() == Some(CANCELLED.to_string().as_str());
        Fulfilment {
            order_name: Some(order.as_str().to_owned()),
            order,
            link: self.link(settings),
            cancelled: cancelled.then(|| self.changed(now)),
            shipments: Vec::new(),
            complete: None,
        }
    }

    fn link(&self, settings: &StoreSettings) -> OrderLink {
        let mut search = Search::default();
        let own = match settings.order_id_field.as_deref() {
            Some("external_order_id") => self.external_order_id.get(),
            Some("external_id") => self.external_id.get(),
            Some("staff_notes") => self.staff_notes.get(),
            Some("customer_message") => self.customer_message.get(),
            _ => None,
        };
        own.into_iter().for_each(|text| search.own_field(text));
        // Any marketplace's connector may fill these; only TikTok's is trusted with ids of another form.
        let tiktok = mentions_tiktok(self.external_source.or_empty());
        for text in [&self.external_order_id, &self.external_id].into_iter().filter_map(Text::get) {
            if tiktok { search.id_field(text) } else { search.free_text(text) }
        }
        for text in [&self.external_source, &self.payment_method].into_iter().filter_map(Text::get) {
            search.mark(text);
        }
        for text in [&self.staff_notes, &self.customer_message].into_iter().filter_map(Text::get) {
            search.free_text(text);
        }
        let source = self.order_source.or_empty();
        search.link(OWN_CHANNELS.iter().any(|channel| source.eq_ignore_ascii_case(channel)))
    }
}

impl ShipmentBody {
    /// The first of the carrier fields that says something; `None` as a word means nothing.
    fn carrier(&self) -> Option<String> {
        [&self.shipping_provider_display_name, &self.tracking_carrier, &self.shipping_provider, &self.shipping_method]
            .into_iter()
            .filter_map(Text::get)
            .find(|text| !text.eq_ignore_ascii_case("none"))
            .map(str::to_owned)
    }

    /// The shipment, its lines still by line id.
    fn read(&self, now: Timestamp) -> Option<(Shipment, Vec<String>)> {
        let id = ShipmentId::parse(self.id.get()?).ok()?;
        let carrier = self.carrier();
        let mut parcels: Vec<StoreParcel> = Vec::new();
        for number in numbers_in(self.tracking_number.or_empty()) {
            if !parcels.iter().any(|parcel| parcel.number.key() == number.key()) {
                parcels.push(StoreParcel { number, carrier: carrier.clone() });
            }
        }
        let items: Vec<&Item> = self.items.0.iter().filter(|item| item.quantity.0 > 0).collect();
        // A shipment has no date of its last change: the moment of reading tells its states apart.
        let version = Version::new(self.date_created.get().and_then(moment).unwrap_or(now), now);
        let lines = items.iter().map(|item| StoreLine { sku: String::new(), quantity: item.quantity.0 }).collect();
        let keys = items.iter().map(|item| item.order_product_id.or_empty().to_owned()).collect();
        Some((Shipment { id, version, status: ShipmentStatus::Shipped, parcels, lines }, keys))
    }
}

/// Shipments whose lines still wait for their stock codes.
#[derive(Debug, Default)]
pub(super) struct Unnamed(Vec<(Shipment, Vec<String>)>);

impl Unnamed {
    pub(super) fn add(&mut self, shipments: &[ShipmentBody], now: Timestamp) {
        self.0.extend(shipments.iter().filter_map(|shipment| shipment.read(now)));
    }

    /// Whether stock codes are needed at all.
    pub(super) fn has_lines(&self) -> bool {
        self.0.iter().any(|(_, keys)| !keys.is_empty())
    }

    pub(super) fn named(self, products: &[ProductBody]) -> Vec<Shipment> {
        let sku = |key: &String| products.iter().find(|p| p.id.get() == Some(key)).map(|p| p.sku.or_empty().to_owned());
        self.0
            .into_iter()
            .map(|(mut shipment, keys)| {
                for (line, key) in shipment.lines.iter_mut().zip(&keys) {
                    line.sku = sku(key).unwrap_or_default();
                }
                shipment
            })
            .collect()
    }
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
        if self.unnamed.has_lines() { self.get_page(Waiting::Products, "products") } else { Ok(self.finish()) }
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

    fn finish(&mut self) -> Step {
        let Some((mut found, version)) = self.head.take() else { return Step::Gone };
        found.shipments = std::mem::take(&mut self.unnamed).named(&self.products);
        found.shipments.extend(self.gone.take());
        found.complete = self.whole.then_some(version);
        Step::Done(found)
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
                if self.more(entries)? { self.get_page(Waiting::Products, "products") } else { Ok(self.finish()) }
            }
        }
    }
}
