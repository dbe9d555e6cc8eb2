//! Measures the functions' binaries against the embedded table, and an empty handler beside them in the same run:
//! `lambda-measure --binaries DIR [--spawns N] [--calls N] [--backlog N] [--news N]`. Prints the README's table; with a
//! backlog (50000 takes some minutes to write) also what one run of the push schedule does with it, and with news how long
//! a push takes that the table's stream wakes for one new number; TikTok takes 350 ms a call.
//!
//! Lambda's runtime API is spoken by this program itself, so that its own time is small and known: the empty handler's
//! row is what the method costs.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to a person")]

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use waybill_model::tiktok::{Fault, FaultRule};
use waybill_model::{ModelAnswer, serve};
use waybill_tests::lambda::event;
use waybill_tests::lambda::town::{Operator, operator_at};
use waybill_tests::template::Template;

/// One call may take this long.
const PATIENCE: Duration = Duration::from_secs(90);
/// What TikTok takes for a call.
const TIKTOK: Duration = Duration::from_millis(350);
/// Shops that share a backlog.
const SHOPS: u64 = 200;
/// Linux counts CPU time in hundredths of a second.
const TICK_MS: f64 = 10.0;

/// Lambda's runtime API for one process at a time.
struct Host {
    address: String,
    events: mpsc::Sender<Bytes>,
    told: AsyncMutex<mpsc::Receiver<(Told, Instant)>>,
    _task: JoinSet<()>,
}

#[derive(Debug, PartialEq)]
enum Told {
    Ready,
    Answered,
    Failed(String),
}

impl Host {
    async fn open() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (events, waiting) = mpsc::channel::<Bytes>(1);
        let waiting = Arc::new(AsyncMutex::new(waiting));
        let (tell, told) = mpsc::channel(8);
        let answer = move |request: Request<Bytes>| {
            let (waiting, tell) = (Arc::clone(&waiting), tell.clone());
            async move { Self::answer(&waiting, &tell, request).await }
        };
        let mut task = JoinSet::new();
        task.spawn(async move { drop(serve(listener, answer).await) });
        Ok(Self { address, events, told: AsyncMutex::new(told), _task: task })
    }

    async fn answer(
        waiting: &AsyncMutex<mpsc::Receiver<Bytes>>,
        tell: &mpsc::Sender<(Told, Instant)>,
        request: Request<Bytes>,
    ) -> ModelAnswer {
        let path = request.uri().path();
        let now = Instant::now();
        if path.ends_with("/invocation/next") {
            let _ = tell.send((Told::Ready, now)).await;
            let Some(event) = waiting.lock().await.recv().await else { return ModelAnswer::Reset };
            let reply = Response::builder()
                .header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                .header("Lambda-Runtime-Deadline-Ms", "4102444800000")
                .header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:waybill")
                .header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
                .body(event);
            return reply.map_or(ModelAnswer::Reset, ModelAnswer::Reply);
        }
        let word = if path.ends_with("/response") {
            Told::Answered
        } else {
            Told::Failed(String::from_utf8_lossy(request.body()).into_owned())
        };
        let _ = tell.send((word, now)).await;
        let reply = Response::builder().status(202).body(Bytes::from_static(b"{\"status\":\"OK\"}"));
        reply.map_or(ModelAnswer::Reset, ModelAnswer::Reply)
    }

    async fn heard(&self, wanted: &Told) -> Result<Instant> {
        let mut told = self.told.lock().await;
        let (word, at) = tokio::time::timeout(PATIENCE, told.recv()).await.context("no answer")?.context("closed")?;
        if word == *wanted { Ok(at) } else { bail!("{word:?}") }
    }

    /// One call: from handing the event over until the answer is here.
    async fn call(&self, event: &Bytes) -> Result<Duration> {
        let start = Instant::now();
        self.events.send(event.clone()).await.context("closed")?;
        let end = self.heard(&Told::Answered).await?;
        self.heard(&Told::Ready).await?;
        Ok(end - start)
    }
}

/// The table and the secrets, in this process, over HTTP.
struct Aws {
    environment: BTreeMap<String, String>,
    _tasks: JoinSet<()>,
}

impl Aws {
    async fn open() -> Result<Self> {
        let mut tasks = JoinSet::new();
        let database = dynoxide::Database::memory().map_err(|e| anyhow::anyhow!("{e}"))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let table = format!("http://{}", listener.local_addr()?);
        tasks.spawn(async move {
            drop(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()).await);
        });
        let keys = |seed: &str| json!({"current": 1, "keys": {}, "generated": seed.repeat(48)}).to_string();
        let secrets: HashMap<String, String> = HashMap::from([
            ("waybill/app".to_owned(), json!({"tiktok": {}}).to_string()),
            ("waybill/kek/token".to_owned(), keys("a")),
            ("waybill/kek/hook".to_owned(), keys("b")),
            ("waybill/web".to_owned(), keys("c")),
        ]);
        let secrets = Arc::new(Mutex::new(secrets));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let vault = format!("http://{}", listener.local_addr()?);
        let answer = move |request: Request<Bytes>| {
            let secrets = Arc::clone(&secrets);
            async move { secret(&secrets, &request) }
        };
        tasks.spawn(async move { drop(serve(listener, answer).await) });
        let environment = [
            ("AWS_ENDPOINT_URL_DYNAMODB", table.as_str()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", vault.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { environment, _tasks: tasks })
    }
}

fn secret(secrets: &Mutex<HashMap<String, String>>, request: &Request<Bytes>) -> ModelAnswer {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let name = body["SecretId"].as_str().unwrap_or_default();
    let mut secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(text) = body["SecretString"].as_str() {
        secrets.insert(name.to_owned(), text.to_owned());
    }
    let (status, answer) = match secrets.get(name) {
        Some(text) => (200, json!({"Name": name, "VersionId": "0".repeat(32), "SecretString": text})),
        None => (400, json!({"__type": "ResourceNotFoundException", "message": "no such secret"})),
    };
    let reply = Response::builder().status(status).header("Content-Type", "application/x-amz-json-1.1");
    reply.body(Bytes::from(answer.to_string())).map_or(ModelAnswer::Reset, ModelAnswer::Reply)
}

/// A function and the event it is measured with.
struct Subject {
    binary: &'static str,
    what: &'static str,
    event: Value,
}

/// What came out, in milliseconds, kB and bytes.
struct Row {
    cold: Vec<f64>,
    first: Vec<f64>,
    warm: Vec<f64>,
    cpu_ms: f64,
    peak_kb: u64,
    bytes: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let (mut binaries, mut spawns, mut calls, mut backlog, mut news) = (None, 20_u32, 1000_u32, 0_u64, 0_u64);
    let mut rest = std::env::args().skip(1);
    while let Some(name) = rest.next() {
        let value = rest.next().with_context(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--binaries" => binaries = Some(PathBuf::from(value)),
            "--spawns" => spawns = value.parse()?,
            "--calls" => calls = value.parse()?,
            "--backlog" => backlog = value.parse()?,
            "--news" => news = value.parse()?,
            other => bail!("{other} is unknown"),
        }
    }
    let binaries = binaries.context("--binaries is missing")?;
    let aws = Aws::open().await?;
    let town = operator_at(&Template::read(), &aws.environment).await?;
    let subjects = subjects(&town)?;
    println!(
        "| function | event | cold start p50 / p90, ms | first answer p50, ms | warm p50 / p99, ms | CPU a call, ms | peak RSS, MB | bytes |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for subject in subjects {
        let row = measure(&binaries, &aws, &subject, spawns, calls).await?;
        let Row { cold, first, warm, cpu_ms, peak_kb, bytes } = &row;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let megabytes = *peak_kb as f64 / 1024.0;
        println!(
            "| {} | {} | {:.2} / {:.2} | {:.2} | {:.2} / {:.2} | {cpu_ms:.2} | {megabytes:.1} | {bytes} |",
            subject.binary,
            subject.what,
            share(cold, 50),
            share(cold, 90),
            share(first, 50),
            share(warm, 50),
            share(warm, 99),
        );
    }
    if news > 0 {
        one_by_one(&binaries, &aws, &town, news).await?;
    }
    if backlog > 0 { drain(&binaries, &aws, &town, backlog).await } else { Ok(()) }
}

/// New numbers, each of a shop of its own, each told alone by the table's stream.
async fn one_by_one(binaries: &std::path::Path, aws: &Aws, town: &Operator, count: u64) -> Result<()> {
    let rows = town.backlog(count, 1).await?;
    town.tiktok.inject(FaultRule::new(Fault::Delay(TIKTOK)));
    let host = Host::open().await?;
    let (mut process, _) = spawn(&binaries.join("tracking-push"), aws, &town.settings, &host.address)?;
    host.heard(&Told::Ready).await?;
    let (before, mut took) = (cpu_ms(&process)?, Vec::new());
    for row in &rows {
        let keys = json!({"pk": {"S": row.pk}, "sk": {"S": row.sk}});
        let event = json!({"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys}}]});
        took.push(ms(host.call(&Bytes::from(event.to_string())).await?));
    }
    let sent = town.tiktok.with_journal(|journal| journal.changes.len());
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let each = (cpu_ms(&process)? - before) / count as f64;
    println!(
        "\n{count} numbers, each told alone: {sent} sent, from news to TikTok's answer p50 {:.0} ms, p99 {:.0} ms, CPU {each:.1} ms each",
        share(&took, 50),
        share(&took, 99),
    );
    process.kill().await?;
    Ok(())
}

/// One run of the push schedule with more than it can do.
async fn drain(binaries: &std::path::Path, aws: &Aws, town: &Operator, backlog: u64) -> Result<()> {
    town.backlog(SHOPS, backlog / SHOPS).await?;
    town.tiktok.inject(FaultRule::new(Fault::Delay(TIKTOK)));
    let host = Host::open().await?;
    let (mut process, _) = spawn(&binaries.join("tracking-push"), aws, &town.settings, &host.address)?;
    host.heard(&Told::Ready).await?;
    let took = host.call(&Bytes::from(all_shards().to_string())).await?;
    let sent = town.tiktok.with_journal(|journal| journal.changes.len());
    println!(
        "\n{backlog} due numbers of {SHOPS} shops: one run of tracking-push sent {sent} in {:.0} s, peak RSS {:.1} MB",
        took.as_secs_f64(),
        peak_kb(&process)? as f64 / 1024.0
    );
    process.kill().await?;
    Ok(())
}

fn subjects(town: &Operator) -> Result<Vec<Subject>> {
    let webhook = |body: &Value| town.delivery(body.to_string().as_bytes());
    let stored = waybill_tests::world::fulfilment(
        1,
        1042,
        "2026-11-21T09:00:00Z",
        "USPS",
        &["9310215860339224995564"],
        &[("MUG-BLUE", 2)],
    );
    let order = waybill_tests::world::shopify_order(1042, "576000000000000017", "2026-11-21T09:00:00Z", &[stored]);
    Ok(vec![
        Subject { binary: "examples/empty", what: "nothing", event: json!({}) },
        Subject { binary: "store-webhook", what: "a shipment, first new, then known", event: webhook(&order)? },
        Subject { binary: "console", what: "GET /healthz", event: event::http("GET", "/healthz", &[], b"", false) },
        Subject { binary: "tracking-push", what: "64 shards, nothing due", event: all_shards() },
        Subject { binary: "reauth-reminder", what: "a tick, nothing due", event: json!({"job": "tick"}) },
    ])
}

fn all_shards() -> Value {
    json!({"shards": (0..waybill::table::keys::SHARDS).collect::<Vec<u8>>()})
}

async fn measure(binaries: &std::path::Path, aws: &Aws, subject: &Subject, spawns: u32, calls: u32) -> Result<Row> {
    let file = binaries.join(subject.binary);
    let event = Bytes::from(subject.event.to_string());
    let mut row = Row {
        cold: vec![],
        first: vec![],
        warm: vec![],
        cpu_ms: 0.0,
        peak_kb: 0,
        bytes: std::fs::metadata(&file).with_context(|| format!("{}", file.display()))?.len(),
    };
    for turn in 0..spawns {
        let host = Host::open().await?;
        let (mut process, start) = spawn(&file, aws, &BTreeMap::new(), &host.address)?;
        row.cold.push(ms(host.heard(&Told::Ready).await? - start));
        row.first.push(ms(host.call(&event).await?));
        if turn + 1 == spawns {
            let before = cpu_ms(&process)?;
            for _ in 0..calls {
                row.warm.push(ms(host.call(&event).await?));
            }
            row.cpu_ms = (cpu_ms(&process)? - before) / f64::from(calls);
            row.peak_kb = peak_kb(&process)?;
        }
        process.kill().await?;
    }
    Ok(row)
}

/// Starts a function, and says when.
fn spawn(file: &std::path::Path, aws: &Aws, more: &BTreeMap<String, String>, host: &str) -> Result<(Child, Instant)> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let template = Template::read();
    let settings = if name == "empty" { BTreeMap::new() } else { template.environment(&name) };
    let mut command = Command::new(file);
    command
        .env_clear()
        .envs(settings)
        .envs(more)
        .envs(&aws.environment)
        .env("AWS_LAMBDA_RUNTIME_API", host)
        .env("AWS_LAMBDA_FUNCTION_NAME", &name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "log")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "log")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let start = Instant::now();
    Ok((command.spawn()?, start))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The value below which this many percent are.
fn share(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

fn cpu_ms(process: &Child) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id().context("ended")?))?;
    let after = stat.rsplit(')').next().unwrap_or_default();
    // Fields 14 and 15 of the line, the 12th and 13th behind the name: proc(5).
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    Ok(ticks * TICK_MS)
}

fn peak_kb(process: &Child) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id().context("ended")?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    Ok(line.split_whitespace().next().context("no number")?.parse()?)
}
