//! What strangers, tenants and readers of a row try, and what must not come of it.

mod bad_deliveries;
mod credentials;
mod host;
mod leaving;
mod login;
mod proofs;
mod rounds;

use serde_json::Value;
use waybill_tests::world::World;

/// Every row but the notes of how many deliveries an address refused: those are what an operator is told of an attack.
fn rows(world: &World) -> Vec<Value> {
    let mut rows = world.wire.all_rows(world.app.table.name());
    rows.retain(|row| row["kind"]["S"] != "heard");
    rows
}
