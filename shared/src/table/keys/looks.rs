//! Orders of accepted numbers that are looked at again, and how far the import of a file has come.

use super::{Key, key, shop, sortable};
use crate::domain::ids::{ShopId, TikTokOrderId};
use jiff::Timestamp;

/// Orders of accepted numbers, to be looked at then. Only the holder of the shop's lease writes them, a push one row.
#[must_use]
pub fn look(id: &ShopId, at: Timestamp, first: &TikTokOrderId) -> Key {
    key(shop(id), format!("{LOOKS}{}#{first}", sortable(at)))
}

/// Between which keys the looks after a time stand.
#[must_use]
pub fn looks_after(at: Timestamp) -> (String, String) {
    (format!("{LOOKS}{}#~", sortable(at)), format!("{LOOKS}~"))
}

const LOOKS: &str = "LOOK#";

/// How far the import of a file has come. It is of no use anywhere else.
#[must_use]
pub fn import_mark() -> Key {
    key("INSTALLATION#import".to_owned(), "IMPORT")
}
