//! Signing in and out.

use crate::answer::{self, Problem};
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use std::time::Duration;
use waybill::flows::connect::login::{self, Door, Entered, LINK_MINUTES, SESSION_HOURS};
use waybill::table::error::TableError;
use waybill::web::cookie::Cookie;
use waybill::web::form;

pub(super) fn form(visit: &Visit<'_>) -> Response<Body> {
    let target = visit.query.get("to").and_then(login::own_path);
    answer::page(visit.app, 200, "login.html", context! { target, narrow => true })
}

pub(super) async fn ask(visit: &Visit<'_>) -> Response<Body> {
    let email = visit.form.get("email").unwrap_or_default().trim();
    if !visit.is_from_our_page() || email.is_empty() || email.len() > 254 {
        return super::stale_form(visit);
    }
    let asked = login::ask(visit.app, email, visit.cookie(Cookie::Login).as_deref(), visit.form.get("to")).await;
    let values = context! { code => asked.code, minutes => LINK_MINUTES, narrow => true };
    let page = answer::page(visit.app, 200, "login_sent.html", values);
    let life = Duration::from_secs(LINK_MINUTES * 60);
    answer::with_cookie(page, &Cookie::Login.set(&visit.app.config.public_url, &asked.browser, life))
}

pub(super) async fn door(visit: &Visit<'_>, token: &str) -> Result<Response<Body>, TableError> {
    let browser = visit.cookie(Cookie::Login);
    let door = login::look(visit.app, token, browser.as_deref()).await?;
    if door == Door::Shut {
        return Ok(shut(visit));
    }
    Ok(door_page(visit, 200, door == Door::Code, None))
}

/// `left`: a code was typed and is wrong; so many tries are left.
fn door_page(visit: &Visit<'_>, status: u16, code: bool, left: Option<u8>) -> Response<Body> {
    let values = context! { code, left, action => visit.path, narrow => true };
    answer::page(visit.app, status, "login_door.html", values)
}

pub(super) async fn enter(visit: &Visit<'_>, token: &str) -> Result<Response<Body>, TableError> {
    if !visit.is_from_our_page() {
        return Ok(super::stale_form(visit));
    }
    let browser = visit.cookie(Cookie::Login);
    let (secret, target, several) =
        match login::enter(visit.app, token, browser.as_deref(), visit.form.get("code")).await? {
            Entered::In { secret, target, several } => (secret, target, several),
            Entered::WrongCode { left } => return Ok(door_page(visit, 403, true, Some(left))),
            Entered::NoCode => return Ok(door_page(visit, 200, true, None)),
            Entered::Shut => return Ok(shut(visit)),
        };
    let origin = &visit.app.config.public_url;
    let target = target.unwrap_or_else(|| "/".to_owned());
    // Which of the accounts the page is to be about is for the person to say.
    let target = if several { form::address("/accounts", &[("to", &target)]) } else { target };
    let target = answer::redirect(&target);
    Ok(answer::with_cookie(kept(visit, target, &secret), &Cookie::Login.set(origin, "", Duration::ZERO)))
}

/// The browser keeps its session from now on.
pub(super) fn kept(visit: &Visit<'_>, page: Response<Body>, secret: &str) -> Response<Body> {
    let life = Duration::from_secs(u64::try_from(SESSION_HOURS).unwrap_or(12) * 3600);
    answer::with_cookie(page, &Cookie::Session.set(&visit.app.config.public_url, secret, life))
}

/// The way back in, and on to the page that was asked for.
pub(super) fn way_in(visit: &Visit<'_>) -> String {
    let asked = match visit.raw_query.as_str() {
        "" => visit.path.clone(),
        query => format!("{}?{query}", visit.path),
    };
    let target = login::own_path(&asked).filter(|path| *path != "/").unwrap_or_default();
    form::address("/login", &[("to", target)])
}

/// A button was pressed after the session ended.
pub(super) fn signed_out(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 403,
            title: "You are signed out",
            words: "Nothing was changed: the session of this browser has ended.".into(),
            remedy: "Sign in, and press the button once more.".into(),
            button: Some(("Sign in", way_in(visit))),
        },
    )
}

pub(super) async fn leave(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    visit.app.table.session_delete(&member.secret).await?;
    let gone = Cookie::Session.set(&visit.app.config.public_url, "", Duration::ZERO);
    Ok(answer::with_cookie(answer::redirect("/login"), &gone))
}

fn shut(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 410,
            title: "This link is used up",
            words: format!("A login link works once, within {LINK_MINUTES} minutes, with the right code."),
            remedy: "Ask for a new one; it takes a few seconds.".into(),
            button: Some(("Sign in", "/login".into())),
        },
    )
}
