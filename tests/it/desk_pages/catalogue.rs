//! Every reason of the catalogue that can hold something has a row on the page with what settles it, and a command (the grammar knows each one: `functions/local`).

use super::lists::hold;
use super::{ONE, desk};
use waybill::domain::ids::{ShopId, TikTokOrderId};
use waybill::domain::reason::Reason;
use waybill_tests::world::SHOP;

/// Reasons that only orders are listed for.
const OF_ORDERS: [Reason; 6] = [
    Reason::NotScanned,
    Reason::Late,
    Reason::Delayed,
    Reason::Lost,
    Reason::CancelledAfterDispatch,
    Reason::SiblingOpen,
];

#[tokio::test(start_paused = true)]
async fn each_reason_of_a_parcel_has_a_row_with_what_settles_it_and_a_command() {
    let (world, store, mut browser) = desk().await;
    for (n, reason) in Reason::ALL.iter().enumerate().filter(|(_, reason)| !OF_ORDERS.contains(reason)) {
        hold(&world, &store.store.id, n, *reason, "Our van").await;
        let number = format!("TBRT{n:07}");
        let page = browser.get(&world, &format!("/attention?reason={reason}")).await;
        assert!(page.status == 200 && page.text.contains(&number), "{reason} is not on the page: {}", page.text);
        let row = page.text.split("<article").find(|row| row.contains(&number)).unwrap_or_default();
        let settles =
            row.contains("<form method=\"post\"") && row.contains("name=\"csrf\"") && row.contains("name=\"do\"");
        assert!(settles, "{reason} has no form: {row}");
        let order = browser.get(&world, &format!("/orders/5760000000000{n:05}")).await;
        assert!(order.text.contains("name=\"do\"") && order.text.contains(&number), "{reason}: {}", order.text);
        let held = world.command(&["held", "--reason", reason.code()]).await.0;
        let command = held[0]["command"].as_str().expect("a command").to_owned();
        assert!(command.starts_with("waybill "), "{reason}: {command}");
        // Whatever it is, a person can close it.
        let said = super::settle(&world, &mut browser, "dismiss", &[("note", "settled at TikTok")]).await;
        assert!(said.contains("leaves the list"), "{reason}: {said}");
        assert!(world.held().await.0.is_empty(), "{reason} is still listed");
    }
}

#[tokio::test(start_paused = true)]
async fn each_reason_of_an_order_has_a_row_with_what_settles_it_and_a_command() {
    let (world, _, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.minutes(5).await;
    let (shop, order) = (ShopId::parse(SHOP).expect("id"), TikTokOrderId::parse(ONE).expect("id"));
    for reason in OF_ORDERS {
        let mut row = world.app.table.tiktok_order(&shop, &order, true).await.expect("read").expect("there");
        row.attention = Some(waybill::domain::order_row::Attention {
            reason,
            since: world.time.now(),
            detail: "9400100000000000000013".to_owned(),
        });
        world.app.table.tiktok_order_put(&mut row).await.expect("written");
        let page = browser.get(&world, "/attention").await;
        let row = page.text.split("<article").nth(1).unwrap_or_else(|| panic!("{reason}: {}", page.text));
        assert!(
            row.contains(ONE) && row.contains("value=\"dismiss\"") && row.contains("name=\"note\""),
            "{reason}: {row}"
        );
        assert_eq!(row.contains("value=\"confirm\""), reason == Reason::SiblingOpen, "{reason}");
        let held = world.command(&["held"]).await.0;
        let command = held[0]["command"].as_str().expect("a command").to_owned();
        assert!(command.starts_with("waybill ") && !command.starts_with("waybill order"), "{reason}: {command}");
    }
}
