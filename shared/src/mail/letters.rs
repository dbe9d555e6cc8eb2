//! What each mail says. Plain facts in, words out.

use crate::domain::connection::Shop;
use crate::domain::deadline::Clock;
use crate::domain::reason::Reason;
use crate::domain::reauthorisation::End;
use crate::mail::zone;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// The colour above a mail: all is well, soon, now.
pub(super) const CALM: &str = "#0f5c55";
pub(super) const SOON: &str = "#c98a1b";
pub(super) const NOW: &str = "#b3402e";

const FOOTER: &str =
    "Waybill carries your tracking numbers to TikTok Shop. You get this mail because the shop is connected with it.";
const FORWARD: &str = "Only the shop owner's main TikTok account can do this. You may forward this mail: the link opens \
                       a page that leads to TikTok, and gives access to nothing by itself.";
const LOST_NOTHING: &str =
    "Nothing is lost: tracking numbers that arrive meanwhile are kept and sent by themselves afterwards.";

/// TikTok Shop wants the tracking number within this time after the order (the product's default where the order itself
/// names no time).
const TRACKING_IN: SignedDuration = SignedDuration::from_hours(48);

/// A mail before layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// One line; names the shop first.
    pub subject: String,
    /// The first line of the mail.
    pub heading: String,
    /// What happened and why.
    pub paragraphs: Vec<String>,
    /// Names and values.
    pub facts: Vec<Fact>,
    /// One block each.
    pub rows: Vec<Row>,
    /// The one thing to do.
    pub action: Option<Action>,
    /// Below the button.
    pub after: Vec<String>,
    /// The last line.
    pub footer: String,
    /// The colour of its urgency.
    pub tone: &'static str,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
}

/// A block of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its first line.
    pub title: String,
    /// The others.
    pub lines: Vec<String>,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// On it.
    pub words: String,
    /// Behind it.
    pub url: String,
}

pub(super) fn fact(label: &str, value: impl Into<String>) -> Fact {
    Fact { label: label.to_owned(), value: value.into() }
}

/// `1 order`, `2 orders`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

pub(super) fn letter(
    subject: String,
    heading: impl Into<String>,
    tone: &'static str,
    words: &str,
    url: &str,
) -> Letter {
    Letter {
        subject,
        heading: heading.into(),
        paragraphs: Vec::new(),
        facts: Vec::new(),
        rows: Vec::new(),
        action: Some(Action { words: words.to_owned(), url: url.to_owned() }),
        after: Vec::new(),
        footer: FOOTER.to_owned(),
        tone,
    }
}

/// Mail 1: the end comes nearer.
#[must_use]
pub fn reminder(shop: &Shop, end: End, cycle_days: u16, waiting: u64, now: Timestamp, link: &str) -> Letter {
    let zone = zone::of(shop);
    let days = u64::try_from(end.days_left(now)).unwrap_or_default();
    let left = count(days, "day left", "days left");
    let tone = if days <= 3 { NOW } else { SOON };
    let subject = format!("{}: reconnect TikTok Shop by {} ({left})", shop.name, zone::date(end.at, &zone));
    let mut letter = letter(
        subject,
        format!("Reconnect {} within {}", shop.name, count(days, "day", "days")),
        tone,
        "Reconnect TikTok Shop",
        link,
    );
    letter.paragraphs = vec![
        format!("The connection between Waybill and TikTok Shop has to be renewed: {}.", end.source.explained(cycle_days)),
        "It takes about a minute, and nothing else changes.".to_owned(),
        "After that day TikTok may stop accepting tracking numbers from us, and orders may count as late. Tracking keeps \
         running until TikTok refuses."
            .to_owned(),
    ];
    letter.facts = vec![
        fact("Shop", format!("{} ({})", shop.name, shop.region)),
        fact("Reconnect by", zone::moment(end.at, &zone)),
        fact("Who must do it", "the shop owner, with the main TikTok account"),
        fact("Trackings waiting now", waiting.to_string()),
    ];
    letter.after = vec![FORWARD.to_owned()];
    letter
}

/// The nearest deadline of a shop's orders, as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// TikTok's id of the order.
    pub order: String,
    /// What is due.
    pub clock: Clock,
    /// When.
    pub due: Timestamp,
    /// When TikTok's orders were read last.
    pub as_of: Timestamp,
}

/// Until when the shop's people have time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeLeft {
    /// TikTok's own deadline of an order.
    Order(Nearest),
    /// No order is known: counted from when the store reported the oldest tracking that waits.
    Estimate(Timestamp),
}

impl TimeLeft {
    fn words(&self, zone: &TimeZone) -> Option<String> {
        match self {
            Self::Order(nearest) => Some(format!(
                "{}: {} of order {} (as of {})",
                zone::moment(nearest.due, zone),
                nearest.clock.shown_as(),
                nearest.order,
                zone::moment(nearest.as_of, zone)
            )),
            Self::Estimate(oldest) => Some(format!(
                "{} at the latest: 48 hours after your store reported the oldest one that waits; TikTok counts from the \
                 order",
                zone::moment(oldest.checked_add(TRACKING_IN).ok()?, zone)
            )),
        }
    }
}

/// Mail 2: TikTok refused.
#[must_use]
pub fn refused(
    shop: &Shop,
    reason: Reason,
    since: Timestamp,
    waiting: u64,
    left: Option<&TimeLeft>,
    link: &str,
) -> Letter {
    let zone = zone::of(shop);
    let subject = format!("{}: TikTok Shop disconnected - tracking is paused", shop.name);
    let mut letter = letter(subject, "Tracking is paused until you reconnect", NOW, "Reconnect TikTok Shop", link);
    let plain = match reason {
        Reason::AuthExpired => {
            "TikTok Shop no longer accepts our access to this shop (code 105002: the authorisation has expired, and \
             renewing it by ourselves was refused)."
        }
        other => other.sentence(),
    };
    letter.paragraphs = vec![plain.to_owned(), LOST_NOTHING.to_owned()];
    letter.facts = vec![
        fact("Shop", format!("{} ({})", shop.name, shop.region)),
        fact("Paused since", zone::moment(since, &zone)),
        fact("Trackings waiting", waiting.to_string()),
        fact("Who must do it", "the shop owner, with the main TikTok account"),
    ];
    if let Some(words) = left.and_then(|left| left.words(&zone)) {
        letter.facts.insert(3, fact("Nearest deadline", words));
    }
    letter.after = vec![FORWARD.to_owned()];
    letter
}

/// Mail 2b: the time is over, and TikTok still accepts.
#[must_use]
pub fn overdue(shop: &Shop, end: End, cycle_days: u16, now: Timestamp, link: &str) -> Letter {
    let zone = zone::of(shop);
    let days = u64::try_from(-end.days_left(now)).unwrap_or_default();
    let subject = format!("{}: reconnect is {} overdue - tracking still runs", shop.name, count(days, "day", "days"));
    let mut letter = letter(subject, "Please reconnect: it can stop any day", NOW, "Reconnect TikTok Shop", link);
    letter.paragraphs = vec![
        format!(
            "This connection was to be renewed by {}: {}.",
            zone::date(end.at, &zone),
            end.source.explained(cycle_days)
        ),
        "TikTok still accepts tracking numbers, so everything runs. It can refuse them from one minute to the next."
            .to_owned(),
    ];
    letter.facts = vec![
        fact("Shop", format!("{} ({})", shop.name, shop.region)),
        fact("Was due", zone::moment(end.at, &zone)),
        fact("Who must do it", "the shop owner, with the main TikTok account"),
    ];
    letter.after = vec![FORWARD.to_owned()];
    letter
}

/// Mail 3: the owner removed the app.
#[must_use]
pub fn removed(shop: &Shop, since: Timestamp, waiting: u64, link: &str) -> Letter {
    let zone = zone::of(shop);
    let subject = format!("{}: app access was removed in Seller Center", shop.name);
    let mut letter = letter(subject, "Somebody removed Waybill in Seller Center", NOW, "Connect again", link);
    letter.paragraphs = vec![
        "TikTok told us that this app's access to the shop was taken back. We erased the shop's tokens at once and send \
         nothing any more."
            .to_owned(),
        "If that was on purpose, you need do nothing. If not, connect again with the button below.".to_owned(),
        LOST_NOTHING.to_owned(),
    ];
    letter.facts = vec![
        fact("Shop", format!("{} ({})", shop.name, shop.region)),
        fact("Removed", zone::moment(since, &zone)),
        fact("Trackings waiting", waiting.to_string()),
    ];
    letter.after = vec![FORWARD.to_owned()];
    letter
}

/// What became of the trackings that waited for a reconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// TikTok has them.
    pub sent: u64,
    /// They need a hand.
    pub held: u64,
    /// They are still on their way.
    pub left: u64,
}

/// Mail 4: connected again.
#[must_use]
pub fn resumed(shop: &Shop, at: Timestamp, outcome: Outcome, next: End, cycle_days: u16, url: &str) -> Letter {
    let zone = zone::of(shop);
    let sent = count(outcome.sent, "tracking sent", "trackings sent");
    let heading = format!("{} is connected again", shop.name);
    let mut letter = letter(format!("{}: reconnected, {sent}", shop.name), heading, CALM, "Open the overview", url);
    letter.paragraphs = vec![match outcome {
        Outcome { sent: 0, held: 0, left: 0 } => "Thank you. Nothing had to wait.".to_owned(),
        _ => "Thank you. What waited for you was taken up at once.".to_owned(),
    }];
    letter.facts = vec![
        fact("Reconnected", zone::moment(at, &zone)),
        fact("Sent to TikTok", outcome.sent.to_string()),
        fact("Need a hand", outcome.held.to_string()),
        fact("Still on their way", outcome.left.to_string()),
        fact("Next renewal", format!("{} ({})", zone::moment(next.at, &zone), next.source.explained(cycle_days))),
    ];
    letter
}

/// Mail 7: a carrier without a match.
#[must_use]
pub fn new_carrier(shop: &Shop, carrier: &str, orders: u64, guesses: &[(String, String)], url: &str) -> Letter {
    let orders = count(orders, "order", "orders");
    let subject = format!("{}: new carrier {carrier} needs a match ({orders})", shop.name);
    let mut letter = letter(subject, format!("Which TikTok carrier is {carrier}?"), SOON, "Choose the carrier", url);
    letter.paragraphs = vec![format!(
        "Your store ships with \u{201c}{carrier}\u{201d}, which is on no list of this TikTok shop by that name. Choose \
         it once, and the tracking of {orders} is sent by itself."
    )];
    letter.rows =
        guesses.iter().take(3).map(|(name, why)| Row { title: name.clone(), lines: vec![why.clone()] }).collect();
    if letter.rows.is_empty() {
        letter.after = vec!["We have no good guess.".to_owned()];
    }
    letter
}

/// Orders are named up to here: a shop's people look each one up.
pub(super) const ROWS_OF_ORDERS: usize = 200;

/// A login link.
#[must_use]
pub fn login(url: &str, minutes: u64) -> Letter {
    let mut letter = letter("Sign in to Waybill".to_owned(), "Sign in to Waybill", CALM, "Sign in", url);
    letter.paragraphs = vec![
        format!("Open this link in the browser in which you asked for it. It works once, within {minutes} minutes."),
        "In another browser you are asked for the code that the first one shows.".to_owned(),
    ];
    letter.after =
        vec!["You did not ask for it? Then nothing needs to be done: the link alone signs nobody in.".to_owned()];
    letter.footer = "Waybill carries tracking numbers to TikTok Shop.".to_owned();
    letter
}
