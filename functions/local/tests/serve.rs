//! `waybill serve` as a person runs it: set up by commands, killed in the middle of work, started again.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "an expectation that fails is a test that fails"
)]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpListener;
use waybill_model::hmac;
use waybill_model::tiktok::{ModelTikTok, ShopSpec};

const SHOP: &str = "7494049642642441621";
const SECRET: &str = "serve-hook-secret";
const PARCELS: u64 = 14;

struct Place {
    folder: tempfile::TempDir,
    tiktok: u16,
}

impl Place {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
        let host = format!("http://127.0.0.1:{}", self.tiktok);
        command.args(args).arg("--data").arg(self.folder.path());
        for name in ["TIKTOK_API_URL", "TIKTOK_AUTH_URL", "TIKTOK_CONSENT_URL_US", "TIKTOK_CONSENT_URL_ROW"] {
            command.env(name, &host);
        }
        command.env("OUTBOUND_ALLOW", format!("127.0.0.1:{}", self.tiktok));
        command
    }

    /// Runs a command with standard input; gives its JSON lines and its exit status.
    fn run(&self, args: &[&str], input: &str) -> (Vec<Value>, i32) {
        let mut child = self
            .command(args)
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        child.stdin.take().expect("input").write_all(input.as_bytes()).expect("input is read");
        let output = child.wait_with_output().expect("the program ends");
        let text = String::from_utf8(output.stdout).expect("text");
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        (lines, output.status.code().unwrap_or(-1))
    }

    /// Starts the server and waits for its one line.
    fn serve(&self) -> (Child, String) {
        let mut child = self
            .command(&["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("output")).read_line(&mut line).expect("a line");
        let origin = line.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        (child, origin)
    }
}

fn order_id(n: u64) -> String {
    format!("5760000000000{n:05}")
}

fn number(n: u64) -> String {
    format!("TBRT77{n:05}")
}

/// Posts a signed delivery. Only a 200 counts as acknowledged.
fn ship(origin: &str, path: &str, n: u64) -> bool {
    let body = json!({
        "id": n, "name": format!("#{n}"), "updated_at": "2026-11-21T09:00:00Z", "source_name": "tiktok", "tags": "",
        "note_attributes": [{"name": "TikTok Order ID", "value": order_id(n)}],
        "fulfillments": [{
            "id": 1000 + n, "order_id": n, "status": "success", "created_at": "2026-11-21T09:00:00Z",
            "updated_at": "2026-11-21T09:00:00Z", "tracking_company": "Better Trucks", "tracking_numbers": [number(n)],
            "line_items": [{"id": 1, "sku": "MUG", "quantity": 1}],
        }],
    })
    .to_string();
    let signature = hmac::base64(SECRET.as_bytes(), &[body.as_bytes()]);
    let address = origin.strip_prefix("http://").expect("an origin");
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         X-Shopify-Topic: orders/fulfilled\r\nX-Shopify-Shop-Domain: tiny-mugs.myshopify.com\r\n\
         X-Shopify-Hmac-Sha256: {signature}\r\n\r\n",
        body.len()
    );
    let mut status = String::new();
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    sent.and_then(|()| BufReader::new(stream).read_line(&mut status)).is_ok() && status.contains(" 200 ")
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_work_it_loses_nothing_and_sends_nothing_twice() {
    let tiktok = ModelTikTok::new(waybill::app::system_clock(), 7);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("port");
    let place =
        Place { folder: tempfile::tempdir().expect("folder"), tiktok: listener.local_addr().expect("address").port() };
    let answering = tiktok.clone();
    let serving = tokio::spawn(async move {
        let answer = move |request| {
            let model = answering.clone();
            async move { model.handle(request).await }
        };
        drop(waybill_model::serve(listener, answer).await);
    });
    tiktok.add_shop(ShopSpec::new(SHOP, "US"));
    let tokens = tiktok.authorise(&[SHOP]).expect("authorised").answer().to_string();
    let app = tiktok.app(waybill::domain::region::AppRegion::Us);
    for n in 1..=PARCELS {
        tiktok.order(SHOP, &order_id(n)).line("MUG", 1).place();
    }
    let story = tokio::task::spawn_blocking(move || kill_and_restart(&place, &app.key, &app.secret, &tokens));
    let acknowledged = story.await.expect("the story ends");
    assert!(!acknowledged.is_empty());
    let mut accepted: BTreeMap<String, usize> = BTreeMap::new();
    tiktok.with_journal(|journal| {
        for change in &journal.changes {
            *accepted.entry(change.number.clone()).or_default() += 1;
        }
    });
    for n in acknowledged {
        assert_eq!(accepted.get(&number(n)), Some(&1), "{} of {accepted:?}", number(n));
    }
    serving.abort();
}

/// Which parcels were acknowledged.
fn kill_and_restart(place: &Place, key: &str, secret: &str, tokens: &str) -> Vec<u64> {
    let done = |(lines, status): (Vec<Value>, i32)| {
        assert_eq!(status, 0, "{lines:?}");
        lines
    };
    done(place.run(&["init"], ""));
    done(place.run(&["app", "set", "--region", "us", "--key", key, "--service-id", "7"], secret));
    done(place.run(&["account", "add", "--name", "Tiny Mugs", "--email", "owner@tiny-mugs.example"], ""));
    done(place.run(&["shop", "add", "--account", "owner@tiny-mugs.example", "--region", "us"], tokens));
    let store = done(place.run(
        &[
            "store",
            "add",
            "shopify",
            "--account",
            "owner@tiny-mugs.example",
            "--shop",
            SHOP,
            "--domain",
            "tiny-mugs.myshopify.com",
            "--no-subscribe",
        ],
        &json!({"webhook_secret": SECRET}).to_string(),
    ));
    let url = store[0]["webhook_url"].as_str().expect("an address");
    let path = url.find("/hooks/").map(|at| url[at..].to_owned()).expect("our address");
    let mut acknowledged = Vec::new();
    let moved = Place { folder: tempfile::tempdir().expect("folder"), tiktok: place.tiktok };
    for (round, parcels) in [1..=5, 6..=10, 11..=PARCELS].into_iter().enumerate() {
        // The last round runs where the installation was moved to.
        if round == 2 {
            let file = moved.folder.path().join("all.jsonl");
            let file = file.to_str().expect("text");
            done(place.run(&["export", file, "--with-secrets"], ""));
            done(moved.run(&["init"], ""));
            let rows = done(moved.run(&["import", file], ""))[0]["rows"].as_u64();
            assert!(rows > Some(10), "{rows:?}");
            assert_eq!(moved.run(&["import", file], "").1, 1, "nothing is merged into what is in use");
        }
        let place = if round == 2 { &moved } else { place };
        let (mut server, origin) = place.serve();
        for n in parcels {
            if ship(&origin, &path, n) {
                acknowledged.push(n);
            }
        }
        // A run of the schedule begins with the start; another one, through the server's table, is under way when the
        // process dies.
        let mut pushing = place.command(&["push"]).stdout(Stdio::null()).spawn().expect("the program starts");
        std::thread::sleep(Duration::from_millis(400 + 700 * round as u64));
        server.kill().expect("killed");
        let _ = server.wait();
        let _ = pushing.kill();
        let _ = pushing.wait();
    }
    let place = &moved;
    // Commands open the folder again; a lease of the dead ends after 75 seconds, lost answers are read back after 90.
    for _ in 0..40 {
        let (lines, _) = place.run(&["push"], "");
        let waits = place.run(&["order", "#1"], "").0;
        let left: u64 = ["due", "busy_shards"].iter().map(|k| lines[0][*k].as_u64().unwrap_or_default()).sum();
        if left == 0 && waits.iter().all(|row| row["due"].is_null()) && all_sent(place, &acknowledged) {
            return acknowledged;
        }
        std::thread::sleep(Duration::from_secs(5));
    }
    panic!("not everything was sent");
}

fn all_sent(place: &Place, acknowledged: &[u64]) -> bool {
    acknowledged.iter().all(|n| {
        let (rows, _) = place.run(&["order", &format!("#{n}")], "");
        rows.iter().all(|row| row["state"].as_str().is_some_and(|state| state.starts_with("ACCEPTED")))
    })
}

#[test]
fn wrong_use_ends_with_status_2_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("folder");
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
        let output = command.args(args).arg("--data").arg(folder.path()).stdin(Stdio::null()).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for args in [&["store", "add", "etsy", "--account", "a@b.example", "--shop", "1"][..], &["retry"], &["shrink"]] {
        let (status, words) = run(args);
        assert_eq!(status, Some(2), "{args:?}: {words}");
        assert!(!words.trim().is_empty(), "{args:?}");
    }
    assert!(Path::new(folder.path()).exists());
}
