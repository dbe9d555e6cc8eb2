//! Who may open which page and press which button: one table, asked before any page is built. What it does not name is
//! seen by everybody of the account and pressed by owners alone, so a new button is never everybody's by oversight.

use crate::answer::{self, Problem};
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use waybill::domain::people::Role;

/// The addresses named in a refusal.
const NAMED: usize = 5;

/// The least role that an address asks for. `word`: what the form's button says, where one address has several.
pub(super) fn least(method: &str, parts: &[&str], word: Option<&str>) -> Role {
    match (method, parts) {
        ("POST", ["logout" | "accounts"]) => Role::Reader,
        (
            "POST",
            ["orders" | "runs", _] | ["attention" | "mapping" | "carriers" | "backfill"] | ["mapping", "copy"],
        ) => Role::Operator,
        ("POST", ["shops", _]) if matches!(word, Some("pause" | "resume" | "map")) => Role::Operator,
        // A consent begins with a GET; the pages before it lead nowhere else.
        ("GET", ["connect", ..]) | ("POST", _) => Role::Owner,
        _ => Role::Reader,
    }
}

/// The page for somebody who may not; `None`: come in.
pub(super) fn refuse(visit: &Visit<'_>, member: &Member, method: &str, parts: &[&str]) -> Option<Response<Body>> {
    let least = least(method, parts, visit.form.get("do"));
    if member.person.role >= least {
        return None;
    }
    let words = format!(
        "Nothing was changed. You are {} of this account, and this takes {}.",
        spoken(member.person.role),
        if least == Role::Owner { "an owner" } else { "an operator or an owner" },
    );
    let who = member.people.who_can(least);
    let more = if who.len() > NAMED { " and others" } else { "" };
    let remedy = format!("Who can do it: {}{more}.", who.iter().take(NAMED).copied().collect::<Vec<_>>().join(", "));
    let button = Some(("Open the overview", "/".to_owned()));
    let title = "Your role does not do this";
    Some(answer::problem(visit.app, Problem { status: 403, title, words, remedy, button }))
}

/// A role with its article.
pub(super) fn spoken(role: Role) -> &'static str {
    match role {
        Role::Reader => "a reader",
        Role::Operator => "an operator",
        Role::Owner => "an owner",
    }
}
