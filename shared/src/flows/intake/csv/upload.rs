//! A file between its preview and the press that sends it: kept in pieces for an hour, for the account that brought it.

use crate::app::App;
use crate::domain::ids::{AccountId, ShopId};
use crate::flows::connect::login::secret;
use crate::table::error::TableError;
use data_encoding::BASE64;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Bytes of the largest file that a page takes: about 20,000 rows.
pub const LARGEST: usize = 2 * 1024 * 1024;
/// A row of the table holds 400 kB; in base64 a piece has a third more.
const PIECE: usize = 192 * 1024;
/// It is kept this long.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
const KIND: &str = "backfill";

/// A file that waits for its press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// For which shop.
    pub shop: ShopId,
    /// What it was called.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct First {
    account: AccountId,
    shop: ShopId,
    name: String,
    pieces: usize,
}

/// Keeps a file of at most [`LARGEST`] bytes. Gives what it is found by.
///
/// # Errors
/// [`TableError`].
pub async fn keep(app: &App, account: &AccountId, upload: &Upload) -> Result<String, TableError> {
    let (token, until) = (secret(app), app.clock.now() + KEPT);
    let pieces: Vec<&[u8]> = upload.bytes.chunks(PIECE).collect();
    for (at, piece) in pieces.iter().enumerate() {
        app.table.once_put(&format!("{token}.{at}"), KIND, &BASE64.encode(piece), until).await?;
    }
    let (account, shop, name) = (account.clone(), upload.shop.clone(), upload.name.chars().take(200).collect());
    app.table.once_put(&token, KIND, &First { account, shop, name, pieces: pieces.len() }, until).await?;
    Ok(token)
}

/// Finds it again. `None`: unknown, another account's, or too old.
///
/// # Errors
/// [`TableError`].
pub async fn find(app: &App, account: &AccountId, token: &str) -> Result<Option<Upload>, TableError> {
    let now = app.clock.now();
    let first = app.table.once_peek::<First>(token, KIND, now).await?;
    let Some(first) = first.filter(|first| first.account == *account) else { return Ok(None) };
    let mut bytes = Vec::new();
    for at in 0..first.pieces {
        let piece = app.table.once_peek::<String>(&format!("{token}.{at}"), KIND, now).await?;
        let Some(piece) = piece.and_then(|piece| BASE64.decode(piece.as_bytes()).ok()) else { return Ok(None) };
        bytes.extend(piece);
    }
    Ok(Some(Upload { shop: first.shop, name: first.name, bytes }))
}
