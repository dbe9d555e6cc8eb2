//! The merchant's side of connecting: Shopify's consent page and token address, BigCommerce's install and exchange,
//! WooCommerce's approval.

use super::{Kind, ModelStore, Shelf, json_answer, json_body};
use crate::answer::{encode, query_pairs, respond};
use crate::hmac;
use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The client id of the app at every model platform; its secret is the store's `secret`.
pub const CLIENT_ID: &str = "model-client-id";
/// Shopify: an access token lives this long.
const ACCESS: SignedDuration = SignedDuration::from_mins(60);
/// Shopify: a refresh token.
const REFRESH: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What a platform granted the app.
#[derive(Clone, Debug, Default)]
pub(super) struct Issued {
    /// Codes that were not exchanged yet, each with the scopes that were asked for.
    codes: Vec<(String, String)>,
    /// When the access token ends; none: never.
    until: Option<Timestamp>,
    refresh: String,
    refresh_until: Option<Timestamp>,
    /// The refresh token before: good until the new access token is used.
    previous: Option<String>,
    scope: String,
}

/// What the merchant does on the platform's own pages.
#[derive(Clone, Debug, Default)]
pub struct Merchant {
    /// Says no.
    pub refuses: bool,
    /// Grants only these scopes.
    pub grants: Option<String>,
    /// BigCommerce: the app's registered callback.
    pub callback: String,
    /// Token calls so far.
    pub token_calls: u32,
}

impl ModelStore {
    /// Changes what the merchant does.
    pub fn merchant(&self, edit: impl FnOnce(&mut Merchant)) {
        edit(&mut self.shelf().merchant);
    }

    /// Token calls so far.
    #[must_use]
    pub fn token_calls(&self) -> u32 {
        self.shelf().merchant.token_calls
    }

    /// Ends what the app was granted: neither its token nor its refresh token works any more.
    pub fn withdraw(&self) {
        let mut shelf = self.shelf();
        shelf.account.access_token = "withdrawn".into();
        shelf.issued = Issued::default();
    }

    /// WooCommerce: the merchant presses Approve on the page of this address. Gives the request that the site posts and
    /// where it sends the browser.
    #[must_use]
    pub fn approve(&self, page: &str) -> (Request<Bytes>, String) {
        let shelf = self.shelf();
        let query = query_pairs(page.split_once('?').map_or("", |(_, query)| query));
        let field = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone()).unwrap_or_default();
        let body = json!({
            "key_id": 1, "user_id": field("user_id"), "consumer_key": shelf.account.consumer_key,
            "consumer_secret": shelf.account.consumer_secret, "key_permissions": field("scope"),
        });
        let mut request = Request::new(Bytes::from(body.to_string()));
        *request.method_mut() = http::Method::POST;
        if let Ok(uri) = field("callback_url").parse() {
            *request.uri_mut() = uri;
        }
        let back = format!("{}?success=1&user_id={}", field("return_url"), encode(&field("user_id")));
        (request, back)
    }

    /// BigCommerce: what it signs when the app is opened or removed.
    #[must_use]
    pub fn signed_payload(&self) -> String {
        let shelf = self.shelf();
        let now = shelf.now().as_second();
        let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let head = part(json!({"alg": "HS256", "typ": "JWT"}));
        let body = part(json!({
            "aud": CLIENT_ID, "iss": "bc", "iat": now, "nbf": now - 5, "exp": now + 86_400, "jti": "model",
            "sub": format!("stores/{}", shelf.account.domain), "user": {"id": 1, "email": "canary@canary.example"}, "owner": {"id": 1, "email": "canary@canary.example"},
        }));
        let signed = format!("{head}.{body}");
        let tag = HEXLOWER_PERMISSIVE
            .decode(hmac::hex(shelf.account.secret.as_bytes(), &[signed.as_bytes()]).as_bytes())
            .unwrap_or_default();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }
}

impl Shelf {
    /// The pages and token addresses of the platform; none when the request is for something else.
    pub(super) fn consent(&mut self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let (path, query) = (request.uri().path(), query_pairs(request.uri().query().unwrap_or_default()));
        let field = |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, v)| v.as_str());
        match (self.kind, request.method().as_str(), path) {
            (Kind::Shopify, "GET", "/admin/oauth/authorize") => {
                if field("client_id") != CLIENT_ID {
                    return Some(respond(400, &[], "Oauth error application_cannot_be_found"));
                }
                Some(self.shopify_consent(field("redirect_uri"), field("state"), field("scope")))
            }
            (Kind::Shopify, "POST", "/admin/oauth/access_token") => Some(self.shopify_token(&json_body(request))),
            (Kind::BigCommerce, "GET", path) if path == format!("/app/{CLIENT_ID}/install") => {
                let code = self.code("store_v2_orders_read_only");
                let context = encode(&format!("stores/{}", self.account.domain));
                let callback = self.merchant.callback.clone();
                let query = format!("code={code}&scope=store_v2_orders_read_only&context={context}&account_uuid=model");
                Some(respond(302, &[("location", &format!("{callback}?{query}"))], ""))
            }
            (Kind::BigCommerce, "POST", "/oauth2/token") => Some(self.bigcommerce_token(&json_body(request))),
            _ => None,
        }
    }

    /// Whether the app's token is over.
    pub(super) fn token_over(&mut self) -> bool {
        if self.issued.until.is_some_and(|until| until <= self.now()) {
            return true;
        }
        // The new token is in use: the refresh token before it is of no use any more.
        self.issued.previous = None;
        false
    }

    fn code(&mut self, scope: &str) -> String {
        let code = self.chance.hex(2);
        let scope = self.merchant.grants.clone().unwrap_or_else(|| scope.to_owned());
        self.issued.codes.push((code.clone(), scope));
        code
    }

    fn shopify_consent(&mut self, redirect: &str, state: &str, scope: &str) -> Response<Bytes> {
        if self.merchant.refuses {
            let to = format!("{redirect}?error=access_denied&state={}", encode(state));
            return respond(302, &[("location", &to)], "");
        }
        let code = self.code(scope);
        let (shop, time) = (self.account.domain.clone(), self.now().as_second());
        let host = BASE64URL_NOPAD
            .encode(format!("admin.shopify.com/store/{}", shop.trim_end_matches(".myshopify.com")).as_bytes());
        let signed = format!("code={code}&host={host}&shop={shop}&state={}&timestamp={time}", encode(state));
        let tag = hmac::hex(self.account.secret.as_bytes(), &[signed.as_bytes()]);
        respond(302, &[("location", &format!("{redirect}?{signed}&hmac={tag}"))], "")
    }

    fn shopify_token(&mut self, body: &Value) -> Response<Bytes> {
        self.merchant.token_calls += 1;
        if body["client_id"] != CLIENT_ID || body["client_secret"] != self.account.secret.as_str() {
            return json_answer(400, &json!({"error": "invalid_client"}));
        }
        let refused = || json_answer(400, &json!({"error": "invalid_grant"}));
        let expiring = if body["grant_type"] == "refresh_token" {
            let given = body["refresh_token"].as_str().unwrap_or_default();
            let over = self.issued.refresh_until.is_none_or(|until| until <= self.now());
            let known = given == self.issued.refresh || self.issued.previous.as_deref() == Some(given);
            if over || given.is_empty() || !known {
                return refused();
            }
            self.issued.previous = Some(given.to_owned());
            true
        } else {
            let code = body["code"].as_str().unwrap_or_default();
            let Some(place) = self.issued.codes.iter().position(|(known, _)| known == code) else { return refused() };
            self.issued.scope = self.issued.codes.remove(place).1;
            body["expiring"] == "1"
        };
        self.account.access_token = format!("shpat_{}", self.chance.hex(2));
        let mut answer = json!({"access_token": self.account.access_token, "scope": self.issued.scope});
        self.issued.until = None;
        if expiring {
            self.issued.refresh = format!("shprt_{}", self.chance.hex(2));
            self.issued.until = self.now().checked_add(ACCESS).ok();
            self.issued.refresh_until = self.now().checked_add(REFRESH).ok();
            answer["expires_in"] = json!(ACCESS.as_secs());
            answer["refresh_token"] = json!(self.issued.refresh);
            answer["refresh_token_expires_in"] = json!(REFRESH.as_secs());
        }
        json_answer(200, &answer)
    }

    fn bigcommerce_token(&mut self, body: &Value) -> Response<Bytes> {
        self.merchant.token_calls += 1;
        let code = body["code"].as_str().unwrap_or_default();
        let place = self.issued.codes.iter().position(|(known, _)| known == code);
        let ours = body["client_id"] == CLIENT_ID && body["client_secret"] == self.account.secret.as_str();
        let Some(place) = place.filter(|_| ours && body["redirect_uri"] == self.merchant.callback.as_str()) else {
            return json_answer(400, &json!({"error": "invalid_grant"}));
        };
        let scope = self.issued.codes.remove(place).1;
        self.account.access_token = format!("model-{}", self.chance.hex(2));
        let context = format!("stores/{}", self.account.domain);
        let user = json!({"id": 1, "username": "canary", "email": "canary@canary.example"});
        json_answer(
            200,
            &json!({
                "access_token": self.account.access_token, "scope": scope, "user": user, "context": context,
                "account_uuid": "model",
            }),
        )
    }
}
