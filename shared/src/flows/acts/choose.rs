//! The items that a person names for a parcel, looked up in TikTok's order as it is now.

use crate::app::App;
use crate::domain::ids::LineItemId;
use crate::domain::order::TikTokOrder;
use crate::domain::parcel::Parcel;
use crate::flows::calls::{Budget, ShopCalls, Trouble};
use crate::table::error::TableError;

/// The items cannot be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// Which order it is must be known first.
    #[error("its TikTok order is not known yet")]
    NoOrder,
    /// Its shop is not connected.
    #[error("its shop {0} is not connected")]
    NoShop(String),
    /// TikTok did not show the order.
    #[error("TikTok order {0} cannot be read just now")]
    Unread(String),
    /// No open item of the order has this id or stock code.
    #[error("{word:?} is no open item of the order; open are: {}", if open.is_empty() { "none".to_owned() } else { open.join(", ") })]
    NoItem {
        /// As named.
        word: String,
        /// Ids and stock codes that could have been meant.
        open: Vec<String>,
    },
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Finds the line items that a person names: by TikTok's id, or by stock code (`MUG`, or `MUG:2` for two of them). Reads
/// the order once.
///
/// # Errors
/// [`ChooseError`].
pub async fn choose(app: &App, parcel: &Parcel, words: &[String]) -> Result<Vec<LineItemId>, ChooseError> {
    let id = parcel.tiktok_order().ok_or(ChooseError::NoOrder)?;
    let shop = app.table.shop_get(&parcel.shop, true).await?;
    let shop = shop.ok_or_else(|| ChooseError::NoShop(parcel.shop.to_string()))?;
    let budget = Budget::short(&app.clock);
    let calls = ShopCalls::new(app, &budget, shop, None);
    let orders =
        calls.order_detail(std::slice::from_ref(id)).await.map_err(|_: Trouble| ChooseError::Unread(id.to_string()))?;
    let order = orders.into_iter().find(|order| order.id == *id);
    pick(&order.ok_or_else(|| ChooseError::Unread(id.to_string()))?, words)
}

fn pick(order: &TikTokOrder, words: &[String]) -> Result<Vec<LineItemId>, ChooseError> {
    let mut chosen: Vec<LineItemId> = Vec::new();
    for word in words {
        let (name, count) = word
            .rsplit_once(':')
            .and_then(|(name, count)| Some((name, count.parse::<usize>().ok().filter(|count| *count > 0)?)))
            .unwrap_or((word.as_str(), 1));
        for _ in 0..count {
            let free = |id: &LineItemId| !chosen.contains(id);
            let open = order.lines.iter().filter(|line| line.is_open() && free(&line.id));
            let mut fitting = open.clone().filter(|line| {
                line.id.as_str() == word
                    || line.id.as_str() == name
                    || line.seller_sku.trim().eq_ignore_ascii_case(name.trim())
            });
            let Some(line) = fitting.next() else {
                let open = open.map(|line| format!("{} ({})", line.id, line.seller_sku)).collect();
                return Err(ChooseError::NoItem { word: word.clone(), open });
            };
            chosen.push(line.id.clone());
        }
    }
    chosen.sort();
    Ok(chosen)
}
