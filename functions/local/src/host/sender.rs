//! From where a request comes, as the audit names it.

use http::HeaderMap;
use std::net::{IpAddr, SocketAddr};
use waybill_listen::Peer;

/// The header to which each proxy appends the address that it was asked from.
/// Source: <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For>.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that holds the connection. If that is one of the `trusted` proxies: the last address it names, which is
/// the only one it saw itself; earlier ones are whatever the sender claimed.
pub(super) fn sender(peer: &Peer, headers: &HeaderMap, trusted: &[IpAddr]) -> String {
    let address = match peer {
        Peer::Net(address) => address.to_canonical(),
        Peer::User(_) => return "this machine".to_owned(),
    };
    let named = trusted.contains(&address).then(|| last_hop(headers)).flatten();
    named.unwrap_or(address).to_string()
}

/// The last address of the last such header; some proxies add the port.
fn last_hop(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    let last = line.rsplit(',').next()?.trim();
    let address = last.parse().or_else(|_| last.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn named(peer: &str, lines: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|text| text.parse().expect("an address")).collect();
        sender(&Peer::Net(peer.parse().expect("an address")), &headers, &trusted)
    }

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_asks_and_only_its_last_word_counts() {
        let proxy: &[&str] = &["127.0.0.1"];
        for (peer, lines, trusted, expected) in [
            ("127.0.0.1", &["203.0.113.9"][..], proxy, "203.0.113.9"),
            ("::ffff:127.0.0.1", &["203.0.113.9"], proxy, "203.0.113.9"),
            ("127.0.0.1", &["192.0.2.1, 203.0.113.9"], proxy, "203.0.113.9"),
            ("127.0.0.1", &["192.0.2.1", "203.0.113.9"], proxy, "203.0.113.9"),
            ("127.0.0.1", &["203.0.113.9:4711"], proxy, "203.0.113.9"),
            ("127.0.0.1", &["[2001:db8::1]:4711"], proxy, "2001:db8::1"),
            ("127.0.0.1", &["2001:db8::1"], proxy, "2001:db8::1"),
            ("127.0.0.1", &["203.0.113.9, unknown"], proxy, "127.0.0.1"),
            ("127.0.0.1", &[""], proxy, "127.0.0.1"),
            ("127.0.0.1", &[], proxy, "127.0.0.1"),
            ("198.51.100.7", &["203.0.113.9"], proxy, "198.51.100.7"),
            ("127.0.0.1", &["203.0.113.9"], &[], "127.0.0.1"),
        ] {
            assert_eq!(named(peer, lines, trusted), expected, "{peer} {lines:?} {trusted:?}");
        }
    }
}
