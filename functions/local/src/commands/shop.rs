//! TikTok shops.

use super::{Failure, Output, account_of, all_shops, app_region, shop_named, standard_input};
use crate::output::{Row, local, span};
use clap::Subcommand;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::deadline::Numbers;
use waybill::domain::reauthorisation::EndSource;
use waybill::flows::acts::settings::{self, CLOCKS};
use waybill::flows::acts::{self, Actor};
use waybill::flows::connect::shop::{self as connect_shop, ConnectedShop};
use waybill::flows::tell::readers;
use waybill::flows::views::attention::Counts;
use waybill::flows::views::standing::ShopStanding;
use waybill::mail::zone;
use waybill::tiktok::authorise::TokenAnswer;

/// TikTok shops.
#[derive(Debug, Subcommand)]
pub enum ShopCommand {
    /// The connected TikTok shops, their state and when they must be authorised again.
    List,
    /// Connects shops whose tokens you hold: TikTok's token answer as JSON on standard input.
    Add {
        /// Mail address of the account.
        #[arg(long)]
        account: String,
        /// us or row.
        #[arg(long)]
        region: String,
    },
    /// A shop's settings: what waits for a person, which days its clocks have, its time zone, and who gets its mails.
    Set(Box<SetArgs>),
    /// Sends nothing for a shop until it is resumed; what arrives meanwhile is kept.
    Pause {
        /// TikTok's shop id.
        id: String,
    },
    /// Sends for a paused shop again, first what has waited.
    Resume {
        /// TikTok's shop id.
        id: String,
    },
    /// Disconnects a shop and erases its tokens.
    Remove {
        /// TikTok's shop id.
        id: String,
    },
}

/// What is set; what is not named stays.
#[derive(Debug, clap::Args)]
#[group(id = "what", required = true, multiple = true, args = [
    "mismatch", "label_check", "cancel_brake", "hold_samples", "weekly_report", "mail_to", "time_zone", "digest_hour", "days",
])]
pub struct SetArgs {
    /// TikTok's shop id.
    id: String,
    /// A number that does not look like its carrier's. warn: send it and say so; hold: wait for a person.
    #[arg(long, value_parser = ["warn", "hold"])]
    mismatch: Option<String>,
    /// Ask TikTok whether it sold the label, where it counts a carrier's numbers only from such labels (USPS in the US).
    #[arg(long, value_parser = ["yes", "no"])]
    label_check: Option<String>,
    /// Hold a number while the buyer's request to cancel is open.
    #[arg(long, value_parser = ["yes", "no"])]
    cancel_brake: Option<String>,
    /// Hold the numbers of sample orders.
    #[arg(long, value_parser = ["yes", "no"])]
    hold_samples: Option<String>,
    /// A report by mail each Monday.
    #[arg(long, value_parser = ["yes", "no"])]
    weekly_report: Option<String>,
    /// Who gets the mails about the shop: people of its account, with commas between them. default: the account's address.
    #[arg(long, value_name = "EMAIL,…")]
    mail_to: Option<String>,
    /// The zone in which times are written and mails come, for example Europe/London. default: the market's.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// The hour of the daily digest, 0 to 23. default: 8.
    #[arg(long, value_name = "HOUR")]
    digest_hour: Option<String>,
    /// Days of a clock instead of the market's policy, for example rts=3; rts=policy puts that back. May be given several
    /// times: rts, scan, deliver, auto_cancel, auto_cancel_handling, auto_cancel_pre_order, lost, refund.
    #[arg(long, value_name = "CLOCK=DAYS")]
    days: Vec<String>,
}

impl SetArgs {
    /// What was typed for a setting; empty puts the usual back.
    fn typed(&self, name: &str) -> Option<String> {
        let usual = |text: &String| if text == "default" { String::new() } else { text.clone() };
        match name {
            "mismatch" => self.mismatch.clone(),
            "label_check" => self.label_check.clone(),
            "cancel_brake" => self.cancel_brake.clone(),
            "hold_samples" => self.hold_samples.clone(),
            "weekly_report" => self.weekly_report.clone(),
            "mail_to" => self.mail_to.clone(),
            "time_zone" => self.time_zone.as_ref().map(usual),
            "digest_hour" => self.digest_hour.as_ref().map(usual),
            clock => {
                let mut days = self.days.iter().rev().filter_map(|text| text.split_once('='));
                let (_, days) = days.find(|(named, _)| *named == clock)?;
                Some(if days == "policy" { String::new() } else { days.to_owned() })
            }
        }
    }

    /// The first `--days` that names no clock.
    fn unknown_days(&self) -> Option<&str> {
        let known = |text: &str| text.split_once('=').is_some_and(|(named, _)| CLOCKS.iter().any(|(c, _)| *c == named));
        self.days.iter().map(String::as_str).find(|text| !known(text))
    }
}

/// Runs one of the shop commands.
///
/// # Errors
/// Wrong use, no such shop, TikTok, or the table.
pub async fn run(app: &App, command: ShopCommand, output: &mut Output) -> Result<bool, Failure> {
    match command {
        ShopCommand::List => list(app, output).await,
        ShopCommand::Add { account, region } => add(app, &account, &region, output).await,
        ShopCommand::Set(args) => set(app, &args, output).await,
        ShopCommand::Pause { id } => pause(app, &id, true, output).await,
        ShopCommand::Resume { id } => pause(app, &id, false, output).await,
        ShopCommand::Remove { id } => remove(app, &id, output).await,
    }
}

#[derive(Serialize)]
struct AddedRow {
    shop: String,
    name: String,
    region: String,
}

impl Row for AddedRow {
    const HEAD: &'static [&'static str] = &["shop", "name", "region"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        vec![self.shop.clone(), self.name.clone(), self.region.clone()]
    }
}

async fn add(app: &App, email: &str, region: &str, output: &mut Output) -> Result<bool, Failure> {
    let account = account_of(app, email).await?;
    let region = app_region(region)?;
    let text = standard_input("TikTok's token answer as JSON")?;
    let answer = TokenAnswer::read(text.as_bytes())
        .map_err(|e| Failure::usage(e.to_string(), "Give the whole answer of TikTok's token call."))?;
    let shops = connect_shop::connect(app, &account, region, answer).await?;
    for shop in &shops {
        let connected = ConnectedShop { shop: shop.clone(), again: false };
        acts::shop_connected(app, &Actor::command_line(), &connected).await?;
    }
    let row =
        |shop: &Shop| AddedRow { shop: shop.id.to_string(), name: shop.name.clone(), region: shop.region.to_string() };
    output.rows(&shops.iter().map(row).collect::<Vec<_>>(), "")?;
    output.say("Next, the store that knows the tracking numbers: waybill store add --help")?;
    Ok(false)
}

/// What to do about an address that cannot be on the list of a shop's mails.
const LISTED: &str = "See waybill account people; waybill account invite PERSON asks somebody in.";

#[derive(Serialize)]
struct Setting<'a> {
    shop: &'a str,
    mismatch: &'static str,
    label_check: bool,
    cancel_brake: bool,
    hold_samples: bool,
    weekly_report: bool,
    mail_to: Vec<String>,
    time_zone: String,
    digest_hour: u8,
    days: Numbers,
}

async fn set(app: &App, args: &SetArgs, output: &mut Output) -> Result<bool, Failure> {
    let shop = shop_named(app, &args.id).await?;
    if let Some(text) = args.unknown_days() {
        let clocks = CLOCKS.map(|(clock, _)| clock).join(", ");
        return Err(Failure::usage(
            format!("--days {text} names no clock"),
            format!("Write CLOCK=DAYS; clocks: {clocks}."),
        ));
    }
    let changed = settings::settle(app, &Actor::command_line(), &shop, |name| args.typed(name)).await?;
    let changed = changed.map_err(|fault| match fault.starts_with("mail_to") {
        true => Failure::usage(format!("--{}", fault.replacen('_', "-", 1)), LISTED),
        false => Failure::usage(fault, "See waybill shop set --help."),
    })?;
    let shop = shop_named(app, &args.id).await?;
    let set = &shop.settings;
    let row = Setting {
        shop: shop.id.as_str(),
        mismatch: if set.hold_on_mismatch { "hold" } else { "warn" },
        label_check: set.label_check,
        cancel_brake: set.cancel_brake,
        hold_samples: set.hold_samples,
        weekly_report: set.weekly_report,
        mail_to: mail_to(app, &shop).await?,
        time_zone: zone::of(&shop).iana_name().unwrap_or("UTC").to_owned(),
        digest_hour: set.digest_hour.unwrap_or(settings::DIGEST_HOUR),
        days: set.clocks,
    };
    let said = if changed.is_empty() { "nothing changes, it is so already".to_owned() } else { changed.join("; ") };
    output.done(&row, format!("{}: {said}.", shop.name))?;
    Ok(false)
}

#[derive(Serialize)]
struct PausedShop<'a> {
    shop: &'a str,
    state: &'static str,
    since: Option<Timestamp>,
    waiting: u64,
}

/// Where mails about a shop go now.
async fn mail_to(app: &App, shop: &Shop) -> Result<Vec<String>, Failure> {
    let readers = readers::of(app, shop).await?;
    Ok(readers.iter().map(|reader| reader.reveal().clone()).collect())
}

async fn pause(app: &App, id: &str, paused: bool, output: &mut Output) -> Result<bool, Failure> {
    let (now, shop) = (app.clock.now(), shop_named(app, id).await?);
    let shop = settings::pause(app, &Actor::command_line(), &shop, paused).await?.unwrap_or(shop);
    let waiting = app.table.push_waiting(&shop.id, Timestamp::MAX).await?;
    let standing = ShopStanding::of(&shop, app.config.reauth_days, now);
    let since = shop.settings.paused_since;
    let done = PausedShop { shop: shop.id.as_str(), state: standing.word(), since, waiting };
    let said = match (paused, &standing) {
        (true, _) => {
            format!("{} is paused: nothing is sent for it, {waiting} wait. Go on: waybill shop resume {id}", shop.name)
        }
        (false, ShopStanding::Parked { reason, .. }) => {
            format!("{} is not paused any more, but still waits: {} {}", shop.name, reason.sentence(), reason.remedy())
        }
        (false, _) => format!("{} goes on with the next push: {waiting} wait.", shop.name),
    };
    output.done(&done, said)?;
    Ok(!paused && !standing.runs())
}

#[derive(Serialize)]
struct ShopRow {
    shop: String,
    name: String,
    region: String,
    state: &'static str,
    /// Only while the shop runs: the days of a dead or paused one say nothing.
    days_to_reauthorisation: Option<i64>,
    reauthorise_by: Option<Timestamp>,
    because: EndSource,
    since: Option<Timestamp>,
    paused_by: Option<String>,
    waiting: u64,
    held: usize,
    seller_shipping: Option<bool>,
    account: String,
    mail_to: Vec<String>,
    #[serde(skip)]
    words: String,
}

impl Row for ShopRow {
    const HEAD: &'static [&'static str] = &["shop", "name", "region", "waiting", "held", "state"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let (waiting, held) = (self.waiting.to_string(), self.held.to_string());
        vec![self.shop.clone(), self.name.clone(), self.region.clone(), waiting, held, self.words.clone()]
    }
}

/// A shop's state in one phrase.
#[must_use]
pub fn state_words(standing: &ShopStanding, zone: &TimeZone, now: Timestamp) -> String {
    let since = |at: Timestamp| format!("since {} ({})", local(at, zone), span(at, now));
    match standing {
        ShopStanding::Connected { days } if *days <= 0 => {
            format!("connected; the reconnect is {} days overdue", -days)
        }
        ShopStanding::Connected { days: 1 } => "connected, 1 day to reconnect".to_owned(),
        ShopStanding::Connected { days } => format!("connected, {days} days to reconnect"),
        ShopStanding::Paused { since: at, by } => {
            let at = at.map(|at| format!(" {}", since(at))).unwrap_or_default();
            format!("paused{at}{}", by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default())
        }
        ShopStanding::Parked { reason, since: at } => {
            format!("disconnected {}: {}", since(*at), reason.sentence().trim_end_matches('.'))
        }
        ShopStanding::Resting { until, reason } => {
            let why = reason.map(|reason| format!(": {}", reason.sentence().trim_end_matches('.'))).unwrap_or_default();
            format!("rests until {}, then goes on by itself{why}", local(*until, zone))
        }
    }
}

async fn list(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let (now, mut rows, mut attention) = (app.clock.now(), Vec::new(), false);
    for shop in all_shops(app).await? {
        let end = shop.reauthorise_by(app.config.reauth_days);
        let standing = ShopStanding::of(&shop, app.config.reauth_days, now);
        attention |= !standing.runs();
        let since = match &standing {
            ShopStanding::Parked { since, .. } => Some(*since),
            ShopStanding::Paused { since, .. } => *since,
            ShopStanding::Connected { .. } | ShopStanding::Resting { .. } => None,
        };
        rows.push(ShopRow {
            shop: shop.id.to_string(),
            region: shop.region.to_string(),
            state: standing.word(),
            days_to_reauthorisation: standing.runs().then(|| end.days_left(now)),
            reauthorise_by: standing.runs().then_some(end.at),
            because: end.source,
            since,
            paused_by: shop.settings.paused_by.clone(),
            waiting: app.table.push_waiting(&shop.id, Timestamp::MAX).await?,
            held: Counts::of_shop(app, &shop.id).await?.total,
            seller_shipping: shop.consent.seller_shipping,
            account: shop.account.to_string(),
            mail_to: mail_to(app, &shop).await?,
            words: state_words(&standing, output.zone(), now),
            name: shop.name,
        });
    }
    output.rows(
        &rows,
        "No shop is connected: waybill shop add, or connect one in the browser (waybill login-link EMAIL).",
    )?;
    Ok(attention)
}

#[derive(Serialize)]
struct RemovedShop<'a> {
    removed: &'a str,
    name: &'a str,
}

/// Its tokens go at once; what TikTok holds stays there.
async fn remove(app: &App, id: &str, output: &mut Output) -> Result<bool, Failure> {
    let shop = shop_named(app, id).await?;
    acts::remove_shop(app, &Actor::command_line(), &shop).await?;
    let removed = RemovedShop { removed: shop.id.as_str(), name: &shop.name };
    output.done(
        &removed,
        format!("{} is disconnected and its tokens are erased. What TikTok holds stays there.", shop.name),
    )?;
    Ok(false)
}
