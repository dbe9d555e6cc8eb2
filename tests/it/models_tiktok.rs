//! The model TikTok Shop and the client were written apart from each other, from the same documents. Here they meet: what
//! one shows, refuses or tells, the other must understand.

use crate::models::Hands;
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use waybill::domain::ids::{LineItemId, ProviderId, TikTokOrderId};
use waybill::domain::order::{CancelledBy, OrderState, OrderType, Origin, ShipTo, Shipped, TikTokOrder};
use waybill::domain::region::AppRegion;
use waybill::domain::tracking_event::{EventClass, EventRules};
use waybill::outbound::guard::AllowList;
use waybill::outbound::{BoxFuture, Outbound, OutboundError, Transport};
use waybill::tiktok::orders::{OrderQuery, OrderTime};
use waybill::tiktok::packages::Sending;
use waybill::tiktok::webhook::{self, CancelStep, News};
use waybill::tiktok::{Call, Class, Credentials, ShopAuth, TikTok, TikTokError};
use waybill_model::ModelAnswer;
use waybill_model::tiktok::{
    Fault, FaultRule, Mischief, ModelTikTok, Notification, RateLimits, ShopSpec, Status, provider_id,
};

pub const SHOP: &str = "749";
const TIKTOK_ORDER: &str = "576000000000000017";
pub const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The real client, in process, to the model.
struct Wire(ModelTikTok);

impl Transport for Wire {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>, OutboundError>> {
        let model = self.0.clone();
        Box::pin(async move {
            let lost = || OutboundError::maybe_sent(waybill::outbound::Lost::Reset);
            match tokio::time::timeout(limit, model.handle(request)).await {
                Ok(ModelAnswer::Reply(response)) => Ok(response),
                Ok(ModelAnswer::Reset | ModelAnswer::Hang) | Err(_) => Err(lost()),
            }
        })
    }
}

/// One shop at the model, and the client that acts for it.
pub struct Counter {
    pub hands: Hands,
    pub model: ModelTikTok,
    pub tiktok: TikTok,
    pub app: Credentials,
    pub shop: ShopAuth,
}

impl Counter {
    pub fn new(region: &str) -> Self {
        let hands = Hands::new();
        let model = ModelTikTok::new(hands.clock(), 1);
        model.configure(|settings| settings.rates = RateLimits::OFF);
        model.add_shop(ShopSpec::new(SHOP, region));
        let tokens = model.authorise(&[SHOP]).unwrap();
        let app = model.app(if region == "US" { AppRegion::Us } else { AppRegion::Row });
        let app = Credentials { app_key: app.key, app_secret: app.secret.into() };
        let shop = ShopAuth { access_token: tokens.access_token.into(), cipher: model.cipher(SHOP) };
        let url = |text: &str| Url::parse(text).unwrap();
        let outbound = Outbound::in_process(Arc::new(Wire(model.clone())), AllowList::default());
        let tiktok = TikTok::new(outbound, &url("https://api.example"), &url("https://auth.example"), hands.clock());
        Self { hands, model, tiktok, app, shop }
    }

    pub fn call(&self) -> Call<'_> {
        Call { app: &self.app, shop: &self.shop, limit: Duration::from_secs(8) }
    }

    pub async fn read(&self, id: &str) -> TikTokOrder {
        self.tiktok.order_detail(self.call(), &[order(id)]).await.unwrap().remove(0)
    }

    pub async fn refused(&self, ids: &[&str]) -> TikTokError {
        let ids: Vec<TikTokOrderId> = ids.iter().map(|id| order(id)).collect();
        self.tiktok.order_detail(self.call(), &ids).await.unwrap_err()
    }

    pub async fn search(&self, token: Option<String>, size: u8) -> (Vec<TikTokOrder>, Option<String>) {
        let query = OrderQuery {
            by: OrderTime::Updated,
            from: None,
            to: None,
            status: None,
            seller_shipped: false,
            page_size: size,
            page_token: token,
        };
        let page = self.tiktok.order_search(self.call(), &query).await.unwrap();
        (page.orders, page.next)
    }

    pub async fn mark(&self, id: &str, number: &str, carrier: &str) -> Result<(), TikTokError> {
        let carrier = ProviderId::parse(carrier).unwrap();
        let sending = Sending { number, provider: &carrier };
        self.tiktok.mark_package_as_shipped(self.call(), &order(id), &[], sending).await.map(drop)
    }

    /// What the model has to tell, as the client reads it.
    fn told(&self) -> Vec<News> {
        let sent = self.model.take_webhooks();
        sent.iter().map(|request| webhook::read(request.body()).unwrap().news).collect()
    }
}

pub fn order(id: &str) -> TikTokOrderId {
    TikTokOrderId::parse(id).unwrap()
}

pub fn usps() -> &'static str {
    provider_id("US", "USPS").unwrap()
}

pub fn ids(orders: &[TikTokOrder]) -> Vec<&str> {
    orders.iter().map(|order| order.id.as_str()).collect()
}

#[tokio::test]
async fn the_client_and_the_model_tiktok_agree_from_the_first_number_to_the_correction() {
    let counter = Counter::new("US");
    let (model, tiktok, app, shop) = (&counter.model, &counter.tiktok, &counter.app, &counter.shop);
    let call = counter.call();

    let shops = tiktok.authorised_shops(app, &shop.access_token, call.limit).await.unwrap();
    assert_eq!((shops[0].id.as_str(), &shops[0].cipher), ("749", &shop.cipher));
    let lines = model.order("749", TIKTOK_ORDER).line("MUG-BLUE", 2).place();
    let order = TikTokOrderId::parse(TIKTOK_ORDER).unwrap();
    let read = || async { tiktok.order_detail(call, std::slice::from_ref(&order)).await.unwrap().remove(0) };
    let before = read().await;
    assert_eq!((before.lines.len(), before.state), (2, OrderState::AwaitingShipment));
    let option = before.delivery_option.unwrap();
    let providers = tiktok.shipping_providers(call, &option, None).await.unwrap();
    assert!(providers.iter().any(|provider| provider.name == "USPS"));

    let usps = ProviderId::parse(provider_id("US", "USPS").unwrap()).unwrap();
    let send = |number: &'static str| Sending { number, provider: &usps };
    let first = [LineItemId::parse(&lines[0]).unwrap()];
    let shipped = tiktok.mark_package_as_shipped(call, &order, &first, send("9400100000000000000017")).await.unwrap();
    assert_eq!(read().await.state, OrderState::PartiallyShipped);

    model.inject(FaultRule::new(Fault::ResetAfter).writes(true).times(1));
    let rest = [LineItemId::parse(&lines[1]).unwrap()];
    let lost = tiktok.mark_package_as_shipped(call, &order, &rest, send("9400100000000000000024")).await.unwrap_err();
    assert_eq!(lost.class, Class::OutcomeUnknown);
    let after = read().await;
    assert_eq!(
        (&after.state, after.lines[1].tracking.as_deref()),
        (&OrderState::ReadyToShip, Some("9400100000000000000024"))
    );
    let again = tiktok.mark_package_as_shipped(call, &order, &rest, send("9400100000000000000024")).await.unwrap_err();
    assert_eq!(again.class, Class::AlreadyDone);

    let package = shipped.package.unwrap();
    tiktok.update_package_shipping(call, &package, send("9400100000000000000031")).await.unwrap();
    let once = tiktok.update_package_shipping(call, &package, send("9400100000000000000048")).await.unwrap_err();
    assert_eq!(once.class, Class::EditUsed);
    assert_eq!(model.journal().changes.len(), 3, "two first numbers and one correction");

    model.order("749", "1").line("A", 1).status(Status::OnHold).place();
    let held = TikTokOrderId::parse("1").unwrap();
    let held = tiktok.mark_package_as_shipped(call, &held, &[], send("9400100000000000000055")).await.unwrap_err();
    assert!(matches!(held.class, Class::Wait(_)), "{held:?}");
    model.expire_access("749");
    let expired = tiktok.order_detail(call, std::slice::from_ref(&order)).await.unwrap_err();
    assert_eq!(expired.class, Class::RefreshToken);
}

#[tokio::test]
async fn the_client_reads_every_kind_of_order_that_the_model_shows() {
    let counter = Counter::new("US");
    let (model, now) = (&counter.model, counter.hands.now());
    model.order(SHOP, "1").pre_order(now + HOUR * 2).line("GAME", 1).place();
    model.order(SHOP, "2").line("MUG", 1).gift("STICKER", 1).bundle("SET", 1, &[("MUG", 2), ("SPOON", 1)]).place();
    model.replace(SHOP, "2", "3");
    model.order(SHOP, "4").exchange_of("2").group("77").never_held().masked().sample().line("A", 1).place();
    model
        .order(SHOP, "5")
        .line("A", 1)
        .deadline("rts_sla_time", Some(now + HOUR))
        .deadline("tts_sla_time", None)
        .place();

    let held = counter.read("1").await;
    assert_eq!((held.state.clone(), held.kind.order_type.clone()), (OrderState::OnHold, Some(OrderType::PreOrder)));
    assert_eq!((held.release_ahead(now), held.paid_time, held.ship_to), (Some(now + HOUR * 2), None, ShipTo::Missing));
    let order = counter.read("2").await;
    let lines: Vec<_> = order.lines.iter().map(|l| (l.seller_sku.as_str(), l.gift, l.components.len())).collect();
    assert_eq!(lines, [("MUG", false, 0), ("STICKER", true, 0), ("SET", false, 2)]);
    assert_eq!((order.ship_to, order.kind.origin.clone()), (ShipTo::Present, Origin::Placed));
    assert!(order.lines.iter().all(|line| line.is_open()), "an empty number is none");
    let (listed, _) = counter.search(None, 50).await;
    assert!(listed.iter().all(|order| order.lines.iter().all(|line| line.components.is_empty())), "search shows none");
    let replacement = counter.read("3").await;
    assert_eq!(replacement.kind.origin, Origin::ReplacementOf(Some(self::order("2"))));
    let exchange = counter.read("4").await;
    assert_eq!(exchange.kind.origin, Origin::ExchangeOf(Some(self::order("2"))));
    assert_eq!(
        (exchange.kind.combine_group.as_deref(), exchange.sample, exchange.ship_to),
        (Some("77"), true, ShipTo::Masked)
    );
    assert_eq!((exchange.remorse_ends(now), order.remorse_ends(now)), (Some(now + HOUR), None));
    let deadlines = counter.read("5").await.deadlines;
    assert_eq!((deadlines.rts_sla, deadlines.tts_sla), (Some(now + HOUR), None));
    assert_eq!((deadlines.shipping_due, deadlines.delivery_due), (Some(now + HOUR * 168), Some(now + HOUR * 360)));
    model.cancel(SHOP, "5", "BUYER");
    let cancelled = counter.read("5").await;
    let cancellation = cancelled.cancellation.unwrap();
    assert_eq!((cancellation.by, cancellation.code), (Some(CancelledBy::Buyer), None));
    assert_eq!(cancelled.times.cancelled, Some(now));
    let all = format!("{held:?}{order:?}{replacement:?}{exchange:?}");
    assert!(waybill_model::canary::BUYER.iter().all(|word| !all.contains(word)), "nothing of a buyer is kept");
}

#[tokio::test]
async fn a_parcel_is_followed_from_the_first_scan_to_the_door() {
    let counter = Counter::new("US");
    let model = &counter.model;
    model.order(SHOP, "1").line("A", 1).place();
    counter.mark("1", "9400100000000000000017", usps()).await.unwrap();
    let shipped = counter.hands.now();
    model.carry(SHOP, "1", HOUR, HOUR * 40);
    counter.hands.later(HOUR * 2);
    let order = counter.read("1").await;
    assert_eq!((order.state, order.times.collected), (OrderState::Shipped(Shipped::InTransit), Some(shipped + HOUR)));
    model.fail_attempt(SHOP, "1");
    counter.hands.later(HOUR * 20);
    model.fail_attempt(SHOP, "1");
    counter.hands.later(HOUR * 20);
    let order = counter.read("1").await;
    assert_eq!(
        (order.state, order.times.delivered),
        (OrderState::Shipped(Shipped::Delivered), Some(shipped + HOUR * 40))
    );
    let (rules, events) =
        (EventRules::default(), counter.tiktok.order_tracking(counter.call(), &self::order("1")).await.unwrap());
    let classes: Vec<EventClass> = events.iter().map(|event| event.class(&rules)).collect();
    assert_eq!(
        classes,
        [EventClass::Delivered, EventClass::AttemptFailed, EventClass::AttemptFailed, EventClass::PickedUp]
    );
    let told = events.iter().map(|event| (event.at, event.action_code, event.description.as_str()));
    assert_eq!(rules.failed_attempts(told), 2);

    model.sell_label("9400100000000000000024");
    for (number, sold) in [("9400100000000000000024", true), ("9400100000000000000017", false)] {
        let check = counter.tiktok.tracking_validation(counter.call(), number).await.unwrap();
        assert_eq!((check.shipped_by_tiktok, check.collected_by_tiktok), (sold, false), "{number}");
    }
}

#[tokio::test]
async fn every_webhook_of_the_model_is_understood() {
    let counter = Counter::new("US");
    let (model, now) = (&counter.model, counter.hands.now());
    model.configure_app(AppRegion::Us, |app| app.webhook_url = "https://waybill.example/hooks/tiktok/us".into());
    model.order(SHOP, "1").line("A", 2).status(Status::OnHold).place();
    let id = || order("1");
    let status = |state, at| News::Status { order: id(), state, passes_hold: Some(true), at: Some(at) };
    assert_eq!(counter.told(), [status(OrderState::OnHold, now)]);
    model.release(SHOP, "1");
    assert_eq!(counter.told(), [status(OrderState::AwaitingShipment, now)]);
    model.change_address(SHOP, "1");
    assert_eq!(counter.told(), [News::Address { order: id() }]);
    model.ask_to_cancel(SHOP, "1");
    let asked = News::Cancellation { order: id(), by: Some(CancelledBy::Buyer), step: CancelStep::Pending };
    assert_eq!(counter.told(), [asked]);
    model.configure(|settings| settings.webhooks = Mischief { double: 1.0, swap: true, ..Mischief::default() });
    model.cancel(SHOP, "1", "SELLER");
    let told = counter.told();
    let done = News::Cancellation { order: id(), by: Some(CancelledBy::Seller), step: CancelStep::Complete };
    let cancelled = status(OrderState::Cancelled, now);
    assert_eq!(told, [done.clone(), done, cancelled.clone(), cancelled], "doubled and swapped");
    model.configure(|settings| settings.webhooks = Mischief::default());
    model.order(SHOP, "2").line("A", 1).place();
    counter.mark("2", "9400100000000000000017", usps()).await.unwrap();
    counter.told();
    let package = counter.read("2").await.lines[0].package.clone().unwrap();
    model.cancel_package(SHOP, "2", package.as_str());
    assert!(counter.told().iter().any(|news| *news == status_of("2", OrderState::AwaitingShipment, now)));
    model.warn_of_end(SHOP);
    model.revoke(SHOP);
    assert!(matches!(counter.told().as_slice(), [News::Ends(_), News::Deauthorised]));
    let returned = Notification::returned(SHOP, "1", "RETURN_OR_REFUND_REQUEST_PENDING", now);
    let returned = webhook::read(model.webhook(&returned).unwrap().body()).unwrap();
    assert_eq!((returned.kind, returned.news.orders()), (12, [id()].as_slice()));
}

fn status_of(id: &str, state: OrderState, at: Timestamp) -> News {
    News::Status { order: order(id), state, passes_hold: Some(true), at: Some(at) }
}
