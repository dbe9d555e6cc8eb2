//! `waybill serve` among people who mean it no good: other users of the machine, other processes, strangers on the wire.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "an expectation that fails is a test that fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program from a shell that first does something, such as setting a limit.
fn waybill(before: &str, args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{before}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_waybill")]);
    command.args(args).arg("--data").arg(folder);
    for name in ["TIKTOK_API_URL", "TIKTOK_AUTH_URL"] {
        command.env(name, "https://tiktok.invalid");
    }
    command
}

fn run(args: &[&str], folder: &Path) -> Output {
    waybill("true", args, folder).stdin(Stdio::null()).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn serve(before: &str, folder: &Path) -> Server {
    let mut child = waybill(before, &["serve", "--port", "0"], folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("output")).read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("ready http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
    Server { child, address }
}

fn installed() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("data");
    let made = run(&["init"], &folder);
    assert!(made.status.success(), "{}", said(&made));
    (place, folder)
}

impl Server {
    /// Sends a request as it stands; status line and body of the answer, or what came until the connection ended.
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str, headers: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:8787\r\nconnection: close\r\n{headers}\r\n"))
    }

    fn is_well(&self) -> bool {
        self.get("/healthz", "").starts_with("HTTP/1.1 200")
    }

    /// Memory in use, in kB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("of a process that lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.split_whitespace().next().and_then(|kb| kb.parse().ok()).expect("a number")
    }

    /// The TCP ports on which it listens.
    fn ports(&self) -> BTreeSet<u16> {
        let own: BTreeSet<String> = fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .expect("its files")
            .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
            .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned))
            .collect();
        let mut ports = BTreeSet::new();
        for table in ["tcp", "tcp6"] {
            let text = fs::read_to_string(format!("/proc/{}/net/{table}", self.child.id())).unwrap_or_default();
            for line in text.lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                if fields[3] == "0A" && own.contains(fields[9]) {
                    ports.insert(u16::from_str_radix(fields[1].rsplit(':').next().expect("a port"), 16).expect("hex"));
                }
            }
        }
        ports
    }
}

fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(all_below(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn nobody_else_reaches_the_table_or_reads_a_mail() {
    let (_place, folder) = installed();
    let add = ["account", "add", "--name", "Tiny Mugs", "--email", "owner@tiny-mugs.example"];
    let server = serve("umask 0", &folder);
    assert_eq!(
        server.ports().into_iter().map(|port| port.to_string()).collect::<Vec<_>>(),
        [server.address.rsplit(':').next().expect("a port")]
    );
    // A command beside it goes through the socket.
    let added = run(&add, &folder);
    assert!(added.status.success(), "{}", said(&added));
    let form = "email=owner%40tiny-mugs.example";
    let asked = server.send(&format!(
        "POST /login HTTP/1.1\r\nhost: x\r\norigin: http://{}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{form}",
        server.address,
        form.len()
    ));
    assert!(asked.starts_with("HTTP/1.1 200"), "{asked}");
    let mut waited = 0;
    while fs::read_dir(folder.join("mail")).map_or(0, Iterator::count) == 0 {
        assert!(waited < 200, "no mail");
        waited += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
    let socket = fs::symlink_metadata(folder.join("table.sock")).expect("a socket");
    assert!(socket.file_type().is_socket() && !folder.join("endpoint").exists());
    for path in all_below(&folder) {
        let about = fs::symlink_metadata(&path).expect("there");
        let right = if about.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(about.mode() & 0o777, right, "{}", path.display());
    }
}

#[test]
fn a_folder_that_was_left_open_is_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_place, folder) = installed();
    for (path, mode) in [(folder.clone(), 0o755), (folder.join("table.db"), 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }
    assert!(run(&["held"], &folder).status.success());
    assert_eq!(fs::metadata(&folder).expect("there").mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(folder.join("table.db")).expect("there").mode() & 0o777, 0o600);
}

#[test]
fn a_second_server_says_who_has_the_folder() {
    let (_place, folder) = installed();
    let server = serve("true", &folder);
    let second = run(&["serve", "--port", "0"], &folder);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        second.stdout.is_empty() && said(&second).contains(&format!("pid {}", server.child.id())),
        "{}",
        said(&second)
    );
    assert!(server.is_well());
}

#[test]
fn keys_that_are_missing_broken_or_foreign_stop_the_start_with_words() {
    let key = |folder: &Path, ring: &str| folder.join("secrets/waybill/kek").join(ring);
    let (_place, folder) = installed();
    let (_other_place, other) = installed();
    let refused = |what: &str| {
        for args in [&["serve", "--port", "0"][..], &["shop", "list"]] {
            let output = run(args, &folder);
            let words = said(&output);
            assert_eq!(output.status.code(), Some(1), "{what} {args:?}: {words}");
            assert!(
                words.contains("sealed with keys that are not here") && words.contains("the folder `secrets`"),
                "{words}"
            );
        }
    };
    let good = fs::read_to_string(key(&folder, "hook")).expect("a key");
    fs::write(key(&folder, "hook"), fs::read_to_string(key(&other, "hook")).expect("a key")).expect("written");
    refused("foreign");
    fs::write(key(&folder, "hook"), "junk").expect("written");
    refused("broken");
    fs::remove_file(key(&folder, "hook")).expect("removed");
    refused("missing");
    assert!(!key(&folder, "hook").exists(), "no new key is made");
    let mut open = fs::OpenOptions::new();
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = open.create(true).write(true).truncate(true).mode(0o600).open(key(&folder, "hook"));
    file.expect("opened").write_all(good.as_bytes()).expect("written");
    assert!(run(&["shop", "list"], &folder).status.success(), "restored");
}

#[test]
fn idle_connections_and_a_shortage_of_files_do_not_stop_it() {
    let (_place, folder) = installed();
    // 256 are its own: 64 connections are left.
    let server = serve("ulimit -n 320", &folder);
    let mut idle = Vec::new();
    for _ in 0..600 {
        if let Ok(stream) = TcpStream::connect(&server.address) {
            idle.push(stream);
        }
    }
    assert!(idle.len() > 400, "{}", idle.len());
    for _ in 0..3 {
        assert!(server.is_well());
    }
    drop(idle);
    assert!(server.is_well());
}

#[test]
fn bodies_that_nobody_wants_are_not_read() {
    let (_place, folder) = installed();
    let server = serve("true", &folder);
    assert!(server.is_well());
    let before = server.memory();
    let mut open = Vec::new();
    for path in ["/nowhere", "/hooks/nowhere", "/hooks/woocommerce/abc234", "/hooks/shopify"] {
        for _ in 0..15 {
            let mut stream = TcpStream::connect(&server.address).expect("a connection");
            stream.set_write_timeout(Some(Duration::from_millis(500))).expect("a limit");
            let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("the head");
            let _ = stream.write_all(&[b'x'; 1 << 20]);
            open.push(stream);
        }
    }
    assert!(server.is_well());
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 40_000, "{grown} kB for bodies that nobody wants");
    for (path, status) in [
        ("/nowhere", "413"),
        ("/hooks/nowhere", "404"),
        ("/hooks/woocommerce/abc234", "200"),
        ("/hooks/shopify", "413"),
    ] {
        let answer = server.send(&format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
}

#[test]
fn numbers_for_prometheus_are_for_this_machine() {
    let (_place, folder) = installed();
    let server = serve("true", &folder);
    assert!(server.is_well());
    let page = server.get("/metrics", "");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("waybill_http_answers_total{status=\"200\"}"), "{page}");
    for handed_on in ["x-forwarded-for: 203.0.113.7\r\n", "forwarded: for=203.0.113.7\r\n", "via: 1.1 proxy\r\n"] {
        let page = server.get("/metrics", handed_on);
        assert!(!page.contains("waybill_"), "{handed_on}: {page}");
    }
    let page = server.send("GET /metrics HTTP/1.1\r\nhost: waybill.example\r\nconnection: close\r\n\r\n");
    assert!(!page.contains("waybill_http"), "{page}");
}

#[test]
fn an_address_that_cannot_be_had_is_explained() {
    let (_place, folder) = installed();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    for (args, words) in [
        (&["serve", "--bind", "192.0.2.1", "--port", "0"][..], "this machine has no address 192.0.2.1"),
        (&["serve", "--port", &port], "is taken by another program"),
    ] {
        let output = run(args, &folder);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(said(&output).contains(words), "{}", said(&output));
    }
}

#[test]
fn a_damaged_table_and_an_exemption_from_the_guard_are_said() {
    let (_place, folder) = installed();
    let mut serve = waybill("true", &["serve", "--port", "0"], &folder);
    let mut child = serve
        .env("OUTBOUND_ALLOW", "10.0.0.5:8443")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("output")).read_line(&mut line).expect("a line");
    child.kill().expect("killed");
    let output = child.wait_with_output().expect("it ends");
    assert!(said(&output).contains("OUTBOUND_ALLOW") && said(&output).contains("10.0.0.5:8443"), "{}", said(&output));
    for file in ["table.db-wal", "table.db-shm"] {
        let _ = fs::remove_file(folder.join(file));
    }
    fs::write(folder.join("table.db"), [7; 8192]).expect("written");
    let output = run(&["held"], &folder);
    assert_eq!(output.status.code(), Some(1));
    let words = said(&output);
    assert!(words.contains("damaged") && words.contains("Restore a backup") && !words.contains("feature"), "{words}");
    assert_eq!(fs::read(folder.join("table.db")).expect("there"), [7; 8192], "it is left as it is");
}
