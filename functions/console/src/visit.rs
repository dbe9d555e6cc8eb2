//! One request, read once: path, fields, cookies, and who the browser is.

use crate::Sender;
use crate::answer;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _, Response};
use minijinja::{Value, context};
use std::time::Duration;
use waybill::app::App;
use waybill::domain::ids::AccountId;
use waybill::domain::people::{People, Person, Role};
use waybill::flows::acts::Actor;
use waybill::flows::connect::{login, member};
use waybill::table::error::TableError;
use waybill::table::once::Session;
use waybill::web::cookie::Cookie;
use waybill::web::form::{self, Fields};
use waybill::web::multipart;

/// Forms of ours have a few hundred bytes.
const LARGEST_FORM: usize = 16 * 1024;

/// Bytes of what a button did, as a cookie holds it.
const LONGEST_SAID: usize = 2000;
/// It waits this long for the next page.
const SAID_FOR: Duration = Duration::from_secs(120);
/// A file, and the form around it.
const LARGEST_UPLOAD: usize = waybill::flows::intake::csv::upload::LARGEST + LARGEST_FORM;

/// A request.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Fields,
    /// As it came: a platform's signature covers it.
    pub(crate) raw_query: String,
    pub(crate) form: Fields,
    /// The file that a form carried: its name and bytes.
    pub(crate) file: Option<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// Where it came from.
    from: String,
    cookies: String,
    origin: Option<String>,
    same_site: bool,
}

/// A signed-in browser.
pub(crate) struct Member {
    /// What it looks at.
    pub(crate) account: AccountId,
    /// What that account calls itself, for somebody who is in several.
    name: Option<String>,
    /// Who it is there, as the account has it at this moment.
    pub(crate) person: Person,
    /// Who else is there.
    pub(crate) people: People,
    pub(crate) session: Session,
    pub(crate) secret: String,
    pub(crate) csrf: String,
    /// The session was moved on: so is its cookie.
    pub(crate) renewed: bool,
}

impl Member {
    /// What its forms are bound to: a form of another account, opened before a switch, is not taken.
    fn bound(secret: &str, account: &AccountId) -> String {
        format!("{secret} {account}")
    }

    /// What every page needs: what binds its forms, who looks at it (buttons that a role may not press are not shown), and
    /// under which word of the menu it stands.
    pub(crate) fn frame(&self, here: &str) -> Value {
        let me = context! {
            role => self.person.role.as_str(), operates => self.person.role >= Role::Operator,
            owns => self.person.role >= Role::Owner, account => self.name,
        };
        context! { csrf => self.csrf, me, here }
    }
}

/// The address that the gateway saw, or the host of this process; what headers claim is not asked.
fn sender(request: &Request) -> String {
    if let Some(Sender(from)) = request.extensions().get() {
        return from.clone();
    }
    let seen = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    };
    seen.unwrap_or_else(|| "unknown".to_owned())
}

impl<'a> Visit<'a> {
    pub(crate) fn of(app: &'a App, request: Request) -> Self {
        let from = sender(&request);
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // Behind HTTP/2 a browser may send one `Cookie` header per cookie.
        let cookies = parts.headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let bytes: &[u8] = body.as_ref();
        let small = if bytes.len() <= LARGEST_FORM { bytes } else { &[] };
        // Only this page takes a file.
        let whole = parts.uri.path() == "/backfill" && bytes.len() <= LARGEST_UPLOAD;
        let upload = header("content-type").filter(|_| whole).and_then(|kind| multipart::read(&kind, bytes));
        let (form, file) = match upload {
            Some(upload) => (upload.fields, upload.file),
            None => (Fields::parse(if whole { bytes } else { small }), None),
        };
        Self {
            app,
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: Fields::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            raw_query: parts.uri.query().unwrap_or_default().to_owned(),
            form,
            file,
            body: small.to_vec(),
            from,
            cookies: cookies.collect::<Vec<_>>().join("; "),
            origin: header("origin"),
            same_site: header("sec-fetch-site").is_some_and(|site| site == "same-origin"),
        }
    }

    pub(crate) fn cookie(&self, cookie: Cookie) -> Option<String> {
        cookie.read(&self.app.config.public_url, &self.cookies)
    }

    /// Whether a form was sent from a page of ours, as the browser says.
    pub(crate) fn is_from_our_page(&self) -> bool {
        match self.origin.as_deref() {
            None | Some("null") => self.same_site,
            Some(origin) => origin == self.app.config.public_url.origin().ascii_serialization(),
        }
    }

    /// Who the browser is.
    pub(crate) async fn member(&self) -> Result<Option<Member>, TableError> {
        let Some(secret) = self.cookie(Cookie::Session) else { return Ok(None) };
        let Some((session, renewed)) = login::session(self.app, &secret).await? else { return Ok(None) };
        let Some((person, people)) = member::standing(&self.app.table, &session).await? else {
            // Taken out: should the person be invited again, this browser signs in again.
            self.app.table.session_delete(&secret).await?;
            return Ok(None);
        };
        let account = session.account.clone();
        let Some(csrf) = self.form_token(&Member::bound(&secret, &account)).await else { return Ok(None) };
        let name = if session.several { self.app.table.account_get(&account).await?.map(|row| row.name) } else { None };
        Ok(Some(Member { account, name, person, people, session, secret, csrf, renewed }))
    }

    /// Who acts, and from where, as the audit has it.
    pub(crate) fn actor(&self, member: &Member) -> Actor {
        Actor { who: member.person.email.reveal().clone(), from: self.from.clone() }
    }

    /// Where it came from.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// Whether a form is of this member's pages of this account.
    pub(crate) async fn form_of(&self, member: &Member) -> bool {
        self.form_holds(&Member::bound(&member.secret, &member.account)).await
    }

    /// What the last button did, said once.
    pub(crate) fn said(&self) -> Option<String> {
        let text = self.cookie(Cookie::Said)?;
        Some(form::of_path_part(&text)).filter(|text| !text.trim().is_empty())
    }

    /// Goes on to another page, which says this once.
    pub(crate) fn go_on(&self, to: &str, said: &str) -> Response<Body> {
        let mut text = String::new();
        for part in said.split_inclusive(char::is_whitespace).map(form::path_part) {
            if text.len() + part.len() > LONGEST_SAID {
                text.push_str("%E2%80%A6");
                break;
            }
            text.push_str(&part);
        }
        let cookie = Cookie::Said.set(&self.app.config.public_url, &text, SAID_FOR);
        answer::with_cookie(answer::redirect(to), &cookie)
    }

    /// The same page, with what was said taken away.
    pub(crate) fn heard(&self, page: Response<Body>) -> Response<Body> {
        if self.cookie(Cookie::Said).is_none() {
            return page;
        }
        answer::with_cookie(page, &Cookie::Said.set(&self.app.config.public_url, "", Duration::ZERO))
    }

    /// The token for forms of the browser that holds this secret.
    pub(crate) async fn form_token(&self, secret: &str) -> Option<String> {
        let ring = self.app.secrets.web_keys().get().await.ok()?;
        form::token(&ring, secret).ok()
    }

    /// Whether the form carries that token and comes from our page.
    pub(crate) async fn form_holds(&self, secret: &str) -> bool {
        let Ok(ring) = self.app.secrets.web_keys().get().await else { return false };
        let token = self.form.get("csrf").unwrap_or_default();
        self.is_from_our_page() && form::token_holds(&ring, secret, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_request_came_from_is_what_the_connection_says_and_no_header() {
        let request = |from: Option<&str>| {
            let mut request = http::Request::get("/").header("x-forwarded-for", "203.0.113.9").body(Body::Empty);
            if let (Ok(request), Some(from)) = (&mut request, from) {
                request.extensions_mut().insert(Sender(from.to_owned()));
            }
            request.expect("a request")
        };
        assert_eq!(sender(&request(Some("198.51.100.7"))), "198.51.100.7");
        assert_eq!(sender(&request(None)), "unknown");
    }
}
