//! What a newcomer once ran into: thirteen wrong answers, false all-clears and dead ends, and the test that holds each.

use serde_json::json;
use std::path::Path;
use waybill_tests::world::{SHOP, World};

/// What went wrong; the file and the test that would see it again.
const HELD: &[(&str, &str, &str)] = &[
    ("doubtful numbers were sent", "tests/it/newcomer.rs", "two_doubts_are_held_and_identify_says_the_same"),
    (
        "more than 200 held hid the oldest",
        "tests/it/attention.rs",
        "more_held_parcels_than_a_page_holds_hide_no_name_and_the_button_sends_what_it_says",
    ),
    (
        "and their counts lied",
        "tests/it/desk_pages/lists.rs",
        "fifty_thousand_entries_are_counted_and_the_oldest_is_not_lost",
    ),
    (
        "remedies named what exists nowhere",
        "tests/it/desk_pages/catalogue.rs",
        "each_reason_of_a_parcel_has_a_row_with_what_settles_it_and_a_command",
    ),
    (
        "the wrong folder said all is well",
        "functions/local/tests/commands.rs",
        "a_mistyped_folder_never_reads_as_all_is_well_and_nothing_is_made_there",
    ),
    (
        "a command undid the server's settings",
        "functions/local/tests/commands.rs",
        "commands_in_a_plain_shell_use_the_address_that_serve_runs_with",
    ),
    ("a loopback address was registered", "shared/src/config/folder.rs", "only_this_machine_is_told_from_the_world"),
    (
        "the guide stopped before production",
        "functions/local/tests/guide/main.rs",
        "whoever_follows_the_guide_reaches_production_and_reads_what_it_shows",
    ),
    (
        "serve did not say what is missing",
        "functions/local/tests/commands.rs",
        "serve_says_under_its_first_line_what_is_still_missing",
    ),
    (
        "connected without a check",
        "tests/it/console.rs",
        "every_way_of_magento_is_connected_by_its_form_and_a_missing_proof_is_named",
    ),
    (
        "an empty credential locked the good ones out",
        "functions/local/tests/commands.rs",
        "an_empty_or_placeholder_credential_is_refused_and_never_locks_out_a_good_one",
    ),
    ("a reload made another store", "tests/it/newcomer.rs", "the_same_store_twice_is_one_store"),
    ("two servers had one folder", "functions/local/tests/guard.rs", "a_second_server_says_who_has_the_folder"),
    (
        "lost keys were silent",
        "functions/local/tests/guard.rs",
        "keys_that_are_missing_broken_or_foreign_stop_the_start_with_words",
    ),
    (
        "a paused shop read as fine",
        "tests/it/attention.rs",
        "a_paused_shop_says_so_everywhere_and_goes_on_when_it_is_resumed",
    ),
    (
        "waiting was never explained",
        "shared/src/flows/views/waiting.rs",
        "every_parcel_that_waits_says_what_for_and_until_when",
    ),
];

#[test]
fn each_of_the_blockers_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (what, file, test) in HELD {
        let text = std::fs::read_to_string(root.join(file)).expect(file);
        assert!(text.contains(&format!("fn {test}()")), "{what}: {test} is not in {file}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_doubts_are_held_and_identify_says_the_same() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let doubtful = [("Fedx", "QQ123456783"), ("U.P.S. Surepst", "QQ123456784"), ("Amazn shipping", "QQ123456785")];
    for (n, (carrier, number)) in doubtful.into_iter().enumerate() {
        let order = format!("57600000000000000{n}");
        world.tiktok.order(SHOP, &order).lines(&[("MUG", 1)]).place();
        let body = json!({
            "order_id": format!("W{n}"), "tiktok_order_id": order, "shipment_id": "1", "tracking_number": number,
            "carrier": carrier, "updated_at": world.time.now().to_string(),
        });
        world.tell(&store, body).await;
    }
    world.minutes(10).await;
    for (n, (carrier, number)) in doubtful.into_iter().enumerate() {
        let held = world.held().await;
        let reason = held.reason(number).to_owned();
        assert!(!reason.is_empty(), "{carrier} {number} is on no list: {:?}", held.0);
        assert_eq!(world.at_tiktok(SHOP, &format!("57600000000000000{n}")), ["-"], "{carrier} {number}");
        let (said, attention) = world.command(&["identify", number, "--shop", SHOP, "--carrier", carrier]).await;
        assert!(attention && said[0]["verdict"] == "hold" && said[0]["reason"] == reason, "{reason}: {said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_store_twice_is_one_store() {
    let world = World::everyday("US").await;
    let mut browser = waybill_tests::world::browser::Browser::default();
    browser.sign_in(&world).await;
    let csrf = browser.get(&world, "/connect/generic").await.field("csrf");
    let form = [("csrf", csrf.as_str()), ("shop", SHOP), ("address", "North warehouse")];
    let first = browser.post(&world, "/connect/generic", &form).await;
    assert!(first.status == 200 && first.text.contains("whsec_"), "{}", first.text);
    // The browser sends the form again.
    let again = browser.post(&world, "/connect/generic", &form).await;
    assert!(again.status == 422 && again.text.contains("connected already"), "{}", again.text);
    assert!(!again.text.contains("whsec_"), "no second secret");
    let stores = world.app.table.account_stores(&world.account).await.expect("read");
    assert_eq!(stores.len(), 1);
}
