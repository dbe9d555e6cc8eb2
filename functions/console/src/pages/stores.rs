//! Connecting a store: a form for every platform, and the platform's own way where it has one.

use super::{rounds, spoken};
use crate::answer::{self, Problem};
use crate::visit::{Member, Visit};
use futures_util::FutureExt as _;
use lambda_http::{Body, Response};
use minijinja::context;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::time::Duration;
use waybill::domain::connection::StoreSettings;
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::flows::access::store::StoreSecrets;
use waybill::flows::acts;
use waybill::flows::connect::store::{self as connect_store, Added, NewStore, StoreAddError};
use waybill::flows::connect::store_in_browser::{self as authorise_store, Claimed, RoundProblem, typed};
use waybill::flows::intake::poll as poll_stores;
use waybill::flows::views::standing::StoreStanding;
use waybill::stores::subscriptions::hand_steps;
use waybill::table::error::TableError;
use waybill::table::heard::Heard;
use waybill::web::cookie::Cookie;
use waybill::web::form::Fields;

/// A person waits so long for the first read of a store.
const ONE_READ: Duration = Duration::from_secs(12);

/// A TikTok shop to choose.
#[derive(Debug, Serialize)]
struct Choice {
    id: String,
    name: String,
    region: String,
    chosen: bool,
}

async fn choices(visit: &Visit<'_>, member: &Member, chosen: &[ShopId]) -> Result<Vec<Choice>, TableError> {
    let shops = super::shops::shops(visit, member).await?;
    let only = shops.len() == 1;
    let choice = |shop: waybill::domain::connection::Shop| Choice {
        chosen: only || chosen.contains(&shop.id),
        id: shop.id.to_string(),
        region: shop.region.to_string(),
        name: shop.name,
    };
    Ok(shops.into_iter().map(choice).collect())
}

/// The form of a platform.
pub(super) async fn form(visit: &Visit<'_>, member: &Member, platform: Platform) -> Result<Response<Body>, TableError> {
    // Shopify opens our address with the shop's name when an install starts there.
    let address = visit.query.get("shop").unwrap_or_default().chars().take(200).collect();
    form_with(visit, member, platform, &address, None).await
}

async fn form_with(
    visit: &Visit<'_>,
    member: &Member,
    platform: Platform,
    address: &String,
    fault: Option<String>,
) -> Result<Response<Body>, TableError> {
    match authorise_store::has_app(visit.app, platform).await {
        Ok(false) if matches!(platform, Platform::Shopify | Platform::BigCommerce) => {
            return Ok(no_app(visit, platform));
        }
        Err(error) => return Ok(rounds::explain(visit, platform, &error)),
        Ok(_) => {}
    }
    let shops = choices(visit, member, &chosen(visit)).await?;
    let status = if fault.is_some() { 422 } else { 200 };
    let values = context! {
        shops, platform => platform.as_str(), name => spoken(platform), address, fault,
        way => visit.form.get("way").unwrap_or("mage-os"), client_id => visit.form.get("client_id"),
        narrow => true, ..member.frame("shops")
    };
    // The answer to the form is a redirect to the platform, and a browser judges where a form may lead.
    let targets = match platform {
        Platform::Shopify => shopify_targets(visit),
        Platform::WooCommerce => vec!["https:".to_owned()],
        Platform::BigCommerce => vec![visit.app.config.bigcommerce_login.origin().ascii_serialization()],
        Platform::Magento | Platform::Generic => Vec::new(),
    };
    Ok(answer::page_to(visit.app, status, "store_form.html", values, &targets))
}

fn shopify_targets(visit: &Visit<'_>) -> Vec<String> {
    let any = visit.app.config.shopify_api.for_shop("shop.myshopify.com");
    let origin = any.map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    vec![origin.replace("://shop.", "://*.")]
}

fn chosen(visit: &Visit<'_>) -> Vec<ShopId> {
    visit.form.all("shop").take(50).filter_map(|id| ShopId::parse(id).ok()).collect()
}

fn no_app(visit: &Visit<'_>, platform: Platform) -> Response<Body> {
    let (name, word) = (spoken(platform), platform.as_str());
    answer::problem(
        visit.app,
        Problem {
            status: 409,
            title: "Not set up here yet",
            words: format!("This installation has no app at {name}, so a store cannot say yes in the browser."),
            remedy: format!(
                "The operator sets one with `waybill app set --platform {word}`, or connects the store with \
                 `waybill store add {word}`."
            ),
            button: Some(("Back", "/connect".into())),
        },
    )
}

/// The form was sent.
pub(super) async fn act(visit: &Visit<'_>, member: &Member, platform: Platform) -> Result<Response<Body>, TableError> {
    let shops = chosen(visit);
    let address = visit.form.get("address").unwrap_or_default().to_owned();
    if address.len() > 2000 {
        return Ok(super::stale_form(visit));
    }
    if shops.is_empty() {
        let fault = "Choose the TikTok shop that this store's orders belong to.".to_owned();
        return form_with(visit, member, platform, &address, Some(fault)).await;
    }
    // A foreign shop is as good as none, and nothing is begun for it.
    match connect_store::own_shops(visit.app, &member.account, &shops).await {
        Ok(()) => {}
        Err(StoreAddError::Table(error)) => return Err(error),
        Err(_) => return Ok(answer::missing(visit.app)),
    }
    let begun = match platform {
        Platform::Shopify => authorise_store::begin_shopify(visit.app, &member.account, &address, shops).await,
        Platform::BigCommerce => authorise_store::begin_bigcommerce(visit.app, &member.account, shops).await,
        Platform::WooCommerce => {
            return match authorise_store::begin_woocommerce(visit.app, &member.account, &address, shops).await {
                Ok(url) => {
                    let said = "sent to the site, which hands its keys over when its people agree";
                    let actor = visit.actor(member);
                    acts::store_connecting(visit.app, &actor, &member.account, &address, said).await?;
                    Ok(answer::redirect(&url))
                }
                Err(error) => refused(visit, member, platform, &address, error).await,
            };
        }
        Platform::Magento | Platform::Generic => return by_hand(visit, member, platform, shops).await,
    };
    match begun {
        Ok(begun) => {
            let cookie = Cookie::Store.set(&visit.app.config.public_url, &begun.browser, rounds::LIFE);
            Ok(answer::with_cookie(answer::redirect(&begun.consent_url), &cookie))
        }
        Err(error) => refused(visit, member, platform, &address, error).await,
    }
}

/// A wrong field comes back with its form; anything else is a page.
async fn refused(
    visit: &Visit<'_>,
    member: &Member,
    platform: Platform,
    address: &String,
    error: RoundProblem,
) -> Result<Response<Body>, TableError> {
    let fault = match error {
        RoundProblem::Table(error) => return Err(error),
        RoundProblem::Address if platform == Platform::Shopify => {
            "That is no Shopify shop. Give its myshopify.com name, such as tiny-mugs.myshopify.com."
        }
        RoundProblem::Address => "That address cannot be used. Give the site's public https address.",
        other => return Ok(rounds::explain(visit, platform, &other)),
    };
    form_with(visit, member, platform, address, Some(fault.to_owned())).await
}

/// A secret that the store needs from us, shown once.
#[derive(Debug, Serialize)]
struct Shown {
    name: &'static str,
    value: String,
}

/// A field that counts only then, as it was typed.
fn only(form: &Fields, counts: bool, name: &str) -> Option<String> {
    form.get(name).map(str::trim).filter(|text| counts && !text.is_empty()).map(str::to_owned)
}

/// Keys that a person typed (Magento), or an address to hand out (a warehouse).
async fn by_hand(
    visit: &Visit<'_>,
    member: &Member,
    platform: Platform,
    shops: Vec<ShopId>,
) -> Result<Response<Body>, TableError> {
    let form = &visit.form;
    let typed_address = form.get("address").unwrap_or_default().trim().to_owned();
    let (way, address) = match platform {
        Platform::Magento => {
            let way = form.get("way").unwrap_or("mage-os");
            match authorise_store::site(visit.app, &typed_address) {
                Ok(site) => (Some(way.to_owned()), site.as_str().trim_end_matches('/').to_owned()),
                Err(error) => return refused(visit, member, platform, &typed_address, error).await,
            }
        }
        _ => (None, typed_address.clone()),
    };
    let secrets = StoreSecrets {
        consumer_key: typed(form, "consumer_key"),
        consumer_secret: typed(form, "consumer_secret"),
        access_token: typed(form, "access_token"),
        token_secret: typed(form, "token_secret"),
        // Each of Adobe's ways proves itself by one of these; the other field may be left over from a change of mind.
        client_id: only(form, way.as_deref() == Some("io-events"), "client_id"),
        public_key: only(form, way.as_deref() == Some("commerce-webhooks"), "public_key"),
        ..StoreSecrets::default()
    };
    let whole = [&secrets.consumer_key, &secrets.consumer_secret, &secrets.access_token, &secrets.token_secret];
    if platform == Platform::Magento && whole.iter().any(|secret| secret.is_none()) {
        let fault = "All four keys of the integration are needed: without them orders cannot be read.".to_owned();
        return form_with(visit, member, platform, &typed_address, Some(fault)).await;
    }
    let settings = StoreSettings { way, ..StoreSettings::default() };
    let new = NewStore { account: member.account.clone(), platform, shops, address, settings, secrets };
    match connect_store::add(visit.app, new).await {
        Ok(added) => {
            let said = format!("{} is connected", added.store.address);
            acts::store_act(visit.app, &visit.actor(member), &added.store, "connect store", &said).await?;
            let standing = tried(visit, &added).boxed().await?;
            Ok(added_page(visit, member, &added, &standing))
        }
        Err(StoreAddError::Table(error)) => Err(error),
        Err(StoreAddError::Field { field, problem }) => {
            let fault = match field {
                "client_id" => format!("The client id {problem}."),
                "public_key" => format!("The public key {problem}."),
                _ => problem,
            };
            form_with(visit, member, platform, &typed_address, Some(fault)).await
        }
        Err(StoreAddError::Known(_)) => {
            let fault = "This store is connected already: see Shops. Give another address or name for another one.";
            form_with(visit, member, platform, &typed_address, Some(fault.to_owned())).await
        }
        Err(error) => Ok(rounds::explain(visit, platform, &error.into())),
    }
}

/// Nobody is told that a store is connected before one read of it worked.
async fn tried(visit: &Visit<'_>, added: &Added) -> Result<StoreStanding, TableError> {
    let (app, id) = (visit.app, &added.store.id);
    if added.readable && added.store.platform != Platform::Generic {
        // What takes longer goes on by itself, and is shown with the store.
        drop(tokio::time::timeout(ONE_READ, poll_stores::now(app, id)).await);
    }
    let store = app.table.store_get(id, true).await?.map_or_else(|| added.store.clone(), |store| store.row);
    Ok(StoreStanding::of(&store, Heard::default()))
}

fn added_page(visit: &Visit<'_>, member: &Member, added: &Added, standing: &StoreStanding) -> Response<Body> {
    let store = &added.store;
    let secrets: Vec<Shown> = added
        .generated
        .iter()
        .map(|(name, value)| Shown {
            name: match *name {
                "header_secret" => "Secret header value",
                _ => "Signing secret",
            },
            value: value.expose_secret().to_owned(),
        })
        .collect();
    let steps = hand_steps(store.platform, store.settings.way.as_deref(), &added.webhook_url);
    let values = context! {
        connected => *standing == StoreStanding::Connected,
        trouble => match standing {
            StoreStanding::Unreachable { why, .. } => Some(why),
            _ => None,
        },
        name => spoken(store.platform), address => store.address, url => added.webhook_url, secrets, steps,
        narrow => true, ..member.frame("shops")
    };
    answer::page(visit.app, 200, "store_added.html", values)
}

/// The page on which an install that began at BigCommerce is taken.
pub(super) async fn claim_page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let token = visit.query.get("t").unwrap_or_default();
    match authorise_store::claimed(visit.app, &member.account, token).await {
        Ok(Claimed { address, shops }) => {
            let shops = choices(visit, member, &shops).await?;
            let values = context! { address, token, shops, narrow => true, ..member.frame("shops") };
            Ok(answer::page(visit.app, 200, "store_claim.html", values))
        }
        Err(RoundProblem::Table(error)) => Err(error),
        Err(error) => Ok(rounds::explain(visit, Platform::BigCommerce, &error)),
    }
}

/// The press of its button.
pub(super) async fn claim(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let token = visit.form.get("token").unwrap_or_default();
    match authorise_store::claim_bigcommerce(visit.app, &member.account, token, chosen(visit)).await {
        Ok(store) => {
            let said = format!("{} is connected", store.address);
            acts::store_act(visit.app, &visit.actor(member), &store, "connect store", &said).await?;
            Ok(rounds::connected(visit, &store))
        }
        Err(RoundProblem::Table(error) | RoundProblem::Add(StoreAddError::Table(error))) => Err(error),
        Err(RoundProblem::Add(StoreAddError::UnknownShop(_))) => Ok(answer::missing(visit.app)),
        Err(error) => Ok(rounds::explain(visit, Platform::BigCommerce, &error)),
    }
}

/// The browser is back from a WooCommerce site; the keys came, or come, by a way of their own.
pub(super) async fn returned(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    if visit.query.get("success") == Some("0") {
        return Ok(rounds::explain(visit, Platform::WooCommerce, &RoundProblem::Declined));
    }
    let mut newest = None;
    for id in visit.app.table.account_stores(&member.account).await? {
        let store = visit.app.table.store_get(&id, true).await?.map(|store| store.row);
        let ours = store.filter(|s| s.account == member.account && s.platform == Platform::WooCommerce);
        newest = newest.max_by_time(ours);
    }
    let recent = visit.app.clock.now() - jiff::SignedDuration::from_mins(authorise_store::ROUND_MINUTES);
    // A store that was connected again has its new poll time from the keys.
    match newest.filter(|store| store.connected >= recent || store.poll_due.is_some_and(|due| due >= recent)) {
        Some(store) => Ok(rounds::connected(visit, &store)),
        None => Ok(answer::problem(
            visit.app,
            Problem {
                status: 200,
                title: "Waiting for the keys",
                words: "Your site has not sent its keys yet. It does so by itself, usually within a second.".into(),
                remedy: "If this stays, the site cannot reach us: check its firewall, then connect again.".into(),
                button: Some(("Look again", "/connect/woocommerce/return?success=1".into())),
            },
        )),
    }
}

/// The newer of two.
trait Newer {
    fn max_by_time(self, other: Self) -> Self;
}

impl Newer for Option<waybill::domain::connection::StoreConnection> {
    fn max_by_time(self, other: Self) -> Self {
        let time = |store: &Self| store.as_ref().map(|store| store.poll_due.max(Some(store.connected)));
        if time(&other) > time(&self) { other } else { self }
    }
}
