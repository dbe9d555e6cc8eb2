//! Ordinary load for a while: 50 deliveries a second, what TikTok tells of them, a page looked at each second, the process
//! killed ten times. Memory, files and times are printed each minute.

use super::person::Person;
use super::place::{Place, Server, Tenant, client, percentile};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use waybill::domain::region::AppRegion;
use waybill_model::tiktok::ModelTikTok;

const A_SECOND: u32 = 50;
/// TikTok takes two numbers a second of a shop.
const SHOPS: u64 = 40;
/// The process dies so often, at random times of the first half; through the second one it lives, so that what grows is seen.
const DEATHS: u32 = 10;
/// After a delay so long, a number that was acknowledged is at TikTok.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) async fn play(program: PathBuf, length: Duration) {
    let place = Place::new(program).await;
    place.prepare().await;
    // Only its path counts: the server has a port of its own after each death.
    place.tiktok.configure_app(AppRegion::Us, |app| app.webhook_url = "https://waybill.example/hooks/tiktok/us".into());
    let mut server = place.serve().await;
    let mut tenants = Vec::new();
    for n in 0..SHOPS {
        tenants.push(place.tenant(format!("steady-{n}"), 10 + n).await);
    }
    let mut person = Person::sign_in(&place, &server, &tenants[0]).await;
    let http = client();
    let (started, mut minute) = (Instant::now(), Instant::now());
    let mut deaths: Vec<Duration> = (0..DEATHS).map(|_| length.mul_f64(fastrand::f64() / 2.0)).collect();
    deaths.sort_unstable_by(|a, b| b.cmp(a));
    let mut load = Load::default();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
    println!("| minute | deliveries, p50 | p99 | pages, p50 | p99 | memory | files | table | at TikTok |");
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    while started.elapsed() < length {
        ticks.tick().await;
        load.deliver(&http, &server, &place.tiktok, &tenants);
        if load.n.is_multiple_of(u64::from(A_SECOND)) {
            load.tell(&http, &server, &place.tiktok);
            person.look(&http, &server, &mut load.looks);
        }
        load.answered();
        if minute.elapsed() >= Duration::from_secs(60) {
            minute = Instant::now();
            load.line(&place, &server, started, sent(&place, &tenants).len());
        }
        if deaths.last().is_some_and(|death| started.elapsed() >= *death) {
            deaths.pop();
            server.kill().await;
            server = place.serve().await;
        }
    }
    load.settle().await;
    let patience = Instant::now();
    let lost = loop {
        let there = sent(&place, &tenants);
        let lost = load.taken.iter().filter(|n| !there.contains_key(&of(&tenants, **n).number(**n))).count();
        assert!(there.values().all(|times| *times == 1), "each number once");
        if lost == 0 || patience.elapsed() > PATIENCE {
            break lost;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    println!("\n{} deliveries acknowledged, {lost} not at TikTok", load.taken.len());
    println!("the rest took {:.0} s", patience.elapsed().as_secs_f64());
    println!("{} of TikTok's webhooks, {} pages; what was refused: {:?}", load.told, load.looked, load.refused);
    assert!(load.told > 0 && load.looked > 0, "TikTok told, and somebody looked");
    assert_eq!(lost, 0, "what was acknowledged is at TikTok");
}

fn of(tenants: &[Tenant], n: u64) -> &Tenant {
    &tenants[usize::try_from(n % SHOPS).expect("a count")]
}

/// How often TikTok took each number.
fn sent(place: &Place, tenants: &[Tenant]) -> BTreeMap<String, usize> {
    tenants.iter().flat_map(|tenant| place.taken(tenant)).collect()
}

/// What is under way, and what came of the rest.
#[derive(Default)]
struct Load {
    /// Deliveries so far.
    n: u64,
    deliveries: JoinSet<(u64, u16, Duration)>,
    webhooks: JoinSet<u16>,
    looks: JoinSet<(u16, Duration)>,
    /// Those that were answered 200.
    taken: Vec<u64>,
    told: u64,
    looked: u64,
    /// Other answers by status; 0 while the process was dead.
    refused: BTreeMap<u16, usize>,
    /// Of the minute.
    times: Vec<Duration>,
    page_times: Vec<Duration>,
}

impl Load {
    /// The next order is placed and shipped.
    fn deliver(&mut self, http: &reqwest::Client, server: &Server, tiktok: &ModelTikTok, tenants: &[Tenant]) {
        self.n += 1;
        let (n, sender) = (self.n, of(tenants, self.n).clone());
        sender.place(tiktok, n);
        let (http, origin) = (http.clone(), server.origin.clone());
        self.deliveries.spawn(async move {
            let body = sender.body(n, &[&sender.number(n)]);
            let (status, time) = sender.post(&http, &origin, body).await;
            (n, status, time)
        });
    }

    /// What TikTok tells of it.
    fn tell(&mut self, http: &reqwest::Client, server: &Server, tiktok: &ModelTikTok) {
        for webhook in tiktok.take_webhooks() {
            let (head, body) = webhook.into_parts();
            let request = http.post(format!("{}{}", server.origin, head.uri.path())).headers(head.headers).body(body);
            self.webhooks.spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) });
        }
    }

    fn answered(&mut self) {
        while let Some(answer) = self.deliveries.try_join_next() {
            self.delivered(answer.expect("it ends"));
        }
        while let Some(status) = self.webhooks.try_join_next() {
            self.told += 1;
            self.count(status.expect("it ends"));
        }
        while let Some(look) = self.looks.try_join_next() {
            let (status, time) = look.expect("it ends");
            self.looked += 1;
            if self.count(status) {
                self.page_times.push(time);
            }
        }
    }

    fn delivered(&mut self, (n, status, time): (u64, u16, Duration)) {
        if self.count(status) {
            self.taken.push(n);
            self.times.push(time);
        }
    }

    fn count(&mut self, status: u16) -> bool {
        if status != 200 {
            *self.refused.entry(status).or_default() += 1;
        }
        status == 200
    }

    async fn settle(&mut self) {
        while let Some(answer) = self.deliveries.join_next().await {
            self.delivered(answer.expect("it ends"));
        }
    }

    fn line(&mut self, place: &Place, server: &Server, started: Instant, there: usize) {
        let usage = server.usage();
        let table = std::fs::metadata(place.data().join("table.db")).map_or(0, |file| file.len());
        let took = |times: &[Duration]| [0.5, 0.99].map(|share| format!("{:.1} ms", percentile(times, share)));
        let ([p50, p99], [page, slow]) = (took(&self.times), took(&self.page_times));
        println!(
            "| {} | {}, {p50} | {p99} | {page} | {slow} | {} MB | {} | {} MB | {there} |",
            started.elapsed().as_secs() / 60,
            self.n,
            usage.now / 1000,
            usage.files,
            table / 1_000_000
        );
        self.times.clear();
        self.page_times.clear();
    }
}
