//! Stores what a store said, whoever brought it: webhook, poll or look-up. Repeats change nothing.

use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::intake::{Absorbed, MixedVersions, absorb};
use crate::domain::parcel::Parcel;
use crate::table::error::TableError;
use crate::table::keys;

/// Somebody else may write the same order at the same time; after this many lost races the sender is asked to repeat.
const RACES: usize = 6;

/// What became of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Rows were written.
    Stored {
        /// How many.
        rows: usize,
    },
    /// Known already, or of another channel.
    Unchanged,
    /// Older than what is known: nothing was changed.
    Older,
    /// Its sender orders its states in two ways: nothing was changed.
    Mixed(MixedVersions),
}

/// Stores news about one store order. When this returns, the news is durable.
///
/// # Errors
/// [`TableError`] when it is not.
pub async fn keep(app: &App, store: &StoreConnection, news: &Fulfilment, healed: bool) -> Result<Kept, TableError> {
    keep_fitting(app, store, news, healed, |_| true).await
}

/// As [`keep`], leaving rows as they are whose known state does not fit.
///
/// # Errors
/// [`TableError`].
pub async fn keep_fitting(
    app: &App,
    store: &StoreConnection,
    news: &Fulfilment,
    healed: bool,
    fits: impl Fn(Option<&Parcel>) -> bool,
) -> Result<Kept, TableError> {
    let (mut written, news) = (0, &news.in_plain_names());
    'race: for race in 0..RACES {
        let known = app.table.order_rows(&store.id, &news.order, race > 0).await?;
        let news = match known.link {
            // A person's word wins over every field.
            Some(link) => &Fulfilment { link: OrderLink::Found(link), ..news.clone() },
            None => news,
        };
        let Absorbed { rows, older } = match absorb(&known.parcels, news, store, healed, app.clock.now()) {
            Ok(absorbed) => absorbed,
            Err(mixed) => return Ok(Kept::Mixed(mixed)),
        };
        for mut row in rows {
            if !fits(known.parcels.iter().find(|old| keys::parcel(old) == keys::parcel(&row))) {
                continue;
            }
            match app.table.parcel_put(&mut row).await {
                Ok(()) => written += 1,
                Err(TableError::Conflict) => continue 'race,
                Err(other) => return Err(other),
            }
        }
        return Ok(match written {
            0 if older => Kept::Older,
            0 => Kept::Unchanged,
            rows => Kept::Stored { rows },
        });
    }
    Err(TableError::Conflict)
}
