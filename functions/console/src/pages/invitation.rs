//! An invitation's link: opening it shows what was asked, one press takes it up. It makes only the person of its address
//! one of the account's people, and signs nobody in: the login link goes to that address.

use super::gate::spoken;
use crate::answer::{self, Problem};
use crate::visit::Visit;
use lambda_http::{Body, Response};
use minijinja::context;
use std::time::Duration;
use waybill::domain::ids::AccountId;
use waybill::flows::acts::people::{self, PeopleError};
use waybill::flows::connect::login::{self, LINK_MINUTES};
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::web::cookie::Cookie;

/// `GET /invitation/{account}/{token}`.
pub(super) async fn page(visit: &Visit<'_>, account: &str, token: &str) -> Result<Response<Body>, TableError> {
    let asked = match AccountId::parse(account) {
        Ok(account) => people::look(visit.app, &account, token).await?,
        Err(_) => None,
    };
    let Some(asked) = asked else { return Ok(over(visit)) };
    let invitation = &asked.invitation;
    if let Some(member) = visit.member().await?
        && member.person.email != invitation.email
    {
        return Ok(another(visit, member.person.email.reveal()));
    }
    let values = context! {
        account => asked.name, role => spoken(invitation.role), may => invitation.role.explained(),
        until => zone::moment(invitation.until, &jiff::tz::TimeZone::UTC), action => visit.path, narrow => true,
    };
    Ok(answer::page(visit.app, 200, "invitation.html", values))
}

/// `POST /invitation/{account}/{token}`.
pub(super) async fn accept(visit: &Visit<'_>, account: &str, token: &str) -> Result<Response<Body>, TableError> {
    if !visit.is_from_our_page() {
        return Ok(super::stale_form(visit));
    }
    let Ok(account) = AccountId::parse(account) else { return Ok(over(visit)) };
    let Some(asked) = people::look(visit.app, &account, token).await? else { return Ok(over(visit)) };
    let member = visit.member().await?;
    if let Some(member) = &member
        && member.person.email != asked.invitation.email
    {
        return Ok(another(visit, member.person.email.reveal()));
    }
    let person = match people::accept(visit.app, visit.from(), &account, token).await {
        Ok(person) => person,
        Err(PeopleError::Table(error)) => return Err(error),
        Err(_) => return Ok(over(visit)),
    };
    let said = format!("You are {} of {} now.", spoken(person.role), asked.name);
    if let Some(member) = member {
        return match login::switch(visit.app, &member.secret, &member.session, &account).await {
            Ok(true) => Ok(visit.go_on("/people", &said)),
            Ok(false) | Err(TableError::Conflict) => Ok(visit.go_on("/accounts", &said)),
            Err(error) => Err(error),
        };
    }
    let asked = login::ask(visit.app, person.email.reveal(), visit.cookie(Cookie::Login).as_deref(), None).await;
    let values = context! { code => asked.code, minutes => LINK_MINUTES, joined => said, narrow => true };
    let page = answer::page(visit.app, 200, "login_sent.html", values);
    let life = Duration::from_secs(LINK_MINUTES * 60);
    Ok(answer::with_cookie(page, &Cookie::Login.set(&visit.app.config.public_url, &asked.browser, life)))
}

fn over(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 410,
            title: "This invitation works no more",
            words: "It was taken up already, taken back, replaced by a newer one, or it is older than seven days."
                .into(),
            remedy: "Did you take it up? Then sign in. If not, ask whoever invited you for a new one.".into(),
            button: Some(("Sign in", "/login".into())),
        },
    )
}

/// Forwarded: whoever looks at it is somebody else.
fn another(visit: &Visit<'_>, email: &str) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 403,
            title: "This invitation is for somebody else",
            words: format!(
                "It was sent to another address than {email}, as which you are signed in. Nothing was changed."
            ),
            remedy:
                "Is the other address yours too? Sign out and open the link again. If not, ask for an invitation of \
                     your own."
                    .into(),
            button: Some(("Open the overview", "/".into())),
        },
    )
}
