//! The page that says what the next push would do.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_the_next_push_would_do_is_said_and_nothing_is_done() {
    let (world, store, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", Some(ONE), &usps(1), "USPS", "MUG")).await;
    let page = browser.get(&world, &format!("/orders/{ONE}/explain")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let text = plain(&page.text);
    assert!(text.contains("would be sent") && text.contains(&usps(1)), "{text}");
    assert!(text.contains("The call that would go out") && text.contains("tracking_number"), "{text}");
    assert!(world.tiktok.with_journal(|journal| journal.changes.is_empty()), "looking sends nothing");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
    let text = browser.get(&world, &format!("/orders/{ONE}/explain")).await.text;
    assert!(text.contains("TikTok has it"), "{text}");

    assert_eq!(browser.get(&world, "/orders/576000000000099999/explain").await.status, 404);
    let stranger = Browser::default().get(&world, &format!("/orders/{ONE}/explain")).await;
    assert_ne!(stranger.status, 200, "only for who is signed in");
}
