//! A platform that carries nothing of ours back: whose store answers is for the person to say.

use waybill_model::stores::Kind;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World};

#[tokio::test(start_paused = true)]
async fn a_strangers_bigcommerce_store_is_named_before_it_is_attached() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::BigCommerce).await;
    let mut victim = Browser::default();
    victim.sign_in(&world).await;
    let csrf = victim.get(&world, "/connect/bigcommerce").await.field("csrf");
    let begun = victim.post(&world, "/connect/bigcommerce", &[("csrf", &csrf), ("shop", SHOP)]).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    // Instead of going on, the victim opens a link that a stranger made with the code of another store.
    let back = world.visit_platform(&model, "https://login.bigcommerce.com/app/model-client-id/install").await;
    let page = victim.get(&world, &back).await;
    assert!(page.status == 303 && page.location.starts_with("/connect/bigcommerce/claim?t="), "{}", page.text);
    let stores = async || world.app.table.account_stores(&world.account).await.expect("table").len();
    assert_eq!(stores().await, 0, "nothing is attached yet");
    let asked = victim.get(&world, &page.location).await;
    assert!(asked.status == 200 && asked.text.contains(&model.account().domain), "{}", asked.text);
    assert!(asked.text.contains("Was it you?") && asked.text.contains("checked"), "{}", asked.text);
    // Somebody else cannot take what this person began.
    let mut other = Browser::default();
    world.another_account(&mut other, "b2", "owner@beta.example").await;
    assert_eq!(other.get(&world, &page.location).await.status, 410);
    let (csrf, token) = (asked.field("csrf"), asked.field("token"));
    let form = [("csrf", csrf.as_str()), ("token", &token), ("shop", SHOP)];
    assert_eq!(victim.post(&world, "/connect/bigcommerce/claim", &form).await.status, 200);
    assert_eq!(stores().await, 1);
}
