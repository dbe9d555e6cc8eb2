//! Orders that may travel in one parcel: replacements, exchanges, and what TikTok suggests to combine. Each names the
//! other; who has no number while the other has one is asked about once, never sent unasked.

use super::keep::change;
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::Stage;
use crate::domain::order_row::{OrderRow, Ours};
use crate::table::error::TableError;
use crate::table::keys;

/// TikTok combines at most twenty orders. Source: TikTok Shop Partner Center, combining orders (May 2026).
const MOST: usize = 20;

/// After an order was kept: names it and its siblings to each other.
pub(super) async fn look(app: &App, shop: &Shop, row: OrderRow) -> Result<(), TableError> {
    if row.facts.ours != Ours::Seller || row.is_ended() {
        return Ok(());
    }
    for mate in mates(app, shop, &row).await? {
        tell(app, shop, &row, &mate).await?;
        let grouped = mate.facts.group.is_some() && mate.facts.group == row.facts.group;
        if grouped || row.facts.origin.source() == Some(&mate.order) {
            tell(app, shop, &mate, &row).await?;
        }
    }
    Ok(())
}

async fn mates(app: &App, shop: &Shop, row: &OrderRow) -> Result<Vec<OrderRow>, TableError> {
    let mut orders = Vec::new();
    orders.extend(row.facts.origin.source().cloned());
    if let Some(group) = &row.facts.group {
        let keys = app.table.combine_group(&shop.account, group).await?;
        let others = keys.iter().filter(|key| key.pk == keys::shop(&shop.id)).filter_map(keys::tiktok_order_of);
        orders.extend(others.filter(|order| *order != row.order).take(MOST));
    }
    let mut found = Vec::new();
    for order in orders {
        let mate = app.table.tiktok_order(&shop.id, &order, false).await?;
        found.extend(mate.filter(|mate| mate.account == shop.account));
    }
    Ok(found)
}

/// Tells `row` of `mate`.
async fn tell(app: &App, shop: &Shop, row: &OrderRow, mate: &OrderRow) -> Result<(), TableError> {
    let asks = row.facts.stage() == Stage::Open && row.facts.packages.is_empty();
    let number = mate.facts.numbers().first().map(|number| (*number).to_owned()).filter(|_| asks);
    if row.sibling.is_some() && (number.is_none() || row.sibling_number.is_some()) {
        return Ok(());
    }
    change(app, shop, &row.order, |row| {
        row.sibling.get_or_insert_with(|| mate.order.clone());
        if let (Some(number), None) = (&number, &row.sibling_number) {
            row.sibling = Some(mate.order.clone());
            row.sibling_number = Some(number.clone());
        }
    })
    .await
    .map(drop)
}
