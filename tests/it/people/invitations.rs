//! An invitation: who can take it up, how often, how long, and where.

use super::{OPERATOR, OWNER, READER, audit, invite, join, links, plain, press, rows, take_up};
use std::time::Duration;
use waybill_tests::world::World;
use waybill_tests::world::browser::{Browser, ORIGIN};

async fn world() -> (World, Browser) {
    let world = World::everyday("US").await;
    let mut owner = Browser::default();
    owner.sign_in(&world).await;
    (world, owner)
}

#[tokio::test(start_paused = true)]
async fn whoever_is_invited_comes_in_once_with_the_role_that_was_given() {
    let (world, mut owner) = world().await;
    let link = invite(&world, &mut owner, OPERATOR, "operator").await;
    let before = rows(&world);
    let mut scanner = Browser::default();
    let page = scanner.get(&world, &link).await;
    let text = plain(&page.text);
    assert!(page.status == 200 && text.contains("You are invited to Tiny Mugs") && text.contains("an operator"));
    assert_eq!(rows(&world), before, "opening a link changes nothing");

    let mut operator = take_up(&world, OPERATOR, &link).await;
    let page = operator.get(&world, "/people").await;
    assert!(page.status == 200 && page.text.contains(&format!("invited by {OWNER}")), "{}", page.text);
    assert!(!page.text.contains("Invite somebody"), "an operator asks nobody: {}", page.text);
    for mut again in [operator, Browser::default()] {
        assert_eq!(again.get(&world, &link).await.status, 410, "it works once");
        assert_eq!(again.post(&world, &link, &[]).await.status, 410, "it works once");
    }
    let known = press(&world, &mut owner, &[("do", "invite"), ("email", OPERATOR), ("role", "owner")]).await;
    assert!(known.status == 422 && known.text.contains("here already as operator"), "{}", known.text);
    let acts = audit(&world).await;
    assert!(acts.contains(&format!("{OWNER} invite {OPERATOR}")), "{acts:?}");
    assert!(acts.contains(&format!("{OPERATOR} join {OPERATOR}")), "{acts:?}");
    let (people, attention) = world.command(&["account", "people"]).await;
    let roles: Vec<_> = people.iter().map(|row| (row["person"].as_str(), row["role"].as_str())).collect();
    assert_eq!(roles, [(Some(OWNER), Some("owner")), (Some(OPERATOR), Some("operator"))]);
    assert!(!attention);
}

#[tokio::test(start_paused = true)]
async fn an_invitation_ends_after_seven_days_when_it_is_revoked_and_when_a_newer_one_is_sent() {
    let (world, mut owner) = world().await;
    let first = invite(&world, &mut owner, READER, "reader").await;
    world.time.skip(Duration::from_secs(61));
    let page = press(&world, &mut owner, &[("do", "again"), ("email", READER)]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let second = links(&world, READER, "invitation").pop().expect("a second one");
    assert_ne!(first, second);
    assert_eq!(Browser::default().post(&world, &first, &[]).await.status, 410, "the newer one counts");
    let page = press(&world, &mut owner, &[("do", "again"), ("email", READER)]).await;
    assert!(page.status == 422 && page.text.contains("invited a moment ago"), "{}", page.text);

    world.time.skip(Duration::from_secs(7 * 24 * 3600));
    let mut late = Browser::default();
    assert_eq!(late.get(&world, &second).await.status, 410, "too old");
    assert_eq!(late.post(&world, &second, &[]).await.status, 410, "too old");
    owner.sign_in(&world).await;
    assert!(owner.get(&world, "/people").await.text.contains("too old now"));

    let third = invite(&world, &mut owner, READER, "reader").await;
    assert_eq!(press(&world, &mut owner, &[("do", "revoke"), ("email", READER)]).await.status, 303);
    assert_eq!(Browser::default().post(&world, &third, &[]).await.status, 410, "taken back");
    let (people, _) = world.command(&["account", "people"]).await;
    assert_eq!(people.len(), 1, "{people:?}");
}

#[tokio::test(start_paused = true)]
async fn an_invitation_that_is_forwarded_lets_nobody_else_in() {
    let (world, mut owner) = world().await;
    let mut stranger = Browser::default();
    world.another_account(&mut stranger, "b2", "stranger@else.example").await;
    let link = invite(&world, &mut owner, READER, "reader").await;

    let before = rows(&world);
    let seen = stranger.get(&world, &link).await;
    assert!(seen.status == 403 && !seen.text.contains("Tiny Mugs") && !seen.text.contains(READER), "{}", seen.text);
    let page = stranger.post(&world, &link, &[]).await;
    assert!(page.status == 403 && page.text.contains("for somebody else"), "{}", page.text);
    assert_eq!(rows(&world), before, "nobody came in");
    let elsewhere = link.replace("/a1/", "/b2/");
    assert_ne!(elsewhere, link);
    assert_eq!(stranger.post(&world, &elsewhere, &[]).await.status, 410, "another account's");

    // Without a session: the press makes the invited person one of the people, and nobody else.
    let mut nobody = Browser::default();
    let page = nobody.post(&world, &link, &[]).await;
    assert!(page.status == 200 && !nobody.has("__Host-sid") && !page.text.contains(READER), "{}", page.text);
    assert!(nobody.get(&world, "/people").await.location.starts_with("/login"), "nobody is signed in");
    assert_eq!(links(&world, READER, "login").len(), 1, "the way in goes to the invited address");
    assert_eq!(links(&world, "stranger@else.example", "login").len(), 0);
    stranger.get(&world, "/").await;
    let csrf = stranger.get(&world, "/accounts").await.field("csrf");
    let page = stranger.post(&world, "/accounts", &[("csrf", &csrf), ("account", "a1")]).await;
    assert_eq!(page.status, 404, "{}", page.text);
    let (people, _) = world.command(&["account", "people", "--account", OWNER]).await;
    assert!(people.iter().all(|row| row["person"] != "stranger@else.example"), "{people:?}");
}

#[tokio::test(start_paused = true)]
async fn a_form_of_somebody_elses_page_takes_no_invitation_up() {
    let (world, mut owner) = world().await;
    let link = invite(&world, &mut owner, READER, "reader").await;
    let path = link.strip_prefix(ORIGIN).expect("ours");
    let request = http::Request::post(path).header("origin", "https://evil.example");
    let answer = console::handle(&world.app, request.body(lambda_http::Body::Empty).expect("a request")).await;
    assert_eq!(answer.expect("never fails").status(), 403);
    let (people, _) = world.command(&["account", "people"]).await;
    assert_eq!((people.len(), people[1]["state"].as_str()), (2, Some("invited")));
}

#[tokio::test(start_paused = true)]
async fn a_person_of_several_accounts_chooses_and_switches_and_an_old_form_acts_nowhere_else() {
    let (world, mut owner) = world().await;
    let agency = "agency@example.com";
    let mut theirs = Browser::default();
    let other = world.another_account(&mut theirs, "b2", agency).await;
    let link = invite(&world, &mut owner, agency, "operator").await;
    // Signed in as the invited person: no second mail, and this browser looks at the account at once.
    let page = theirs.post(&world, &link, &[]).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/people"), "{}", page.text);
    let page = theirs.get(&world, "/people").await;
    assert!(page.text.contains("You are an operator of Tiny Mugs now.") && page.text.contains(OWNER), "{}", page.text);

    world.time.skip(Duration::from_secs(61));
    let mut browser = Browser::default();
    browser.post(&world, "/login", &[("email", agency), ("to", "/mapping")]).await;
    let door = links(&world, agency, "login").pop().expect("a login link");
    let page = browser.post(&world, &door, &[]).await;
    assert_eq!(page.location, "/accounts?to=%2Fmapping", "which one is asked, the target is kept");
    let page = browser.get(&world, &page.location).await;
    let text = plain(&page.text);
    assert!(text.contains("Which account") && text.contains("Someone Else") && text.contains("Tiny Mugs"), "{text}");
    assert!(text.contains("May I sleep?") && text.contains("you are an owner") && text.contains("you are an operator"));
    let old = page.field("csrf");
    let form = [("csrf", old.as_str()), ("account", "a1"), ("to", "/mapping")];
    let page = browser.post(&world, "/accounts", &form).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/mapping"));
    let page = browser.get(&world, "/mapping").await;
    assert!(page.text.contains("Account Tiny Mugs: look at another one"), "{}", page.text);
    let before = rows(&world);
    let stale = [("csrf", old.as_str()), ("do", "map"), ("carrier", "Van"), ("provider", "USPS"), ("shop", "")];
    let page = browser.post(&world, "/mapping", &stale).await;
    assert!(page.status == 403 && page.text.contains("press that button again"), "{}", page.text);
    assert_eq!(rows(&world), before, "a form of the one account changes nothing in the other");
    // An owner there is an operator here.
    let csrf = browser.get(&world, "/people").await.field("csrf");
    let page = browser.post(&world, "/people", &[("csrf", &csrf), ("do", "remove"), ("email", OWNER)]).await;
    assert!(page.status == 403 && page.text.contains(OWNER), "{}", page.text);
    assert_eq!(world.app.table.account_of_email(agency).await.expect("table"), Some(other));
    let mut guest = join(&world, &mut owner, READER, "reader").await;
    assert_eq!(guest.get(&world, "/").await.status, 200, "one account: nothing to choose");
}
