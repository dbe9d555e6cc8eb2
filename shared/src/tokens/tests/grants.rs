//! Both ways to keep TikTok's tokens.

use super::model::Model;
use crate::domain::ids::{AccountId, OpenId};
use crate::domain::region::{AppRegion, Region};
use crate::tokens::testing;
use crate::tokens::{
    Grant, GrantError, GrantRow, Kept, KeyRing, OpenError, Owner, Row, SecretStore, StoreFault, TokenSet, erase_grant,
    fetch_grant, open_grant, seal_grant, store_grant,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use secrecy::ExposeSecret;

const ROW: Row<'static> = Row { table: "waybill", pk: "TOKEN#us#o:1", sk: "TOKEN" };

fn account() -> AccountId {
    AccountId::parse("a1").expect("an id")
}

fn tokens(version: u64) -> TokenSet {
    TokenSet {
        open_id: OpenId::parse("o:1/=x").expect("an id"),
        access_token: format!("canary-access-{version}").into(),
        refresh_token: format!("canary-refresh-{version}").into(),
        issued: testing::start(),
        access_expires: testing::start() + SignedDuration::from_hours(7 * 24),
        refresh_expires: testing::start() + SignedDuration::from_hours(90 * 24),
        scopes: vec!["seller.order.info".to_owned()],
        seller_name: "A shop".to_owned(),
        seller_region: Region::new("US"),
        version,
    }
}

fn owner(account: &AccountId) -> Owner<'_> {
    Owner { account, app: AppRegion::Us }
}

fn sealed(ring: &KeyRing, version: u64) -> Grant {
    seal_grant(ring, ROW, owner(&account()), &tokens(version), &testing::entropy(3)).expect("sealed")
}

fn same(one: &TokenSet, other: &TokenSet) -> bool {
    let secret = |set: &TokenSet| {
        (set.access_token.expose_secret().to_owned(), set.refresh_token.expose_secret().to_owned(), format!("{set:?}"))
    };
    secret(one) == secret(other)
}

#[test]
fn a_sealed_grant_goes_through_its_row_and_opens_there() {
    let ring = KeyRing::generate(&testing::entropy(1));
    let grant = sealed(&ring, 4);
    let row = grant.to_row().expect("a row");
    assert_eq!(row.version, 4);
    let back = Grant::from_row(&row).expect("a grant");
    assert_eq!(back, grant);
    assert!(same(&open_grant(&ring, ROW, &back).expect("opens"), &tokens(4)));
}

#[test]
fn neither_row_nor_debug_shows_a_token() {
    let grant = sealed(&KeyRing::generate(&testing::entropy(1)), 1);
    let shown = format!("{grant:?} {:?} {:?}", grant.to_row(), tokens(1));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_grant_of_another_row_account_or_version_does_not_open() {
    let ring = KeyRing::generate(&testing::entropy(1));
    let grant = sealed(&ring, 4);
    let elsewhere = Row { pk: "TOKEN#us#o2", ..ROW };
    let other_account = Grant { account: AccountId::parse("a2").expect("an id"), ..grant.clone() };
    let older = Grant { kept: sealed(&ring, 3).kept, ..grant.clone() };
    for (what, row, grant) in [("row", elsewhere, &grant), ("account", ROW, &other_account), ("version", ROW, &older)] {
        let opened = open_grant(&ring, row, grant);
        assert!(matches!(opened, Err(GrantError::Open(OpenError::Tampered))), "{what}: {opened:?}");
    }
    let other_ring = KeyRing::generate(&testing::entropy(2)).rotated(&testing::entropy(3));
    let rotated = sealed(&other_ring, 4);
    let opened = open_grant(&ring, ROW, &rotated);
    assert!(matches!(opened, Err(GrantError::Open(OpenError::UnknownKey(_)))), "{opened:?}");
}

#[test]
fn attributes_that_do_not_belong_together_are_no_grant() {
    let ring = KeyRing::generate(&testing::entropy(1));
    let good = sealed(&ring, 4).to_row().expect("a row");
    for (what, row) in [
        ("another version", GrantRow { version: 5, ..good.clone() }),
        ("no seal", GrantRow { sealed: "secret:".to_owned(), ..good.clone() }),
        ("no facts", GrantRow { facts: "[]".to_owned(), ..good.clone() }),
        ("half of the facts", GrantRow { facts: r#"{"version":4}"#.to_owned(), ..good }),
    ] {
        assert!(matches!(Grant::from_row(&row), Err(GrantError::Corrupt)), "{what}");
    }
}

#[tokio::test]
async fn tokens_in_a_secret_of_their_own_count_only_by_the_version_the_row_names() {
    let store = Model::default().store();
    let account = account();
    let keep = async |version| {
        store_grant(&store, "waybill", owner(&account), &tokens(version), &testing::entropy(5)).await.expect("kept")
    };
    // Two refreshers wrote; the row took the first one's grant.
    let (won, lost) = (keep(2).await, keep(2).await);
    assert_ne!(won.kept, lost.kept);
    let row = won.to_row().expect("a row");
    assert!(row.sealed.starts_with("secret:") && !format!("{row:?}").contains("canary"), "{row:?}");
    let grant = Grant::from_row(&row).expect("a grant");
    assert!(same(&fetch_grant(&store, "waybill", &grant).await.expect("there"), &tokens(2)));

    let ring = KeyRing::generate(&testing::entropy(1));
    assert!(matches!(open_grant(&ring, ROW, &grant), Err(GrantError::OtherStore)));
    let table = sealed(&ring, 2);
    assert!(matches!(fetch_grant(&store, "waybill", &table).await, Err(GrantError::OtherStore)));

    erase_grant(&store, "waybill", &grant).await.expect("erased");
    erase_grant(&store, "waybill", &table).await.expect("nothing to erase");
    let gone = fetch_grant(&store, "waybill", &grant).await;
    assert!(matches!(gone, Err(GrantError::Store(StoreFault::Missing { .. }))), "{gone:?}");
}

#[tokio::test]
async fn a_secret_that_holds_another_grants_tokens_is_not_taken() {
    let store = Model::default().store();
    let account = account();
    let grant = store_grant(&store, "waybill", owner(&account), &tokens(2), &testing::entropy(5)).await.expect("kept");
    let newer = Grant { version: 3, ..grant.clone() };
    assert!(matches!(fetch_grant(&store, "waybill", &newer).await, Err(GrantError::Corrupt)));
    let Kept::Secret { version } = &grant.kept else { panic!("in a secret") };
    let stored = store
        .get(&super::name("waybill/grant/us/o=3a1=2f=3dx"), Some(&crate::tokens::SecretVersion::new(version.as_str())))
        .await
        .expect("under a name that Secrets Manager takes");
    assert!(stored.text.expose_secret().contains("canary-access-2"));
}

#[test]
fn a_token_is_refreshed_at_about_four_fifths_of_its_life() {
    let day = |n: i64| testing::start() + SignedDuration::from_hours(n * 24);
    let set = |access, refresh| TokenSet { access_expires: access, refresh_expires: refresh, ..tokens(1) };
    let week = set(day(7), day(90));
    let hours = |at: Timestamp| at.duration_since(testing::start()).as_hours();
    assert_eq!(
        (hours(week.refresh_due(0.0)), hours(week.refresh_due(0.5)), hours(week.refresh_due(1.0))),
        (126, 134, 142)
    );
    assert!(set(day(7), day(2)).refresh_due(1.0) < day(2), "the refresh token ends first");
    assert!(set(day(36_000), day(36_000)).refresh_due(0.5) > day(7), "unlimited authorisations last almost a century");
    assert_eq!(set(day(-1), day(90)).refresh_due(0.5), testing::start(), "already over: at once");
    assert!(week.usable(day(6)) && !week.usable(day(7) - SignedDuration::from_secs(60)) && !week.usable(day(8)));
}

proptest! {
    #[test]
    fn any_attributes_are_read_or_refused(version in any::<u64>(), sealed in "\\PC{0,40}", facts in "\\PC{0,60}") {
        let _ = Grant::from_row(&GrantRow { version, sealed, facts });
    }

    #[test]
    fn a_refresh_is_never_due_after_the_token_ends(life in 1i64..4_000_000_000, spread in 0.0f64..1.0) {
        let end = testing::start() + SignedDuration::from_secs(life);
        let set = TokenSet { access_expires: end, refresh_expires: end, ..tokens(1) };
        let due = set.refresh_due(spread);
        prop_assert!(testing::start() < due && due < end);
    }
}
