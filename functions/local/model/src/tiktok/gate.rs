//! The gateway: what every request must pass before a call looks at it, and how its answer leaves.

use super::calls::{Access, Call, NoCall};
use super::codes::{Answer, Refusal};
use super::faults::{self, Fault};
use super::journal::Outcome;
use super::sign;
use super::state::{App, Grant, State};
use crate::ModelAnswer;
use crate::answer::{query_pairs, respond};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use waybill::domain::region::AppRegion;

/// How far a timestamp may lie behind and ahead of TikTok's clock, in seconds.
const BEHIND: i64 = 300;
const AHEAD: i64 = 30;

/// A request at the door.
#[derive(Debug)]
pub(super) struct Arrival {
    pub at: Timestamp,
    pub elapsed: Duration,
    pub call: Option<Call>,
    pub id: Option<String>,
    pub shop: Option<String>,
    query: Vec<(String, String)>,
}

/// What the caller gets, and what the journal says about it.
#[derive(Debug)]
pub(super) struct Done {
    pub wait: Duration,
    pub outcome: Outcome,
    pub changed: bool,
    pub answer: ModelAnswer,
}

/// A request that passed the gate.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub call: Call,
    /// The id in the path, empty when the call has none.
    pub id: &'a str,
    /// The shop of the cipher, empty for calls that want none.
    pub shop: &'a str,
    /// The grant of the token.
    pub open_id: &'a str,
    pub query: &'a [(String, String)],
    pub body: &'a [u8],
}

impl Asked<'_> {
    /// A query parameter that is there and not empty.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        first(self.query, name).filter(|value| !value.is_empty())
    }

    /// The JSON body; an absent body is an empty object.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        let value: Value =
            serde_json::from_slice(self.body).map_err(|_| Refusal::parameter("Invalid request body: not JSON."))?;
        if value.is_object() { Ok(value) } else { Err(Refusal::parameter("Invalid request body: not an object.")) }
    }
}

fn first<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

impl State {
    /// Notes the arrival and decides which faults strike.
    pub(super) fn receive(&mut self, request: &Request<Bytes>) -> (Arrival, Duration, Option<Fault>) {
        let query = query_pairs(request.uri().query().unwrap_or_default());
        let (call, id) = match Call::route(request.method().as_str(), request.uri().path()) {
            Ok((call, id)) => (Some(call), id),
            Err(_) => (None, None),
        };
        let cipher = first(&query, "shop_cipher").unwrap_or_default();
        let shop = self.shop_of_cipher(cipher).map(|shop| shop.id.clone());
        let read = first(&query, "ids").unwrap_or_default().split(',').map(str::trim);
        let named: Vec<&str> = id.as_deref().into_iter().chain(read).filter(|id| !id.is_empty()).collect();
        let (wait, fault) = faults::strike(&mut self.faults, &mut self.chance, call, shop.as_deref(), &named);
        let arrival = Arrival { at: self.now(), elapsed: self.started.elapsed(), call, id, shop, query };
        (arrival, wait + self.settings.latency, fault)
    }

    /// Carries a request out, with its fault.
    pub(super) fn carry_out(&mut self, request: &Request<Bytes>, arrival: &Arrival, fault: Option<Fault>) -> Done {
        let quiet = |outcome, answer| Done { wait: Duration::ZERO, outcome, changed: false, answer };
        match &fault {
            Some(Fault::Code(code)) => return self.done(&Err(Refusal::of(*code)), false),
            Some(Fault::Throttle { retry_after }) => {
                let refusal = Refusal { retry_after: *retry_after, ..Refusal::of(36_009_002) };
                return self.done(&Err(refusal), false);
            }
            Some(Fault::Status(http)) => {
                let text = if *http == 503 { "Service Unavailable" } else { "upstream error" };
                return self.raw(*http, "text/plain", text.into(), false);
            }
            Some(Fault::GatewayTimeout { committed: false }) => return self.done(&Err(Refusal::of(36_009_007)), false),
            Some(Fault::BrokenJson { committed: false }) => return self.broken(false),
            Some(Fault::Html { committed: false }) => return self.html(false),
            Some(Fault::ResetBefore) => return quiet(Outcome::Reset, ModelAnswer::Reset),
            Some(Fault::HangBefore) => return quiet(Outcome::Hung, ModelAnswer::Hang),
            _ => {}
        }
        if arrival.call == Some(Call::Consent) {
            return self.consent(&arrival.query);
        }
        let before = self.journal.changes.len();
        let mut answer = self.pass(request, arrival);
        let changed =
            self.journal.changes.len() > before || (answer.is_ok() && arrival.call.is_some_and(Call::is_write));
        if let (Some(Fault::Warning(text)), Ok(data)) = (&fault, &mut answer) {
            data["warning"] = json!({"message": text});
        }
        match fault {
            Some(Fault::ResetAfter) => Done { changed, ..quiet(Outcome::Reset, ModelAnswer::Reset) },
            Some(Fault::HangAfter) => Done { changed, ..quiet(Outcome::Hung, ModelAnswer::Hang) },
            Some(Fault::GatewayTimeout { .. }) => self.done(&Err(Refusal::of(36_009_007)), changed),
            Some(Fault::BrokenJson { .. }) => self.broken(changed),
            Some(Fault::Html { .. }) => self.html(changed),
            Some(Fault::Answer { http, content_type, body }) => self.raw(http, &content_type, body, changed),
            Some(Fault::Slow(wait)) => Done { wait, ..self.done(&answer, changed) },
            _ => self.done(&answer, changed),
        }
    }

    fn pass(&mut self, request: &Request<Bytes>, arrival: &Arrival) -> Answer {
        let path = request.uri().path();
        let Some(call) = arrival.call else {
            return Err(match Call::route(request.method().as_str(), path) {
                // The authorisation host knows GET only, and answers anything else as an unknown path.
                Err(NoCall::WrongMethod) if path.starts_with("/api/") => Refusal::of(36_009_009),
                Err(NoCall::WrongMethod) => Refusal::of(36_009_010),
                Err(NoCall::RetiredVersion) => Refusal::of(36_009_014),
                _ => Refusal::of(36_009_009),
            });
        };
        let (scope, wants_shop) = match call.spec().access {
            Access::Public => return self.token_call(call, &arrival.query),
            Access::User(scope) => (scope, false),
            Access::Shop(scope) => (scope, true),
        };
        let app = self.signed(request, &arrival.query)?.region;
        let open_id = self.authorised(request, app, scope)?;
        let shop = self.shop_of(&arrival.query, &open_id, wants_shop)?;
        if let Some(shop) = &shop {
            self.within_rate(shop, call)?;
        }
        let asked = Asked {
            call,
            id: arrival.id.as_deref().unwrap_or_default(),
            shop: shop.as_deref().unwrap_or_default(),
            open_id: &open_id,
            query: &arrival.query,
            body: request.body(),
        };
        self.answer(&asked)
    }

    fn answer(&mut self, asked: &Asked<'_>) -> Answer {
        match asked.call {
            Call::GetAuthorizedShops => self.authorized_shops(asked),
            Call::GetActiveShops => self.active_shops(asked),
            Call::SearchOrders => self.search_orders(asked),
            Call::GetOrders | Call::GetOrders202309 => self.get_orders(asked),
            Call::AddExternalOrders => self.add_external(asked),
            Call::SearchExternalOrders => self.search_external(asked),
            Call::GetExternalOrders => self.get_external(asked),
            Call::MarkPackage | Call::MarkPackage202610 => self.mark_package(asked),
            Call::ShipPackage => self.ship_package(asked),
            Call::BatchShipPackages => self.batch_ship(asked),
            Call::UpdateOrderShipping => self.update_order(asked),
            Call::UpdatePackageShipping | Call::UpdatePackageShipping202610 => self.update_package(asked),
            Call::SearchPackages => self.search_packages(asked),
            Call::GetPackage => self.get_package(asked),
            Call::GetTracking => self.get_tracking(asked),
            Call::GetSplitAttributes => self.split_attributes(asked),
            Call::SplitOrder => self.split_order(asked),
            Call::ValidateTracking => self.validate_tracking(asked),
            Call::GetProduct => self.get_product(asked),
            Call::GetWarehouses => self.warehouses(asked),
            Call::GetDeliveryOptions => self.delivery_options(asked),
            Call::GetProviders => self.providers(asked),
            Call::GetWebhooks => self.get_webhooks(asked),
            Call::PutWebhook => self.put_webhook(asked),
            Call::DeleteWebhook => self.delete_webhook(asked),
            Call::GetToken | Call::RefreshToken | Call::Consent => Err(Refusal::of(36_009_009)),
        }
    }

    /// App key before content type, time and signature, in the order seen at the real gateway.
    fn signed(&self, request: &Request<Bytes>, query: &[(String, String)]) -> Result<&App, Refusal> {
        let key = first(query, "app_key").unwrap_or_default();
        let app = self.apps.iter().find(|app| app.key == key && !key.is_empty());
        let app = app.ok_or_else(|| Refusal::parameter("Invalid credentials. Invalid `app_key` query parameter."))?;
        let content_type = request.headers().get(http::header::CONTENT_TYPE).ok_or_else(|| Refusal::of(36_009_022))?;
        let media_type = sign::media_type(content_type.to_str().unwrap_or_default());
        if !["application/json", "multipart/form-data"].iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
            return Err(Refusal::of(36_009_023));
        }
        let time = first(query, "timestamp").filter(|text| text.len() == 10).and_then(|text| text.parse::<i64>().ok());
        let Some(time) = time else {
            return Err(Refusal::parameter("Invalid `timestamp` query parameter."));
        };
        let ahead = time - self.now().as_second();
        if ahead < -BEHIND {
            return Err(Refusal::parameter("Invalid `timestamp`: older than 5 minutes."));
        }
        if ahead > AHEAD {
            return Err(Refusal::parameter("Invalid `timestamp`: more than 30 seconds in the future."));
        }
        let Some(given) = first(query, "sign").filter(|sign| !sign.is_empty()) else {
            return Err(Refusal::parameter("Missing required `sign` query parameter: signature is required."));
        };
        let expected = sign::request(&app.secret, request.uri().path(), query, media_type, request.body());
        if given == expected { Ok(app) } else { Err(Refusal::of(106_001)) }
    }

    fn authorised(&self, request: &Request<Bytes>, app: AppRegion, scope: &str) -> Result<String, Refusal> {
        let token = request.headers().get("x-tts-access-token").and_then(|value| value.to_str().ok());
        let invalid = || Refusal::parameter("Invalid `access_token` or `x-tts-access-token` header.");
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err(invalid());
        };
        let until = |grant: &Grant| grant.access.iter().find(|(known, _)| known == token).map(|(_, until)| *until);
        let of_token = self.place_of_grant(token, |grant| grant.app == app && !grant.revoked && until(grant).is_some());
        let grant = of_token.and_then(|place| self.grants.get(place)).ok_or_else(invalid)?;
        let until = until(grant).ok_or_else(invalid)?;
        if until <= self.now() {
            return Err(Refusal { http: self.settings.expired_status, ..Refusal::of(105_002) });
        }
        if !grant.scopes.iter().any(|granted| granted == scope) {
            return Err(Refusal::of(105_005));
        }
        Ok(grant.open_id.clone())
    }

    fn shop_of(&self, query: &[(String, String)], open_id: &str, wanted: bool) -> Result<Option<String>, Refusal> {
        let cipher = first(query, "shop_cipher").filter(|cipher| !cipher.is_empty());
        match (cipher, wanted) {
            (None, false) => Ok(None),
            (None, true) => Err(Refusal::of(106_013)),
            (Some(_), false) => Err(Refusal::parameter("Unexpected identifier `shop_cipher`.")),
            (Some(cipher), true) => {
                let shop = self.shop_of_cipher(cipher);
                let covered = |id: &str| self.grant_of(open_id).is_some_and(|g| g.shops.iter().any(|shop| shop == id));
                match shop {
                    Some(shop) if !covered(&shop.id) => Err(Refusal::of(101_000)),
                    Some(shop) if !shop.active => Err(Refusal::of(36_009_043)),
                    Some(shop) if !shop.seller_active => Err(Refusal::of(36_009_044)),
                    Some(shop) => Ok(Some(shop.id.clone())),
                    None => Err(Refusal::of(101_000)),
                }
            }
        }
    }

    /// Counts in windows of one second by the runtime's clock, so that a clock that stands still does no harm.
    fn within_rate(&mut self, shop: &str, call: Call) -> Result<(), Refusal> {
        let rates = self.settings.rates;
        let Some(shop) = self.shops.get_mut(shop) else {
            return Ok(());
        };
        let (times, most) =
            if call.is_write() { (&mut shop.writes, rates.writes) } else { (&mut shop.reads, rates.reads) };
        let now = Instant::now();
        while times.front().is_some_and(|time| now.duration_since(*time) >= Duration::from_secs(1)) {
            times.pop_front();
        }
        if times.len() >= most {
            return Err(Refusal { retry_after: rates.retry_after, ..Refusal::of(36_009_002) });
        }
        if most != usize::MAX {
            times.push_back(now);
        }
        Ok(())
    }

    pub(super) fn done(&mut self, answer: &Answer, changed: bool) -> Done {
        let id = self.request_id();
        let (http, code, message, data) = match answer {
            Ok(data) => (200, 0, "Success", data),
            Err(refusal) => (refusal.http, refusal.code, refusal.message.as_ref(), &Value::Null),
        };
        let body = json!({"code": code, "message": message, "request_id": id, "data": data}).to_string();
        let mut response = self.response(http, "application/json", body);
        let wait = answer.as_ref().err().and_then(|refusal| refusal.retry_after);
        if let Some(wait) = wait {
            let seconds = wait.as_millis().div_ceil(1000).to_string();
            response.headers_mut().extend(respond(200, &[("retry-after", &seconds)], "").headers().clone());
        }
        let outcome = Outcome::Answered { http, code: Some(code) };
        Done { wait: Duration::ZERO, outcome, changed, answer: ModelAnswer::Reply(response) }
    }

    fn raw(&mut self, http: u16, content_type: &str, body: String, changed: bool) -> Done {
        let answer = ModelAnswer::Reply(self.response(http, content_type, body));
        Done { wait: Duration::ZERO, outcome: Outcome::Answered { http, code: None }, changed, answer }
    }

    fn broken(&mut self, changed: bool) -> Done {
        self.raw(200, "application/json", "{\"code\":0,\"message\":\"Success\",\"data\":{\"order_".into(), changed)
    }

    fn html(&mut self, changed: bool) -> Done {
        let page =
            "<!doctype html><html><head><title>One moment</title></head><body>Checking your browser</body></html>";
        self.raw(200, "text/html; charset=utf-8", page.into(), changed)
    }

    /// Every answer carries TikTok's own time in `Date`.
    pub(super) fn response(&self, http: u16, content_type: &str, body: String) -> Response<Bytes> {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.now()).unwrap_or_default();
        respond(http, &[("content-type", content_type), ("date", &date)], body)
    }

    fn request_id(&mut self) -> String {
        self.next_id += 1;
        format!("{}{:020X}", self.now().strftime("%Y%m%d%H%M%S"), self.next_id)
    }
}
