//! `waybill serve`: one-machine production.

use super::Place;
use super::{Failure, Output};
use crate::host;
use crate::stack::{Options, Stack};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use waybill::telemetry::{self, Sink, Style};

/// Serves until Ctrl-C or a termination signal. Every acknowledged fact is on disk: it may be killed at any moment.
///
/// # Errors
/// When the folder or the port cannot be had.
pub async fn run(place: &Place, bind: IpAddr, port: u16, output: &mut Output) -> Result<bool, Failure> {
    let listener = TcpListener::bind((bind, port))
        .await
        .map_err(|e| Failure::attention(format!("port {port} cannot be opened: {e}"), "Use another one: --port N."))?;
    let address = listener.local_addr()?;
    let origin = format!("http://{address}");
    let mut options = Options::from_env(&place.data, &origin)?;
    options.metrics = Sink::stderr();
    // Standard output is for the one line that says ready.
    let level = options.config.log_level.filter();
    telemetry::init_to(level, Style::Json, options.clock.clone(), Sink::stderr());
    let stack = Stack::start(options).await?;
    output.say(format!("ready {origin}"))?;
    let app = &stack.app;
    tokio::select! {
        served = host::serve(Arc::clone(app), listener) => served?,
        () = host::schedules(Arc::clone(app)) => {}
        () = stopped() => {}
    }
    Ok(false)
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
