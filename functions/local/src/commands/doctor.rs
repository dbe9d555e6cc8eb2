//! `waybill doctor`: asks the outside whether everything is as it must be, and changes nothing.

use super::missing::setup;
use super::status::{StatusRow, print};
use super::{Failure, Open, Output, all_stores, shops_named};
use jiff::SignedDuration;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use url::Url;
use waybill::app::App;
use waybill::config::ONLY_THIS_MACHINE;
use waybill::domain::connection::{Shop, StoreConnection};
use waybill::domain::platform::Platform;
use waybill::flows::connect::shop::SCOPES;
use waybill::flows::intake::subscriptions as keep_subscriptions;
use waybill::flows::tell::links;
use waybill::flows::tick::shop::EVENTS;
use waybill::flows::views::inspect;
use waybill::flows::views::standing::store_name;
use waybill::stores::subscriptions::Goal;
use waybill::tiktok::TikTokError;

/// One question to the outside.
const ASK: Duration = Duration::from_secs(10);
/// TikTok refuses requests whose clock is five minutes off; an alarm long before that.
const CLOCK: SignedDuration = SignedDuration::from_secs(30);

/// Asks everything and shows it; true when something is not as it must be.
///
/// # Errors
/// No such shop (1), or the table cannot be read.
pub async fn run(open: &Open, shop: Option<&str>, output: &mut Output) -> Result<bool, Failure> {
    let app = &open.app;
    let shops = shops_named(app, shop).await?;
    output.say("Asking …")?;
    let mut rows = Vec::new();
    if shop.is_none() {
        rows.extend(
            setup(app, open.place.aws).await?.into_iter().filter(|row| row.what != "address" && row.what != "mail"),
        );
        rows.push(address(app, &app.config.public_url).await);
        if app.config.hooks_url != app.config.public_url {
            rows.push(address(app, &app.config.hooks_url).await);
        }
        rows.push(mail(app, open.place.aws).await);
        rows.extend(rights(open).await?);
    }
    for shop in &shops {
        rows.extend(of_shop(app, shop).await);
    }
    if let Some(row) = clock(app, shops.is_empty()) {
        rows.push(row);
    }
    for store in all_stores(app).await? {
        if shop.is_none() || store.shops.iter().any(|id| shops.iter().any(|shop| shop.id == *id)) {
            rows.extend(of_store(app, &store).await);
        }
    }
    print(&rows, "Everything answers as it must.", output)
}

async fn address(app: &App, origin: &Url) -> StatusRow {
    let address = origin.as_str().trim_end_matches('/').to_owned();
    if !app.config.reaches_outside() {
        let remedy = "Start waybill serve with PUBLIC_URL=https://waybill.example.com.";
        return StatusRow::bad("address", None, format!("{address}: {ONLY_THIS_MACHINE}."), remedy);
    }
    if origin.scheme() != "https" {
        let remedy =
            "Put a reverse proxy with a certificate in front (OPERATING.md), and set PUBLIC_URL to its https address.";
        return StatusRow::bad(
            "address",
            None,
            format!("{address} is not https: stores and TikTok refuse it."),
            remedy,
        );
    }
    let request = http::Request::get(format!("{address}/healthz")).body(bytes::Bytes::new());
    let Ok(request) = request else { return StatusRow::bad("address", None, address, "Correct PUBLIC_URL.") };
    match app.outbound.send(request, ASK).await {
        Ok(answer) if answer.status().is_success() => {
            StatusRow::good("address", None, format!("{address} answers over https"))
        }
        Ok(answer) => StatusRow::bad(
            "address",
            None,
            format!("{address}/healthz answers {}, not as Waybill does.", answer.status().as_u16()),
            "Does the reverse proxy lead to the port of waybill serve?",
        ),
        Err(error) => StatusRow::bad(
            "address",
            None,
            format!("{address} cannot be reached from this machine: {error}."),
            "Check its name, its certificate, the reverse proxy, and that waybill serve runs.",
        ),
    }
}

async fn mail(app: &App, aws: bool) -> StatusRow {
    if aws {
        return StatusRow::good("mail", None, "mails go through SES");
    }
    let from = app.config.mail_from.as_ref().map(|from| from.as_str().to_owned());
    match (&app.config.smtp, from) {
        (None, _) => StatusRow::bad(
            "mail",
            None,
            "No mail server is set up: mails become files.",
            "Set SMTP_URL and MAIL_FROM for waybill serve.",
        ),
        (Some(_), None) => StatusRow::bad("mail", None, "Mails have no sender.", "Set MAIL_FROM for waybill serve."),
        (Some(_), Some(from)) => match app.mailer.probe().await {
            Ok(()) => StatusRow::good("mail", None, format!("the mail server takes our log-in; mails are from {from}")),
            Err(error) => {
                StatusRow::bad("mail", None, format!("{error}."), "Check SMTP_URL: scheme, user, password, host, port.")
            }
        },
    }
}

/// Rights on table and secrets.
async fn rights(open: &Open) -> Result<Vec<StatusRow>, Failure> {
    let app = &open.app;
    let mut rows = Vec::new();
    for (what, fault) in [
        ("keys of tokens", app.secrets.token_keys().get().await.err()),
        ("keys of webhooks", app.secrets.hook_keys().get().await.err()),
        ("keys of links", app.secrets.web_keys().get().await.err()),
    ] {
        rows.push(match fault {
            None => StatusRow::good("secrets", None, format!("the {what} can be read")),
            Some(fault) => StatusRow::bad(
                "secrets",
                None,
                format!("{fault}."),
                "Restore them from a backup: waybill restore FILE.",
            ),
        });
    }
    if !open.place.aws {
        let wide = too_wide(&open.place.data);
        rows.push(match wide {
            None => StatusRow::good("rights", None, "only this user can read the folder"),
            Some(path) => StatusRow::bad(
                "rights",
                None,
                format!("others on this machine can read {path}."),
                format!("chmod -R go= {}", crate::output::shell(&open.place.data.display().to_string())),
            ),
        });
    }
    Ok(rows)
}

/// The first file below a folder whose contents somebody else may read.
fn too_wide(folder: &Path) -> Option<String> {
    let mode = std::fs::metadata(folder).ok()?.permissions().mode();
    // Nobody gets through a closed folder, whatever the files inside allow.
    if mode & 0o077 == 0 {
        return None;
    }
    for entry in std::fs::read_dir(folder).ok()?.filter_map(Result::ok) {
        let path = entry.path();
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            if let Some(found) = too_wide(&path) {
                return Some(found);
            }
        } else if about.permissions().mode() & 0o044 != 0 {
            return Some(path.display().to_string());
        }
    }
    None
}

async fn of_shop(app: &App, shop: &Shop) -> Vec<StatusRow> {
    let id = Some(shop.id.to_string());
    let seen = match inspect::shop(app, shop, ASK).await {
        Ok(seen) => seen,
        Err(error) => {
            return vec![StatusRow::bad(
                "authorisation",
                id,
                format!("{}: {error}.", shop.name),
                "Its owner reconnects it from the mail, or in the console.",
            )];
        }
    };
    let mut rows = Vec::new();
    match &seen.authorised {
        Ok(true) => {
            rows.push(StatusRow::good("authorisation", id.clone(), format!("{}: TikTok accepts our calls", shop.name)))
        }
        Ok(false) => rows.push(StatusRow::bad(
            "authorisation",
            id.clone(),
            format!("{}: the authorisation does not cover this shop any more.", shop.name),
            "The shop's owner reconnects it.",
        )),
        Err(error) => {
            rows.push(StatusRow::bad("authorisation", id, format!("{}: {}", shop.name, words(error)), remedy(error)));
            return rows;
        }
    }
    let missing: Vec<&str> =
        SCOPES.into_iter().filter(|scope| !seen.scopes.is_empty() && !seen.scopes.iter().any(|s| s == scope)).collect();
    rows.push(if missing.is_empty() {
        StatusRow::good("scopes", id.clone(), format!("{}: all permissions are there", shop.name))
    } else {
        StatusRow::bad(
            "scopes",
            id.clone(),
            format!("{}: permissions are missing: {}", shop.name, missing.join(", ")),
            "Switch them on for the app in the Partner Center; then the shop's owner reconnects.",
        )
    });
    rows.push(match &seen.seller_shipping {
        Ok(true) => StatusRow::good("seller shipping", id.clone(), format!("{}: on", shop.name)),
        Ok(false) => StatusRow::bad(
            "seller shipping",
            id.clone(),
            format!("{}: off, so TikTok ships its orders and takes no tracking.", shop.name),
            "In Seller Center, open Shipping Options and choose Seller Shipping.",
        ),
        Err(error) => {
            StatusRow::bad("seller shipping", id.clone(), format!("{}: {}", shop.name, words(error)), remedy(error))
        }
    });
    rows.push(webhooks(app, shop, &seen));
    rows
}

fn webhooks(app: &App, shop: &Shop, seen: &inspect::ShopSeen) -> StatusRow {
    let (id, address) = (Some(shop.id.to_string()), links::hook(app, &format!("/hooks/tiktok/{}", shop.app)));
    match &seen.webhooks {
        Err(error) => StatusRow::bad("webhooks", id, format!("{}: {}", shop.name, words(error)), remedy(error)),
        Ok(set) => {
            let here = |event: &str| set.iter().any(|one| one.event == event && one.address == address);
            let missing: Vec<&str> = EVENTS.into_iter().filter(|event| !here(event)).collect();
            if missing.is_empty() {
                return StatusRow::good("webhooks", id, format!("{}: TikTok tells us at {address}", shop.name));
            }
            let elsewhere = set
                .iter()
                .find(|one| one.address != address)
                .map(|one| format!("; TikTok tells {} instead", one.address));
            let remedy = if app.config.reaches_outside() {
                "waybill remind sets them; it also happens daily by itself."
            } else {
                "Set PUBLIC_URL: an address that only this machine can reach is never registered."
            };
            let said = format!("{}: not set: {}{}", shop.name, missing.join(", "), elsewhere.unwrap_or_default());
            StatusRow::bad("webhooks", id, said, remedy)
        }
    }
}

fn words(error: &TikTokError) -> String {
    match error.code {
        Some(code) => format!("TikTok says {code} {}.", error.message.trim_end_matches('.')),
        None => format!("TikTok cannot be asked: {}.", error.message.trim_end_matches('.')),
    }
}

fn remedy(error: &TikTokError) -> &'static str {
    use waybill::tiktok::Class;
    match error.class {
        Class::Park(_) | Class::ConsentAgain | Class::RefreshToken => {
            "The shop's owner reconnects it from the mail, or in the console."
        }
        Class::Operator(_) => "Check the app's key, secret and addresses in the Partner Center: waybill app list.",
        _ => "Try again in a minute.",
    }
}

/// How far TikTok's clock is from ours, where it was asked.
fn clock(app: &App, unasked: bool) -> Option<StatusRow> {
    if unasked {
        return None;
    }
    let offset = app.tiktok.clock_offset();
    let off = offset.unsigned_abs().as_secs();
    Some(if offset.abs() <= CLOCK {
        StatusRow::good(
            "clock",
            None,
            format!(
                "within {} of TikTok's",
                crate::output::counted(usize::try_from(off.max(1)).unwrap_or(1), "second")
            ),
        )
    } else {
        StatusRow::bad(
            "clock",
            None,
            format!("{off} seconds off TikTok's clock."),
            "Set this machine's clock: TikTok and stores refuse signatures of another time.",
        )
    })
}

async fn of_store(app: &App, store: &StoreConnection) -> Vec<StatusRow> {
    let (id, name) = (Some(store.id.to_string()), store_name(store));
    if store.platform == Platform::Generic {
        return vec![StatusRow::good(
            "store",
            id,
            format!("{name}: a warehouse reports by itself; there is nothing to ask"),
        )];
    }
    let mut rows = Vec::new();
    rows.push(match inspect::store(app, store, ASK).await {
        Ok(true) => StatusRow::good("store", id.clone(), format!("{name}: can be read")),
        Ok(false) => StatusRow::bad(
            "store",
            id.clone(),
            format!("{name}: no API credentials, so what its webhooks lose stays lost."),
            "Connect it again with credentials.",
        ),
        Err(error) => StatusRow::bad(
            "store",
            id.clone(),
            format!("{name}: {error}."),
            format!("Renew its access; then waybill poll {}", store.id),
        ),
    });
    match keep_subscriptions::run(app, store, Goal::Check, ASK).await {
        Ok(report) if report.missing.is_empty() && report.refused.is_empty() => {
            let said = if report.in_place.is_empty() { "kept by hand" } else { "in place" };
            rows.push(StatusRow::good("subscriptions", id, format!("{name}: {said}")));
        }
        Ok(report) => rows.push(StatusRow::bad(
            "subscriptions",
            id,
            format!("{name}: missing: {}", report.missing.join(", ")),
            format!("waybill store check {} --repair", store.id),
        )),
        Err(error) => rows.push(StatusRow::bad(
            "subscriptions",
            id,
            format!("{name}: {error}"),
            format!("waybill store check {}", store.id),
        )),
    }
    rows
}
