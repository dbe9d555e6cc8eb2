//! Who gets the mails about a shop: the account's address, or people of the account that somebody chose; each mail once to
//! each of them, whatever one address does.

use super::post::Post;
use super::{OPERATOR, OWNER, READER, audit, invite, join, links, plain, press, take_up};
use crate::desk_pages::parcel;
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::domain::private::Private;
use waybill::flows::tell::feedback;
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::everyday::SECOND_SHOP;
use waybill_tests::world::{SHOP, World, mail_subject};

const NEW: &str = "new carrier";

/// Two shops of one account with an owner, an operator and a reader, and the owner's browser.
async fn office() -> (World, Browser) {
    let world = World::with_two_shops().await;
    let mut owner = Browser::default();
    owner.sign_in(&world).await;
    for (email, role) in [(OPERATOR, "operator"), (READER, "reader")] {
        join(&world, &mut owner, email, role).await;
    }
    (world, owner)
}

/// Ticks people in the form of a shop's settings.
async fn choose(world: &World, owner: &mut Browser, shop: &str, emails: &[&str]) -> Page {
    let page = format!("/shops/{shop}");
    let csrf = owner.get(world, &page).await.field("csrf");
    let mut form = vec![("csrf", csrf.as_str()), ("do", "settings"), ("mail_to", "")];
    form.extend(emails.iter().map(|email| ("mail_to", *email)));
    owner.post(world, &page, &form).await
}

/// A carrier that nobody knows is named in an order of a shop: its mail comes within the hour, and then daily.
async fn strange_carrier(world: &World, shop: &str, order: u64) {
    let id = format!("5760000000000000{order}");
    world.tiktok.order(shop, &id).lines(&[("MUG", 1)]).place();
    let store = world.warehouse(&format!("wh-{order}"), &[shop]).await;
    world
        .tell(&store, parcel(world, &format!("W{order}"), Some(&id), &format!("VAN20260000{order}"), "Blue van", "MUG"))
        .await;
    world.minutes(20).await;
}

/// The next day comes, and two hours of it pass.
async fn a_day_later(world: &World) {
    world.time.skip(Duration::from_secs(22 * 3600));
    world.hours(2).await;
}

/// Whom mails with these words went to so far, in the order of their addresses.
fn went_to(world: &World, words: &str) -> Vec<String> {
    let mails = world.mails();
    let to = |mail: &String| {
        let line = mail.split("\r\n").find_map(|line| line.strip_prefix("To: ")).expect("a reader");
        mail_subject(mail).contains(words).then(|| line.to_owned())
    };
    let mut all: Vec<String> = mails.iter().filter_map(to).collect();
    all.sort();
    all
}

#[tokio::test(start_paused = true)]
async fn mails_about_a_shop_go_to_the_account_until_people_are_chosen_and_then_to_each_of_them_once() {
    let (world, mut owner) = office().await;
    strange_carrier(&world, SHOP, 17).await;
    assert_eq!(went_to(&world, NEW), [OWNER], "nobody was chosen");

    let page = choose(&world, &mut owner, SHOP, &[READER, OPERATOR]).await;
    let said = format!("Saved: mails go to: {OPERATOR}, {READER} (was the account's address).");
    assert!(page.status == 200 && plain(&page.text).contains(&said), "{}", page.text);
    let ticked = |email: &str| format!("value=\"{email}\" checked");
    for (email, is) in [(OWNER, false), (OPERATOR, true), (READER, true)] {
        assert_eq!(plain(&page.text).replace("&#64;", "@").contains(&ticked(email)), is, "{email}: {}", page.text);
    }
    assert!(audit(&world).await.contains(&format!("{OWNER} settings {SHOP}")));
    a_day_later(&world).await;
    assert_eq!(went_to(&world, NEW), [OPERATOR, OWNER, READER], "each of them once, the account's address no more");

    // Another shop of the same account has a list of its own.
    strange_carrier(&world, SECOND_SHOP, 18).await;
    assert_eq!(went_to(&world, NEW), [OPERATOR, OWNER, OWNER, READER]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_account_gets_no_mail_any_more_and_with_the_last_one_the_account_has_them_again() {
    let (world, mut owner) = office().await;
    choose(&world, &mut owner, SHOP, &[READER, OPERATOR]).await;
    press(&world, &mut owner, &[("do", "remove"), ("email", READER)]).await;
    strange_carrier(&world, SHOP, 17).await;
    assert_eq!(went_to(&world, NEW), [OPERATOR]);
    let page = owner.get(&world, &format!("/shops/{SHOP}")).await;
    assert!(!page.text.contains(READER), "{}", page.text);
    press(&world, &mut owner, &[("do", "remove"), ("email", OPERATOR)]).await;
    a_day_later(&world).await;
    assert_eq!(went_to(&world, NEW), [OPERATOR, OWNER]);
    let (shops, _) = world.command(&["shop", "list"]).await;
    assert_eq!(shops[0]["mail_to"], serde_json::json!([OWNER]), "{shops:?}");

    // A removal that died half-way left a name behind: whoever comes in anew is on no list all the same.
    let back = join(&world, &mut owner, READER, "reader").await;
    choose(&world, &mut owner, SHOP, &[READER]).await;
    let mut kept = world.app.table.people_get(&world.account).await.expect("table").expect("people");
    kept.people.remove(READER).expect("not the last owner");
    world.app.table.people_put(&world.account, &kept).await.expect("taken out");
    drop(back);
    join(&world, &mut owner, READER, "reader").await;
    a_day_later(&world).await;
    assert_eq!(went_to(&world, NEW), [OPERATOR, OWNER, OWNER]);
}

#[tokio::test(start_paused = true)]
async fn the_command_names_who_gets_the_mails_and_takes_nobody_from_outside() {
    let (world, mut owner) = office().await;
    let set = async |list: &str| world.command(&["shop", "set", SHOP, "--mail-to", list]).await;
    let both = format!("{READER}, {}", OPERATOR.to_uppercase());
    let (rows, attention) = set(&both).await;
    assert!(!attention && rows[0]["mail_to"] == serde_json::json!([OPERATOR, READER]), "{rows:?}");
    let (shops, _) = world.command(&["shop", "list"]).await;
    assert_eq!(shops[0]["mail_to"], serde_json::json!([OPERATOR, READER]), "{shops:?}");
    assert_eq!(shops[1]["mail_to"], serde_json::json!([OWNER]), "{shops:?}");

    let (said, _) = set(&format!("{READER},stranger@elsewhere.example")).await;
    let error = said[0]["error"].as_str().unwrap_or_default();
    assert!(said[0]["status"] == 2 && error.contains("--mail-to: stranger@elsewhere.example is none of"), "{said:?}");
    let page = choose(&world, &mut owner, SHOP, &[READER, "stranger@elsewhere.example"]).await;
    assert!(page.text.contains("Nothing was saved: mail_to: stranger@elsewhere.example"), "{}", page.text);
    let (shops, _) = world.command(&["shop", "list"]).await;
    assert_eq!(shops[0]["mail_to"], serde_json::json!([OPERATOR, READER]), "nothing was changed");

    let (rows, _) = set("default").await;
    assert_eq!(rows[0]["mail_to"], serde_json::json!([OWNER]));
    set(READER).await;
    let (rows, _) = set("").await;
    assert_eq!(rows[0]["mail_to"], serde_json::json!([OWNER]));
    let acts = audit(&world).await;
    let settings = acts.iter().filter(|act| **act == format!("command line settings {SHOP}")).count();
    assert_eq!(settings, 4, "{acts:?}");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_takes_no_mail_costs_the_others_none_and_sends_them_none_twice() {
    let (mut world, mut owner) = office().await;
    let post = Post::of(&mut world);
    choose(&world, &mut owner, SHOP, &[OPERATOR, READER]).await;
    post.shut(OPERATOR, true);
    strange_carrier(&world, SHOP, 17).await;
    assert_eq!(post.delivered(NEW), [READER], "the one behind it has the mail at once");
    world.tick().await;
    assert_eq!(post.delivered(NEW), [""; 0]);
    post.shut(OPERATOR, false);
    world.minutes(60).await;
    assert_eq!(post.delivered(NEW), [OPERATOR], "later the other one has it too, and nobody twice");

    // The next day nothing is taken for the address at all: after a while it is given up, and said.
    post.shut(OPERATOR, true);
    a_day_later(&world).await;
    assert_eq!(post.delivered(NEW), [READER]);
    let refused = post.refused(NEW);
    world.hours(2).await;
    assert_eq!((post.delivered(NEW), post.refused(NEW)), (vec![], refused), "nothing is tried for ever");
    for page in ["/", "/people", &format!("/shops/{SHOP}")] {
        let text = owner.get(&world, page).await.text;
        assert!(text.contains("the mail service has taken no mail for this address since"), "{page}: {text}");
    }
    // From now on it is tried once a mail, and holds nothing up.
    a_day_later(&world).await;
    assert_eq!((post.delivered(NEW), post.refused(NEW)), (vec![READER.to_owned()], refused + 1));
    post.shut(OPERATOR, false);
    a_day_later(&world).await;
    assert_eq!(post.delivered(NEW), [OPERATOR, READER]);
    let text = owner.get(&world, "/people").await.text;
    assert!(!text.contains("has taken no mail"), "{text}");

    // Nobody takes anything: as before there were lists, it is tried until somebody does.
    post.shut(OPERATOR, true);
    post.shut(READER, true);
    a_day_later(&world).await;
    assert_eq!(post.delivered(NEW), [""; 0]);
    post.shut(OPERATOR, false);
    post.shut(READER, false);
    world.hours(1).await;
    assert_eq!(post.delivered(NEW), [OPERATOR, READER]);
}

#[tokio::test(start_paused = true)]
async fn a_bounce_is_shown_with_the_person_whose_address_it_is_until_a_mail_arrives() {
    let (world, mut owner) = office().await;
    let bounced = feedback::run(&world.app, "Bounce", &[Private::new(format!("R <{READER}>"))]).await;
    assert_eq!(bounced, 1);
    let page = owner.get(&world, "/people").await;
    assert!(page.text.contains("our mail came back on"), "{}", page.text);
    let page = owner.get(&world, "/").await;
    assert!(page.text.contains(READER) && !page.text.contains("All is well"), "{}", page.text);
    let (accounts, attention) = world.command(&["account", "list"]).await;
    assert!(!attention && accounts[0]["mail_trouble"].is_null(), "the account's own address is fine: {accounts:?}");

    world.time.skip(Duration::from_secs(61));
    Browser::default().post(&world, "/login", &[("email", READER)]).await;
    let door = links(&world, READER, "login").pop().expect("a link");
    assert_eq!(Browser::default().post(&world, &door, &[]).await.status, 200, "another browser: a code is asked for");
    let mut theirs = Browser::default();
    world.time.skip(Duration::from_secs(61));
    theirs.post(&world, "/login", &[("email", READER)]).await;
    let door = links(&world, READER, "login").pop().expect("a link");
    assert_eq!(theirs.post(&world, &door, &[]).await.status, 303);
    assert!(!owner.get(&world, "/people").await.text.contains("came back"), "it has arrived");

    // Neither a stranger's bounce nor that of somebody who has left is anybody's here.
    press(&world, &mut owner, &[("do", "remove"), ("email", READER)]).await;
    let gone = [READER, "stranger@elsewhere.example"].map(|email| Private::new(email.to_owned()));
    assert_eq!(feedback::run(&world.app, "Bounce", &gone).await, 0);
    let link = invite(&world, &mut owner, READER, "reader").await;
    take_up(&world, READER, &link).await;
    assert!(!owner.get(&world, "/people").await.text.contains("came back"));
}

#[tokio::test(start_paused = true)]
async fn a_ledger_of_before_counts_and_a_mail_with_one_reader_is_written_as_before() {
    let (world, mut owner) = office().await;
    strange_carrier(&world, SHOP, 17).await;
    let rows = world.wire.all_rows(world.app.table.name());
    let told = |row: &&serde_json::Value| row["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("MAIL#7"));
    let row = rows.iter().find(told).expect("the mail's row");
    let mut names: Vec<&String> = row.as_object().expect("a row").keys().collect();
    names.sort();
    assert_eq!(names, ["at", "kind", "pk", "rev", "sk", "state", "ttl"], "{row}");
    choose(&world, &mut owner, SHOP, &[OPERATOR, READER]).await;
    world.hours(2).await;
    assert_eq!(went_to(&world, NEW), [OWNER], "what the account was told is told");
    let id = ShopId::parse(SHOP).expect("id");
    let shop = world.app.table.shop_get(&id, true).await.expect("table").expect("a shop").row;
    let mut before = serde_json::to_value(&shop).expect("JSON");
    before["settings"].as_object_mut().expect("settings").remove("mail_to");
    let read: waybill::domain::connection::Shop = serde_json::from_value(before).expect("a row of before");
    assert!(read.settings.mail_to.is_empty());
}
