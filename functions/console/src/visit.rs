//! One request, read once: path, fields, cookies, and who the browser is.

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};
use waybill::app::App;
use waybill::domain::ids::AccountId;
use waybill::flows::acts::Actor;
use waybill::flows::connect::login;
use waybill::table::error::TableError;
use waybill::web::cookie::Cookie;
use waybill::web::form::{self, Fields};
use waybill::web::multipart;

/// Forms of ours have a few hundred bytes.
const LARGEST_FORM: usize = 16 * 1024;

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
    /// The address that the gateway saw.
    address: Option<String>,
    cookies: String,
    origin: Option<String>,
    same_site: bool,
}

/// A signed-in browser.
pub(crate) struct Member {
    pub(crate) account: AccountId,
    pub(crate) secret: String,
    pub(crate) csrf: String,
    /// The session was moved on: so is its cookie.
    pub(crate) renewed: bool,
}

impl<'a> Visit<'a> {
    pub(crate) fn of(app: &'a App, request: Request) -> Self {
        let address = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
            _ => None,
        };
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
            address,
            cookies: cookies.collect::<Vec<_>>().join("; "),
            origin: header("origin"),
            same_site: header("sec-fetch-site").is_some_and(|site| site == "same-origin"),
        }
    }

    pub(crate) fn cookie(&self, cookie: Cookie) -> Option<String> {
        cookie.read(&self.app.config.public_url, &self.cookies)
    }

    /// Who acts, for the audit: the account's address, and where the request came from as far as the gateway says.
    pub(crate) async fn actor(&self, member: &Member) -> Result<Actor, TableError> {
        let account = self.app.table.account_get(&member.account).await?;
        let who = account.map_or_else(|| member.account.to_string(), |account| account.email.reveal().clone());
        let from = self.address.as_deref().map_or_else(|| "console".to_owned(), |ip| format!("console, {ip}"));
        Ok(Actor { who, from })
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
        let Some(csrf) = self.form_token(&secret).await else { return Ok(None) };
        Ok(Some(Member { account: session.account, secret, csrf, renewed }))
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
