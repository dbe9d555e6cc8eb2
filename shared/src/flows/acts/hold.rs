//! A person's hold of one parcel, and its end.

use crate::domain::parcel::{HeldBy, Parcel, Phase};
use crate::domain::reason::Reason;
use jiff::Timestamp;

/// Keeps a parcel here. The words say what is not undone.
pub(super) fn hold(parcel: &mut Parcel, who: &str, note: &str, now: Timestamp) -> Result<String, String> {
    if let Some(by) = &parcel.held_by {
        return Err(format!("{} holds it here already", by.who));
    }
    match parcel.state.phase() {
        Phase::Done => return Err("TikTok has this number; correct it, or settle it in Seller Center".to_owned()),
        Phase::Closed => return Err("it is closed, so nothing of it would be sent".to_owned()),
        Phase::Open | Phase::Waiting => {}
    }
    if parcel.number.is_none() {
        return Err("its shipment has no tracking number yet, so there is nothing to hold".to_owned());
    }
    let (under_way, due) = (parcel.may_be_under_way(), parcel.due.is_some_and(|due| due <= now));
    parcel.hold_here(HeldBy { who: who.to_owned(), since: now, note: note.to_owned() }, now);
    Ok(match (under_way, due) {
        (true, _) => {
            "a call to TikTok is under way and is not undone: it is read first whether TikTok has the number, \
                      and held here if not"
                .to_owned()
        }
        (false, true) => "stays here until it is released, and its deadlines go on; a call that a running push has \
                          begun is not undone, and the order's page says so"
            .to_owned(),
        (false, false) => "stays here until it is released, and its deadlines go on".to_owned(),
    })
}

/// Lets a parcel go.
pub(super) fn release(parcel: &mut Parcel, now: Timestamp) -> Result<String, String> {
    if parcel.held_by.is_none() && parcel.state.reason() != Some(Reason::HeldByPerson) {
        return Err("nobody holds it here".to_owned());
    }
    parcel.release(now);
    Ok(match parcel.state.phase() {
        Phase::Open => "released: judged with the next push".to_owned(),
        _ => "nobody holds it any more; it stays where it is".to_owned(),
    })
}
