//! One contract for both stores of secrets, and what only one of them can do wrong.

use super::model::Model;
use super::{name, text};
use crate::tokens::testing;
use crate::tokens::{SecretFolder, SecretNames, SecretStore, SecretVersion, StoreFault, init};
use secrecy::ExposeSecret;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use tempfile::TempDir;

/// Both stores, empty. The folder lives as long as the first half.
fn both() -> (TempDir, [Arc<dyn SecretStore>; 2]) {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = SecretFolder::new(dir.path().join("secrets"), testing::entropy(7));
    (dir, [Arc::new(folder), Arc::new(Model::default().store())])
}

async fn read(store: &dyn SecretStore, of: &str) -> Option<String> {
    match store.get(&name(of), None).await {
        Ok(stored) => Some(stored.text.expose_secret().to_owned()),
        Err(StoreFault::Missing { .. }) => None,
        Err(e) => panic!("{e:?}"),
    }
}

#[tokio::test]
async fn what_was_put_last_is_what_is_read() {
    let (_dir, stores) = both();
    for store in stores {
        let secret = name("waybill/kek/token");
        assert_eq!(read(&*store, "waybill/kek/token").await, None, "{store:?}");
        let first = store.put(&secret, &text("one")).await.expect("put");
        let second = store.put(&secret, &text("two")).await.expect("put");
        assert_ne!(first, second);
        let now = store.get(&secret, None).await.expect("there");
        assert_eq!((now.text.expose_secret(), &now.version), ("two", &second));
        assert_eq!(read(&*store, "waybill/kek").await, None, "a part of a name is no secret");
    }
}

#[tokio::test]
async fn the_value_before_the_last_one_is_readable_by_version() {
    let (_dir, stores) = both();
    for store in stores {
        let secret = name("waybill/grant/us/o1");
        let mut versions = Vec::new();
        for value in ["one", "two", "three"] {
            versions.push(store.put(&secret, &text(value)).await.expect("put"));
        }
        for (version, value) in versions.iter().zip(["one", "two", "three"]).skip(1) {
            let stored = store.get(&secret, Some(version)).await.expect("kept");
            assert_eq!((stored.text.expose_secret(), &stored.version), (value, version));
        }
        let unknown = SecretVersion::new("0123456789abcdef0123456789abcdef");
        let missing = store.get(&secret, Some(&unknown)).await;
        assert!(matches!(missing, Err(StoreFault::Missing { .. })), "{missing:?}");
    }
}

#[tokio::test]
async fn creating_a_secret_never_replaces_one() {
    let (_dir, stores) = both();
    for store in stores {
        assert!(store.create(&name("waybill/web"), &text("first")).await.expect("made"));
        assert!(!store.create(&name("waybill/web"), &text("second")).await.expect("left"));
        assert_eq!(read(&*store, "waybill/web").await.as_deref(), Some("first"));
    }
}

#[tokio::test]
async fn a_removed_secret_is_gone_with_all_its_values() {
    let (_dir, stores) = both();
    for store in stores {
        let secret = name("waybill/grant/us/o1");
        let first = store.put(&secret, &text("one")).await.expect("put");
        store.put(&secret, &text("two")).await.expect("put");
        store.remove(&secret).await.expect("removed");
        store.remove(&secret).await.expect("removed twice");
        assert_eq!(read(&*store, "waybill/grant/us/o1").await, None);
        assert!(store.get(&secret, Some(&first)).await.is_err());
    }
}

#[tokio::test]
async fn the_four_secrets_are_made_once() {
    let (_dir, stores) = both();
    let names = SecretNames::new("waybill").expect("names");
    for store in stores {
        let made = init(&*store, &names, &testing::entropy(1)).await.expect("made");
        assert_eq!(
            made.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["waybill/app", "waybill/kek/token", "waybill/kek/hook", "waybill/web"]
        );
        assert!(made.iter().all(|(_, made)| *made));
        let key = read(&*store, "waybill/kek/token").await;
        let again = init(&*store, &names, &testing::entropy(2)).await.expect("left");
        assert!(again.iter().all(|(_, made)| !made));
        assert_eq!(read(&*store, "waybill/kek/token").await, key);
    }
}

#[tokio::test]
async fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let (dir, [store, _]) = both();
    store.put(&name("waybill/app"), &text("canary")).await.expect("put");
    let file = dir.path().join("secrets/waybill/app");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&dir.path().join("secrets"))), (0o600, 0o700));
    for wrong in [0o640, 0o604, 0o660] {
        fs::set_permissions(&file, fs::Permissions::from_mode(wrong)).expect("changed");
        let refused = store.get(&name("waybill/app"), None).await.expect_err("open to others");
        assert!(matches!(refused, StoreFault::Refused { .. }));
        assert!(refused.to_string().contains(&format!("chmod 600 {}", file.display())), "{refused}");
        assert!(store.put(&name("waybill/app"), &text("new")).await.is_err(), "others may have written it");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).expect("changed");
    assert_eq!(read(&*store, "waybill/app").await.as_deref(), Some("canary"));
    fs::set_permissions(dir.path().join("secrets"), fs::Permissions::from_mode(0o777)).expect("changed");
    let refused = store.get(&name("waybill/app"), None).await.expect_err("others may swap files");
    assert!(refused.to_string().contains("chmod 700"), "{refused}");
}

#[tokio::test]
async fn a_file_a_person_wrote_is_read_and_one_that_is_no_text_is_not() {
    let (dir, [store, _]) = both();
    store.put(&name("waybill/app"), &text("one")).await.expect("put");
    let file = dir.path().join("secrets/waybill/app");
    fs::write(&file, "by hand").expect("written");
    assert_eq!(read(&*store, "waybill/app").await.as_deref(), Some("by hand"));
    fs::write(&file, [0xff, 0xfe]).expect("written");
    assert!(matches!(store.get(&name("waybill/app"), None).await, Err(StoreFault::Refused { .. })));
    fs::write(&file, "x".repeat(70_000)).expect("written");
    assert!(matches!(store.get(&name("waybill/app"), None).await, Err(StoreFault::Refused { .. })));
}

#[tokio::test]
async fn writers_that_race_leave_one_whole_value() {
    let (dir, _) = both();
    let folder = || SecretFolder::new(dir.path().join("secrets"), testing::entropy(3));
    let secret = name("waybill/app");
    let values: Vec<_> = (0..20).map(|n| text(&format!("value {n}").repeat(500))).collect();
    let stores: Vec<_> = values.iter().map(|_| folder()).collect();
    let puts = stores.iter().zip(&values).map(|(store, value)| store.put(&secret, value));
    for put in futures_util::future::join_all(puts).await {
        put.expect("put");
    }
    let left = read(&folder(), "waybill/app").await.expect("there");
    assert!(values.iter().any(|value| value.expose_secret() == left));
    let files = fs::read_dir(dir.path().join("secrets/waybill")).expect("there").count();
    assert_eq!(files, 2, "the value and the one before it; nothing half written");
}

#[tokio::test]
async fn what_aws_answers_is_told_by_what_a_person_can_do_and_without_its_text() {
    for (code, told) in [
        ("AccessDeniedException", "lacks a permission"),
        ("InvalidRequestException", "marked for deletion"),
        ("DecryptionFailure", "DecryptionFailure"),
        ("ThrottlingException", "cannot answer"),
        ("InternalServiceError", "cannot answer"),
    ] {
        let model = Model::default();
        model.fail_with(Some(code));
        let error = model.store().put(&name("waybill/app"), &text("canary")).await.expect_err(code);
        assert!(error.to_string().contains(told), "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert_eq!(matches!(error, StoreFault::Unavailable { .. }), told == "cannot answer", "{code}");
    }
}

#[test]
fn a_name_cannot_leave_the_folder() {
    for bad in ["", "/", "/app", "app/", "a//b", "..", "../app", "a/../b", ".lock", "a/.b", "a b", "ä", "a~"] {
        assert!(super::SecretName::parse(bad).is_err(), "{bad:?}");
    }
    assert!(super::SecretName::parse("x".repeat(401)).is_err());
}
