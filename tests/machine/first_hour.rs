//! The first hour of a newcomer, as the guide tells it.

use super::place::{Place, client};
use std::path::PathBuf;
use std::time::Duration;

/// A number is at TikTok within this time after its delivery: schedules run each minute, a webhook wakes them.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn play(program: PathBuf) {
    let place = Place::new(program).await;
    let (lines, status) = place.run_in(&place.data(), &["status"], "").await;
    assert_eq!(status, 2, "only init makes an installation: {lines:?}");
    place.prepare().await;
    println!("init, app set: done");
    let server = place.serve().await;
    let tenant = place.tenant("tiny-mugs".to_owned(), 1).await;
    println!("serve, account, shop, store: {} answers", server.origin);
    tenant.place(&place.tiktok, 1);
    let number = tenant.number(1);
    let http = client();
    let (answer, _) = tenant.post(&http, &server.origin, tenant.body(1, &[&number])).await;
    assert_eq!(answer, 200, "a signed delivery is taken");
    wait_for(&place, &tenant, 1).await;
    println!("one delivery: {number} is at TikTok once");
    let order = place.done(&["order", &number], "").await;
    assert!(order.iter().any(|row| row["number"] == number.as_str()), "{order:?}");
    let file = place.beside("all.waybill");
    let file = file.to_str().expect("text");
    place.done(&["backup", file], "").await;
    println!("backup, while it serves: done");

    // What comes after the backup is lost with the machine; the store's poll or its next message brings it back.
    server.kill().await;
    let (_, status) = place.run_in(&place.data(), &["status"], "").await;
    assert!(status < 2, "the folder opens after kill -9: {status}");
    let new = place.beside("new-machine");
    assert_eq!(place.run_in(&new, &["init"], "").await.1, 0, "only init makes an installation");
    let (lines, status) = place.run_in(&new, &["restore", file], "").await;
    assert_eq!(status, 0, "{lines:?}");
    let mut server = place.serve_in(&new).await;
    println!("kill -9, restore on a new machine: {} answers", server.origin);
    let (answer, _) = tenant.post(&http, &server.origin, tenant.body(1, &[&number])).await;
    assert_eq!(answer, 200, "the same delivery again");
    tenant.place(&place.tiktok, 2);
    let second = tenant.number(2);
    let (answer, _) = tenant.post(&http, &server.origin, tenant.body(2, &[&second])).await;
    assert_eq!(answer, 200, "the next delivery");
    wait_for(&place, &tenant, 2).await;
    let mut waits = Vec::new();
    for (n, count) in (3..=13).zip(3..) {
        tenant.place(&place.tiktok, n);
        let (answer, _) = tenant.post(&http, &server.origin, tenant.body(n, &[&tenant.number(n)])).await;
        assert_eq!(answer, 200, "a delivery like any other");
        waits.push(wait_for(&place, &tenant, count).await);
    }
    waits.sort_unstable();
    println!("from webhook to TikTok: {:.1?} at the median of {}", waits[waits.len() / 2], waits.len());
    let taken = place.taken(&tenant);
    assert!(taken.values().all(|times| *times == 1), "sent once each: {taken:?}");
    assert!(server.lives());
    println!("after the restore: {} numbers at TikTok, each once", taken.len());
}

/// Waits until so many numbers of a tenant are at TikTok. Returns how long that took.
async fn wait_for(place: &Place, tenant: &super::place::Tenant, count: usize) -> Duration {
    let started = std::time::Instant::now();
    while place.taken(tenant).len() < count {
        assert!(started.elapsed() < PATIENCE, "{count} numbers at TikTok: {:?}", place.taken(tenant));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    started.elapsed()
}
