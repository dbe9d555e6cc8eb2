//! The cache: how old a secret may be, and what a flood of wrong signatures costs.

use super::model::Model;
use super::{name, text};
use crate::domain::clock::Entropy;
use crate::tokens::testing::{self, Hands};
use crate::tokens::{KeyRing, SecretFault, SecretNames, SecretStore, Secrets, StoreFault};
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

struct Fixture {
    model: Model,
    hands: Hands,
    secrets: Secrets,
}

/// Four secrets in place; `spread` is what the source of randomness gives.
async fn fixture(spread: u8) -> Fixture {
    let (model, hands) = (Model::default(), Hands::new());
    let names = SecretNames::new("waybill").expect("names");
    crate::tokens::init(&model.store(), &names, &testing::entropy(1)).await.expect("made");
    let entropy = Entropy::new(move |bytes| bytes.fill(spread));
    let secrets = Secrets::new(Arc::new(model.store()), names, &hands.clock(), &entropy);
    Fixture { model, hands, secrets }
}

impl Fixture {
    async fn rotate(&self) {
        let ring = self.secrets.token_keys().get().await.expect("there").rotated(&testing::entropy(2));
        self.model.store().put(&name("waybill/kek/token"), &ring.to_text()).await.expect("put");
    }

    async fn keys(&self) -> Result<u32, SecretFault> {
        self.secrets.token_keys().get().await.map(|ring| ring.current().expect("a key").0)
    }
}

#[tokio::test]
async fn a_secret_is_read_again_after_four_to_six_minutes() {
    for (spread, minutes) in [(0x00, 4), (0xff, 6)] {
        let f = fixture(spread).await;
        f.rotate().await;
        let before = f.model.calls();
        assert_eq!(f.keys().await.expect("there"), 1, "still fresh");
        f.hands.forward(MINUTE * minutes - Duration::from_secs(1));
        assert_eq!(f.keys().await.expect("there"), 1);
        assert_eq!(f.model.calls(), before, "nothing was asked");
        f.hands.forward(Duration::from_secs(2));
        assert_eq!(f.keys().await.expect("there"), 2);
    }
}

#[tokio::test]
async fn a_day_without_secrets_manager_is_survived() {
    let f = fixture(0x80).await;
    assert_eq!(f.keys().await.expect("there"), 1);
    f.model.fail_with(Some("AccessDeniedException"));
    for _ in 0..23 {
        f.hands.forward(MINUTE * 60);
        assert_eq!(f.keys().await.expect("stale, and good"), 1);
    }
    let before = f.model.calls();
    for _ in 0..100 {
        assert!(f.keys().await.is_ok());
    }
    assert_eq!(f.model.calls(), before, "a broken store is not hammered");
    f.hands.forward(MINUTE * 61);
    assert!(matches!(f.keys().await, Err(SecretFault::Store(StoreFault::Refused { .. }))));
    f.model.fail_with(None);
    assert_eq!(f.keys().await.expect("back"), 1);
}

#[tokio::test]
async fn a_secret_that_was_broken_by_hand_does_not_replace_a_good_one() {
    let f = fixture(0x80).await;
    assert!(f.keys().await.is_ok());
    f.model.store().put(&name("waybill/kek/token"), &text("{\"current\":1}")).await.expect("put");
    f.hands.forward(MINUTE * 7);
    assert_eq!(f.keys().await.expect("the good one"), 1);
}

#[tokio::test]
async fn a_removed_secret_is_not_kept_alive() {
    let f = fixture(0x80).await;
    assert!(f.keys().await.is_ok());
    f.model.store().remove(&name("waybill/kek/token")).await.expect("removed");
    f.hands.forward(MINUTE * 7);
    assert!(matches!(f.keys().await, Err(SecretFault::Store(StoreFault::Missing { .. }))));
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_in_thirty_seconds() {
    let f = fixture(0x80).await;
    let used = f.secrets.token_keys().get().await.expect("there");
    assert!(f.secrets.token_keys().newer_than(&used).await.expect("asked").is_none(), "nothing newer");
    f.rotate().await;
    let before = f.model.calls();
    for _ in 0..50 {
        assert!(f.secrets.token_keys().newer_than(&used).await.expect("not asked").is_none());
    }
    assert_eq!(f.model.calls(), before, "a flood of wrong signatures asks nothing");
    f.hands.forward(Duration::from_secs(31));
    let newer = f.secrets.token_keys().newer_than(&used).await.expect("asked").expect("rotated");
    assert!(newer.key(2).is_ok());
    let seen = f.secrets.token_keys().newer_than(&used).await.expect("known").expect("no second call needed");
    assert!(Arc::ptr_eq(&newer, &seen));
    assert_eq!(f.model.calls(), before + 1);
}

#[tokio::test]
async fn a_burst_of_requests_asks_the_store_once() {
    let f = fixture(0x80).await;
    let before = f.model.calls();
    let all = (0..50).map(|_| f.secrets.hook_keys().get());
    let rings: Vec<Arc<KeyRing>> = futures_util::future::try_join_all(all).await.expect("there");
    assert_eq!((rings.len(), f.model.calls()), (50, before + 1));
}

#[tokio::test]
async fn an_app_that_was_never_set_is_told_by_name() {
    let f = fixture(0x80).await;
    let app = f.secrets.app().get().await.expect("there");
    let fault = app.tiktok(crate::domain::region::AppRegion::Us).expect_err("empty").to_string();
    assert!(fault.contains("waybill/app") && fault.contains("tiktok.us"), "{fault}");
    assert!(!format!("{:?}", f.secrets).contains("keys"));
}
