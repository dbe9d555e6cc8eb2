//! Ordinary load for a while: 50 deliveries a second, pages looked at, the process killed now and then. Memory, files and
//! times are printed each minute.

use super::place::{Place, client, percentile};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const A_SECOND: u32 = 50;
/// TikTok takes two numbers a second of a shop.
const SHOPS: u64 = 40;
/// The process dies so often in the whole run.
const DEATHS: u32 = 10;

pub(crate) async fn play(program: PathBuf, length: Duration) {
    let place = Place::new(program).await;
    place.prepare().await;
    let mut server = place.serve().await;
    let mut tenants = Vec::new();
    for n in 0..SHOPS {
        tenants.push(place.tenant(format!("steady-{n}"), 10 + n).await);
    }
    let of = |n: u64| &tenants[usize::try_from(n % SHOPS).expect("a count")];
    let there = || {
        tenants.iter().map(|tenant| place.taken(tenant)).fold(BTreeMap::new(), |mut all, one| {
            all.extend(one);
            all
        })
    };
    let http = client();
    let (started, mut minute, mut death) = (Instant::now(), Instant::now(), Instant::now());
    let (mut n, mut taken) = (0, Vec::new());
    let mut times = Vec::new();
    let mut open: JoinSet<(u64, u16, Duration)> = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
    println!("| minute | deliveries | p50 | p99 | memory | files | table | at TikTok |");
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    while started.elapsed() < length {
        ticks.tick().await;
        n += 1;
        let sender = of(n).clone();
        sender.place(&place.tiktok, n);
        let (http, origin) = (http.clone(), server.origin.clone());
        open.spawn(async move {
            let body = sender.body(n, &[&sender.number(n)]);
            let (status, time) = sender.post(&http, &origin, body).await;
            (n, status, time)
        });
        while let Some(answer) = open.try_join_next() {
            let (n, status, time) = answer.expect("it ends");
            if status == 200 {
                taken.push(n);
                times.push(time);
            }
        }
        if minute.elapsed() >= Duration::from_secs(60) {
            minute = Instant::now();
            line(&place, &server, started, n, &times, there().len());
            times.clear();
        }
        if death.elapsed() >= length / DEATHS {
            death = Instant::now();
            server.kill().await;
            server = place.serve().await;
        }
    }
    while let Some(answer) = open.join_next().await {
        let (n, status, _) = answer.expect("it ends");
        if status == 200 {
            taken.push(n);
        }
    }
    let patience = Instant::now();
    let lost = loop {
        let there = there();
        let lost: Vec<&u64> = taken.iter().filter(|n| !there.contains_key(&of(**n).number(**n))).collect();
        assert!(there.values().all(|times| *times == 1), "each number once");
        if lost.is_empty() || patience.elapsed() > Duration::from_secs(600) {
            break lost.len();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    println!("\n{} deliveries acknowledged, {lost} not at TikTok", taken.len());
    println!("the rest took {:.0} s", patience.elapsed().as_secs_f64());
    assert_eq!(lost, 0, "what was acknowledged is at TikTok");
}

fn line(place: &Place, server: &super::place::Server, started: Instant, n: u64, times: &[Duration], there: usize) {
    let usage = server.usage();
    let table = std::fs::metadata(place.data().join("table.db")).map_or(0, |file| file.len());
    println!(
        "| {} | {n} | {:.1} ms | {:.1} ms | {} MB | {} | {} MB | {there} |",
        started.elapsed().as_secs() / 60,
        percentile(times, 0.5),
        percentile(times, 0.99),
        usage.now / 1000,
        usage.files,
        table / 1_000_000
    );
}
