//! The one door: what was read of orders becomes their rows. Newer news wins, and nothing of the buyer comes through.

use super::{again, siblings, warnings};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::TikTokOrder;
use crate::domain::order_row::{News, OrderRow, Ours, Rules};
use crate::table::error::TableError;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;

/// Rows written at the same time.
const TOGETHER: usize = 16;

/// What a read changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Orders that nobody knew.
    pub new: u64,
    /// Known orders that moved.
    pub moved: u64,
    /// Of the new ones, those that TikTok ships.
    pub not_ours: u64,
    /// The newest of TikTok's times among them.
    pub newest: Option<Timestamp>,
}

impl Kept {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            new: self.new + other.new,
            moved: self.moved + other.moved,
            not_ours: self.not_ours + other.not_ours,
            newest: self.newest.max(other.newest),
        }
    }

    /// Something was not known before.
    #[must_use]
    pub fn found(&self) -> bool {
        self.new + self.moved > 0
    }
}

/// Keeps orders of a read that began at `begun`.
///
/// # Errors
/// [`TableError`]; what was kept so far stays, and the rest is read again.
pub async fn keep(app: &App, shop: &Shop, orders: &[TikTokOrder], begun: Timestamp) -> Result<Kept, TableError> {
    // A page of orders: each job is a few hundred bytes until it runs.
    let jobs: Vec<_> = orders.iter().map(|order| one(app, shop, order, begun)).collect();
    let all: Vec<Result<Kept, TableError>> = stream::iter(jobs).buffer_unordered(TOGETHER).collect().await;
    let mut kept = Kept::default();
    for one in all {
        kept = kept.and(one?);
    }
    Ok(kept)
}

async fn one(app: &App, shop: &Shop, order: &TikTokOrder, begun: Timestamp) -> Result<Kept, TableError> {
    let mut kept = Kept { newest: order.update_time, ..Kept::default() };
    // A write is conditional: a read that is behind costs a repeat, never a change.
    let mut strong = false;
    loop {
        let known = app.table.tiktok_order(&shop.id, &order.id, strong).await?;
        let news = OrderRow::news(known.as_ref(), shop, order, begun);
        let (mut row, told) = match (news, &known) {
            (News::Row(row), _) => (*row, true),
            (News::Nothing, Some(known)) if known.account == shop.account => (known.clone(), false),
            (News::Nothing, _) => return Ok(kept),
        };
        let settled = row.settle(&Rules::of(shop), app.clock.now());
        if !told && !settled {
            return Ok(kept);
        }
        if let Some(known) = known.as_ref().filter(|known| told && warnings::may_end(known, &row)) {
            // Before the row is written: a crash between the two repeats both.
            warnings::end(app, known, &row).await?;
        }
        if known.as_ref().is_some_and(|known| told && again::may_begin(known, &row)) {
            again::begin(app, &row).await?;
        }
        match app.table.tiktok_order_put(&mut row).await {
            Ok(()) => {
                let new = known.is_none_or(|known| known.account != row.account);
                kept.new = u64::from(new);
                kept.moved = u64::from(!new && told);
                kept.not_ours = u64::from(new && row.facts.ours != Ours::Seller);
                if told {
                    siblings::look(app, shop, row).await?;
                }
                return Ok(kept);
            }
            Err(TableError::Conflict) => strong = true,
            Err(other) => return Err(other),
        }
    }
}

/// Applies a change to an order's row as it is now, and puts it where it belongs. `None`: there is no such row.
///
/// # Errors
/// [`TableError`].
pub async fn change(
    app: &App,
    shop: &Shop,
    order: &TikTokOrderId,
    edit: impl Fn(&mut OrderRow),
) -> Result<Option<OrderRow>, TableError> {
    let mut strong = false;
    loop {
        let known = app.table.tiktok_order(&shop.id, order, strong).await?;
        let Some(known) = known.filter(|known| known.account == shop.account) else { return Ok(None) };
        let mut row = known.clone();
        edit(&mut row);
        row.settle(&Rules::of(shop), app.clock.now());
        if row == known {
            return Ok(Some(row));
        }
        match app.table.tiktok_order_put(&mut row).await {
            Ok(()) => return Ok(Some(row)),
            Err(TableError::Conflict) => strong = true,
            Err(other) => return Err(other),
        }
    }
}
