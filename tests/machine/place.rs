//! A folder with an installation, the program that runs on it, and the outside that it talks to.

use ring::hmac;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use waybill::domain::region::AppRegion;
use waybill_model::tiktok::{ModelTikTok, ShopSpec};
use waybill_tests::world::{fulfilment, shopify_order};

/// An installation and its outside.
pub(crate) struct Place {
    program: PathBuf,
    folder: tempfile::TempDir,
    pub(crate) tiktok: ModelTikTok,
    outside: String,
}

/// A running `waybill serve`.
pub(crate) struct Server {
    process: Child,
    pub(crate) origin: String,
}

/// One merchant: an account with a shop and a Shopify store.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) name: String,
    pub(crate) shop: String,
    hook: String,
    secret: String,
    /// Order numbers of tenants differ.
    first: u64,
}

/// What `/proc` says of a process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Resident memory, in kB.
    pub(crate) now: u64,
    /// Its highest, in kB.
    pub(crate) most: u64,
    pub(crate) files: usize,
}

impl Place {
    pub(crate) async fn new(program: PathBuf) -> Self {
        let tiktok = ModelTikTok::new(waybill::app::system_clock(), 7);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let outside = listener.local_addr().expect("an address").to_string();
        let answering = tiktok.clone();
        tokio::spawn(waybill_model::serve(listener, move |request| {
            let model = answering.clone();
            async move { model.handle(request).await }
        }));
        Self { program, folder: tempfile::tempdir().expect("a folder"), tiktok, outside }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--data").arg(data).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        for name in ["TIKTOK_API_URL", "TIKTOK_AUTH_URL", "TIKTOK_CONSENT_URL_US", "TIKTOK_CONSENT_URL_ROW"] {
            command.env(name, format!("http://{}", self.outside));
        }
        command.env("OUTBOUND_ALLOW", &self.outside);
        command
    }

    /// A command on another folder. Gives its JSON lines and its exit status.
    pub(crate) async fn run_in(&self, data: &Path, arguments: &[&str], input: &str) -> (Vec<Value>, i32) {
        let mut child = self.command(data, arguments).arg("--json").spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("an input");
        // A command that reads nothing may have ended.
        drop(stdin.write_all(input.as_bytes()).await);
        drop(stdin);
        let output = child.wait_with_output().await.expect("the program ends");
        let text = String::from_utf8(output.stdout).expect("text");
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        (lines, output.status.code().unwrap_or(-1))
    }

    /// A command that has to end with 0.
    pub(crate) async fn done(&self, arguments: &[&str], input: &str) -> Vec<Value> {
        let (lines, status) = self.run_in(&self.data(), arguments, input).await;
        assert_eq!(status, 0, "{arguments:?}: {lines:?}");
        lines
    }

    /// `init` and TikTok's credentials.
    pub(crate) async fn prepare(&self) {
        self.done(&["init"], "").await;
        let app = self.tiktok.app(AppRegion::Us);
        let set = ["app", "set", "--region", "us", "--key", &app.key, "--service-id", &app.service_id];
        self.done(&set, &app.secret).await;
    }

    pub(crate) async fn serve(&self) -> Server {
        self.serve_in(&self.data()).await
    }

    /// Starts the server and waits for its line.
    pub(crate) async fn serve_in(&self, data: &Path) -> Server {
        let mut command = self.command(data, &["serve", "--port", "0"]);
        let mut process = command.stderr(Stdio::null()).spawn().expect("the program starts");
        let mut lines = BufReader::new(process.stdout.take().expect("an output")).lines();
        let line = lines.next_line().await.expect("readable").expect("a line");
        let origin = line.strip_prefix("ready ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Server { process, origin }
    }

    /// An account with a shop at TikTok and a store that delivers.
    pub(crate) async fn tenant(&self, name: String, number: u64) -> Tenant {
        let mail = format!("owner@{name}.example");
        let shop = format!("749404964264244{number:04}");
        self.tiktok.add_shop(ShopSpec { name: name.clone(), ..ShopSpec::new(&shop, "US") });
        self.done(&["account", "add", "--name", &name, "--email", &mail], "").await;
        let tokens = self.tiktok.authorise(&[&shop]).expect("authorised").answer().to_string();
        self.done(&["shop", "add", "--account", &mail, "--region", "us"], &tokens).await;
        let (domain, secret) = (format!("{name}.myshopify.com"), format!("hook-secret-of-{name}"));
        let add =
            ["store", "add", "shopify", "--account", &mail, "--shop", &shop, "--domain", &domain, "--no-subscribe"];
        let store = self.done(&add, &json!({"webhook_secret": secret}).to_string()).await;
        let url = store[0]["webhook_url"].as_str().expect("an address");
        let hook = url.find("/hooks/").map(|at| url[at..].to_owned()).expect("our address");
        Tenant { name, shop, hook, secret, first: number * 1_000_000 }
    }

    /// How often TikTok took each of a tenant's numbers.
    pub(crate) fn taken(&self, tenant: &Tenant) -> std::collections::BTreeMap<String, usize> {
        let mut taken = std::collections::BTreeMap::new();
        let prefix = format!("TBRT{}", tenant.first / 1_000_000);
        self.tiktok.with_journal(|journal| {
            for change in journal.changes.iter().filter(|change| change.number.starts_with(&prefix)) {
                *taken.entry(change.number.clone()).or_default() += 1;
            }
        });
        taken
    }
}

impl Server {
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.expect("killed");
    }

    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        self.process.try_wait().expect("asked").is_none()
    }

    pub(crate) fn usage(&self) -> Usage {
        let Some(id) = self.process.id() else { return Usage::default() };
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
        };
        let files = std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
        Usage { now: of("VmRSS:"), most: of("VmHWM:"), files }
    }
}

impl Tenant {
    pub(crate) fn number(&self, n: u64) -> String {
        format!("TBRT{:07}", self.first + n)
    }

    pub(crate) fn order(&self, n: u64) -> String {
        format!("57600{:012}", self.first + n)
    }

    /// Places the n-th order at TikTok.
    pub(crate) fn place(&self, tiktok: &ModelTikTok, n: u64) {
        tiktok.order(&self.shop, &self.order(n)).lines(&[("MUG-BLUE", 1)]).place();
    }

    /// The n-th delivery's body, with these numbers.
    pub(crate) fn body(&self, n: u64, numbers: &[&str]) -> String {
        let version = waybill::app::system_clock().now().to_string();
        let id = self.first + n;
        let parcel = fulfilment(id, id, &version, "Better Trucks", numbers, &[("MUG-BLUE", 1)]);
        shopify_order(id, &self.order(n), &version, &[parcel]).to_string()
    }

    /// Posts a signed body over a connection of its own, as stores do. Gives status and time.
    pub(crate) async fn post(&self, http: &reqwest::Client, origin: &str, body: String) -> (u16, Duration) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let tag = data_encoding::BASE64.encode(hmac::sign(&key, body.as_bytes()).as_ref());
        let request = http.post(format!("{origin}{}", self.hook)).header("X-Shopify-Topic", "orders/fulfilled");
        let request = request.header("X-Shopify-Shop-Domain", format!("{}.myshopify.com", self.name));
        let started = Instant::now();
        let answer = request.header("X-Shopify-Hmac-Sha256", tag).body(body).send().await;
        (answer.map_or(0, |answer| answer.status().as_u16()), started.elapsed())
    }
}

/// A client that opens a connection for each request.
pub(crate) fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(Duration::from_secs(30));
    client.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// Thousands of connections are thousands of files.
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).is_err() {
        eprintln!("the limit of open files stays as it is");
    }
}

/// The share of these that took at most what is returned, in milliseconds.
pub(crate) fn percentile(times: &[Duration], share: f64) -> f64 {
    let mut times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
    times.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let at = (times.len() as f64 * share).ceil() as usize;
    times.get(at.clamp(1, times.len().max(1)) - 1).copied().unwrap_or_default()
}
