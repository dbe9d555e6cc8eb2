use super::*;
use crate::hmac;

/// Signs as RFC 5849 says, step by step and apart from the checking code.
fn header(account: &Account, method: &str, url: &str, query: &[(&str, &str)], nonce: &str, time: i64) -> String {
    let escape = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
            out
        })
    };
    let time = time.to_string();
    let own = [
        ("oauth_consumer_key", account.consumer_key.as_str()),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", &time),
        ("oauth_token", &account.token),
        ("oauth_version", "1.0"),
    ];
    let mut pairs: Vec<String> = own.iter().chain(query).map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
    pairs.sort();
    let base = format!("{method}&{}&{}", escape(url), escape(&pairs.join("&")));
    let key = format!("{}&{}", escape(&account.consumer_secret), escape(&account.token_secret));
    let signature = hmac::base64(key.as_bytes(), &[base.as_bytes()]);
    let mut parts: Vec<String> = own.iter().map(|(k, v)| format!("{k}=\"{}\"", escape(v))).collect();
    parts.push(format!("oauth_signature=\"{}\"", escape(&signature)));
    format!("OAuth {}", parts.join(", "))
}

#[tokio::test]
async fn magento_checks_each_call_of_an_integration() {
    let desk = Desk::new(Kind::Magento(Way::MageOs));
    let order = desk.order();
    let account = desk.store.account();
    let url = "https://tiny-mugs.example/rest/V1/shipments";
    let query =
        [("searchCriteria[pageSize]", "1"), ("searchCriteria[filter_groups][0][filters][0][field]", "order_id")];
    let written: Vec<String> = query.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
    let shop = &desk;
    let ask = |authorization: String, full: String| async move {
        shop.send("GET", &full, &[("authorization", &authorization)], Value::Null).await.status().as_u16()
    };
    let full = format!("{url}?{}", written.join("&"));
    let good = header(&account, "GET", url, &query, "n1", START);
    assert_eq!(ask(good.clone(), full.clone()).await, 200, "{order}");
    assert_eq!(ask(good, full.clone()).await, 401, "a nonce works once");
    assert_eq!(ask(header(&account, "POST", url, &query, "n2", START), full.clone()).await, 401, "another method");
    assert_eq!(ask(header(&account, "GET", url, &query[..1], "n3", START), full.clone()).await, 401, "another query");
    assert_eq!(ask(header(&account, "GET", url, &query, "n4", START - 3600), full.clone()).await, 401, "an old time");
    let stranger = Account { token_secret: "x".into(), ..account.clone() };
    assert_eq!(ask(header(&stranger, "GET", url, &query, "n5", START), full.clone()).await, 401, "another secret");
    assert_eq!(ask(format!("Bearer {}", account.access_token), full.clone()).await, 401, "off by default since 2.4.4");
    desk.store.configure(|account| account.bearer = true);
    assert_eq!(ask(format!("Bearer {}", account.access_token), full).await, 200);
}
