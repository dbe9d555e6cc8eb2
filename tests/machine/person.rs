//! Somebody who looks at the console, over HTTP.

use super::place::{Place, Server, Tenant};
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A signed-in browser that goes through the pages, one after the other.
pub(crate) struct Person {
    cookie: String,
    pages: Vec<String>,
    next: usize,
}

impl Person {
    /// The owner of a tenant, with a link that the operator printed.
    pub(crate) async fn sign_in(place: &Place, server: &Server, tenant: &Tenant) -> Self {
        let printed = place.done(&["login-link", &format!("owner@{}.example", tenant.name)], "").await;
        let link = printed[0]["link"].as_str().expect("a link");
        let http = super::place::client();
        let answer = http.post(link).header(ORIGIN, &server.origin).send().await.expect("an answer");
        let cookies = answer.headers().get_all(SET_COOKIE).into_iter().filter_map(|cookie| cookie.to_str().ok());
        let cookies: Vec<&str> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
        assert!(!cookies.is_empty(), "{link}: {}", answer.status());
        let pages = ["/", "/attention", "/orders", "/deadlines", "/report", "/health", "/audit", "/shops"];
        let pages = pages.into_iter().map(str::to_owned).chain([format!("/shops/{}", tenant.shop)]).collect();
        Self { cookie: cookies.join("; "), pages, next: 0 }
    }

    /// Opens the next page.
    pub(crate) fn look(&mut self, http: &reqwest::Client, server: &Server, looks: &mut JoinSet<(u16, Duration)>) {
        let page = format!("{}{}", server.origin, self.pages[self.next % self.pages.len()]);
        self.next += 1;
        let request = http.get(page).header(COOKIE, &self.cookie);
        looks.spawn(async move {
            let started = Instant::now();
            let answered = async {
                let answer = request.send().await.ok()?;
                let status = answer.status().as_u16();
                answer.bytes().await.ok().map(|_| status)
            };
            (answered.await.unwrap_or(0), started.elapsed())
        });
    }
}
