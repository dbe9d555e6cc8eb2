//! The commands as a person types them: exit statuses, the right folder, the settings of a folder, backups.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "an expectation that fails is a test that fails"
)]

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const OWNER: &str = "owner@tiny-mugs.example";

/// What a command said and how it ended.
struct Said {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.args(args).arg("--data").arg(folder).env("LOG_LEVEL", "off");
    for name in ["PUBLIC_URL", "SMTP_URL", "MAIL_FROM"] {
        command.env_remove(name);
    }
    command
}

fn run_with(mut command: Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A command that reads nothing may have ended by now.
    let _ = child.stdin.take().expect("input").write_all(input.as_bytes());
    let done = child.wait_with_output().expect("the program ends");
    Said {
        status: done.status.code(),
        out: String::from_utf8(done.stdout).expect("text"),
        err: String::from_utf8(done.stderr).expect("text"),
    }
}

fn run(folder: &Path, args: &[&str]) -> Said {
    run_with(command(folder, args), "")
}

/// An installation with an app and an account.
fn installed() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    assert_eq!(run(&data, &["init"]).status, Some(0));
    let set = command(&data, &["app", "set", "--region", "us", "--key", "6a1b2c", "--service-id", "7172"]);
    assert_eq!(run_with(set, "e59af819cc\n").status, Some(0));
    assert_eq!(run(&data, &["account", "add", "--name", "Tiny Mugs", "--email", OWNER]).status, Some(0));
    (folder, data)
}

struct Server(Child);

impl Server {
    /// Starts the server and waits for its first line.
    fn start(folder: &Path, url: Option<&str>) -> (Self, Vec<String>) {
        let mut command = command(folder, &["serve", "--port", "0"]);
        if let Some(url) = url {
            command.env("PUBLIC_URL", url);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("output"));
        let mut lines = Vec::new();
        // What is missing is said at once after it; the mail is always missing here.
        while !lines.iter().any(|line: &String| line.contains("No mail server")) {
            let mut line = String::new();
            assert!(out.read_line(&mut line).expect("a line") > 0, "{lines:?}");
            lines.push(line.trim_end().to_owned());
        }
        // Nobody reads the rest; the pipe stays open with the thread.
        std::thread::spawn(move || drop(out.read_to_end(&mut Vec::new())));
        (Self(child), lines)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_mistyped_folder_never_reads_as_all_is_well_and_nothing_is_made_there() {
    let folder = tempfile::tempdir().expect("folder");
    let typo = folder.path().join("typo");
    for args in [
        &["held"][..],
        &["status"],
        &["doctor"],
        &["shop", "list"],
        &["store", "list"],
        &["app", "list"],
        &["account", "list"],
        &["push"],
        &["remind"],
        &["poll"],
        &["order", "1042"],
        &["retry", "1042"],
        &["map", "list"],
        &["login-link", OWNER],
        &["backup", "b"],
        &["restore", "b"],
        &["export", "b"],
        &["import", "b"],
        &["serve", "--port", "0"],
    ] {
        let said = run(&typo, args);
        assert_eq!(said.status, Some(2), "{args:?}: {}", said.err);
        assert!(said.err.contains("no installation in") && said.err.contains("waybill init"), "{args:?}: {}", said.err);
        assert!(!typo.exists(), "{args:?} made the folder");
    }
}

#[test]
fn commands_in_a_plain_shell_use_the_address_that_serve_runs_with() {
    let (_keep, data) = installed();
    let (server, _) = Server::start(&data, Some("https://wb.example.com"));
    let link = run(&data, &["login-link", OWNER, "--json"]);
    assert!(
        link.json()[0]["link"].as_str().expect("a link").starts_with("https://wb.example.com/login/"),
        "{}",
        link.out
    );
    drop(server);
    let apps = run(&data, &["app", "list", "--json"]).json();
    assert_eq!(apps[0]["redirect_url"], "https://wb.example.com/connect/tiktok/us/callback");
    assert_eq!(apps[0]["webhook_url"], "https://wb.example.com/hooks/tiktok/us");
    let mode = std::fs::metadata(data.join("settings.json")).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may hold the mail server's password");
}

#[test]
fn serve_says_under_its_first_line_what_is_still_missing() {
    let (_keep, data) = installed();
    let (_server, lines) = Server::start(&data, None);
    assert!(lines[0].starts_with("ready http://127.0.0.1:"), "{lines:?}");
    let said = lines.join("\n");
    assert!(said.contains("only this machine can reach this: set PUBLIC_URL"), "{said}");
    assert!(said.contains("SMTP_URL"), "{said}");
}

#[test]
fn status_says_what_is_missing_and_ends_with_1_until_nothing_is() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    run(&data, &["init"]);
    let said = run(&data, &["status", "--json"]);
    assert_eq!(said.status, Some(1));
    let rows = said.json();
    for row in &rows {
        for field in ["what", "of", "ok", "said", "remedy"] {
            assert!(row.get(field).is_some(), "{field} of {row}");
        }
        assert!(row["ok"] == true || row["remedy"].is_string(), "{row}");
    }
    let bad: Vec<&str> = rows.iter().filter(|row| row["ok"] == false).filter_map(|row| row["what"].as_str()).collect();
    for what in ["serve", "address", "mail", "app", "account", "shop", "store"] {
        assert!(bad.contains(&what), "{what} in {bad:?}");
    }
    let people = run(&data, &["status"]).out;
    assert!(people.starts_with("7 things need attention.\n") && people.contains("waybill app set"), "{people}");
}

#[test]
fn an_empty_or_placeholder_credential_is_refused_and_never_locks_out_a_good_one() {
    let (_keep, data) = installed();
    for (key, id, secret) in
        [("", "", "e59af819cc"), ("KEY", "ID", "e59af819cc"), ("6a1b2c", "7172", "secret with spaces")]
    {
        let set = command(&data, &["app", "set", "--region", "us", "--key", key, "--service-id", id]);
        let said = run_with(set, secret);
        assert_eq!(said.status, Some(2), "{key:?}: {}", said.err);
        assert!(!said.err.contains(secret), "{}", said.err);
    }
    let apps = run(&data, &["app", "list", "--json"]);
    assert_eq!((apps.status, apps.json()[0]["key"].clone()), (Some(0), "6a1b2c".into()));
    assert!(!apps.out.contains("e59af819cc"), "secrets are never shown");
}

#[test]
fn unknown_ids_end_with_1_and_wrong_use_with_2_each_with_a_next_step() {
    let (_keep, data) = installed();
    for (args, status) in [
        (&["order", "SO-9"][..], 1),
        (&["store", "remove", "nosuch"], 1),
        (&["store", "check", "nosuch"], 1),
        (&["store", "rename", "nosuch", "North"], 1),
        (&["shop", "remove", "7494049642642441621"], 1),
        (&["shop", "pause", "7494049642642441621"], 1),
        (&["held", "--shop", "7494049642642441621"], 1),
        (&["login-link", "nobody@example.com"], 1),
        (&["account", "remove", "nobody@example.com"], 1),
        (&["held", "--reason", "NO_SUCH"], 2),
        (&["retry"], 2),
        (&["restore", "/no/such/file"], 2),
        (&["shrink"], 2),
    ] {
        let said = run(&data, args);
        assert_eq!(said.status, Some(status), "{args:?}: {}", said.err);
        assert!(said.err.trim().lines().count() > 1, "{args:?} says no next step: {}", said.err);
        assert!(said.out.is_empty(), "{args:?}: {}", said.out);
    }
}

#[test]
fn help_is_a_word_too() {
    for args in [&["help"][..], &["help", "held"], &["store", "help"]] {
        let said = Command::new(env!("CARGO_BIN_EXE_waybill")).args(args).output().expect("it runs");
        let out = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && out.contains("Usage: waybill"), "{args:?}: {out}");
    }
}

#[test]
fn what_has_no_part_in_a_stack_refuses_aws_and_a_file_that_is_no_delivery_is_wrong_use() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (args, says) in [
        (&["serve", "--aws"][..], "--aws"),
        (&["identify", "1Z", "--region", "US", "--aws"], "--aws"),
        (&["decode", file, "--aws"], "--aws"),
        (&["decode", file], "no captured delivery"),
    ] {
        let said = Command::new(env!("CARGO_BIN_EXE_waybill")).args(args).output().expect("it runs");
        let error = String::from_utf8_lossy(&said.stderr);
        assert_eq!((said.status.code(), error.contains(says)), (Some(2), true), "{args:?}: {error}");
    }
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    let (_keep, data) = installed();
    let mut child = command(&data, &["app", "list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let done = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    assert_eq!(done.status.code(), Some(0));
}

#[test]
fn a_backup_made_while_it_serves_brings_back_what_was_there_and_says_what_would_be_lost() {
    let (keep, data) = installed();
    let file = keep.path().join("waybill.backup");
    let path = file.to_str().expect("text");
    {
        let _server = Server::start(&data, Some("https://wb.example.com"));
        assert_eq!(run(&data, &["backup", path]).status, Some(0));
        let refused = run(&data, &["restore", path, "--yes"]);
        assert_eq!(refused.status, Some(1), "never under a server: {}", refused.out);
    }
    let mode = std::fs::metadata(&file).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it opens every token");
    assert_eq!(run(&data, &["backup", path]).status, Some(2), "a backup is never overwritten");
    assert_eq!(run(&data, &["account", "add", "--name", "New", "--email", "new@example.com"]).status, Some(0));
    let told = run(&data, &["restore", path]);
    assert_eq!(told.status, Some(1));
    assert!(told.out.contains("What would be lost: 4 rows"), "{}", told.out);
    assert_eq!(run(&data, &["account", "list", "--json"]).json().len(), 2, "nothing is changed yet");
    assert_eq!(run(&data, &["restore", path, "--yes"]).status, Some(0));
    let accounts = run(&data, &["account", "list", "--json"]).json();
    assert_eq!((accounts.len(), accounts[0]["email"].clone()), (1, OWNER.into()));
    // Into a new folder, with keys of its own that the backup's replace.
    let moved = keep.path().join("moved");
    assert_eq!(run(&moved, &["restore", path]).status, Some(2), "only init makes an installation");
    assert_eq!(run(&moved, &["init"]).status, Some(0));
    assert_eq!(run(&moved, &["restore", path]).status, Some(0));
    assert_eq!(run(&moved, &["app", "list", "--json"]).json()[0]["key"], "6a1b2c");
    let link = run(&moved, &["login-link", OWNER, "--json"]);
    assert!(
        link.json()[0]["link"].as_str().is_some_and(|link| link.starts_with("https://wb.example.com/")),
        "{}",
        link.out
    );
}

#[test]
fn a_file_without_its_end_is_refused_and_a_killed_backup_is_made_anew() {
    let (keep, data) = installed();
    let file = keep.path().join("waybill.backup");
    let path = file.to_str().expect("text");
    // What a killed run left.
    std::fs::write(keep.path().join("waybill.backup.part"), "{\"half\"").expect("written");
    assert_eq!(run(&data, &["backup", path]).status, Some(0));
    assert!(!keep.path().join("waybill.backup.part").exists(), "it has its name now");
    let whole = std::fs::read_to_string(&file).expect("text");
    let cut = whole.trim_end().rfind('\n').expect("lines");
    let half = keep.path().join("half");
    // Cut between two lines: each of them can be read.
    std::fs::write(&half, &whole[..=cut]).expect("written");
    let refused = run(&data, &["restore", half.to_str().expect("text"), "--yes"]);
    assert_eq!(refused.status, Some(1), "{}", refused.out);
    assert!(refused.err.contains("its end is missing"), "{}", refused.err);
}

#[test]
fn an_import_that_stopped_goes_on_where_it_was_and_merges_nothing_else() {
    const ROWS: usize = 2_600;
    let (keep, data) = installed();
    let file = keep.path().join("all.jsonl");
    let path = file.to_str().expect("text");
    assert_eq!(run(&data, &["export", path, "--with-secrets"]).status, Some(0));
    let whole = std::fs::read_to_string(&file).expect("text");
    let (head, rest) = whole.split_once('\n').expect("a head");
    let own = rest.lines().filter(|line| line.starts_with("{\"row\"")).count();
    let row = |n: usize, kind: &str| {
        format!(r#"{{"row":{{"pk":{{"S":"STORE#s{n}"}},"sk":{{"S":"X"}},"v":{{"{kind}":"1"}}}}}}"#)
    };
    let with = |broken: Option<usize>| {
        let more: Vec<String> = (0..ROWS).map(|n| row(n, if broken == Some(n) { "?" } else { "N" })).collect();
        let kept: Vec<&str> = rest.lines().filter(|line| !line.starts_with("{\"end\"")).collect();
        format!("{head}\n{}\n{}\n{{\"end\":{}}}\n", kept.join("\n"), more.join("\n"), own + ROWS)
    };
    let moved = keep.path().join("moved");
    assert_eq!(run(&moved, &["init"]).status, Some(0));
    std::fs::write(&file, with(Some(2_500))).expect("written");
    let stopped = run(&moved, &["import", path]);
    assert_eq!(stopped.status, Some(1), "{}", stopped.out);
    assert!(stopped.err.contains("no row of an export"), "{}", stopped.err);
    // Another file is not put on top of it.
    let other = keep.path().join("other.jsonl");
    let other = other.to_str().expect("text");
    assert_eq!(run(&data, &["export", other, "--with-secrets"]).status, Some(0));
    assert_eq!(run(&moved, &["import", other]).status, Some(1));
    std::fs::write(&file, with(None)).expect("written");
    let done = run(&moved, &["import", path, "--json"]);
    assert_eq!(done.status, Some(0), "{}", done.err);
    let done = done.json();
    assert_eq!((&done[0]["rows"], &done[0]["before"]), (&(own + ROWS).into(), &2_000.into()));
    assert_eq!(run(&moved, &["import", path]).status, Some(1), "nothing is merged into what is in use");
    let again = keep.path().join("again.jsonl");
    let again = again.to_str().expect("text");
    assert_eq!(run(&moved, &["export", again]).status, Some(0));
    let rows = |path: &str| {
        let text = std::fs::read_to_string(path).expect("text");
        let mut rows: Vec<String> =
            text.lines().filter(|line| line.starts_with("{\"row\"")).map(str::to_owned).collect();
        rows.sort();
        rows
    };
    assert_eq!(rows(again), rows(path));
}

#[test]
fn the_demo_ends_with_a_console_one_can_enter_and_tells_scripts_every_step() {
    let folder = tempfile::tempdir().expect("folder");
    // Both take their time by the machine's clock.
    let mut child = Command::new(env!("CARGO_BIN_EXE_waybill"))
        .args(["demo", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = run(&folder.path().join("unused"), &["demo", "--exit", "--json"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    let lines = said.json();
    assert!(lines.iter().filter(|line| line["ok"] == true).count() > 10, "{}", said.out);
    assert_eq!(lines.last().expect("a line")["all_where_they_belong"], true);
    let holds = |what: &str| lines.iter().find(|line| line["what"] == what).map(|line| line["tiktok_status"].clone());
    assert_eq!(holds("whole life"), Some("DELIVERED".into()), "{}", said.out);
    assert_eq!(holds("scanned late"), Some("IN_TRANSIT".into()), "{}", said.out);
    for told in ["ACCEPTED_WITH_WARNING: ", "NOT_SCANNED: ", "mail: Tiny Mugs US: 1 order due in"] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    let out = BufReader::new(child.stdout.take().expect("output"));
    let last = out.lines().map(|line| line.expect("text")).find(|line| line.contains("login_link"));
    let last: Value = serde_json::from_str(&last.expect("the console's address")).expect("JSON");
    let (origin, link) = (last["console"].as_str().expect("text"), last["login_link"].as_str().expect("text"));
    assert!(link.starts_with(&format!("{origin}/login/")), "{last}");
    let mut stream = std::net::TcpStream::connect(origin.trim_start_matches("http://")).expect("it serves");
    let path = &link[origin.len()..];
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("answered");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<form"), "{page}");
    let _ = child.kill();
    let _ = child.wait();
}
