//! Owners among themselves: somebody always owns the account, and whoever is taken out or demoted has lost it at once.

use super::{OPERATOR, OWNER, READER, audit, join, links, press, signed_in};
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::domain::people::{Refused, Role};
use waybill::flows::acts::Actor;
use waybill::flows::acts::people::{self, PeopleError};
use waybill::table::error::TableError;
use waybill::table::once::Session;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World};

const SECOND: &str = "second-owner@example.com";

async fn two_owners() -> (World, Browser, Browser) {
    let world = World::everyday("US").await;
    let mut owner = Browser::default();
    owner.sign_in(&world).await;
    let second = join(&world, &mut owner, SECOND, "owner").await;
    (world, owner, second)
}

fn actor(email: &str) -> Actor {
    Actor { who: email.to_owned(), from: "here".to_owned() }
}

async fn owners(world: &World) -> Vec<String> {
    let kept = world.app.table.people_get(&world.account).await.expect("table").expect("an account");
    kept.people.who_can(Role::Owner).into_iter().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_is_taken_out_is_signed_out_and_whoever_is_demoted_acts_no_more() {
    let (world, mut owner, mut second) = two_owners().await;
    let shop = format!("/shops/{SHOP}");
    let csrf = second.get(&world, &shop).await.field("csrf");
    let settings = [("csrf", csrf.as_str()), ("do", "settings"), ("digest_hour", "6")];
    assert_eq!(second.post(&world, &shop, &settings).await.status, 200);
    assert_eq!(press(&world, &mut owner, &[("do", "role"), ("email", SECOND), ("role", "reader")]).await.status, 303);
    let settings = [("csrf", csrf.as_str()), ("do", "settings"), ("digest_hour", "9")];
    let page = second.post(&world, &shop, &settings).await;
    assert!(page.status == 403 && page.text.contains("You are a reader") && page.text.contains(OWNER), "{}", page.text);
    assert_eq!(second.get(&world, &shop).await.status, 200, "a reader still sees it");

    assert_eq!(press(&world, &mut owner, &[("do", "remove"), ("email", SECOND)]).await.status, 303);
    let page = second.post(&world, &shop, &settings).await;
    assert!(page.status == 403 && page.text.contains("You are signed out"), "{}", page.text);
    assert!(second.get(&world, &shop).await.location.starts_with("/login"));
    world.time.skip(Duration::from_secs(61));
    let mails = links(&world, SECOND, "login").len();
    Browser::default().post(&world, "/login", &[("email", SECOND)]).await;
    assert_eq!(links(&world, SECOND, "login").len(), mails, "no link is mailed to somebody who may not come in");
    let id = ShopId::parse(SHOP).expect("id");
    let settings = world.app.table.shop_get(&id, true).await.expect("table").expect("a shop").row.settings;
    assert_eq!(settings.digest_hour, Some(6), "nothing was changed after the demotion");
    // Invited again, the old browser is not signed in by it.
    join(&world, &mut owner, SECOND, "reader").await;
    assert!(second.get(&world, &shop).await.location.starts_with("/login"));
    let acts = audit(&world).await;
    for act in
        ["settings 7494049642642441621", "role second-owner@example.com", "remove person second-owner@example.com"]
    {
        assert!(acts.iter().any(|line| line.ends_with(act)), "{act}: {acts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_owner_stays_whoever_asks() {
    let world = World::everyday("US").await;
    let mut owner = Browser::default();
    owner.sign_in(&world).await;
    join(&world, &mut owner, OPERATOR, "operator").await;
    for form in [&[("do", "remove"), ("email", OWNER)][..], &[("do", "role"), ("email", OWNER), ("role", "reader")]] {
        let page = press(&world, &mut owner, form).await;
        assert!(page.status == 422 && page.text.contains("last owner"), "{}", page.text);
    }
    for words in [["account", "role", OWNER, "reader"], ["account", "remove-person", OWNER, "--json"]] {
        let (said, attention) = world.command(&words).await;
        assert!(attention && said[0]["error"].as_str().is_some_and(|e| e.contains("last owner")), "{said:?}");
    }
    let (said, _) = world.command(&["account", "role", OPERATOR, "admin"]).await;
    assert_eq!(said[0]["status"], 2, "{said:?}");
    assert_eq!(owners(&world).await, [OWNER]);
}

#[tokio::test(start_paused = true)]
async fn two_owners_who_take_each_other_out_at_once_leave_one() {
    for seed in 0..20 {
        let (world, ..) = two_owners().await;
        let (one, two) = (world.process(seed).app, world.process(100 + seed).app);
        let (first, second) = (actor(OWNER), actor(SECOND));
        let (a, b) = tokio::join!(
            people::remove(&one, &first, &world.account, SECOND),
            people::remove(&two, &second, &world.account, OWNER),
        );
        let refused = |done: &Result<(), PeopleError>| matches!(done, Err(PeopleError::Refused(Refused::NotAnOwner)));
        assert!((a.is_ok() && refused(&b)) || (b.is_ok() && refused(&a)), "{a:?} {b:?}");
        assert_eq!(owners(&world).await.len(), 1);
    }
    // The very moment: both have read the people before either writes.
    let (world, ..) = two_owners().await;
    let table = &world.app.table;
    let mut kept = Vec::new();
    for email in [SECOND, OWNER] {
        let mut read = table.people_get(&world.account).await.expect("table").expect("people");
        read.people.remove(email).expect("not the last one here");
        kept.push(read);
    }
    assert!(table.people_put(&world.account, &kept[0]).await.is_ok());
    let late = table.people_put(&world.account, &kept[1]).await;
    assert!(matches!(late, Err(TableError::Conflict)), "{late:?}");
    assert_eq!(owners(&world).await, [OWNER]);
}

#[tokio::test(start_paused = true)]
async fn an_account_of_before_goes_on_and_a_founder_who_leaves_takes_nothing_along() {
    let world = World::everyday("US").await;
    // What a session looked like before there were people, and an account in which nobody was ever invited.
    let until = world.time.now() + jiff::SignedDuration::from_hours(100);
    let old = Session { account: world.account.clone(), person: None, several: false, until };
    world.app.table.session_put("c2Vzc2lvbi1vZi1iZWZvcmU", &old).await.expect("kept");
    let mut founder = Browser::holding("__Host-sid", "c2Vzc2lvbi1vZi1iZWZvcmU");
    let page = founder.get(&world, "/people").await;
    assert!(page.status == 200 && page.text.contains(OWNER) && page.text.contains("Invite somebody"), "{}", page.text);
    assert!(world.app.table.people_get(&world.account).await.expect("table").is_some());

    let mut second = join(&world, &mut founder, SECOND, "owner").await;
    assert_eq!(founder.get(&world, "/people").await.status, 200);
    let page = press(&world, &mut second, &[("do", "remove"), ("email", OWNER)]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert!(founder.get(&world, "/").await.location.starts_with("/login"), "the old session is the founder's");
    let account = world.app.table.account_get(&world.account).await.expect("table").expect("an account");
    assert_eq!(account.email.reveal(), SECOND, "mails go to somebody who is in");
    assert_eq!(world.app.table.account_of_email(OWNER).await.expect("table"), None);
    world.time.skip(Duration::from_secs(61));
    let before = links(&world, OWNER, "login").len();
    Browser::default().post(&world, "/login", &[("email", OWNER)]).await;
    assert_eq!(links(&world, OWNER, "login").len(), before);
    // The commands find the account by its new address.
    let (people, _) = world.command(&["account", "people", "--account", SECOND]).await;
    assert_eq!(people.len(), 1, "{people:?}");
}

#[tokio::test(start_paused = true)]
async fn the_command_line_invites_and_its_acts_on_accounts_stand_in_the_audit() {
    let world = World::everyday("US").await;
    let (said, attention) = world.command(&["account", "invite", READER, "--role", "reader"]).await;
    assert!(!attention && said[0]["mailed"] == true, "{said:?}");
    let link = said[0]["link"].as_str().expect("a link").to_owned();
    assert_eq!(links(&world, READER, "invitation"), std::slice::from_ref(&link));
    super::take_up(&world, READER, &link).await;
    world.command(&["account", "role", READER, "operator"]).await;
    world.command(&["account", "rename", OWNER, "Big Mugs"]).await;
    let (said, _) = world.command(&["login-link", READER]).await;
    let link = said[0]["link"].as_str().expect("a link").to_owned();
    let mut browser = Browser::default();
    browser.post(&world, &link, &[]).await;
    let page = browser.get(&world, "/people").await;
    assert!(page.text.contains(&format!("{READER} <small>you</small>")), "{}", page.text);
    world.command(&["account", "remove-person", READER]).await;
    assert!(browser.get(&world, "/people").await.location.starts_with("/login"));
    let acts = audit(&world).await;
    let expected = [
        format!("command line invite {READER}"),
        format!("{READER} join {READER}"),
        format!("command line role {READER}"),
        "command line rename account Big Mugs".to_owned(),
        format!("command line remove person {READER}"),
    ];
    assert_eq!(acts, expected);
    signed_in(&world, &world.account, OWNER).await;
}
