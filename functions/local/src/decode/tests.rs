use super::{CapturedFile, decode};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/stores")
}

fn bytes(sample: &str) -> Vec<u8> {
    std::fs::read(samples().join(sample)).unwrap_or_else(|error| panic!("{sample}: {error}"))
}

fn decoded(names: &[&str]) -> Vec<Value> {
    let contents: Vec<Vec<u8>> = names.iter().map(|name| bytes(name)).collect();
    let files: Vec<CapturedFile<'_>> = names
        .iter()
        .zip(&contents)
        .map(|(name, bytes)| CapturedFile { name, bytes, modified: Timestamp::UNIX_EPOCH })
        .collect();
    decode(&files, Some(&bytes("magento/public_keys.json")))
}

fn expected(sample: &str) -> Value {
    let file: Value = serde_json::from_slice(&bytes(sample)).expect("a sample");
    file.get("expected").cloned().expect("an expectation")
}

fn names_of(platform: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(samples().join(platform))
        .expect("samples")
        .map(|entry| format!("{platform}/{}", entry.expect("a file").file_name().to_string_lossy()))
        .filter(|name| !name.ends_with("public_keys.json"))
        .collect();
    names.sort();
    names
}

/// Seen alone, an edit cannot show what it changed.
fn alone(mut expected: Value) -> Value {
    let object = expected.as_object_mut().expect("an object");
    object.remove("removed");
    if object.get("action") == Some(&json!("unchanged")) {
        object.insert("action".to_owned(), json!("upsert"));
    }
    expected
}

#[test]
fn every_sample_alone_says_what_it_is_expected_to_say() {
    let mut count = 0;
    for platform in ["shopify", "woocommerce", "bigcommerce", "magento"] {
        for name in names_of(platform) {
            assert_eq!(decoded(&[&name]), [alone(expected(&name))], "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 42);
}

/// Deliveries as outsiders reported them. Beside each file stands what it says; a link may also be read as the number in it.
#[test]
fn every_reported_delivery_says_what_it_is_expected_to_say() {
    let mut count = 0;
    for platform in ["shopify", "woocommerce", "bigcommerce", "generic"] {
        let folder = samples().join("../stores-reported").join(platform);
        for entry in std::fs::read_dir(folder).expect("reports") {
            let file = entry.expect("a file").file_name().to_string_lossy().into_owned();
            let Some(name) = file.strip_suffix(".expected.json") else { continue };
            let path = format!("../stores-reported/{platform}/{name}");
            let mut expected: Value =
                serde_json::from_slice(&bytes(&format!("{path}.expected.json"))).expect("an expectation");
            expected.as_object_mut().expect("an object").remove("why");
            let contents = bytes(&format!("{path}.json"));
            let name = format!("{platform}/{name}.json");
            let captured = CapturedFile { name: &name, bytes: &contents, modified: Timestamp::UNIX_EPOCH };
            let mut told = decode(&[captured], None).remove(0);
            // A warehouse's order has no name or number but TikTok's where it gives none.
            if platform == "generic" {
                let told = told.as_object_mut().expect("an object");
                told.retain(|key, _| expected.get(key).is_some());
            }
            assert_eq!(told, expected, "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 17);
}

#[test]
fn a_later_delivery_shows_what_changed_since_the_earlier_one() {
    for (earlier, later) in [
        ("shopify/01-fulfillments-create-single.json", "shopify/07-fulfillments-update-shipment-status-only.json"),
        ("shopify/01-fulfillments-create-single.json", "shopify/02-fulfillments-update-tracking-changed.json"),
        ("shopify/03-fulfillments-create-partial-two-numbers.json", "shopify/05-fulfillments-update-cancelled.json"),
        ("woocommerce/03-order-updated-ast-two-packages.json", "woocommerce/04-order-updated-tracking-edited.json"),
        ("bigcommerce/01-shipment-created.json", "bigcommerce/02-shipment-updated-tracking.json"),
        ("bigcommerce/03-shipment-created-partial.json", "bigcommerce/05-shipment-deleted.json"),
        ("magento/04-io-events-track-saved.json", "magento/05-io-events-track-edited.json"),
    ] {
        assert_eq!(decoded(&[earlier, later]), [expected(earlier), expected(later)], "{earlier}, {later}");
    }
}

#[test]
fn a_repeated_delivery_is_unchanged_and_an_older_one_changes_nothing() {
    for platform in ["shopify", "woocommerce", "bigcommerce", "magento"] {
        for name in names_of(platform) {
            let twice = decoded(&[&name, &name]);
            let action = expected(&name).get("action").cloned().expect("an action");
            let again = if action == "upsert" { json!("unchanged") } else { action };
            assert_eq!(twice.get(1).and_then(|v| v.get("action")), Some(&again), "{name}");
        }
    }
    let late = decoded(&[
        "shopify/02-fulfillments-update-tracking-changed.json",
        "shopify/01-fulfillments-create-single.json",
    ]);
    assert_eq!(late.get(1).and_then(|v| v.get("action")), Some(&json!("unchanged")));
}

#[test]
fn a_wrong_signature_is_a_reject_and_nothing_else() {
    for platform in ["shopify", "woocommerce", "bigcommerce", "magento"] {
        for name in names_of(platform) {
            let action = expected(&name).get("action").cloned().unwrap_or_default();
            // These come unsigned; Mageplaza's static secret is not in the file.
            if ["ping", "echo_challenge", "validation_url"].iter().any(|a| action == *a) || name.contains("mageplaza") {
                continue;
            }
            let mut file: Value = serde_json::from_slice(&bytes(&name)).expect("a sample");
            let text = file.pointer("/request/body_text").and_then(Value::as_str).expect("a body").to_owned();
            *file.pointer_mut("/request/body_text").expect("a body") = json!(format!("{text} "));
            let changed = file.to_string();
            let captured = CapturedFile { name: &name, bytes: changed.as_bytes(), modified: Timestamp::UNIX_EPOCH };
            let results = decode(&[captured], Some(&bytes("magento/public_keys.json")));
            assert_eq!(results, [json!({ "action": "reject" })], "{name}");
        }
    }
}

#[test]
fn a_file_that_is_no_capture_says_so() {
    for contents in ["", "{", "[]", "{}", "\u{feff}{}", "{\"request\":7}"] {
        let file = CapturedFile { name: "x.json", bytes: contents.as_bytes(), modified: Timestamp::UNIX_EPOCH };
        let results = decode(&[file], None);
        assert_eq!(results.first().and_then(|v| v.get("action")), Some(&json!("error")), "{contents:?}");
    }
}

#[test]
fn part_of_a_unit_is_said_where_it_was_rounded_up() {
    for (quantity, units, part) in
        [(json!(1.5), 2, json!(true)), (json!("1.5"), 2, json!(true)), (json!("2.0000"), 2, Value::Null)]
    {
        let mut file: Value =
            serde_json::from_slice(&bytes("magento/09-mageplaza-new-shipment.json")).expect("a sample");
        *file.pointer_mut("/follow_ups/0/body/items/0/qty").expect("units") = quantity;
        let changed = file.to_string();
        let captured = CapturedFile { name: "x.json", bytes: changed.as_bytes(), modified: Timestamp::UNIX_EPOCH };
        let results = decode(&[captured], None);
        let line = results[0].pointer("/shipments/0/line_items/0").expect("a line");
        assert_eq!((&line["quantity"], &line["part_of_a_unit"]), (&json!(units), &part), "{line}");
    }
}
