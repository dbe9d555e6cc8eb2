//! One tenant is attacked, and strangers do what they can; another tenant's deliveries go on and are timed.

use super::place::{Place, Server, Tenant, client, percentile};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Tenants whose deliveries go on, one after the other: TikTok takes two numbers a second of a shop.
const GOOD: u64 = 12;
/// One good delivery each so often.
const EVERY: Duration = Duration::from_millis(50);
const IDLE: usize = 2000;
const UNFINISHED: usize = 200;
const NUMBERS: u64 = 90_000;
const LOG_INS: u64 = 10_000;
/// Log-in requests under way at a time.
const TOGETHER: u64 = 64;
/// The last number is at TikTok this long after the last attack.
const PATIENCE: Duration = Duration::from_secs(180);
/// Promised: resident memory stays below, in kB.
const MEMORY: u64 = 200_000;

pub(crate) async fn play(program: PathBuf) {
    let place = Place::new(program).await;
    place.prepare().await;
    let mut server = place.serve().await;
    let attacked = place.tenant("attacked".to_owned(), 2).await;
    let mut good = Vec::new();
    for n in 0..GOOD {
        good.push(place.tenant(format!("good-{n}"), 10 + n).await);
    }
    let next = Arc::new(AtomicU64::new(1));
    println!("| under | good deliveries | not answered 200 | p50 | p99 | longest | memory |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    stage("nothing", &place, &server, &good, &next, tokio::time::sleep(Duration::from_secs(5))).await;
    let address = server.origin.trim_start_matches("http://").to_owned();
    stage("2,000 idle connections", &place, &server, &good, &next, idle(&address)).await;
    stage("200 unfinished bodies", &place, &server, &good, &next, unfinished(&address)).await;
    stage("a delivery of 90,000 numbers", &place, &server, &good, &next, enormous(&server.origin, &attacked)).await;
    stage("10,000 log-in requests", &place, &server, &good, &next, log_ins(&server.origin)).await;
    assert!(server.lives(), "serve lives");
    let sent = usize::try_from(next.load(Ordering::Relaxed) - 1).expect("a count");
    let started = std::time::Instant::now();
    let taken = || {
        good.iter().map(|tenant| place.taken(tenant)).fold(BTreeMap::new(), |mut all, one| {
            all.extend(one);
            all
        })
    };
    while taken().len() < sent && started.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let taken = taken();
    println!("\n{} of {sent} good numbers at TikTok, {:.0} s later", taken.len(), started.elapsed().as_secs_f64());
    assert_eq!(taken.len(), sent, "nothing is lost");
    assert!(taken.values().all(|times| *times == 1), "each once");
    let usage = server.usage();
    println!("memory at most {} kB, {} open files at the end", usage.most, usage.files);
    assert!(usage.most < MEMORY, "memory stays under {MEMORY} kB: {usage:?}");
}

/// Whose the n-th good delivery is.
fn of(good: &[Tenant], n: u64) -> &Tenant {
    &good[usize::try_from(n % GOOD).expect("a count")]
}

/// Good deliveries as long as the attack lasts; prints a line.
async fn stage(
    name: &str,
    place: &Place,
    server: &Server,
    good: &[Tenant],
    next: &AtomicU64,
    attack: impl Future<Output = ()>,
) {
    let http = client();
    let mut deliveries = JoinSet::new();
    let mut ticks = tokio::time::interval(EVERY);
    let mut attack = std::pin::pin!(attack);
    loop {
        tokio::select! {
            () = &mut attack => break,
            _ = ticks.tick() => {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let good = of(good, n).clone();
                good.place(&place.tiktok, n);
                let (http, origin) = (http.clone(), server.origin.clone());
                deliveries.spawn(async move { good.post(&http, &origin, good.body(n, &[&good.number(n)])).await });
            }
        }
    }
    let answers = deliveries.join_all().await;
    let times: Vec<Duration> = answers.iter().map(|(_, time)| *time).collect();
    let other = answers.iter().filter(|(status, _)| *status != 200).count();
    let took = |share| percentile(&times, share);
    println!(
        "| {name} | {} | {other} | {:.1} ms | {:.1} ms | {:.1} ms | {} MB |",
        answers.len(),
        took(0.5),
        took(0.99),
        took(1.0),
        server.usage().now / 1000
    );
    assert_eq!(other, 0, "each good delivery is answered 200 under {name}");
}

async fn idle(address: &str) {
    let mut open = Vec::new();
    for _ in 0..IDLE {
        if let Ok(stream) = TcpStream::connect(address).await {
            open.push(stream);
        }
    }
    tokio::time::sleep(Duration::from_secs(8)).await;
}

async fn unfinished(address: &str) {
    let head = "POST /hooks/shopify HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n";
    let half = vec![b'x'; 500_000];
    let mut open = JoinSet::new();
    for _ in 0..UNFINISHED {
        let (address, half) = (address.to_owned(), half.clone());
        open.spawn(async move {
            let Ok(mut stream) = TcpStream::connect(address).await else { return };
            drop(stream.write_all(head.as_bytes()).await);
            drop(stream.write_all(&half).await);
            // It waits for an answer that comes when its time is over.
            drop(tokio::time::timeout(Duration::from_secs(8), stream.read(&mut [0; 64])).await);
        });
    }
    open.join_all().await;
}

async fn enormous(origin: &str, attacked: &Tenant) {
    let http = client();
    let numbers: Vec<String> = (0..NUMBERS).map(|n| format!("TBRT9{n:06}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    for n in 0..5 {
        let (status, time) = attacked.post(&http, origin, attacked.body(n, &numbers)).await;
        assert!(status != 0 && status < 500, "an answer in words: {status} after {time:?}");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
}

async fn log_ins(origin: &str) {
    let http = client();
    let next = Arc::new(AtomicU64::new(0));
    let mut asking = JoinSet::new();
    for _ in 0..TOGETHER {
        let (http, next, origin) = (http.clone(), Arc::clone(&next), origin.to_owned());
        asking.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= LOG_INS {
                    return;
                }
                // Every second one is a known address.
                let mail = if n % 2 == 0 { "owner@good-1.example".into() } else { format!("nobody{n}@example.com") };
                let form = format!("email={}", mail.replace('@', "%40"));
                let request = http.post(format!("{origin}/login")).header("origin", &origin).body(form);
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                let status = request.send().await.map_or(0, |answer| answer.status().as_u16());
                assert!(status != 0 && status < 500, "a log-in request is answered: {status}");
            }
        });
    }
    asking.join_all().await;
}
