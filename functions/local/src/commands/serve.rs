//! `waybill serve`: one-machine production.

use super::{Failure, Output, Place, missing};
use crate::host::{Host, Metrics};
use crate::metrics::Registry;
use crate::open::{installed, serve_options};
use crate::stack::{Claim, Stack};
use jiff::tz::TimeZone;
use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};
use waybill::config::Config;
use waybill::domain::clock::Clock;
use waybill::flows::push;
use waybill::telemetry::{self, Sink, Style};

/// Where `waybill serve` listens.
#[derive(Clone, Copy, Debug)]
pub struct Listening {
    /// The address.
    pub bind: IpAddr,
    /// The port; zero takes a free one.
    pub port: u16,
    /// Whether `/metrics` answers others than this machine.
    pub open_metrics: bool,
}

/// Connections that wait to be accepted, as far as the kernel allows.
const QUEUE: u32 = 4096;

/// Serves until Ctrl-C or a termination signal. Every acknowledged fact is on disk: it may be killed at any moment.
///
/// # Errors
/// When the folder or the port cannot be had.
pub async fn run(place: &Place, at: Listening, output: &mut Output) -> Result<bool, Failure> {
    // Whatever this process writes is its owner's alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    installed(&place.data)?;
    // The folder first: of two servers on one folder the second hears of the first, not of a port.
    let claim = Claim::alone(&place.data).await?;
    let listener = listen(at).map_err(|error| not_bound(at, &error))?;
    let origin = format!("http://{}", listener.local_addr()?);
    let registry = Arc::new(Registry::default());
    let mut options = serve_options(&place.data, &origin)?;
    options.claim = Some(claim);
    options.metrics = registry.sink();
    log_to_stderr(&options.config, &options.clock);
    warn_of(&options.config);
    let stack = Stack::start(options).await?;
    if stack.closed > 0 {
        warn_of_open_files(&place.data, stack.closed);
    }
    if let Err(error) = push::take_over(&stack.app).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "what the last server left is waited for");
    }
    output.say(format!("ready {origin}"))?;
    // Whoever started it may have read the first line and closed the pipe: that stops nothing.
    for line in missing::words(&stack.app).await.unwrap_or_default() {
        let _ = output.say(line);
    }
    let host = Host::new(Arc::clone(&stack.app)).with_metrics(Metrics { registry, to_all: at.open_metrics });
    let host = Arc::new(host);
    tokio::select! {
        () = Arc::clone(&host).serve(listener) => {}
        () = host.schedules() => {}
        () = stopped() => {}
    }
    Ok(false)
}

/// With room for a crowd that comes at once: who finds the queue full tries again a second later.
fn listen(at: Listening) -> std::io::Result<TcpListener> {
    let socket = if at.bind.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind((at.bind, at.port).into())?;
    socket.listen(QUEUE)
}

/// Standard output is for the one line that says ready. A person at a terminal reads words and the time of day; anything
/// else reads JSON.
fn log_to_stderr(config: &Config, clock: &Clock) {
    let level = config.log_level.filter();
    if std::io::stderr().is_terminal() {
        let (time, stderr) = (clock.clone(), Sink::stderr());
        let lines = Sink::new(move |line| {
            let now = time.now().to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string();
            stderr.line(&format!("{now}  {line}"));
        });
        telemetry::init_to(level, Style::Human, clock.clone(), lines);
    } else {
        telemetry::init_to(level, Style::Json, clock.clone(), Sink::stderr());
    }
}

/// Settings that open something.
fn warn_of(config: &Config) {
    if !config.outbound_allow.is_empty() {
        let hosts: Vec<String> =
            config.outbound_allow.iter().map(|host| format!("{}:{}", host.host, host.port)).collect();
        tracing::warn!(
            setting = "OUTBOUND_ALLOW",
            address = hosts.join(","),
            "the guard against private addresses is off for some hosts"
        );
    }
}

fn warn_of_open_files(folder: &Path, closed: usize) {
    tracing::warn!(
        address = %folder.display(),
        count = closed,
        "the data folder was open to other people of this machine; it is closed now, but what was in it may have been read"
    );
}

/// Why an address cannot be had, and which other one can.
fn not_bound(at: Listening, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind;
    let Listening { bind, port, .. } = at;
    match error.kind() {
        ErrorKind::AddrInUse => Failure::attention(
            format!("port {port} is taken by another program"),
            "Stop that program, or use another port: --port N.",
        ),
        ErrorKind::AddrNotAvailable => Failure::attention(
            format!("this machine has no address {bind}"),
            "Give one that it has, 127.0.0.1 for itself only, or 0.0.0.0 for all it has: --bind ADDRESS.",
        ),
        ErrorKind::PermissionDenied => Failure::attention(
            format!("port {port} needs rights that this user does not have"),
            "Use a port from 1024 up (--port N) behind a reverse proxy that has the public one.",
        ),
        _ => Failure::attention(format!("{bind} port {port} cannot be opened: {error}"), "Check --bind and --port."),
    }
}

/// Ctrl-C, or the service manager's wish.
pub(crate) async fn stopped() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
