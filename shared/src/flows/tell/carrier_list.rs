//! Mail 10: a carrier that a mapping leads to has left the shop's list at TikTok. Told once for each change, before a parcel
//! runs into it.

use super::{TellError, Told, links, tell};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::carriers::lists::lost_mappings;
use crate::flows::carriers::match_parcel::Maps;
use crate::mail::regular_letters::{self, Lost};
use crate::table::mails::MailStep;

/// Tells a shop's people. Returns how many mails went out.
///
/// # Errors
/// [`TellError`].
pub async fn run(app: &App, shop: &Shop) -> Result<u64, TellError> {
    let lists = app.table.providers_all(&shop.id).await?;
    if lists.iter().all(|entry| entry.list.gone.is_empty()) {
        return Ok(0);
    }
    let maps = Maps::read(app, shop, false).await?;
    let lost: Vec<Lost> = lost_mappings(shop, &maps, &lists)
        .into_iter()
        .filter_map(|lost| {
            let since = lost.gone_since?;
            Some(Lost { store_carrier: lost.store_carrier, tiktok_carrier: lost.tiktok_carrier, since })
        })
        .collect();
    let Some(newest) = lost.iter().map(|lost| lost.since).max() else { return Ok(0) };
    let step = newest.as_second().to_string();
    let step = MailStep { shop: shop.id.clone(), kind: "10", cycle: "carriers".to_owned(), step };
    let url = links::page(app, &format!("/mapping?shop={}", shop.id));
    let told = tell(app, shop, step, async || Ok(regular_letters::carriers_gone(shop, &lost, &url))).await?;
    Ok(u64::from(told == Told::Sent))
}
