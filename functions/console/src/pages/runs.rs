//! A run that a person left to us: how far it is, without a script. The page asks to be loaded again while it goes on,
//! may be left at any time, and offers to go on where a run has stopped.

use crate::answer;
use crate::visit::{Member, Visit};
use http::HeaderValue;
use lambda_http::{Body, Response};
use minijinja::context;
use std::time::Duration;
use waybill::flows::acts::bulk::{self, Run, What};
use waybill::table::error::TableError;
use waybill::web::form::path_part;

/// Where the process does not live on after an answer, a press does as much as fits into a request with room to spare.
const AT_ONCE: Duration = Duration::from_secs(20);
/// Seconds until the page is loaded again.
const AGAIN: &str = "2";

/// Begins a run, or goes on with one; leads to its page.
pub(super) async fn start(visit: &Visit<'_>, token: &str) -> Result<Response<Body>, TableError> {
    if !visit.app.runs.take_on(token) {
        bulk::go_on(visit.app, token, Some(AT_ONCE)).await?;
    }
    Ok(answer::redirect(&format!("/runs/{}", path_part(token))))
}

/// `GET /runs/{token}`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member, token: &str) -> Result<Response<Body>, TableError> {
    let Some(run) = bulk::find_run(visit.app, &member.account, token).await? else {
        return Ok(answer::missing(visit.app));
    };
    let stopped = run.has_stopped(visit.app.clock.now());
    let (still, here) = (visit.query.get("still").is_some(), format!("/runs/{}", path_part(token)));
    let back = match &run.what {
        What::Act { .. } => ("Back to the list", run.back.clone()),
        What::File { .. } => ("The rows as they stand now", run.back.clone()),
    };
    let tab = if matches!(run.what, What::File { .. }) { "backfill" } else { "attention" };
    let values = context! {
        title => title(&run), of_file => matches!(run.what, What::File { .. }), seen => run.seen, done => run.done,
        stayed => run.stayed(), left => run.left(), total => run.total, why => run.why, finished => run.finished,
        stopped, still, here_address => here, back, ..member.frame(tab)
    };
    let mut page = answer::page(visit.app, 200, "run.html", values);
    if !run.finished && !stopped && !still {
        page.headers_mut().insert("refresh", HeaderValue::from_static(AGAIN));
    }
    Ok(page)
}

/// `POST /runs/{token}`: goes on with one that has stopped.
pub(super) async fn act(visit: &Visit<'_>, member: &Member, token: &str) -> Result<Response<Body>, TableError> {
    match bulk::find_run(visit.app, &member.account, token).await? {
        Some(_) => start(visit, token).await,
        None => Ok(answer::missing(visit.app)),
    }
}

fn title(run: &Run) -> String {
    match &run.what {
        What::Act { act, .. } => {
            let word = act.word();
            let (first, rest) = word.split_at(1);
            format!("{}{rest} {} entries", first.to_uppercase(), run.total)
        }
        What::File { name, .. } => format!("Send {name}"),
    }
}
