//! The guard for addresses that a merchant typed: WooCommerce and Magento sites.
//!
//! Two checks, because a name says nothing about where it leads: the URL before anything is sent, and every address a
//! name resolves to, each time. The connection goes to the checked address and nowhere else; redirects are never
//! followed. On Lambda loopback serves the runtime API and extensions, so this is not theory.

use super::address::is_public;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use url::{Host, Url};

/// Why the guard refuses an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no URL with a host.
    #[error("the address is not a URL")]
    NotAUrl,
    /// The scheme is not https.
    #[error("the address must begin with https")]
    NotHttps,
    /// Another port than 443.
    #[error("the address must use port 443")]
    Port,
    /// An IP address instead of a name.
    #[error("the address must be a domain name, not an IP address")]
    IpLiteral,
    /// A name without a dot, or one that always means the own machine or network.
    #[error("the address must be a public domain name")]
    LocalName,
    /// User name or password in the URL.
    #[error("the address must hold no user name or password")]
    UserInfo,
    /// The name leads only to private, local or otherwise special addresses.
    #[error("the domain name leads into a private network")]
    PrivateAddress,
}

/// Where a merchant's request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Through the resolver that refuses special addresses.
    Guarded,
    /// Exempt by `OUTBOUND_ALLOW`.
    Exempt,
}

/// The hosts of `OUTBOUND_ALLOW`: exempt from the address and https checks, each on exactly one port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(Vec<(String, u16)>);

impl AllowList {
    /// From hosts (lower case, IPv6 without brackets) and ports, as the settings hold them.
    #[must_use]
    pub fn of(hosts: impl IntoIterator<Item = (String, u16)>) -> Self {
        Self(hosts.into_iter().collect())
    }

    /// Whether nothing is exempt, which is how it should be in production.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn holds(&self, host: &Host<&str>, port: u16) -> bool {
        let host = match host {
            Host::Domain(name) => (*name).to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        self.0.iter().any(|(allowed, on)| *allowed == host && *on == port)
    }
}

/// Checks a merchant's URL before anything is sent.
///
/// # Errors
/// [`Refusal`] says which rule it breaks.
pub fn check_url(text: &str, allow: &AllowList) -> Result<Route, Refusal> {
    // The same parser as the sender's, so that both see the same host.
    let url = Url::parse(text).map_err(|_| Refusal::NotAUrl)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Refusal::NotHttps);
    }
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Err(Refusal::NotAUrl);
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::UserInfo);
    }
    if allow.holds(&host, port) {
        return Ok(Route::Exempt);
    }
    if url.scheme() != "https" {
        return Err(Refusal::NotHttps);
    }
    let Host::Domain(name) = host else {
        return Err(Refusal::IpLiteral);
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let local = [".localhost", ".local", ".internal", ".localdomain"].iter().any(|end| name.ends_with(end));
    if !name.contains('.') || local {
        return Err(Refusal::LocalName);
    }
    if port != 443 {
        return Err(Refusal::Port);
    }
    Ok(Route::Guarded)
}

/// Turns a name into addresses.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system's own name look-up.
#[must_use]
pub fn system_lookup() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
}

/// A resolver that hands on public addresses only, judged anew at each resolution, so that a name which first leads
/// to a public and later to a private address (rebinding) gains nothing.
#[derive(Clone)]
pub struct PublicOnly {
    lookup: Lookup,
}

impl PublicOnly {
    /// Filters what `lookup` finds.
    #[must_use]
    pub fn new(lookup: Lookup) -> Self {
        Self { lookup }
    }

    /// The public addresses of a name.
    ///
    /// # Errors
    /// An [`io::Error`] of the look-up, or one that holds [`Refusal::PrivateAddress`].
    pub async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let mut found = (self.lookup)(name.to_owned()).await?;
        let any = !found.is_empty();
        found.retain(|address| is_public(address.ip()));
        if any && found.is_empty() { Err(io::Error::other(Refusal::PrivateAddress)) } else { Ok(found) }
    }
}

impl fmt::Debug for PublicOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicOnly")
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_merchants_address_is_a_public_https_name_on_port_443() {
        use Refusal as R;
        for (url, expected) in [
            ("https://shop.example.com/wp-json/wc/v3/orders?page=2", Ok(Route::Guarded)),
            ("https://shop.example.com:443/", Ok(Route::Guarded)),
            ("https://SHOP.Example.com./", Ok(Route::Guarded)),
            ("https://bücher.example/", Ok(Route::Guarded)),
            ("http://shop.example.com/", Err(R::NotHttps)),
            ("ftp://shop.example.com/", Err(R::NotHttps)),
            ("file:///etc/passwd", Err(R::NotHttps)),
            ("https://shop.example.com:8443/", Err(R::Port)),
            ("https://shop.example.com:80/", Err(R::Port)),
            ("https://127.0.0.1/", Err(R::IpLiteral)),
            ("https://8.8.8.8/", Err(R::IpLiteral)),
            ("https://2130706433/", Err(R::IpLiteral)),
            ("https://0x7f.1/", Err(R::IpLiteral)),
            ("https://0177.0.0.1/", Err(R::IpLiteral)),
            ("https://127.1/", Err(R::IpLiteral)),
            ("https://１２７.0.0.1/", Err(R::IpLiteral)),
            ("https://[::1]/", Err(R::IpLiteral)),
            ("https://[::ffff:10.0.0.1]/", Err(R::IpLiteral)),
            ("https://localhost/", Err(R::LocalName)),
            ("https://localhost./", Err(R::LocalName)),
            ("https://a.localhost/", Err(R::LocalName)),
            ("https://printer.local/", Err(R::LocalName)),
            ("https://metadata.google.internal/", Err(R::LocalName)),
            ("https://intranet/", Err(R::LocalName)),
            ("https://user@shop.example.com/", Err(R::UserInfo)),
            ("https://user:pass@shop.example.com/", Err(R::UserInfo)),
            ("https://shop.example.com@127.0.0.1/", Err(R::UserInfo)),
            ("https:///nothing", Err(R::LocalName)),
            ("shop.example.com", Err(R::NotAUrl)),
            ("", Err(R::NotAUrl)),
        ] {
            assert_eq!(check_url(url, &AllowList::default()), expected, "{url}");
        }
    }

    #[test]
    fn the_allow_list_exempts_one_host_on_one_port() {
        let hosts = [("127.0.0.1", 9000), ("store.internal", 8443), ("::1", 7000)];
        let list = AllowList::of(hosts.map(|(host, port)| (host.to_owned(), port)));
        for (url, expected) in [
            ("http://127.0.0.1:9000/rest", Ok(Route::Exempt)),
            ("http://127.0.0.1:9001/rest", Err(Refusal::NotHttps)),
            ("https://127.0.0.1/", Err(Refusal::IpLiteral)),
            ("https://store.internal:8443/", Ok(Route::Exempt)),
            ("https://store.internal/", Err(Refusal::LocalName)),
            ("http://[::1]:7000/", Ok(Route::Exempt)),
            ("http://u:p@127.0.0.1:9000/", Err(Refusal::UserInfo)),
        ] {
            assert_eq!(check_url(url, &list), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_rebinds_to_a_private_address_is_refused_the_second_time() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let resolver = PublicOnly::new(Arc::new(move |_| {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let address = if first { "8.8.8.8:0" } else { "127.0.0.1:0" };
            Box::pin(async move { Ok(vec![address.parse().expect("an address")]) })
        }));
        assert_eq!(resolver.addresses("a.example").await.expect("public").len(), 1);
        let refused = resolver.addresses("a.example").await.expect_err("private");
        let cause = refused.get_ref().and_then(|e| e.downcast_ref::<Refusal>());
        assert_eq!(cause, Some(&Refusal::PrivateAddress));
    }

    #[tokio::test]
    async fn only_the_public_ones_of_mixed_addresses_are_handed_on() {
        let mixed = ["10.0.0.1:0", "8.8.4.4:0", "[::ffff:10.0.0.1]:0", "[fd00::1]:0"];
        let resolver = PublicOnly::new(Arc::new(move |_| {
            Box::pin(async move { Ok(mixed.iter().map(|a| a.parse().expect("an address")).collect()) })
        }));
        let found = resolver.addresses("a.example").await.expect("one is public");
        assert_eq!(found, ["8.8.4.4:0".parse().expect("an address")]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_guard(text in "\\PC{0,80}") {
            let list = AllowList::of([(text.clone(), 443)]);
            let _ = check_url(&text, &list);
            let _ = check_url(&format!("https://{text}/"), &list);
        }

        #[test]
        fn whatever_passes_is_a_name_over_https(host in "[0-9a-fx.\\[\\]:@%-]{1,30}") {
            let text = format!("https://{host}/");
            if check_url(&text, &AllowList::default()).is_ok() {
                let url = Url::parse(&text).expect("it passed");
                prop_assert!(matches!(url.host(), Some(Host::Domain(_))));
                prop_assert_eq!(url.port_or_known_default(), Some(443));
            }
        }
    }
}
