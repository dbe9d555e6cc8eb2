//! The guide's way to production, followed to the letter: every command of OPERATING.md's first part in its order, with
//! every line that the guide says it prints; the service as its unit file starts it, with the settings of its environment
//! file; and behind its reverse proxy a shop, a store and a number at the model TikTok.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "an expectation that fails is a test that fails"
)]

mod outside;

use outside::{Service, consent, mail_server};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use waybill_model::hmac;
use waybill_model::tiktok::{ModelTikTok, ShopSpec};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/OPERATING.md");
/// The name that the guide gives the machine, and its folder there.
const NAME: &str = "https://waybill.example.com";
const FOLDER: &str = "/var/lib/waybill";
const SHOP: &str = "7494049642642441621";
const ORDER: &str = "576000000000000017";
const NUMBER: &str = "1ZKYMVJ41862527602";

/// A fenced block of the guide's first part: its language and its lines.
struct Block {
    language: String,
    lines: Vec<String>,
}

/// A command that the guide shows with `$ `, and the lines that it says are printed.
struct Step {
    command: String,
    printed: Vec<String>,
}

fn part() -> String {
    let guide = std::fs::read_to_string(GUIDE).expect("the guide");
    let part = guide.split("\n## One machine in production\n").nth(1).expect("the part");
    part.split("\n## ").next().expect("its end").to_owned()
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut within = false;
    for line in part().lines() {
        match (line.strip_prefix("```"), within) {
            (Some(language), false) => {
                blocks.push(Block { language: language.to_owned(), lines: Vec::new() });
                within = true;
            }
            (Some(_), true) => within = false,
            (None, true) => blocks.last_mut().expect("a block").lines.push(line.to_owned()),
            (None, false) => {}
        }
    }
    blocks
}

/// The block that has a line which starts so.
fn block(start: &str) -> Vec<String> {
    let has = |block: &Block| block.lines.iter().any(|line| line.starts_with(start));
    blocks().into_iter().find(has).expect(start).lines
}

fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in blocks().into_iter().filter(|block| block.language == "console").flat_map(|block| block.lines) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), printed: Vec::new() }),
            (None, Some(step)) => step.printed.push(line),
            (None, None) => panic!("printed before any command: {line}"),
        }
    }
    steps
}

/// A line with what differs from run to run taken out: days, times, ids, ports, secrets.
fn shape(line: &str) -> String {
    const NAMES: [&str; 19] = [
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
        "Oct", "Nov", "Dec",
    ];
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        if let Some((before, _)) = word.split_once("/login/") {
            words.push(format!("{before}/login/#"));
        } else if let Some((before, _)) = word.split_once("/hooks/generic/") {
            words.push(format!("{before}/hooks/generic/#"));
        } else if word.starts_with("whsec_") {
            words.push("whsec_#".to_owned());
        } else if NAMES.contains(&word.trim_end_matches(',')) {
            words.push("#".to_owned());
        } else {
            let mut text = String::new();
            for run in word.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
                let name = run.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                let varies = name.chars().any(|c| c.is_ascii_digit());
                text.push_str(if varies { "#" } else { name });
                text.push_str(&run[name.len()..]);
            }
            words.push(text);
        }
    }
    words.join(" ")
}

/// The machine of the guide: a folder instead of `/var/lib/waybill`, a mail server, the model TikTok Shop.
struct Machine {
    place: tempfile::TempDir,
    tiktok: ModelTikTok,
    outside: String,
    settings: BTreeMap<String, String>,
    mails: mpsc::Receiver<String>,
    _runtime: tokio::runtime::Runtime,
}

impl Machine {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let tiktok = ModelTikTok::new(waybill::app::system_clock(), 7);
        tiktok.add_shop(ShopSpec { name: "Tiny Mugs US".into(), ..ShopSpec::new(SHOP, "US") });
        let answering = tiktok.clone();
        let outside = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            let outside = listener.local_addr().expect("an address").to_string();
            tokio::spawn(waybill_model::serve(listener, move |request| {
                let model = answering.clone();
                async move { model.handle(request).await }
            }));
            outside
        });
        let (mail_server, mails) = mail_server();
        let lines = block("PUBLIC_URL=");
        let pairs = lines.iter().filter_map(|line| line.split_once('='));
        let mut settings: BTreeMap<String, String> =
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for name in ["PUBLIC_URL", "MAIL_FROM", "SMTP_URL", "TRUSTED_PROXY"] {
            assert!(settings.contains_key(name), "the guide's environment file names {name}: {settings:?}");
        }
        assert_eq!(settings["PUBLIC_URL"], NAME);
        settings.insert("SMTP_URL".into(), format!("smtp://{mail_server}"));
        Self { place: tempfile::tempdir().expect("a folder"), tiktok, outside, settings, mails, _runtime: runtime }
    }

    fn folder(&self) -> String {
        self.place.path().display().to_string()
    }

    /// A command line of the guide on this machine.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("bash");
        let program = PathBuf::from(env!("CARGO_BIN_EXE_waybill"));
        let line = line.replace("sudo -u waybill ", "").replace(FOLDER, &self.folder());
        command.args(["-c", &line]).current_dir(self.place.path());
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", program.parent().expect("a folder").display()));
        for name in ["PUBLIC_URL", "SMTP_URL", "MAIL_FROM", "TRUSTED_PROXY"] {
            command.env_remove(name);
        }
        for name in ["TIKTOK_API_URL", "TIKTOK_AUTH_URL"] {
            command.env(name, format!("http://{}", self.outside));
        }
        for name in ["TIKTOK_CONSENT_URL_US", "TIKTOK_CONSENT_URL_ROW"] {
            command.env(name, format!("http://{}/open/authorize", self.outside));
        }
        command.env("OUTBOUND_ALLOW", &self.outside).env("LOG_LEVEL", "off").env("TZ", "UTC");
        command
    }

    /// What a command of the guide prints, as the guide would show it.
    fn run(&self, line: &str) -> Vec<String> {
        let done = self.command(line).stdin(Stdio::null()).output().expect("a shell");
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.code().is_some_and(|status| status < 2), "{line}: {err}");
        let text = format!("{out}{err}").replace(&self.folder(), FOLDER);
        text.lines().map(str::to_owned).collect()
    }

    /// Runs a step and compares what it prints with what the guide shows; a difference is noted.
    fn follow(&self, step: &Step, differ: &mut Vec<String>) -> Vec<String> {
        let printed = self.run(&step.command);
        let shown: Vec<String> = step.printed.iter().map(|line| shape(line)).collect();
        let shapes: Vec<String> = printed.iter().map(|line| shape(line)).collect();
        if shapes != shown {
            differ.push(format!(
                "$ {}\n{}\nwhere the guide shows\n{}",
                step.command,
                printed.join("\n"),
                step.printed.join("\n")
            ));
        }
        printed
    }

    /// The service as the unit file starts it, on a free port.
    fn serve(&self) -> Service {
        let unit = block("[Service]");
        let start = unit.iter().find_map(|line| line.strip_prefix("ExecStart=")).expect("ExecStart");
        let start = start.replace("/usr/local/bin/", "exec ").replace("--port 8787", "--port 0");
        let mut command = self.command(&start);
        command.envs(&self.settings);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("output"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("ready http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        assert!(part().contains("`ready http://127.0.0.1:8787`"), "as the guide says");
        std::thread::spawn(move || drop(out.read_to_end(&mut Vec::new())));
        Service::at(child, address)
    }
}

#[test]
fn whoever_follows_the_guide_reaches_production_and_reads_what_it_shows() {
    let machine = Machine::new();
    let app = machine.tiktok.app(waybill::domain::region::AppRegion::Us);
    std::fs::write(machine.place.path().join("app-secret.txt"), &app.secret).expect("written");
    let redirect = format!("{NAME}/connect/tiktok/us/callback");
    assert!(part().contains(&format!("`{redirect}`")) && part().contains(&format!("`{NAME}/hooks/tiktok/us`")));
    machine.tiktok.configure_app(waybill::domain::region::AppRegion::Us, |app| app.redirect = redirect.clone());
    let mut service: Option<Service> = None;
    let (mut connected, mut differ) = (false, Vec::new());
    for mut step in steps() {
        let ours = |text: &str| {
            text.replace("APP_KEY", &app.key).replace("SERVICE_ID", &app.service_id).replace("SHOP_ID", SHOP)
        };
        step.command = ours(&step.command);
        step.printed = step.printed.iter().map(|line| ours(line)).collect();
        // The service is started after its settings and its app, as the guide has it.
        if step.command.contains("account add") && service.is_none() {
            service = Some(machine.serve());
        }
        let printed = machine.follow(&step, &mut differ);
        if step.command.contains("login-link") {
            let mut words = printed.iter().flat_map(|line| line.split_whitespace());
            let link = words.find(|word| word.contains("/login/")).expect("a link");
            connect(service.as_mut().expect("it serves"), link);
        }
        if step.command.contains("store add") {
            let word = |start: &str| {
                let mut words = printed.iter().flat_map(|line| line.split_whitespace());
                words.find(|word| word.starts_with(start)).unwrap_or_else(|| panic!("{start}: {printed:?}")).to_owned()
            };
            let (url, secret) = (word(&format!("{NAME}/hooks/generic/")), word("whsec_"));
            send(&machine, service.as_mut().expect("it serves"), &url, &secret);
            connected = true;
        }
    }
    assert!(connected, "the guide connects a store");
    assert!(differ.is_empty(), "the program prints\n{}", differ.join("\n\n"));
    // The mail server of the settings is used: a log-in link comes by mail.
    let service = service.as_mut().expect("it serves");
    service.forget();
    let asked = service.ask(
        "POST",
        "/login",
        "content-type: application/x-www-form-urlencoded\r\n",
        "email=owner%40example.com",
    );
    assert_eq!(asked.status, 200, "{}", asked.text);
    let mail = machine.mails.recv_timeout(Duration::from_secs(30)).expect("a mail");
    assert!(mail.contains("From: ") && mail.contains("waybill@example.com"), "{mail}");
    let healthy = service.get("/healthz");
    assert_eq!(healthy.status, 200, "as the guide says: {}", healthy.text);
}

/// Signs in by the printed link and connects the shop, as a person does in a browser.
fn connect(service: &mut Service, link: &str) {
    let door = service.get(link);
    assert_eq!(door.status, 200, "{}", door.text);
    let entered = service.ask("POST", link, "content-type: application/x-www-form-urlencoded\r\n", "");
    assert_eq!(entered.status, 303, "{}", entered.text);
    let begun = service.get("/connect/tiktok/us");
    assert_eq!(begun.status, 303, "{}", begun.text);
    let back = consent(&begun.location);
    assert!(back.starts_with(&format!("{NAME}/connect/tiktok/us/callback")), "{back}");
    let mut page = service.get(&back);
    while page.status == 303 {
        let to = page.location.clone();
        page = service.get(&to);
    }
    assert!(page.status == 200 && page.text.contains("Tiny Mugs US"), "{}", page.text);
}

/// One signed delivery of a warehouse, as the README shows it; the number is at TikTok soon.
fn send(machine: &Machine, service: &mut Service, url: &str, secret: &str) {
    machine.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    let body = json!({
        "tiktok_order_id": ORDER, "shipment_id": "SO-1042-1", "carrier": "UPS", "tracking_number": NUMBER,
        "lines": [{"sku": "MUG-BLUE", "quantity": 1}],
    })
    .to_string();
    let time = waybill::app::system_clock().now().as_second();
    let tag = hmac::base64(secret.as_bytes(), &[format!("msg_1.{time}.{body}").as_bytes()]);
    let headers = format!(
        "content-type: application/json\r\nwebhook-id: msg_1\r\nwebhook-timestamp: {time}\r\nwebhook-signature: v1,{tag}\r\n"
    );
    let answer = service.ask("POST", url, &headers, &body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let started = Instant::now();
    while machine.tiktok.with_journal(|journal| journal.changes.is_empty()) {
        assert!(started.elapsed() < Duration::from_secs(60), "{NUMBER} is at TikTok");
        std::thread::sleep(Duration::from_millis(50));
    }
    // What TikTok answered is written down a moment later.
    let asked = format!("waybill order {NUMBER} --data {FOLDER}/data --json");
    while !machine.run(&asked).concat().contains("\"state\":\"ACCEPTED\"") {
        assert!(started.elapsed() < Duration::from_secs(60), "it is written down");
        std::thread::sleep(Duration::from_millis(50));
    }
}
