//! Who can write a store's row can still not send its credentials anywhere.

use futures_util::FutureExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use waybill::flows::access::store::{VaultError, store_access};
use waybill::table::connections::Versioned;
use waybill::table::keys;
use waybill::tokens::{Place, Purpose, seal};
use waybill_model::ModelAnswer;
use waybill_model::stores::{Kind, Plugin};
use waybill_tests::world::World;

#[tokio::test(start_paused = true)]
async fn a_changed_address_gets_no_credentials() {
    let world = World::new().await;
    for kind in [Kind::WooCommerce(Plugin::Ast), Kind::Shopify] {
        let front = world.open_store(kind).await;
        let store = world.store(&front).await;
        assert!(store_access(&world.app, &store).await.expect("opens").is_some());
        let read = world.app.table.store_get(&store.id, true).await.expect("table").expect("a store");
        let mut changed = Versioned { row: store.clone(), rev: read.rev };
        changed.row.address = "https://evil.example".into();
        world.app.table.store_put(&mut changed).await.expect("whoever may write a row");
        let opened = store_access(&world.app, &world.store(&front).await).await;
        assert!(matches!(opened, Err(VaultError::OtherAddress)), "{kind:?}: {opened:?}");
        // Nobody is asked: not the new address, and not the old one for somebody else.
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let answer = move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { ModelAnswer::Reset }.boxed()
        };
        world.net.host("evil.example", Box::new(answer));
        let visits = front.model.visits().len();
        world.app.stores.forget(&store.id);
        world.tick().await;
        assert_eq!((asked.load(Ordering::Relaxed), front.model.visits().len()), (0, visits), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_of_an_earlier_version_open_and_are_bound_then() {
    let world = World::new().await;
    let front = world.open_store(Kind::WooCommerce(Plugin::Ast)).await;
    let store = world.store(&front).await;
    // As version 0.1.0 wrote them: without an address.
    let key = keys::store_token(&store.id);
    let mut row = world.app.table.sealed_get(&key).await.expect("table").expect("credentials");
    let ring = world.app.secrets.token_keys().get().await.expect("keys");
    let version = row.version + 1;
    let tenant = store.account.as_str();
    let place = Place { tenant, table: world.app.table.name(), pk: &key.pk, sk: &key.sk, field: "tokens", version };
    let former = br#"{"basic":{"key":"ck_former","secret":"cs_former"}}"#;
    row.sealed = seal(&ring, Purpose::StoreAccess, &place, former, &world.app.entropy).expect("sealed").to_text();
    row.version = version;
    world.app.table.sealed_put(&mut row).await.expect("stored");
    assert!(store_access(&world.app, &store).await.expect("opens").is_some());
    let bound = world.app.table.sealed_get(&key).await.expect("table").expect("credentials");
    assert_eq!(bound.version, version + 1, "sealed again, with its address");
    let mut elsewhere = store.clone();
    elsewhere.address = "https://evil.example".into();
    assert!(matches!(store_access(&world.app, &elsewhere).await, Err(VaultError::OtherAddress)));
    assert!(store_access(&world.app, &store).await.expect("opens").is_some());
    let after = world.app.table.sealed_get(&key).await.expect("table").expect("credentials");
    assert_eq!(after.version, bound.version, "once is enough");
}
