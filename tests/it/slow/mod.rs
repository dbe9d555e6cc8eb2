//! The slow schedule: what is due is found by its time, in lists that are shared out over slots. Nobody walks.

mod lists;
mod units;
mod workers;

use serde_json::{Value, json};
use waybill_tests::world::World;

/// Puts a row as another version would have.
fn put(world: &World, item: &Value) {
    let request = json!({"TableName": world.app.table.name(), "Item": item}).to_string();
    let (status, said) = world.wire.run("DynamoDB_20120810.PutItem", request.as_bytes());
    assert_eq!(status, 200, "{said}");
}

/// A row as it stands.
fn get(world: &World, pk: &str, sk: &str) -> Value {
    let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
    let request = json!({"TableName": world.app.table.name(), "Key": key, "ConsistentRead": true}).to_string();
    let (status, said) = world.wire.run("DynamoDB_20120810.GetItem", request.as_bytes());
    assert_eq!(status, 200, "{said}");
    serde_json::from_str::<Value>(&said).expect("JSON")["Item"].take()
}

/// The lists of due work in which rows of a partition stand.
fn lists_of(world: &World, pk: &str) -> Vec<String> {
    let places = ["PUSH#", "AUTH#", "POLL#"].into_iter().flat_map(|lists| world.wire.listed(lists));
    let mut found: Vec<String> =
        places.filter(|(_, _, key)| key.0 == pk).map(|(list, _, key)| format!("{list} {}", key.1)).collect();
    found.sort();
    found
}
