//! A browser without scripts: keeps cookies, follows nothing by itself, fills in forms.

use super::World;
use lambda_http::Body;
use std::collections::BTreeMap;
use waybill::app::App;

/// The origin of a world.
pub const ORIGIN: &str = "https://waybill.example";

/// A browser, or with `send_cookies` off a mail scanner.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
    /// The address that the host sees it come from; without it nobody says.
    pub from: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Page {
    /// Status.
    pub status: u16,
    /// Where it sends the browser.
    pub location: String,
    /// Its text.
    pub text: String,
    /// Its headers.
    pub headers: http::HeaderMap,
}

impl Page {
    /// The value of a hidden field.
    #[must_use]
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self.text.split(&mark).nth(1).unwrap_or_else(|| panic!("no field {name}: {}", self.text));
        rest.split('"').next().expect("a value").to_owned()
    }
}

impl Browser {
    /// One that holds a cookie already.
    #[must_use]
    pub fn holding(cookie: &str, value: &str) -> Self {
        Self { cookies: BTreeMap::from([(cookie.to_owned(), value.to_owned())]), from: None }
    }

    /// Whether it holds a cookie.
    #[must_use]
    pub fn has(&self, cookie: &str) -> bool {
        self.cookies.contains_key(cookie)
    }

    /// Opens an address.
    pub async fn get(&mut self, world: &World, path: &str) -> Page {
        self.send(world, "GET", path, "").await
    }

    /// Sends a form from a page of ours.
    pub async fn post(&mut self, world: &World, path: &str, fields: &[(&str, &str)]) -> Page {
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(world, "POST", path, &form).await
    }

    /// Sends any request.
    pub async fn send(&mut self, world: &World, method: &str, path: &str, form: &str) -> Page {
        self.send_to(&world.app, method, path, form).await
    }

    /// Sends a form of another kind, such as one with a file.
    pub async fn send_as(&mut self, world: &World, path: &str, kind: &str, body: &str) -> Page {
        self.request(&world.app, "POST", path, kind, body).await
    }

    /// Sends any request to one process.
    pub async fn send_to(&mut self, app: &App, method: &str, path: &str, form: &str) -> Page {
        self.request(app, method, path, "application/x-www-form-urlencoded", form).await
    }

    async fn request(&mut self, app: &App, method: &str, path: &str, kind: &str, form: &str) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = path.strip_prefix(ORIGIN).unwrap_or(path);
        let mut request = http::Request::builder().method(method).uri(path);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if method == "POST" {
            request = request.header("origin", ORIGIN).header("content-type", kind);
        }
        if let Some(from) = &self.from {
            request = request.extension(console::Sender(from.clone()));
        }
        let request = request.body(Body::Text(form.to_owned())).expect("request");
        let answer = console::handle(app, request).await.expect("never fails");
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("text");
            let (name, rest) = text.split_once('=').expect("a pair");
            let value = rest.split(';').next().expect("a value");
            if value.is_empty() {
                self.cookies.remove(name)
            } else {
                self.cookies.insert(name.into(), value.into())
            };
        }
        let location = answer.headers().get("location").map(|v| v.to_str().expect("text").to_owned());
        Page {
            status: answer.status().as_u16(),
            location: location.unwrap_or_default(),
            text: super::text(&answer),
            headers: answer.headers().clone(),
        }
    }

    /// Signs in as the world's account, with a link that its operator printed.
    pub async fn sign_in(&mut self, world: &World) {
        let link = waybill::flows::connect::login::printed_link(&world.app, &world.account).await.expect("link");
        let page = self.get(world, &link).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let page = self.post(world, &link, &[]).await;
        assert_eq!((page.status, page.location.as_str()), (303, "/"), "{}", page.text);
    }

    /// Says yes on TikTok's consent page and comes back with what TikTok answers.
    pub async fn consent(&mut self, world: &World, consent_url: &str) -> Page {
        let callback = world.consent(consent_url).await;
        self.get(world, &callback).await
    }
}
