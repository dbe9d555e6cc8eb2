//! Several ticks at once, a tick that is killed, and jobs that hang.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use reauth_reminder::{Event, handle};
use serde_json::json;
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::flows::connect::store::{self as connect_store, NewStore};
use waybill::flows::tick::Summary;
use waybill::table::keys::Slot;
use waybill_model::ModelAnswer;
use waybill_model::tiktok::Call;
use waybill_tests::world::calls::Side;
use waybill_tests::world::crowd::crowd_shop;
use waybill_tests::world::{World, mail_subject};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SHOPS: usize = 24;

/// A world of shops that all have a step, a refresh and a reminder due.
async fn all_due() -> (World, Vec<ShopId>) {
    let world = World::empty(1).await;
    let shops = world.crowd((0..SHOPS).map(crowd_shop)).await;
    world.until_nothing_is_due().await;
    world.time.skip(DAY * 61);
    (world, shops)
}

fn count(world: &World, call: Call) -> usize {
    world.tiktok.with_journal(|journal| journal.count(call))
}

/// Subjects of the reminders so far. Who is killed while a mail is written leaves a file without a subject.
fn reminded(world: &World) -> Vec<String> {
    let whole = world.mails().into_iter().filter(|mail| mail.contains("Subject: "));
    whole.map(|mail| mail_subject(&mail)).filter(|subject| subject.contains("days left")).collect()
}

fn reminders(world: &World) -> usize {
    reminded(world).len()
}

/// Ticks of processes of their own, at once.
async fn at_once(world: &World, ticks: Vec<Vec<Slot>>) -> Vec<Summary> {
    let processes: Vec<_> = (0..ticks.len() as u64).map(|n| world.process(100 + n)).collect();
    let events = ticks.into_iter().map(|slots| Event::Tick { slots });
    let runs = events.zip(&processes).map(|(event, process)| async move { handle(&process.app, &event).await });
    join_all(runs).await
}

async fn all_done(world: &World, shops: &[ShopId]) {
    for shop in shops {
        let due = world.step_due(shop).await;
        assert!(due.is_some_and(|due| due > world.time.now()), "{shop}: {due:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_ticks_at_once_do_each_job_once() {
    let (world, shops) = all_due().await;
    let (looks, refreshes) = (count(&world, Call::GetWarehouses), count(&world, Call::RefreshToken));
    let done = at_once(&world, Slot::all().map(|slot| vec![slot]).collect()).await;
    assert!(done.iter().filter(|tick| tick.due > 0).count() > 4, "the work is shared out: {done:?}");
    assert_eq!(reminders(&world), SHOPS, "each owner once");
    assert_eq!(count(&world, Call::RefreshToken) - refreshes, SHOPS, "each token once");
    assert_eq!(count(&world, Call::GetWarehouses) - looks, SHOPS, "each shop is looked after once");
    all_done(&world, &shops).await;
}

#[tokio::test(start_paused = true)]
async fn two_ticks_over_the_same_slots_at_once_tell_and_refresh_once() {
    let (world, shops) = all_due().await;
    let refreshes = count(&world, Call::RefreshToken);
    at_once(&world, vec![Slot::all().collect(), Slot::all().collect()]).await;
    // What one found in the other's hands is looked at again.
    world.time.skip(Duration::from_secs(900));
    world.tick().await;
    assert_eq!(reminders(&world), SHOPS, "each owner once");
    assert_eq!(count(&world, Call::RefreshToken) - refreshes, SHOPS, "each token once");
    all_done(&world, &shops).await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_is_killed_in_the_middle_leaves_nothing_undone() {
    let calls = {
        let (world, _) = all_due().await;
        let process = world.process(1);
        handle(&process.app, &Event::tick()).await;
        process.calls.count()
    };
    for part in 1..8 {
        for side in [Side::Before, Side::After] {
            let (world, shops) = all_due().await;
            let process = world.process(1);
            process.calls.kill(calls * part / 8, side);
            let event = Event::tick();
            assert!(process.calls.live(handle(&process.app, &event)).await.is_none(), "it was killed");
            for _ in 0..4 {
                world.time.skip(Duration::from_secs(300));
                world.tick().await;
            }
            all_done(&world, &shops).await;
            // Whose mail was under way may get it twice.
            let told = reminders(&world);
            assert!((SHOPS..=SHOPS + 64).contains(&told), "{told} mails after {part}/8");
            let mut whom = reminded(&world);
            whom.sort();
            whom.dedup();
            assert_eq!(whom.len(), SHOPS, "every owner was told");
        }
    }
}

/// Connects a Shopify store whose API answers after this long.
async fn store(world: &World, shop: &ShopId, n: usize, answers: Option<Duration>) -> waybill::domain::ids::StoreId {
    let domain = format!("store-{n}.myshopify.com");
    world.net.host(
        &domain,
        Box::new(move |_| {
            async move {
                match answers {
                    Some(after) => tokio::time::sleep(after).await,
                    None => std::future::pending().await,
                }
                let answer = http::Response::builder().status(500).body(bytes::Bytes::new());
                ModelAnswer::Reply(answer.expect("an answer"))
            }
            .boxed()
        }),
    );
    let row = world.app.table.shop_get(shop, true).await.expect("read").expect("there").row;
    let new = NewStore {
        account: row.account,
        platform: Platform::Shopify,
        shops: vec![shop.clone()],
        address: domain,
        settings: Default::default(),
        secrets: serde_json::from_value(json!({"webhook_secret": "s", "access_token": "shpat_1"})).expect("secrets"),
    };
    connect_store::add(&world.app, new).await.expect("store").store.id
}

#[tokio::test(start_paused = true)]
async fn stores_that_never_answer_keep_no_shop_and_no_other_store_waiting() {
    let world = World::empty(1).await;
    let shops = world.crowd((0..SHOPS).map(crowd_shop)).await;
    world.until_nothing_is_due().await;
    world.time.skip(DAY * 4);
    let mut stores = Vec::new();
    for n in 0..90 {
        // More that hang than there are places, and they are first.
        let answers = (n >= 60).then_some(Duration::from_millis(300));
        stores.push(store(&world, &shops[n % SHOPS], n, answers).await);
        world.time.skip(Duration::from_secs(1));
    }
    let (started, now) = (tokio::time::Instant::now(), world.time.now());
    let tick = world.tick().await;
    assert!(started.elapsed() < Duration::from_secs(240), "the function's time: {:?}", started.elapsed());
    assert_eq!(tick.left, 0, "{tick:?}");
    all_done(&world, &shops).await;
    for store in &stores {
        let row = world.app.table.store_get(store, true).await.expect("read").expect("there").row;
        assert!(row.polls.asked.is_some_and(|at| at >= now), "{store} was asked");
        assert!(row.poll_due.is_some_and(|due| due > now), "{store}");
    }
}
