//! TikTok's orders from their creation to their end, through the real flows against the model TikTok.

mod after;
mod hints;
mod import;
mod labels;
mod settings;
mod shared;
mod telling;
mod warned;

use serde_json::Value;
use waybill::domain::connection::Shop;
use waybill::domain::ids::ShopId;
use waybill::domain::order_row::OrderRow;
use waybill::flows::orders::board;
use waybill_tests::world::{SHOP, World};

/// A row of `waybill orders`.
async fn row(world: &World, order: &str) -> Value {
    let (rows, _) = world.command(&["orders"]).await;
    rows.iter().find(|row| row["order"] == order).cloned().unwrap_or_else(|| panic!("{order} is not there: {rows:?}"))
}

/// A row of `waybill deadlines`; null when the order has none.
async fn deadline(world: &World, order: &str) -> Value {
    let (rows, _) = world.command(&["deadlines"]).await;
    rows.into_iter().find(|row| row["order"] == order).unwrap_or_default()
}

async fn shop(world: &World) -> Shop {
    let id = ShopId::parse(SHOP).expect("id");
    world.app.table.shop_get(&id, true).await.expect("table").expect("shop").row
}

/// What the attention list says of orders: order, reason, detail.
async fn listed(world: &World) -> Vec<(String, String, String)> {
    let held = board::held(&world.app, &shop(world).await, "").await.expect("table");
    let entry = |row: OrderRow| {
        let entry = row.attention.expect("listed");
        (row.order.to_string(), entry.reason.to_string(), entry.detail)
    };
    held.into_iter().map(|known| entry(known.row)).collect()
}
