//! Trackings from a file: every row gets its verdict by what is known here, the good ones go the way of webhooks.
//!
//! The file speaks as a store of its own (`csv:<shop>`), an order is its order column, a shipment is order and number, so
//! that the same file again says nothing new. A file never replaces a number and reopens nothing.

mod judge;
mod known;
mod read;
mod room;
pub mod upload;

use crate::app::App;
use crate::domain::connection::{Shop, StoreConnection, StoreSettings, StoreStatus};
use crate::domain::fulfilment::Fulfilment;
use crate::domain::ids::StoreId;
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::flows::acts::Actor;
use crate::flows::intake::keep::{Kept, keep};
use crate::table::audit::AuditEntry;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
pub use known::Knowledge;
pub use read::{FileFault, Line, read};

/// Orders whose rows are written side by side.
const AT_ONCE: usize = 16;

/// What becomes of a row. The words are those of `explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It goes out with the next push.
    Push,
    /// It is kept, and waits by itself.
    Wait,
    /// It is known already.
    Done,
    /// A person must look: it is not kept.
    Hold,
    /// Nothing is to be sent for this order.
    Close,
}

impl Word {
    /// The word of interfaces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Wait => "wait",
            Self::Done => "done",
            Self::Hold => "hold",
            Self::Close => "close",
        }
    }
}

/// A row's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The row.
    pub line: Line,
    /// What becomes of it.
    pub word: Word,
    /// Why not, where it is not good.
    pub reason: Option<Reason>,
    /// More words.
    pub detail: String,
}

/// A file's verdicts, and what the good rows say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// One a row, in the file's order.
    pub verdicts: Vec<Verdict>,
    /// To be kept, one an order.
    pub news: Vec<Fulfilment>,
}

/// The store that a shop's files speak as: its id, and its row once it has one. A shop that came from another account of the
/// installation has a new one, since what stands under the old one is that account's.
///
/// # Errors
/// The table.
async fn own_store(app: &App, shop: &Shop) -> Result<(StoreId, Option<StoreConnection>), TableError> {
    let mut accounts_before = 0_u32;
    loop {
        let beside = if accounts_before == 0 { String::new() } else { format!(":{accounts_before}") };
        let id = StoreId::parse(format!("csv:{}{beside}", shop.id));
        let id = id.map_err(|error| TableError::Refused(error.to_string()))?;
        match app.table.store_get(&id, true).await?.map(|known| known.row) {
            Some(known) if known.account != shop.account => accounts_before += 1,
            known => return Ok((id, known)),
        }
    }
}

/// Judges a file's rows. Reads only.
///
/// # Errors
/// The table.
pub async fn judge(app: &App, shop: &Shop, lines: &[Line]) -> Result<Judged, TableError> {
    let known = Knowledge::read(app, shop).await?;
    Ok(judge::judge(lines, &known, app.clock.now()))
}

/// The connection that a shop's files speak as, made with the first file.
async fn connection(app: &App, shop: &Shop) -> Result<StoreConnection, TableError> {
    let (id, known) = own_store(app, shop).await?;
    if let Some(known) = known {
        return Ok(known);
    }
    let row = StoreConnection {
        id: id.clone(),
        account: shop.account.clone(),
        platform: Platform::Generic,
        shops: vec![shop.id.clone()],
        name: Some("CSV files".to_owned()),
        address: format!("csv-{}", shop.id),
        hook: None,
        settings: StoreSettings { subscribed_by_hand: true, ..StoreSettings::default() },
        status: StoreStatus::Connected,
        connected: app.clock.now(),
        due: None,
        poll_due: None,
        polls: crate::domain::connection::PollState::default(),
        placed: true,
    };
    // The pointer first: a crash between the two is repaired by the next file.
    app.table.account_store_put(&shop.account, &id).await?;
    let mut stored = Versioned { row, rev: 0 };
    match app.table.store_put(&mut stored).await {
        Ok(()) | Err(TableError::Conflict) => {}
        Err(other) => return Err(other),
    }
    app.stores.forget(&id);
    Ok(stored.row)
}

/// Keeps what the good rows say, and notes the act in the audit. `progress` hears how many orders are kept. Gives the
/// count of parcels that are new.
///
/// # Errors
/// The table. What was kept before stays kept; the same file again goes on.
pub async fn send(
    app: &App,
    shop: &Shop,
    judged: &Judged,
    actor: &Actor,
    file: &str,
    progress: impl FnMut(usize),
) -> Result<usize, TableError> {
    if judged.news.is_empty() {
        return Ok(0);
    }
    let (rows, orders) = store(app, shop, judged, progress).await?;
    let entry = AuditEntry {
        at: app.clock.now(),
        who: actor.who.clone(),
        from: actor.from.clone(),
        act: "backfill".to_owned(),
        of: shop.id.to_string(),
        said: format!("{file}: {} rows, {rows} parcels of {orders} orders kept", judged.verdicts.len()),
    };
    app.table.audit_put(&shop.account, &entry).await?;
    Ok(rows)
}

/// Keeps what the good rows say. Gives the parcels that are new, and the orders; whoever calls notes it in the audit.
///
/// # Errors
/// The table, as [`send`].
pub async fn store(
    app: &App,
    shop: &Shop,
    judged: &Judged,
    mut progress: impl FnMut(usize),
) -> Result<(usize, usize), TableError> {
    let store = connection(app, shop).await?;
    let mut results = stream::iter(0..judged.news.len())
        .map(|at| Box::pin(one(app, &store, judged.news.get(at))))
        .buffer_unordered(AT_ONCE);
    let (mut rows, mut orders) = (0, 0);
    while let Some(kept) = results.try_next().await? {
        if let Some(Kept::Stored { rows: more }) = kept {
            rows += more;
        }
        orders += 1;
        progress(orders);
    }
    app.table.heard_delivery(&store.id, app.clock.now()).await?;
    Ok((rows, orders))
}

async fn one(app: &App, store: &StoreConnection, news: Option<&Fulfilment>) -> Result<Option<Kept>, TableError> {
    match news {
        Some(news) => keep(app, store, news, false).await.map(Some),
        None => Ok(None),
    }
}
