//! Once a day, a few hundred accounts a tick: shops that stand in no list. Rows of earlier versions have no next step, and a
//! schedule may be lost; everything else is found by its time.

use crate::app::App;
use crate::domain::ids::AccountId;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys::Slot;
use crate::table::slow::Round;
use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

/// Whoever has this slot makes the round.
pub(super) const SLOT: Slot = Slot::FIRST;
/// Accounts looked at in one tick: a hundred thousand in less than a day.
const A_TICK: u16 = 500;
/// Accounts looked at at the same time.
const TOGETHER: usize = 16;
/// From round to round.
const DAILY: SignedDuration = SignedDuration::from_hours(24);

/// Goes on with the round, if it is due. Returns how many shops stand in their list again.
///
/// # Errors
/// [`TableError`]; the next tick looks at the same accounts again.
pub(super) async fn run(app: &App) -> Result<u64, TableError> {
    let now = app.clock.now();
    let known = app.table.round_get().await?;
    let mut round = known.unwrap_or(Versioned { row: Round { due: now, after: None }, rev: 0 });
    if round.row.due > now {
        return Ok(0);
    }
    let accounts = app.table.accounts_after(round.row.after.as_ref(), A_TICK).await?;
    let last = accounts.last().filter(|_| accounts.len() >= usize::from(A_TICK)).cloned();
    let mut looked = stream::iter(accounts)
        .map(|account| async move { account_of(app, &account, now).await })
        .buffer_unordered(TOGETHER);
    let mut repaired = 0;
    while let Some(one) = looked.next().await {
        repaired += one?;
    }
    let due = if last.is_some() { now } else { now + DAILY };
    round.row = Round { due, after: last };
    match app.table.round_put(&mut round).await {
        Ok(()) | Err(TableError::Conflict) => Ok(repaired),
        Err(other) => Err(other),
    }
}

async fn account_of(app: &App, account: &AccountId, now: Timestamp) -> Result<u64, TableError> {
    let mut repaired = 0;
    for id in app.table.account_shops(account).await? {
        // Eventually consistent: what is written is written on condition.
        let shop = app.table.shop_get(&id, false).await?.map(|shop| shop.row);
        if shop.is_some_and(|shop| shop.parked.is_none() && shop.step_due().is_none()) {
            let lost = |shop: &crate::domain::connection::Shop| shop.parked.is_none() && shop.step_due().is_none();
            app.table
                .shop_change(&id, |shop| {
                    let lost = lost(shop);
                    if lost {
                        shop.consent.next_step = Some(now);
                    }
                    lost
                })
                .await?;
            repaired += 1;
        }
    }
    Ok(repaired)
}
