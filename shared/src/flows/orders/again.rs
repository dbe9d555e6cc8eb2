//! Parcels that are judged again because of what TikTok says of their order: a webhook, or a read when no webhook came.

use crate::app::App;
use crate::domain::deadline::Stage;
use crate::domain::order_row::{OrderRow, Ours};
use crate::domain::parcel::{Parcel, Phase};
use crate::domain::reason::Reason;
use crate::table::error::TableError;
use crate::table::keys;
use jiff::{SignedDuration, Timestamp};

/// How long after a send its own echoes are no news.
pub const ECHO: SignedDuration = SignedDuration::from_mins(10);

/// Whether a read shows what a webhook should have told: the seller ships now what TikTok shipped, or a shipped order is
/// open again.
pub(super) fn may_begin(known: &OrderRow, row: &OrderRow) -> bool {
    let ours = row.facts.ours == Ours::Seller;
    ours && (known.facts.ours != Ours::Seller || row.facts.stage() == Stage::Open && known.facts.stage() != Stage::Open)
}

/// Judges the parcels of such an order again. `false`: there is none to judge.
pub(super) async fn begin(app: &App, row: &OrderRow) -> Result<bool, TableError> {
    let mut any = false;
    for (store, order) in app.table.order_pointers(&row.shop, &row.order).await? {
        for parcel in app.table.order_rows(&store, &order, true).await?.parcels {
            if parcel.tiktok_order() == Some(&row.order) {
                any |= judge(app, parcel, Some(SignedDuration::ZERO)).await?;
            }
        }
    }
    Ok(any)
}

/// The next run judges a parcel, where TikTok's word concerns it. `taken_back`: what TikTok accepted so long ago may be gone.
///
/// # Errors
/// [`TableError`].
pub async fn judge(app: &App, mut parcel: Parcel, taken_back: Option<SignedDuration>) -> Result<bool, TableError> {
    loop {
        let now = app.clock.now();
        if !concerned(&parcel, taken_back, now) {
            return Ok(false);
        }
        parcel.judge_now(now);
        match app.table.parcel_put(&mut parcel).await {
            Ok(()) => return Ok(true),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
        match app.table.parcel_get(&keys::parcel(&parcel)).await? {
            Some(found) => parcel = found,
            None => return Ok(false),
        }
    }
}

/// What is not at its end: a hold is judged where it stands. What TikTok accepted, when it may have been taken back; what
/// was closed because TikTok ships it, because the type may have changed.
fn concerned(parcel: &Parcel, taken_back: Option<SignedDuration>, now: Timestamp) -> bool {
    // A lost answer is read back at its own times.
    let read_back = parcel.tried.is_some() && parcel.due.is_some();
    if parcel.number.is_none() || read_back || parcel.due.is_some_and(|due| due <= now) {
        return false;
    }
    match parcel.state.phase() {
        Phase::Open => parcel.due.is_some(),
        Phase::Waiting => true,
        Phase::Done => {
            let sent = parcel.sent.as_ref().map(|sent| sent.at);
            taken_back.zip(sent).is_some_and(|(echo, at)| at + echo <= now)
        }
        Phase::Closed => {
            let theirs = matches!(parcel.state.reason(), Some(Reason::NotSellerShipping | Reason::FulfilledByTikTok));
            theirs && !parcel.is_withdrawn()
        }
    }
}
