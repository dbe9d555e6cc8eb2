//! The authorisation host and a stand-in for the consent page.

use super::ModelTikTok;
use super::build::Tokens;
use super::calls::{Call, SCOPES};
use super::codes::{Answer, Refusal};
use super::gate::Done;
use super::journal::Outcome;
use super::state::{Code, Grant, State};
use crate::ModelAnswer;
use crate::answer::encode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use waybill::domain::region::AppRegion;

/// How long a code from the consent page lives.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(30);

fn first<'a>(query: &'a [(String, String)], name: &str) -> &'a str {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

impl State {
    pub(super) fn token_call(&mut self, call: Call, query: &[(String, String)]) -> Answer {
        let (key, secret) = (first(query, "app_key"), first(query, "app_secret"));
        let app = self.apps.iter().find(|app| app.key == key && app.secret == secret).map(|app| app.region);
        let app = app.ok_or_else(|| Refusal::of(98_001_004))?;
        match (call, first(query, "grant_type")) {
            (Call::GetToken, "authorized_code") => self.exchange(app, first(query, "auth_code")),
            (Call::RefreshToken, "refresh_token") => self.refresh(app, first(query, "refresh_token")),
            _ => Err(Refusal::of(98_001_004)),
        }
    }

    /// A code works once, and only for the app it was made for.
    fn exchange(&mut self, app: AppRegion, code: &str) -> Answer {
        let now = self.now();
        let found = self.codes.remove(code).filter(|code| code.app == app && code.until > now);
        let shops = found.map(|code| code.shops).ok_or_else(|| Refusal::of(36_004_004))?;
        let open_id = self.authorise(app, &shops).ok_or_else(|| Refusal::of(36_004_004))?;
        self.issue(&open_id, true).map(|tokens| tokens.data()).ok_or_else(|| Refusal::of(36_004_004))
    }

    fn refresh(&mut self, app: AppRegion, token: &str) -> Answer {
        let now = self.now();
        let fits = |grant: &Grant| grant.app == app && grant.refresh.iter().any(|known| known == token);
        let place = self.place_of_grant(token, fits);
        let grant = place.and_then(|place| self.grants.get_mut(place));
        let grant = grant.filter(|grant| !grant.revoked && grant.ends > now).ok_or_else(|| Refusal::of(36_004_005))?;
        let open_id = grant.open_id.clone();
        if self.settings.refresh_extends {
            grant.ends = now.checked_add(self.settings.authorisation).unwrap_or(now);
        }
        self.issue(&open_id, self.settings.rotate_refresh).map(|t| t.data()).ok_or_else(|| Refusal::of(36_004_005))
    }

    /// New tokens for a grant: always an access token, a refresh token when asked for.
    pub(super) fn issue(&mut self, open_id: &str, new_refresh: bool) -> Option<Tokens> {
        let now = self.now();
        let until = now.checked_add(self.settings.access_life).unwrap_or(now);
        let (access, refresh) = (self.chance.hex(3), self.chance.hex(3));
        let place = self.place_of_grant(open_id, |grant| grant.open_id == open_id)?;
        let grant = self.grants.get_mut(place)?;
        // Nothing says that older access tokens stop working; only the newest few are remembered.
        if grant.access.len() == 4 {
            grant.access.remove(0);
        }
        let until = until.min(grant.ends);
        grant.access.push((format!("TTP_model_access_{access}"), until));
        if new_refresh || grant.refresh.is_empty() {
            grant.refresh = vec![format!("TTP_model_refresh_{refresh}")];
        }
        Some(Tokens::of(grant))
    }

    /// Makes a fresh authorisation of a seller for an app. The older one of the same seller ends with it, which is the
    /// stricter reading: nothing says that its tokens live on.
    pub(super) fn authorise(&mut self, app: AppRegion, shops: &[String]) -> Option<String> {
        let now = self.now();
        let first = self.shops.get(shops.first()?)?;
        let (seller, base_region) = (first.seller.clone(), first.region.clone());
        let open_id = format!("model_{app}_{}", slug(&seller));
        let ends = now.checked_add(self.settings.authorisation).unwrap_or(now);
        self.grants.retain(|grant| grant.open_id != open_id);
        self.grants.push(Grant {
            app,
            open_id: open_id.clone(),
            seller,
            base_region,
            user_type: self.settings.consent_user_type,
            shops: shops.to_vec(),
            scopes: self.settings.consent_scopes.clone().unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec()),
            ends,
            access: Vec::new(),
            refresh: Vec::new(),
            revoked: false,
        });
        Some(open_id)
    }

    /// The seller on the consent page decides at once and is sent back to the app.
    pub(super) fn consent(&mut self, query: &[(String, String)]) -> Done {
        let state = first(query, "state").to_owned();
        let app =
            self.apps.iter().find(|app| app.service_id == first(query, "service_id") && !app.service_id.is_empty());
        let Some((app, redirect)) = app.map(|app| (app.region, app.redirect.clone())) else {
            return self.page(404, None);
        };
        let place = if self.settings.consent_refused {
            format!("{redirect}?code=null&error=auth_denied&state={}", encode(&state))
        } else {
            let seller = self.settings.consent_seller.clone();
            let Some(code) = self.code_for(app, seller.as_deref()) else {
                return self.page(404, None);
            };
            format!("{redirect}?code={}&state={}", encode(&code), encode(&state))
        };
        self.page(302, Some(place))
    }

    fn code_for(&mut self, app: AppRegion, seller: Option<&str>) -> Option<String> {
        let mut shops = self.shops.values().filter(|shop| shop.app == app);
        let seller =
            seller.map_or_else(|| shops.next().map(|shop| shop.seller.clone()), |name| Some(name.to_owned()))?;
        let mine = self.shops.values().filter(|shop| shop.app == app && shop.seller == seller);
        let shops: Vec<String> = mine.map(|shop| shop.id.clone()).collect();
        shops.first()?;
        let code = format!("ROW_model_code_{}", self.chance.hex(2));
        let until = self.now().checked_add(CODE_LIFE).unwrap_or(Timestamp::MAX);
        self.codes.insert(code.clone(), Code { shops, app, until });
        Some(code)
    }

    fn page(&self, http: u16, place: Option<String>) -> Done {
        let mut response = self.response(http, "text/html; charset=utf-8", String::new());
        if let Some(value) = place.and_then(|place| http::HeaderValue::from_str(&place).ok()) {
            response.headers_mut().insert(http::header::LOCATION, value);
        }
        let outcome = Outcome::Answered { http, code: None };
        Done { wait: Duration::ZERO, outcome, changed: http == 302, answer: ModelAnswer::Reply(response) }
    }
}

/// A seller's name as part of an id.
fn slug(seller: &str) -> String {
    seller.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

impl Tokens {
    pub(super) fn of(grant: &Grant) -> Self {
        let (access_token, access_until) = grant.access.last().cloned().unwrap_or_default();
        Self {
            open_id: grant.open_id.clone(),
            access_token,
            access_until,
            refresh_token: grant.refresh.last().cloned().unwrap_or_default(),
            refresh_until: grant.ends,
            seller_name: grant.seller.clone(),
            base_region: grant.base_region.clone(),
            user_type: grant.user_type,
            scopes: grant.scopes.clone(),
        }
    }

    /// `data` of TikTok's token answer. Both `expire_in` fields are moments, despite their names.
    #[must_use]
    pub fn data(&self) -> Value {
        json!({
            "access_token": self.access_token, "access_token_expire_in": self.access_until.as_second(),
            "refresh_token": self.refresh_token, "refresh_token_expire_in": self.refresh_until.as_second(),
            "open_id": self.open_id, "seller_name": self.seller_name, "seller_base_region": self.base_region,
            "user_type": self.user_type, "granted_scopes": self.scopes,
        })
    }
}

impl ModelTikTok {
    /// Whether a refresh with this token would be answered with tokens.
    #[must_use]
    pub fn takes_refresh(&self, token: &str) -> bool {
        let state = self.state();
        let now = state.now();
        let mut grants = state.grants.iter();
        grants.any(|grant| !grant.revoked && grant.ends > now && grant.refresh.iter().any(|known| known == token))
    }

    /// A code as the consent page would give it to this seller, for an install that starts in TikTok's app store: its
    /// callback carries no `state`. `None` when the seller has no shop under this app.
    pub fn code(&self, app: AppRegion, seller: &str) -> Option<String> {
        self.state().code_for(app, Some(seller))
    }
}
