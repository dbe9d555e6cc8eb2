//! Mails that sign people in: how many one address gets, and what can be learnt from asking.

use std::time::Duration;
use tokio::time::Instant;
use waybill_tests::world::browser::{Browser, ORIGIN};
use waybill_tests::world::{World, mail_text};

const OWNER: &str = "owner@tiny-mugs.example";

async fn ask(world: &World, browser: &mut Browser, email: &str) -> String {
    let page = browser.post(world, "/login", &[("email", email)]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text.split("class=\"code\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a code").to_owned()
}

fn link(mail: &str) -> String {
    let text = mail_text(mail);
    let start = text.find(&format!("{ORIGIN}/login/")).expect("a link");
    text[start..].split_whitespace().next().expect("a link").to_owned()
}

#[tokio::test(start_paused = true)]
async fn one_address_gets_one_mail_a_minute_and_five_an_hour() {
    let world = World::new().await;
    for _ in 0..50 {
        ask(&world, &mut Browser::default(), " Owner@Tiny-Mugs.example").await;
    }
    assert_eq!(world.mails().len(), 1, "within a minute");
    for _ in 0..20 {
        world.time.skip(Duration::from_secs(61));
        ask(&world, &mut Browser::default(), OWNER).await;
    }
    assert_eq!(world.mails().len(), 5, "within an hour");
    world.time.skip(Duration::from_secs(3600));
    ask(&world, &mut Browser::default(), OWNER).await;
    assert_eq!(world.mails().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn known_and_unknown_addresses_take_the_same_time_and_the_same_writes() {
    let world = World::new().await;
    let mut seen = Vec::new();
    for email in [OWNER, "nobody@nowhere.example"] {
        let mut rounds = Vec::new();
        for _ in 0..3 {
            let started = Instant::now();
            ask(&world, &mut Browser::default(), email).await;
            rounds.push(started.elapsed());
        }
        let counted = world.wire.all_rows(world.app.table.name());
        let counted = counted.iter().filter(|row| row["kind"]["S"] == "pace").count();
        seen.push((rounds, counted));
    }
    assert_eq!(seen[0].0, seen[1].0);
    assert_eq!((seen[0].1, seen[1].1), (1, 2), "both are counted");
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_twice_can_use_the_first_mail() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let code = ask(&world, &mut browser, OWNER).await;
    assert_eq!(ask(&world, &mut browser, OWNER).await, code, "the page shows the same code");
    let mails = world.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(browser.post(&world, &link(&mails[0]), &[]).await.location, "/");
    assert_ne!(ask(&world, &mut Browser::default(), OWNER).await, code, "another browser has another one");
}

#[tokio::test(start_paused = true)]
async fn a_mistyped_code_may_be_typed_again_a_few_times() {
    let world = World::new().await;
    let code = ask(&world, &mut Browser::default(), OWNER).await;
    let link = link(&world.mails()[0]);
    let mut phone = Browser::default();
    let page = phone.post(&world, &link, &[("code", "AAAAAAAA")]).await;
    assert!(page.status == 403 && page.text.contains("4 more times"), "{}", page.text);
    assert_eq!(phone.post(&world, &link, &[("code", &code)]).await.location, "/");
    assert_eq!(phone.post(&world, &link, &[("code", &code)]).await.status, 410, "it works once");

    world.time.skip(Duration::from_secs(61));
    let code = ask(&world, &mut Browser::default(), OWNER).await;
    let link = self::link(&world.mails()[1]);
    for left in [4, 3, 2, 1] {
        let page = Browser::default().post(&world, &link, &[("code", "AAAAAAAA")]).await;
        assert!(page.text.contains(&format!("{left} more time")), "{}", page.text);
    }
    assert_eq!(Browser::default().post(&world, &link, &[("code", "AAAAAAAA")]).await.status, 410);
    assert_eq!(Browser::default().post(&world, &link, &[("code", &code)]).await.status, 410, "it is used up");
}
