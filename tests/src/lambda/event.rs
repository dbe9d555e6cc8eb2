//! What API Gateway hands to a function: an HTTP API's event, payload format 2.0; and what a function's own address does.
//!
//! Source: API Gateway developer guide, "AWS Lambda integrations for HTTP APIs". The gateway lowers header names, joins
//! repeated headers with commas, moves cookies to a list of their own, and encodes what it does not take for text.

use crate::template::{API, FUNCTION_URL, REGION};
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

/// One request.
#[must_use]
pub fn http(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8], encoded: bool) -> Value {
    let mut lowered = Map::new();
    lowered.insert("host".into(), json!("a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"));
    lowered.insert("x-forwarded-proto".into(), json!("https"));
    lowered.insert("content-length".into(), json!(body.len().to_string()));
    for (name, value) in headers {
        lowered.insert(name.to_lowercase(), json!(value));
    }
    let text = if encoded { BASE64.encode(body) } else { String::from_utf8_lossy(body).into_owned() };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    json!({
        "version": "2.0", "routeKey": format!("{method} {path}"), "rawPath": path, "rawQueryString": query,
        "cookies": ["canary=1", "__Host-sid=none"], "headers": lowered, "body": text, "isBase64Encoded": encoded,
        "requestContext": {
            "accountId": "000000000000", "apiId": "a1b2c3d4e5", "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5", "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
            "time": "21/Nov/2026:09:00:00 +0000", "timeEpoch": 1_795_251_600_000_u64,
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test",
            },
        },
    })
}

/// The same request as it comes to the function's own address.
///
/// Source: Lambda developer guide, "Invoking Lambda function URLs", request payload: format 2.0 with the route `$default`,
/// the address's own host, nulls for what only the API knows, and no account for whoever need not sign.
#[must_use]
pub fn at_function_url(mut event: Value) -> Value {
    let host = format!("{FUNCTION_URL}.lambda-url.{REGION}.on.aws");
    event["routeKey"] = json!("$default");
    event["headers"]["host"] = json!(host);
    event["pathParameters"] = Value::Null;
    event["stageVariables"] = Value::Null;
    let context = &mut event["requestContext"];
    context["accountId"] = json!("anonymous");
    context["apiId"] = json!(FUNCTION_URL);
    context["domainName"] = json!(host);
    context["domainPrefix"] = json!(FUNCTION_URL);
    context["authentication"] = Value::Null;
    context["requestId"] = json!("3f1a2b4c-0d5e-4f60-8a7b-9c0d1e2f3a4b");
    event
}

/// The same request as it comes through the HTTP API.
#[must_use]
pub fn through_api(mut event: Value) -> Value {
    let host = format!("{API}.execute-api.{REGION}.amazonaws.com");
    event["routeKey"] = json!("POST /hooks/{platform}/{hook}");
    event["headers"]["host"] = json!(host);
    let context = &mut event["requestContext"];
    context["accountId"] = json!("000000000000");
    context["apiId"] = json!(API);
    context["domainName"] = json!(host);
    event
}

/// A form as a browser sends it from our own page, or the look at a page, with the cookies it holds.
#[must_use]
pub fn visit(method: &str, address: &str, form: &str, origin: &str, cookies: &[String]) -> Value {
    let headers = [("Origin", origin), ("Content-Type", "application/x-www-form-urlencoded")];
    let headers = if method == "POST" { &headers[..] } else { &[] };
    let mut event = http(method, address.strip_prefix(origin).unwrap_or(address), headers, form.as_bytes(), true);
    event["cookies"] = json!(cookies);
    event
}
