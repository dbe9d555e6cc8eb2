//! Cookies of the console. Behind https each has the prefix `__Host-`: bound to this host, this path, and TLS.
//! `waybill serve` on plain loopback has no TLS to bind to.

use std::time::Duration;
use url::Url;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// A signed-in browser.
    Session,
    /// Binds a round of OAuth to the browser that started it.
    Connect,
    /// Binds a round of a store platform's OAuth to the browser that started it.
    Store,
    /// Binds a login link to the browser that asked for it.
    Login,
    /// The reconnect link, so that the address bar is clean.
    Reconnect,
    /// What a button did, for the page that comes next.
    Said,
}

impl Cookie {
    fn word(self) -> &'static str {
        match self {
            Self::Session => "sid",
            Self::Connect => "connect",
            Self::Store => "store",
            Self::Login => "login",
            Self::Reconnect => "reconnect",
            Self::Said => "said",
        }
    }

    fn name(self, origin: &Url) -> String {
        if origin.scheme() == "https" { format!("__Host-{}", self.word()) } else { self.word().to_owned() }
    }

    /// The value of `Set-Cookie`. An empty value takes the cookie away.
    #[must_use]
    pub fn set(self, origin: &Url, value: &str, life: Duration) -> String {
        let secure = if origin.scheme() == "https" { "; Secure" } else { "" };
        let age = if value.is_empty() { 0 } else { life.as_secs() };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}", self.name(origin))
    }

    /// Its value in a `Cookie` header.
    #[must_use]
    pub fn read(self, origin: &Url, header: &str) -> Option<String> {
        let name = self.name(origin);
        let found = header.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name)?.1;
        Some(found.to_owned()).filter(|value| !value.is_empty() && value.len() <= 2048)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_https_cookies_are_bound_to_the_host() {
        let https = Url::parse("https://waybill.example.com").expect("url");
        let set = Cookie::Session.set(&https, "abc", Duration::from_secs(60));
        assert_eq!(set, "__Host-sid=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        let header = "sid=evil; __Host-sid=abc; x";
        assert_eq!(Cookie::Session.read(&https, header).as_deref(), Some("abc"));
        let http = Url::parse("http://127.0.0.1:8787").expect("url");
        assert_eq!(Cookie::Session.read(&http, header).as_deref(), Some("evil"));
        assert_eq!(Cookie::Login.read(&http, "login="), None);
    }
}
