//! Several people in an account: who comes in, what each may do, and that whoever is taken out is out.

mod copies;
mod invitations;
mod mails;
mod owners;
mod post;
mod random;
mod roles;

use crate::desk_pages::parcel;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use waybill::domain::ids::AccountId;
use waybill::flows::connect::login;
use waybill_tests::world::browser::{Browser, ORIGIN, Page};
use waybill_tests::world::{World, mail_text};

const OWNER: &str = "owner@tiny-mugs.example";
const OPERATOR: &str = "operator@example.com";
const READER: &str = "reader@example.com";

/// Every row but those that a visit alone may write: sessions, values that count once, the public keys of proofs.
fn rows(world: &World) -> BTreeMap<String, String> {
    let key = |row: &Value, name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
    let rows = world.wire.all_rows(world.app.table.name());
    let rows = rows.iter().map(|row| (format!("{} {}", key(row, "pk"), key(row, "sk")), row.to_string()));
    let visits = ["SESSION#", "ONCE#", "PROOF#"];
    rows.filter(|(key, _)| !visits.iter().any(|visit| key.starts_with(visit))).collect()
}

/// Text as a browser reads it from a page.
fn plain(text: &str) -> String {
    let text = text.replace("&#x2f;", "/").replace("&quot;", "\"").replace("&#x27;", "'");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Mails to an address that hold a link of this kind, oldest first: the links.
fn links(world: &World, email: &str, kind: &str) -> Vec<String> {
    let start = format!("{ORIGIN}/{kind}/");
    let mails = world.mails();
    let texts = mails.iter().filter(|mail| mail.contains(&format!("To: {email}"))).map(|mail| mail_text(mail));
    let link = |text: String| {
        let at = text.find(&start)?;
        text[at..].split_whitespace().next().map(str::to_owned)
    };
    texts.filter_map(link).collect()
}

/// Presses a button of the page People, in the words of its form.
async fn press(world: &World, browser: &mut Browser, fields: &[(&str, &str)]) -> Page {
    let csrf = browser.get(world, "/people").await.field("csrf");
    let mut form = vec![("csrf", csrf.as_str())];
    form.extend(fields);
    browser.post(world, "/people", &form).await
}

/// An owner asks somebody. Gives the link that was mailed to them.
async fn invite(world: &World, owner: &mut Browser, email: &str, role: &str) -> String {
    world.time.skip(Duration::from_secs(61));
    let page = press(world, owner, &[("do", "invite"), ("email", email), ("role", role)]).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/people"), "{}", page.text);
    links(world, email, "invitation").pop().expect("an invitation")
}

/// Takes an invitation up in a browser of its own and signs in by the mailed link.
async fn take_up(world: &World, email: &str, link: &str) -> Browser {
    let mut browser = Browser::default();
    assert_eq!(browser.get(world, link).await.status, 200);
    let page = browser.post(world, link, &[]).await;
    assert!(page.status == 200 && page.text.contains("Check your mail"), "{}", page.text);
    let door = links(world, email, "login").pop().expect("a login link");
    let page = browser.post(world, &door, &[]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    browser
}

/// Somebody comes in.
async fn join(world: &World, owner: &mut Browser, email: &str, role: &str) -> Browser {
    let link = invite(world, owner, email, role).await;
    take_up(world, email, &link).await
}

/// A browser that one of an account's people is signed in with, by a link that the operator printed.
async fn signed_in(world: &World, account: &AccountId, email: &str) -> Browser {
    let kept = world.app.table.people_get(account).await.expect("table").expect("an account");
    let person = kept.people.find(email).expect("a person");
    let link = login::printed_link_for(&world.app, account, person).await.expect("a link");
    let mut browser = Browser::default();
    assert_eq!(browser.post(world, &link, &[]).await.status, 303);
    browser
}

/// The acts of the audit, as `who act of`.
async fn audit(world: &World) -> Vec<String> {
    let (rows, _) = world.command(&["audit"]).await;
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| format!("{} {} {}", word(row, "who"), word(row, "act"), word(row, "of"))).collect()
}
