//! The command that settles a hold, whole, as a shell takes it: pages, commands and mails name the same one.

use super::warning::Warning;
use crate::domain::ids::TikTokOrderId;
use crate::domain::parcel::Parcel;
use crate::domain::reason::{Auto, Reason};
use crate::domain::tracking::TrackingNumber;

/// What people call the order of a parcel.
#[must_use]
pub fn name_of(parcel: &Parcel) -> &str {
    parcel.order_name.as_deref().unwrap_or(parcel.order.as_str())
}

/// What finds a parcel again: its number, else its order.
#[must_use]
pub fn handle(parcel: &Parcel) -> String {
    shell(parcel.number.as_ref().map_or_else(|| name_of(parcel), TrackingNumber::as_str))
}

/// The command that settles a hold, whole, as a shell takes it. Every command here exists: a test asks the grammar.
#[must_use]
pub fn command_for(parcel: &Parcel, reason: Reason, best: Option<&str>) -> String {
    let (x, shop) = (handle(parcel), shell(parcel.shop.as_str()));
    match reason {
        Reason::CarrierMissing | Reason::CarrierUnmapped | Reason::CarrierNotApproved => {
            match best {
                Some(best) => map_command(parcel.carrier.as_deref().unwrap_or_default(), best, &shop),
                // Nothing to suggest: the shop's list shows what there is to choose from.
                None => format!("waybill carriers --shop {shop}"),
            }
        }
        Reason::CarrierFormatMismatch | Reason::TrackingInvalid | Reason::TrackingShared => command("confirm", &x, ""),
        Reason::OrderNotFound | Reason::OrderAmbiguous => {
            command("link", &format!("{} TIKTOK_ORDER", shell(parcel.order.as_str())), "")
        }
        Reason::LinesUnmatched => command("choose", &format!("{x} LINE"), ""),
        Reason::TrackingDuplicate | Reason::AcceptedWithWarning => command("correct", &x, "--number NUMBER"),
        Reason::AuthExpired | Reason::AuthRevoked | Reason::ScopeMissing | Reason::ShopGone => {
            "waybill shop list".to_owned()
        }
        Reason::HeldByPerson => command("release", &x, ""),
        Reason::ShopPaused => format!("waybill shop resume {shop}"),
        Reason::TrackingMissing => format!("waybill poll {}", shell(parcel.store.as_str())),
        // Nothing of ours can change it: a person settles it at TikTok or in the store, and then closes it here.
        _ if matches!(reason.auto(), Auto::No | Auto::OnReMatch | Auto::OnDecision) => {
            command("dismiss", &x, "--note TEXT")
        }
        _ => command("retry", &x, ""),
    }
}

/// The command that settles a warning: the correction that TikTok's words name, while one is left.
#[must_use]
pub fn command_for_warning(parcel: &Parcel, warning: &Warning, usual: &str) -> String {
    let x = handle(parcel);
    match (&warning.carrier, warning.edits) {
        (_, 0) => command("dismiss", &x, "--note TEXT"),
        (Some(carrier), _) => command("correct", &x, &format!("--carrier {}", shell(carrier))),
        (None, _) => usual.to_owned(),
    }
}

/// The command that settles an order which stands on the list by itself.
#[must_use]
pub fn command_for_order(order: &TikTokOrderId, reason: Reason) -> String {
    let x = shell(order.as_str());
    match reason {
        Reason::SiblingOpen => command("confirm", &x, ""),
        _ => command("dismiss", &x, "--note TEXT"),
    }
}

/// The command that says what a store's words mean for a shop.
#[must_use]
pub fn map_command(words: &str, carrier: &str, shop: &str) -> String {
    let (words, carrier) = (shell(words), shell(carrier));
    if words.starts_with("'-") || carrier.starts_with("'-") {
        return format!("waybill map set --shop {shop} -- {words} {carrier}");
    }
    format!("waybill map set {words} {carrier} --shop {shop}")
}

/// A command line whose names may begin with a dash.
fn command(verb: &str, names: &str, options: &str) -> String {
    let dashed = names.starts_with("'-") || names.contains(" '-");
    match (options, dashed) {
        ("", false) => format!("waybill {verb} {names}"),
        ("", true) => format!("waybill {verb} -- {names}"),
        (options, false) => format!("waybill {verb} {names} {options}"),
        (options, true) => format!("waybill {verb} {options} -- {names}"),
    }
}

/// A word as a shell takes it.
#[must_use]
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | '+' | ',');
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
