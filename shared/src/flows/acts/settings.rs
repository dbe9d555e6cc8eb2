//! A shop's settings, each with its effect in words: changed by a person, in the audit.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::connection::{Shop, ShopSettings};
use crate::domain::deadline::Numbers;
use crate::domain::mail_list::MailList;
use crate::table::error::TableError;
use jiff::tz::TimeZone;

/// The hour of the daily digest where nobody said another.
pub const DIGEST_HOUR: u8 = 8;
/// Days beyond this are a typing error.
const MOST_DAYS: u16 = 365;

/// The numbers of days that may replace those of the market's policy: field, words.
pub const CLOCKS: [(&str, &str); 8] = [
    ("rts", "business days to a tracking number"),
    ("scan", "business days to the first scan"),
    ("deliver", "business days to delivery"),
    ("auto_cancel", "business days until TikTok cancels"),
    ("auto_cancel_handling", "the same for goods with a handling time of their own"),
    ("auto_cancel_pre_order", "the same for pre-orders"),
    ("lost", "days without a scan after which a parcel counts as lost"),
    ("refund", "business days without a scan after which the buyer may ask for the money back"),
];

/// One of the numbers by its field.
pub fn clock<'a>(numbers: &'a mut Numbers, field: &str) -> Option<&'a mut Option<u16>> {
    Some(match field {
        "rts" => &mut numbers.rts,
        "scan" => &mut numbers.scan,
        "deliver" => &mut numbers.deliver,
        "auto_cancel" => &mut numbers.auto_cancel,
        "auto_cancel_handling" => &mut numbers.auto_cancel_handling,
        "auto_cancel_pre_order" => &mut numbers.auto_cancel_pre_order,
        "lost" => &mut numbers.lost,
        "refund" => &mut numbers.refund,
        _ => return None,
    })
}

/// Reads settings as a person typed them: only the fields that are there change. Whether numbers are sent at all is no
/// setting but an act of its own; who gets the mails (`mail_to`) asks the account's people, and [`settle`] reads it.
///
/// # Errors
/// A sentence on the first field that cannot be read; nothing is changed then.
pub fn typed(settings: &ShopSettings, field: impl Fn(&str) -> Option<String>) -> Result<ShopSettings, String> {
    let mut new = settings.clone();
    let words = |name: &str| field(name).map(|text| text.trim().to_owned());
    let yes = |name: &str, now: bool| match words(name).as_deref() {
        None => Ok(now),
        Some("yes") => Ok(true),
        Some("no") => Ok(false),
        Some(_) => Err(format!("{name} is yes or no")),
    };
    match words("mismatch").as_deref() {
        None => {}
        Some("hold") => new.hold_on_mismatch = true,
        Some("warn") => new.hold_on_mismatch = false,
        Some(_) => return Err("a number that does not look like its carrier's is held or sent with a warning".into()),
    }
    new.cancel_brake = yes("cancel_brake", new.cancel_brake)?;
    new.hold_samples = yes("hold_samples", new.hold_samples)?;
    new.label_check = yes("label_check", new.label_check)?;
    new.weekly_report = yes("weekly_report", new.weekly_report)?;
    match words("time_zone") {
        None => {}
        Some(name) if name.is_empty() => new.time_zone = None,
        Some(name) => {
            TimeZone::get(&name).map_err(|_| format!("{name} is no time zone; write one like Europe/London"))?;
            new.time_zone = Some(name);
        }
    }
    match words("digest_hour") {
        None => {}
        Some(hour) if hour.is_empty() => new.digest_hour = None,
        Some(hour) => {
            let hour: Option<u8> = hour.parse().ok().filter(|hour| *hour < 24);
            new.digest_hour = Some(hour.ok_or("the hour of the digest is a whole number from 0 to 23")?);
        }
    }
    for (name, meaning) in CLOCKS {
        let (Some(text), Some(days)) = (words(name), clock(&mut new.clocks, name)) else { continue };
        *days = if text.is_empty() {
            None
        } else {
            let read: Option<u16> = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
            Some(read.ok_or_else(|| format!("{meaning}: a whole number from 1 to {MOST_DAYS}, or blank"))?)
        };
    }
    Ok(new)
}

/// What differs, in words; empty when nothing does.
#[must_use]
pub fn difference(old: &ShopSettings, new: &ShopSettings) -> Vec<String> {
    let mut said = Vec::new();
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let mut note = |what: &str, old: String, new: String| {
        if old != new {
            said.push(format!("{what}: {new} (was {old})"));
        }
    };
    let mismatch = |s: &ShopSettings| if s.hold_on_mismatch { "hold" } else { "warn" }.to_owned();
    note("mismatch", mismatch(old), mismatch(new));
    note("buyers' cancellation requests hold", yes(old.cancel_brake).into(), yes(new.cancel_brake).into());
    note("samples are held", yes(old.hold_samples).into(), yes(new.hold_samples).into());
    note("labels are checked", yes(old.label_check).into(), yes(new.label_check).into());
    note("weekly report", yes(old.weekly_report).into(), yes(new.weekly_report).into());
    let zone = |s: &ShopSettings| s.time_zone.clone().unwrap_or_else(|| "the market's".to_owned());
    note("time zone", zone(old), zone(new));
    let hour = |s: &ShopSettings| format!("{}:00", s.digest_hour.unwrap_or(DIGEST_HOUR));
    note("digest", hour(old), hour(new));
    note("mails go to", old.mail_to.words(), new.mail_to.words());
    let (mut before, mut after) = (old.clocks, new.clocks);
    let days = |days: Option<&mut Option<u16>>| match days {
        Some(Some(days)) => days.to_string(),
        _ => "the policy's".to_owned(),
    };
    for (name, meaning) in CLOCKS {
        note(meaning, days(clock(&mut before, name)), days(clock(&mut after, name)));
    }
    said
}

/// Changes a shop's settings as a person typed them. Gives what changed, in words.
///
/// # Errors
/// A sentence on the field that cannot be read, or [`TableError`].
pub async fn settle(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    field: impl Fn(&str) -> Option<String>,
) -> Result<Result<Vec<String>, String>, TableError> {
    let list = match field("mail_to") {
        None => None,
        Some(text) => match listed(app, shop, &text).await? {
            Ok(list) => Some(list),
            Err(fault) => return Ok(Err(fault)),
        },
    };
    let changed = |settings: &ShopSettings| {
        let mut new = typed(settings, &field)?;
        new.mail_to = list.clone().unwrap_or(new.mail_to);
        Ok(new)
    };
    let new = match changed(&shop.settings) {
        Ok(new) => new,
        Err(fault) => return Ok(Err(fault)),
    };
    let said = difference(&shop.settings, &new);
    if said.is_empty() {
        return Ok(Ok(said));
    }
    // A row that changed meanwhile keeps what was not typed.
    app.table
        .shop_change(&shop.id, |row| match changed(&row.settings) {
            Ok(new) if new != row.settings => {
                row.settings = new;
                true
            }
            _ => false,
        })
        .await?;
    keep(app, actor, shop, "settings", said.join("; ")).await?;
    Ok(Ok(said))
}

/// Who is to get the mails about a shop, as a person typed it: only people of its account.
async fn listed(app: &App, shop: &Shop, text: &str) -> Result<Result<MailList, String>, TableError> {
    let Some(kept) = app.table.people_get(&shop.account).await? else {
        return Ok(Err("the account is gone".to_owned()));
    };
    Ok(MailList::typed(text, &kept.people).map_err(|fault| fault.to_string()))
}

/// Stops or resumes the sending of a shop.
///
/// # Errors
/// [`TableError`].
pub async fn pause(app: &App, actor: &Actor, shop: &Shop, paused: bool) -> Result<Option<Shop>, TableError> {
    let now = app.clock.now();
    let changed = app.table.shop_change(&shop.id, |row| row.pause(paused, &actor.who, now)).await?;
    if changed.as_ref().is_some_and(|row| row.settings.sync != shop.settings.sync) {
        let (act, said) = if paused { ("pause", "nothing is sent") } else { ("resume", "numbers are sent again") };
        keep(app, actor, shop, act, said.to_owned()).await?;
    }
    Ok(changed)
}

async fn keep(app: &App, actor: &Actor, shop: &Shop, act: &str, said: String) -> Result<(), TableError> {
    noted(app, actor, &shop.account, act, shop.id.as_str(), said).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let old = ShopSettings::default();
        let field = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, text)| (*text).to_owned());
        typed(&old, field).map(|new| difference(&old, &new))
    }

    #[test]
    fn only_what_was_typed_changes_and_each_change_is_said() {
        assert_eq!(read(&[]), Ok(vec![]));
        assert_eq!(read(&[("mismatch", "hold")]), Ok(vec!["mismatch: hold (was warn)".to_owned()]));
        let said =
            read(&[("digest_hour", "6"), ("time_zone", "Europe/London"), ("lost", "12"), ("scan", "")]).expect("fine");
        assert_eq!(said.len(), 3, "{said:?}");
        assert_eq!(read(&[("weekly_report", "yes"), ("label_check", "no")]).map(|said| said.len()), Ok(2));
        for name in CLOCKS.map(|(name, _)| name) {
            assert_eq!(read(&[(name, "9")]).map(|said| said.len()), Ok(1), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_and_changes_nothing() {
        let wrong =
            [("digest_hour", "24"), ("digest_hour", "eight"), ("time_zone", "Mars/Base"), ("lost", "0"), ("rts", "-1")];
        for (name, text) in wrong {
            assert!(read(&[(name, text)]).is_err_and(|fault| fault.len() > 15), "{name} {text}");
        }
        assert!(read(&[("mismatch", "maybe")]).is_err() && read(&[("hold_samples", "1")]).is_err());
    }
}
