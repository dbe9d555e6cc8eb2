//! Two accounts: whatever one of them asks for or presses, nothing of the other is shown or changed.

use super::{desk, number, parcel};
use serde_json::Value;
use std::collections::BTreeMap;
use waybill::table::keys;
use waybill_model::chance::Chance;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World};

const MINE: &str = "576000000000000001";
const MINE_TOO: &str = "576000000000000002";
const CALLS: usize = 2_000;

/// Every row but those of sessions.
fn rows(world: &World) -> BTreeMap<String, String> {
    let key = |row: &Value, name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
    let rows = world.wire.all_rows(world.app.table.name());
    let rows = rows.iter().map(|row| (format!("{} {}", key(row, "pk"), key(row, "sk")), row.to_string()));
    rows.filter(|(key, _)| !key.starts_with("SESSION#")).collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_of_another_account_is_shown_or_settled() {
    let (world, store, mut owner) = desk().await;
    for (n, order) in [(1, MINE), (2, MINE_TOO)] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1), ("CAP", 1)]).place();
        world.tell(&store, parcel(&world, &format!("W{n}"), Some(order), &number(n), "USPS", "no such code")).await;
    }
    world.minutes(5).await;
    let mut stranger = Browser::default();
    world.another_account(&mut stranger, "b2", "stranger@else.example").await;
    let csrf = stranger.get(&world, "/").await.field("csrf");
    let row = keys::parcel(&world.row(&store.store.id, "W1", &number(1)).await).sk;
    let store_id = store.store.id.to_string();
    let secret = [MINE, MINE_TOO, &number(1), &number(2), "no such code", &store_id, "owner@tiny-mugs.example"]
        .map(str::to_owned);
    let ids = [
        MINE.to_owned(),
        "W1".into(),
        number(1),
        "1".into(),
        SHOP.into(),
        store_id.clone(),
        "..%2F".into(),
        "%23W1".into(),
    ];
    let mut paths: Vec<String> = ids.iter().map(|id| format!("/orders/{id}")).collect();
    for end in ["proof.json", "proof.csv", "proof.html", "delay.txt"] {
        paths.push(format!("/orders/{MINE}/{end}"));
    }
    for list in ["/attention", "/attention.csv"] {
        paths.extend([
            list.to_owned(),
            format!("{list}?shop={SHOP}"),
            format!("{list}?shop={SHOP}&reason=LINES_UNMATCHED"),
        ]);
    }
    paths.extend([format!("/orders/{MINE}?store={store_id}"), format!("/shops/{SHOP}"), format!("/stores/{store_id}")]);
    let right = number(3);
    let fields: [(&str, &[&str]); 14] = [
        (
            "do",
            &[
                "retry", "dismiss", "confirm", "correct", "link", "choose", "map", "note", "evidence", "run", "pause",
                "remove",
            ],
        ),
        ("store", &[&store_id, "x", ""]),
        ("row", &[&row, "CONNECTION", "ORDER#W1#LINK", ""]),
        ("note", &["settled", ""]),
        ("evidence", &["https://evil.example/x"]),
        ("number", &[&right, "\u{0}"]),
        ("carrier", &["UPS", ""]),
        ("provider", &["UPS"]),
        ("order", &[MINE_TOO, "x"]),
        ("line", &["CAP"]),
        ("act", &["retry", "dismiss", "confirm"]),
        ("shop", &[SHOP]),
        ("reason", &["LINES_UNMATCHED"]),
        ("back", &["/attention", "https://evil.example/"]),
    ];
    let mut chance = Chance::new(31);
    let mut pick = |most: usize| usize::try_from(chance.bits() % most as u64).expect("small");
    let before = rows(&world);
    for call in 0..CALLS {
        let path = &paths[pick(paths.len())];
        let page = if pick(2) == 0 {
            stranger.get(&world, path).await
        } else {
            let mut form: Vec<(&str, &str)> = vec![("csrf", if pick(8) == 0 { "1.AAAA" } else { csrf.as_str() })];
            for (name, values) in &fields {
                if pick(3) > 0 {
                    form.push((name, values[pick(values.len())]));
                }
            }
            let page = stranger.post(&world, path, &form).await;
            let list = path.starts_with("/attention") && page.status == 303;
            assert!(list || matches!(page.status, 200 | 403 | 404), "call {call}: {} of {path} {form:?}", page.status);
            let foreign = form.contains(&("shop", SHOP)) && path.starts_with("/attention");
            if foreign || path.starts_with("/orders") || path.starts_with("/shops") || path.starts_with("/stores") {
                assert!(matches!(page.status, 403 | 404), "call {call}: {} of {path}", page.status);
            }
            page
        };
        let said = format!("{} {:?}", page.text, page.headers).replace("&#x2f;", "/");
        for word in &secret {
            assert!(!said.contains(word.as_str()), "call {call} to {path} shows {word}: {}", page.text);
        }
        assert!(page.status < 500, "call {call} to {path}: {}", page.text);
    }
    assert_eq!(rows(&world), before, "nothing has moved");
    // The same calls of the owner are answered, so that the test sees something.
    let page = owner.get(&world, &format!("/orders/{MINE}")).await;
    assert!(page.status == 200 && page.text.contains(&number(1)), "{}", page.text);
    assert!(owner.get(&world, "/attention").await.text.contains(&number(2)));
}
