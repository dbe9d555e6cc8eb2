//! Pages and redirects with their headers: the one place that knows status codes.

use http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use lambda_http::{Body, Response};
use minijinja::{AutoEscape, Environment, Output, State, Value, context};
use std::sync::OnceLock;
use waybill::app::App;
use waybill::web::{csv, headers};

const STYLE: &str = include_str!("../templates/style.css");
const KEYS: &str = include_str!("../templates/keys.js");

const TEMPLATES: &[(&str, &str)] = &[
    ("base.html", include_str!("../templates/base.html")),
    ("list.html", include_str!("../templates/list.html")),
    ("orders.html", include_str!("../templates/orders.html")),
    ("deadlines.html", include_str!("../templates/deadlines.html")),
    ("audit.html", include_str!("../templates/audit.html")),
    ("mapping.html", include_str!("../templates/mapping.html")),
    ("carriers.html", include_str!("../templates/carriers.html")),
    ("backfill.html", include_str!("../templates/backfill.html")),
    ("backfill_preview.html", include_str!("../templates/backfill_preview.html")),
    ("explain.html", include_str!("../templates/explain.html")),
    ("report.html", include_str!("../templates/report.html")),
    ("report_orders.html", include_str!("../templates/report_orders.html")),
    ("store.html", include_str!("../templates/store.html")),
    ("health.html", include_str!("../templates/health.html")),
    ("shop_card.html", include_str!("../templates/shop_card.html")),
    ("overview.html", include_str!("../templates/overview.html")),
    ("shops.html", include_str!("../templates/shops.html")),
    ("shop.html", include_str!("../templates/shop.html")),
    ("connect.html", include_str!("../templates/connect.html")),
    ("connected.html", include_str!("../templates/connected.html")),
    ("store_form.html", include_str!("../templates/store_form.html")),
    ("store_added.html", include_str!("../templates/store_added.html")),
    ("store_connected.html", include_str!("../templates/store_connected.html")),
    ("store_claim.html", include_str!("../templates/store_claim.html")),
    ("store_frame.html", include_str!("../templates/store_frame.html")),
    ("landing.html", include_str!("../templates/landing.html")),
    ("login.html", include_str!("../templates/login.html")),
    ("login_sent.html", include_str!("../templates/login_sent.html")),
    ("login_door.html", include_str!("../templates/login_door.html")),
    ("forms.html", include_str!("../templates/forms.html")),
    ("attention.html", include_str!("../templates/attention.html")),
    ("attention_bulk.html", include_str!("../templates/attention_bulk.html")),
    ("run.html", include_str!("../templates/run.html")),
    ("order.html", include_str!("../templates/order.html")),
    ("order_choice.html", include_str!("../templates/order_choice.html")),
    ("people.html", include_str!("../templates/people.html")),
    ("invitation.html", include_str!("../templates/invitation.html")),
    ("accounts.html", include_str!("../templates/accounts.html")),
    ("copy_maps.html", include_str!("../templates/copy_maps.html")),
];
const PROBLEM: (&str, &str) = ("problem.html", include_str!("../templates/problem.html"));

fn templates() -> &'static Environment<'static> {
    static ALL: OnceLock<Environment<'static>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Environment::new();
        all.set_trim_blocks(true);
        all.set_lstrip_blocks(true);
        all.set_auto_escape_callback(|_| AutoEscape::Html);
        all.set_formatter(written_out);
        for (name, text) in TEMPLATES.iter().copied().chain([PROBLEM]) {
            if let Err(error) = all.add_template(name, text) {
                tracing::error!(template = name, error = &error as &dyn std::error::Error, "template broken");
            }
        }
        all
    })
}

/// Text in a page: what could end its place is escaped. A slash cannot, and addresses are full of them.
fn written_out(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => {
            let mut from = 0;
            for (at, byte) in text.bytes().enumerate() {
                let name = match byte {
                    b'&' => "&amp;",
                    b'<' => "&lt;",
                    b'>' => "&gt;",
                    b'"' => "&quot;",
                    b'\'' => "&#x27;",
                    _ => continue,
                };
                out.write_str(text.get(from..at).unwrap_or_default())?;
                out.write_str(name)?;
                from = at + 1;
            }
            Ok(out.write_str(text.get(from..).unwrap_or_default())?)
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// A page that goes wrong, in words.
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    pub(crate) words: String,
    pub(crate) remedy: String,
    pub(crate) button: Option<(&'static str, String)>,
}

/// A page from a template.
pub(crate) fn page(app: &App, status: u16, template: &str, values: Value) -> Response<Body> {
    page_to(app, status, template, values, &[])
}

/// A page whose forms may also lead to these origins.
pub(crate) fn page_to(app: &App, status: u16, template: &str, values: Value, targets: &[String]) -> Response<Body> {
    written(app, status, template, values, targets, false)
}

/// A page that BigCommerce's control panel may show in a frame. It has no form and shows nothing of an account.
pub(crate) fn framed(app: &App, template: &str, values: Value) -> Response<Body> {
    written(app, 200, template, values, &[], true)
}

fn written(app: &App, status: u16, template: &str, values: Value, targets: &[String], framed: bool) -> Response<Body> {
    // As `base.html` has it: the script is for pages of people who are signed in.
    let scripted = values.get_attr("csrf").is_ok_and(|csrf| csrf.is_true());
    let values = context! { style => STYLE, version => env!("CARGO_PKG_VERSION"), ..values };
    let text = templates().get_template(template).and_then(|template| template.render(values));
    let (status, text) = text.map(|text| (status, text)).unwrap_or_else(|error| {
        tracing::error!(template, error = &error as &dyn std::error::Error, "page not written");
        (500, "<!doctype html><title>Waybill</title><p>This page cannot be shown. Please try again.</p>".to_owned())
    });
    let mut response = answer(status, text.into());
    for (name, value) in headers::PAGE {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let consent = [&app.config.tiktok_consent_us, &app.config.tiktok_consent_row];
    let origins = consent.map(|url| url.origin().ascii_serialization());
    let targets: Vec<&str> = origins.iter().chain(targets).map(String::as_str).collect();
    let frames = if framed { headers::CONTROL_PANELS } else { "'none'" };
    let policy = headers::content_policy(STYLE, scripted, &targets, frames);
    if framed {
        response.headers_mut().remove("x-frame-options");
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A page that says what went wrong and what to do.
pub(crate) fn problem(app: &App, problem: Problem) -> Response<Body> {
    let (button, target) = problem.button.unzip();
    let tone = if problem.status >= 500 { "now" } else { "soon" };
    let values = context! {
        title => problem.title, words => problem.words, remedy => problem.remedy, button, target, tone, narrow => true,
    };
    page(app, problem.status, "problem.html", values)
}

/// To another page; never kept.
pub(crate) fn redirect(target: &str) -> Response<Body> {
    let mut response = answer(303, Body::Empty);
    if let Ok(target) = HeaderValue::from_str(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Adds a cookie.
pub(crate) fn with_cookie(mut response: Response<Body>, cookie: &str) -> Response<Body> {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// JSON for a machine.
pub(crate) fn machine(status: u16, word: &str, message: &str) -> Response<Body> {
    let body = if status < 300 {
        serde_json::json!({"status": word, "message": message})
    } else {
        serde_json::json!({"error": word, "message": message})
    };
    let mut response = answer(status, body.to_string().into());
    for (name, value) in [("content-type", "application/json"), ("cache-control", "no-store")] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// `GET /keys.js`: the one script, the same for everybody.
pub(crate) fn keys() -> Response<Body> {
    let mut response = answer(200, KEYS.into());
    for (name, value) in [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// `GET /healthz`.
pub(crate) fn healthy() -> Response<Body> {
    json(&serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// What programs read.
pub(crate) fn json(body: &serde_json::Value) -> Response<Body> {
    let mut response = answer(200, body.to_string().into());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}

/// A table for people's spreadsheets; `name` is the file's, without its ending. Cells that begin like a formula are text.
pub(crate) fn csv(name: &str, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Response<Body> {
    let mut text = csv::line(head.iter().copied());
    for row in rows {
        text.push_str(&csv::line(row.iter().map(String::as_str)));
    }
    file(&format!("{name}.csv"), "text/csv; charset=utf-8", text)
}

/// A file to keep; `name` holds signs of a file's name only.
pub(crate) fn file(name: &str, mime: &str, text: String) -> Response<Body> {
    let mut response = answer(200, text.into());
    let file = format!("attachment; filename=\"{name}\"");
    for (name, value) in [
        ("content-type", mime),
        ("content-disposition", file.as_str()),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Names the next part of a list in a header, for programs that read it whole.
pub(crate) fn with_next(mut response: Response<Body>, next: Option<&str>) -> Response<Body> {
    if let Some(link) = next.and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok()) {
        response.headers_mut().insert(http::header::LINK, link);
    }
    response
}

/// Our own fault.
pub(crate) fn broken(app: &App) -> Response<Body> {
    problem(
        app,
        Problem {
            status: 500,
            title: "Something broke",
            words: "This is our fault. Nothing was changed.".into(),
            remedy: "Please try again in a minute.".into(),
            button: Some(("Try again", "/".into())),
        },
    )
}

/// Nothing there, or somebody else's: the two look the same.
pub(crate) fn missing(app: &App) -> Response<Body> {
    problem(
        app,
        Problem {
            status: 404,
            title: "There is nothing here",
            words: "This address leads nowhere, or to something that is not yours.".into(),
            remedy: "Go back to the overview and follow a link from there.".into(),
            button: Some(("Open the overview", "/".into())),
        },
    )
}

fn answer(status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_ends_no_place_in_a_page() {
        let mut page = templates().clone();
        page.add_template("t", "<a href=\"{{ a }}\" title='{{ a }}'>{{ a }}</a>{{ n }}").expect("a template");
        let values = context! { a => "/o?a=1&b=\"><script>'é/", n => 7 };
        let text = page.get_template("t").and_then(|page| page.render(values)).expect("a page");
        let safe = "/o?a=1&amp;b=&quot;&gt;&lt;script&gt;&#x27;é/";
        assert_eq!(text, format!("<a href=\"{safe}\" title='{safe}'>{safe}</a>7"));
    }

    #[test]
    fn every_template_can_be_read() {
        for (name, _) in TEMPLATES.iter().copied().chain([PROBLEM]) {
            assert!(templates().get_template(name).is_ok(), "{name}");
        }
    }
}
