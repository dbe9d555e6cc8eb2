//! `waybill status`: one screen, one answer: may I sleep?

use super::missing::setup;
use super::{Failure, Open, Output, all_shops, all_stores};
use crate::output::{local, plural, span};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waybill::app::App;
use waybill::domain::connection::{Shop, StoreConnection};
use waybill::domain::parcel::Parcel;
use waybill::flows::views::attention::Counts;
use waybill::flows::views::shop_now::ShopNow;
use waybill::flows::views::standing::{ShopStanding, StoreStanding, label_words, store_name};
use waybill::flows::views::waiting::{notice, wait};

/// One line of `status` and `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusRow {
    /// What was looked at: `address`, `app`, `shop`, `store`, `held` …
    pub what: &'static str,
    /// Which one, where there are several.
    pub of: Option<String>,
    /// It needs nobody.
    pub ok: bool,
    /// What is so, in words.
    pub said: String,
    /// What to do; `None` where nothing is to be done.
    pub remedy: Option<String>,
}

impl StatusRow {
    /// It is as it should be.
    #[must_use]
    pub fn good(what: &'static str, of: Option<String>, said: impl Into<String>) -> Self {
        Self { what, of, ok: true, said: said.into(), remedy: None }
    }

    /// It needs somebody.
    #[must_use]
    pub fn bad(what: &'static str, of: Option<String>, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what, of, ok: false, said: said.into(), remedy: Some(remedy.into()) }
    }
}

/// A number that waits longer than this without a reason of its own is looked into.
const LONG: SignedDuration = SignedDuration::from_hours(1);
/// Waiting rows looked at to find the oldest.
const LOOKED_AT: usize = 200;

/// Shows everything; true when something needs attention.
///
/// # Errors
/// The table or the secrets cannot be read.
pub async fn run(open: &Open, output: &mut Output) -> Result<bool, Failure> {
    let rows = all(open, &output.zone().clone()).await?;
    print(&rows, "Everything runs, and nothing waits for you.", output)
}

/// Prints the rows, and for people the answer above them.
pub(super) fn print(rows: &[StatusRow], well: &str, output: &mut Output) -> Result<bool, Failure> {
    let bad = rows.iter().filter(|row| !row.ok).count();
    if output.is_json() {
        for row in rows {
            output.line(row)?;
        }
        return Ok(bad > 0);
    }
    output.say(if bad == 0 {
        well.to_owned()
    } else {
        plural(bad, "thing needs attention.", "things need attention.")
    })?;
    let width = rows.iter().map(|row| row.what.len()).max().unwrap_or_default();
    // What needs somebody comes first.
    for row in rows.iter().filter(|row| !row.ok).chain(rows.iter().filter(|row| row.ok)) {
        let of = row.of.as_deref().map(|of| format!("{of}: ")).unwrap_or_default();
        output.say(format_args!("{:4}  {:width$}  {of}{}", if row.ok { "ok" } else { "!!" }, row.what, row.said))?;
        if let Some(remedy) = &row.remedy {
            output.say(format_args!("      {:width$}  {remedy}", ""))?;
        }
    }
    Ok(bad > 0)
}

async fn all(open: &Open, zone: &TimeZone) -> Result<Vec<StatusRow>, Failure> {
    let app = &open.app;
    let mut rows = Vec::new();
    if !open.place.aws {
        rows.push(if open.served {
            StatusRow::good("serve", None, "waybill serve runs on this folder")
        } else {
            let folder = crate::output::shell(&open.place.data.display().to_string());
            StatusRow::bad(
                "serve",
                None,
                "waybill serve does not run: no webhook is taken and nothing is sent.",
                format!("waybill serve --data {folder}"),
            )
        });
    }
    rows.extend(setup(app, open.place.aws).await?);
    for shop in all_shops(app).await? {
        rows.extend(of_shop(app, &shop, zone).await?);
    }
    for store in all_stores(app).await? {
        rows.extend(of_store(app, &store, zone).await?);
    }
    Ok(rows)
}

async fn of_shop(app: &App, shop: &Shop, zone: &TimeZone) -> Result<Vec<StatusRow>, Failure> {
    let (now, id) = (app.clock.now(), Some(shop.id.to_string()));
    let standing = ShopStanding::of(shop, app.config.reauth_days, now);
    let state = super::shop::state_words(&standing, zone, now);
    let pushed = match app.table.pushed_get(&shop.id).await? {
        Some(at) => format!("last push {}", local(at, zone)),
        None => "no push had work for it yet".to_owned(),
    };
    let said = format!("{}, {state}; {pushed}", shop.name);
    let mut rows = vec![match &standing {
        ShopStanding::Connected { days } if *days > 30 => StatusRow::good("shop", id.clone(), said),
        ShopStanding::Resting { reason: Some(reason), .. } => StatusRow::bad("shop", id.clone(), said, reason.remedy()),
        ShopStanding::Resting { reason: None, .. } => StatusRow::good("shop", id.clone(), said),
        ShopStanding::Connected { .. } => {
            StatusRow::bad("shop", id.clone(), said, "Its owner reconnects it from the mail, or in the console.")
        }
        ShopStanding::Paused { .. } => {
            StatusRow::bad("shop", id.clone(), said, format!("waybill shop resume {}", shop.id))
        }
        ShopStanding::Parked { reason, .. } => StatusRow::bad("shop", id.clone(), said, reason.remedy()),
    }];
    if shop.consent.seller_shipping == Some(false) {
        rows.push(StatusRow::bad(
            "seller shipping",
            id.clone(),
            format!("{}: Seller Shipping is off, so TikTok ships its orders and takes no tracking.", shop.name),
            "In Seller Center, open Shipping Options and choose Seller Shipping.",
        ));
    }
    if let Some(said) = label_words(shop, zone, now) {
        rows.push(StatusRow::good("labels", id.clone(), format!("{}: {said}", shop.name)));
    }
    if let Some(at) = shop.consent.mail_fault {
        rows.push(StatusRow::bad(
            "mail",
            id.clone(),
            format!("{}: a mail could not be delivered on {}", shop.name, local(at, zone)),
            "Check SMTP_URL and the account's address: waybill account list",
        ));
    }
    rows.push(held(app, shop, zone).await?);
    let seen = ShopNow::of(app, shop).await?;
    rows.push(if seen.due.late == 0 {
        StatusRow::good("deadlines", id.clone(), seen.due_words())
    } else {
        StatusRow::bad("deadlines", id.clone(), seen.due_words(), format!("waybill deadlines --shop {}", shop.id))
    });
    if seen.fields > 0 {
        let remedy = format!("waybill field retry --shop {}", shop.id);
        rows.push(StatusRow::bad("custom fields", id, format!("{}: {}", shop.name, seen.field_words()), remedy));
    }
    rows.extend(waiting(app, shop, &standing, zone).await?);
    Ok(rows)
}

async fn held(app: &App, shop: &Shop, zone: &TimeZone) -> Result<StatusRow, Failure> {
    let (counts, id) = (Counts::of_shop(app, &shop.id).await?, Some(shop.id.to_string()));
    let Some(oldest) = counts.oldest else { return Ok(StatusRow::good("held", id, "nothing waits for a hand")) };
    let reasons: Vec<String> = counts.reasons.iter().map(|(reason, n)| format!("{n} {}", reason.code())).collect();
    let said = format!(
        "{}, the oldest since {}: {}",
        plural(counts.total, "parcel waits for a hand", "parcels wait for a hand"),
        local(oldest, zone),
        reasons.join(", ")
    );
    Ok(StatusRow::bad("held", id, said, format!("waybill held --shop {}", shop.id)))
}

/// What is on its way: how many, the oldest, and what that one waits for.
async fn waiting(
    app: &App,
    shop: &Shop,
    standing: &ShopStanding,
    zone: &TimeZone,
) -> Result<Option<StatusRow>, Failure> {
    let (now, id) = (app.clock.now(), Some(shop.id.to_string()));
    let total = app.table.push_waiting(&shop.id, Timestamp::MAX).await?;
    if total == 0 {
        return Ok(None);
    }
    let mut oldest: Option<(Timestamp, Option<Parcel>)> = None;
    for key in app.table.push_waiting_rows(&shop.id, LOOKED_AT).await? {
        let (received, parcel) = if notice(&key).is_some() {
            let Some(notice) = app.table.notice_get(&key).await? else { continue };
            (notice.received, None)
        } else {
            let Some(parcel) = app.table.parcel_get(&key).await? else { continue };
            (parcel.received, Some(parcel))
        };
        if oldest.as_ref().is_none_or(|(known, _)| received < *known) {
            oldest = Some((received, parcel));
        }
    }
    let Some((received, parcel)) = oldest else { return Ok(None) };
    let why = match &parcel {
        Some(parcel) => wait(parcel, Some(shop), now).map(|wait| match wait.until {
            Some(until) => format!("{} Looked at again {}.", wait.said, local(until, zone)),
            None => wait.said,
        }),
        None => Some("The store told of a shipment; it is read from the store first.".to_owned()),
    };
    let said = format!(
        "{} to be sent, the oldest for {}. {}",
        plural(usize::try_from(total).unwrap_or(usize::MAX), "parcel waits", "parcels wait"),
        span(received, now),
        why.unwrap_or_default()
    );
    // A number may wait for its payment, or for a retry: what waits long without such a reason is a fault.
    let known = parcel.as_ref().is_some_and(|parcel| parcel.state.reason().is_some());
    let long = now.duration_since(received) > LONG && !known;
    Ok(Some(if standing.runs() && !long {
        StatusRow::good("waiting", id, said)
    } else if standing.runs() {
        let order = parcel.as_ref().map_or_else(
            || "waybill store check".to_owned(),
            |parcel| format!("waybill order {}", waybill::flows::views::command::handle(parcel)),
        );
        StatusRow::bad("waiting", id, said, order)
    } else {
        StatusRow::bad("waiting", id, said, format!("See the state of shop {}", shop.id))
    }))
}

async fn of_store(app: &App, store: &StoreConnection, zone: &TimeZone) -> Result<Vec<StatusRow>, Failure> {
    let (heard, id) = (app.table.heard_get(&store.id).await?, Some(store.id.to_string()));
    let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| local(at, zone));
    let standing = StoreStanding::of(store, heard);
    let said = format!(
        "{} ({}), {}; last delivery {}, last poll {}",
        store_name(store),
        store.platform.title(),
        standing.word(),
        when(heard.delivered),
        when(store.polls.asked)
    );
    let check = format!("waybill store check {}", store.id);
    let mut rows = vec![match &standing {
        StoreStanding::Connected | StoreStanding::Waiting => StatusRow::good("store", id.clone(), said),
        StoreStanding::Unreachable { since, why } => {
            let since = since.map(|at| format!(", everything until {} was seen", local(at, zone))).unwrap_or_default();
            StatusRow::bad("store", id.clone(), format!("{said}{since}: {why}"), check)
        }
        StoreStanding::Removed | StoreStanding::Erasing => {
            StatusRow::bad("store", id.clone(), said, format!("Connect it again, or waybill store remove {}", store.id))
        }
    }];
    if heard.refused > 0 {
        let recent =
            heard.refused_at.is_some_and(|at| app.clock.now().duration_since(at) < SignedDuration::from_hours(24));
        let count = usize::try_from(heard.refused).unwrap_or(usize::MAX);
        let said = format!(
            "{}, the last {}",
            plural(count, "delivery was refused for its signature", "deliveries were refused for their signature"),
            when(heard.refused_at)
        );
        rows.push(if recent {
            StatusRow::bad(
                "signatures",
                id,
                said,
                format!("Does the store sign with our secret? waybill store secret {}", store.id),
            )
        } else {
            StatusRow::good("signatures", id, said)
        });
    }
    Ok(rows)
}
