//! What stands around the machine of the guide: a mail server, a browser behind the reverse proxy, TikTok's consent page.

use super::NAME;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;

/// A server that takes every mail over SMTP.
pub(crate) fn mail_server() -> (String, mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (mails, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mails = mails.clone();
            std::thread::spawn(move || take_mail(stream, &mails));
        }
    });
    (address, received)
}

fn take_mail(stream: TcpStream, mails: &mpsc::Sender<String>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut out = stream;
    out.write_all(b"220 mail.example.com\r\n").ok()?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        if word == "QUIT" {
            return out.write_all(b"221 bye\r\n").ok();
        }
        if word != "DATA" {
            out.write_all(b"250 ok\r\n").ok()?;
            continue;
        }
        out.write_all(b"354 go on\r\n").ok()?;
        let mut mail = String::new();
        while !mail.ends_with("\r\n.\r\n") {
            if lines.read_line(&mut mail).ok()? == 0 {
                return None;
            }
        }
        mails.send(mail).ok()?;
        out.write_all(b"250 taken\r\n").ok()?;
    }
}

pub(crate) struct Service {
    child: Child,
    address: String,
    cookies: BTreeMap<String, String>,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

impl Service {
    pub(crate) fn at(child: Child, address: String) -> Self {
        Self { child, address, cookies: BTreeMap::new() }
    }

    /// Another browser.
    pub(crate) fn forget(&mut self) {
        self.cookies.clear();
    }

    /// A request that the reverse proxy hands on: to the machine's name, over https for the browser.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let path = path.strip_prefix(NAME).unwrap_or(path);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let origin = if method == "POST" { format!("origin: {NAME}\r\n") } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: waybill.example.com\r\nx-forwarded-for: 203.0.113.9\r\nconnection: close\r\n\
             cookie: {}\r\n{origin}content-length: {}\r\n{headers}\r\n",
            cookies.join("; "),
            body.len(),
        );
        let (status, fields, text) = exchange(&self.address, &format!("{head}{body}"));
        for (_, value) in fields.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, rest) = value.split_once('=').expect("a pair");
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap_or_default().to_owned());
        }
        let location = fields.iter().find(|(name, _)| name == "location").map(|(_, value)| value.clone());
        Answer { status, location: location.unwrap_or_default(), text }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "", "")
    }
}

fn exchange(address: &str, request: &str) -> (u16, Vec<(String, String)>, String) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("answered");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{head}"));
    let fields = head.lines().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_ascii_lowercase(), value.to_owned()))
    });
    (status, fields.collect(), body.to_owned())
}

/// TikTok's consent page, pressed: where it sends the browser then.
pub(crate) fn consent(address: &str) -> String {
    let (host, path) = address.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let (status, fields, _) = exchange(host, &request);
    assert_eq!(status, 302, "{fields:?}");
    fields.into_iter().find(|(name, _)| name == "location").expect("a place").1
}
