//! A judge of requests to TikTok Shop, and of answers in its name: the OpenAPI subset in `fixtures/tiktok/`.
//!
//! It judges shape only: path, query, headers, body. Signatures have vectors of their own.

use bytes::Bytes;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

const TEXT: &str = include_str!("../fixtures/tiktok/tiktok-openapi-subset.json");

/// The operations that may be called, with everything about them that can be judged.
pub struct OpenApi {
    operations: Vec<Operation>,
}

struct Operation {
    method: http::Method,
    /// Split at `/`; a parameter stands in braces.
    segments: Vec<String>,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    answers: HashMap<String, Validator>,
}

struct Parameter {
    name: String,
    place: Place,
    required: bool,
    form: Form,
    schema: Validator,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Header,
}

/// How a parameter's text becomes a value.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Whole,
    List,
}

struct Body {
    required: bool,
    schema: Validator,
}

impl OpenApi {
    /// The subset, read once per process.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a broken fixture fails the test that needs it")]
    pub fn tiktok() -> &'static Self {
        static READ: OnceLock<OpenApi> = OnceLock::new();
        READ.get_or_init(|| Self::parse(TEXT).expect("the OpenAPI subset"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                operations.push(Operation::parse(&document, path, method, operation)?);
            }
        }
        // A literal segment wins over a parameter.
        operations.sort_by_key(|operation| operation.segments.iter().filter(|s| is_parameter(s)).count());
        Ok(Self { operations })
    }

    /// Judges a request: path, method, every query parameter, the token header, content type and body.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn judge(&self, request: &http::Request<Bytes>) -> Result<(), String> {
        let operation = self.find(request.method(), request.uri().path())?;
        let says = |problem: String| format!("{} {}: {problem}", request.method(), request.uri().path());
        operation.judge(request).map_err(says)
    }

    /// Judges an answer to such a request.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn judge_response(&self, method: &http::Method, path: &str, status: u16, body: &[u8]) -> Result<(), String> {
        let operation = self.find(method, path)?;
        let says = |problem: String| format!("answer {status} to {method} {path}: {problem}");
        let schema = operation.answers.get(&status.to_string());
        let schema = schema.ok_or_else(|| says("a status that is not described".to_owned()))?;
        let value: Value = serde_json::from_slice(body).map_err(|e| says(e.to_string()))?;
        valid(schema, &value).map_err(says)
    }

    fn find(&self, method: &http::Method, path: &str) -> Result<&Operation, String> {
        let found = self.operations.iter().find(|operation| operation.method == method && operation.fits(path));
        found.ok_or_else(|| format!("{method} {path}: no such operation"))
    }
}

impl Operation {
    fn parse(document: &Value, path: &str, method: &str, operation: &Value) -> Result<Self, String> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let body = operation.get("requestBody").map(|body| {
            let schema = compile(document, &body["content"]["application/json"]["schema"])?;
            Ok::<_, String>(Body { required: body["required"] == true, schema })
        });
        let answers = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
            let schema = compile(document, &answer["content"]["application/json"]["schema"])?;
            Ok::<_, String>((status.clone(), schema))
        });
        Ok(Self {
            method: method.to_uppercase().parse().map_err(|_| format!("method {method}"))?,
            segments: path.split('/').map(str::to_owned).collect(),
            parameters: parameters.map(|p| Parameter::parse(document, p)).collect::<Result<_, _>>()?,
            body: body.transpose()?,
            answers: answers.collect::<Result<_, _>>()?,
        })
    }

    fn fits(&self, path: &str) -> bool {
        let segments: Vec<_> = path.split('/').collect();
        let same = |(ours, theirs): (&String, &&str)| is_parameter(ours) && !theirs.is_empty() || ours == theirs;
        segments.len() == self.segments.len() && self.segments.iter().zip(&segments).all(same)
    }

    fn judge(&self, request: &http::Request<Bytes>) -> Result<(), String> {
        for (name, text) in self.segments.iter().zip(request.uri().path().split('/')).filter(|(s, _)| is_parameter(s)) {
            let name = name.trim_matches(['{', '}']);
            self.parameter(Place::Path, name)?.judge(text)?;
        }
        let query = request.uri().query().unwrap_or_default();
        let mut seen = HashSet::new();
        for (name, value) in query.split('&').filter(|pair| !pair.is_empty()).map(decode_pair) {
            self.parameter(Place::Query, &name)?.judge(&value)?;
            if !seen.insert(name.clone()) {
                return Err(format!("query parameter {name} twice"));
            }
        }
        for parameter in self.parameters.iter().filter(|p| p.required) {
            let name = parameter.name.as_str();
            match parameter.place {
                Place::Query if !seen.contains(name) => return Err(format!("query parameter {name} is missing")),
                Place::Header => {
                    let value = request.headers().get(name).ok_or_else(|| format!("header {name} is missing"))?;
                    parameter.judge(value.to_str().map_err(|e| e.to_string())?)?;
                }
                Place::Path | Place::Query => {}
            }
        }
        let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok());
        if content_type != Some("application/json") {
            return Err(format!("content-type is {content_type:?}"));
        }
        self.judge_body(request.body())
    }

    fn judge_body(&self, body: &[u8]) -> Result<(), String> {
        let Some(expected) = &self.body else {
            return if body.is_empty() { Ok(()) } else { Err("a body where none is described".to_owned()) };
        };
        if body.is_empty() {
            return if expected.required { Err("the body is missing".to_owned()) } else { Ok(()) };
        }
        let value: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
        if value == json!({}) {
            return Err("an empty object: implementations disagree on how it is signed".to_owned());
        }
        valid(&expected.schema, &value)
    }

    fn parameter(&self, place: Place, name: &str) -> Result<&Parameter, String> {
        let found = self.parameters.iter().find(|p| p.place == place && p.name == name);
        found.ok_or_else(|| format!("parameter {name} is not described"))
    }
}

impl Parameter {
    fn parse(document: &Value, value: &Value) -> Result<Self, String> {
        let value = resolved(document, value)?;
        let schema = &value["schema"];
        Ok(Self {
            name: value["name"].as_str().ok_or("a parameter without a name")?.to_owned(),
            place: match value["in"].as_str() {
                Some("path") => Place::Path,
                Some("query") => Place::Query,
                Some("header") => Place::Header,
                other => return Err(format!("a parameter in {other:?}")),
            },
            required: value["required"] == true,
            form: match schema["type"].as_str() {
                Some("integer") => Form::Whole,
                Some("array") => Form::List,
                _ => Form::Text,
            },
            schema: compile(document, schema)?,
        })
    }

    fn judge(&self, text: &str) -> Result<(), String> {
        let value = match self.form {
            Form::Text => Value::from(text),
            Form::Whole => text.parse::<i64>().map(Value::from).map_err(|_| format!("{} is no number", self.name))?,
            Form::List => text.split(',').map(Value::from).collect(),
        };
        valid(&self.schema, &value).map_err(|problem| format!("parameter {}: {problem}", self.name))
    }
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn decode_pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decode(name), decode(value))
}

fn valid(schema: &Validator, value: &Value) -> Result<(), String> {
    // The words cost many times as much as the answer.
    if schema.is_valid(value) {
        return Ok(());
    }
    let faults: Vec<_> = schema.iter_errors(value).map(|e| format!("{} {e}", e.instance_path)).collect();
    Err(faults.join("; "))
}

fn compile(document: &Value, schema: &Value) -> Result<Validator, String> {
    jsonschema::draft7::new(&resolved(document, schema)?).map_err(|e| e.to_string())
}

/// References replaced by what they name, and OpenAPI's `nullable` by JSON Schema's own way of saying it.
fn resolved(document: &Value, value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(object) => match object.get("$ref").and_then(Value::as_str) {
            Some(name) => {
                let target = document.pointer(name.trim_start_matches('#'));
                resolved(document, target.ok_or_else(|| format!("{name} names nothing"))?)
            }
            None => {
                let pairs = object.iter().filter(|(key, _)| !matches!(key.as_str(), "example" | "examples"));
                let pairs = pairs.map(|(key, value)| Ok::<_, String>((key.clone(), resolved(document, value)?)));
                let mut object: Map<String, Value> = pairs.collect::<Result<_, _>>()?;
                if object.remove("nullable") == Some(Value::Bool(true)) {
                    let kind = object.remove("type").unwrap_or(Value::Null);
                    object.insert("type".to_owned(), json!([kind, "null"]));
                }
                Ok(Value::Object(object))
            }
        },
        Value::Array(items) => items.iter().map(|item| resolved(document, item)).collect(),
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = "app_key=k&timestamp=1763740800&shop_cipher=c&sign=0000000000000000000000000000000000000000000000000000000000000000";

    fn judge(method: &str, path: &str, query: &str, body: &str) -> Result<(), String> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("https://api.example{path}?{query}"))
            .header("content-type", "application/json")
            .header("x-tts-access-token", "t")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .expect("a request");
        OpenApi::tiktok().judge(&request)
    }

    #[test]
    fn a_wrong_request_is_refused_with_the_reason() {
        let ship = "/fulfillment/202309/orders/576/packages";
        let body = r#"{"tracking_number":"9400","shipping_provider_id":"7"}"#;
        assert_eq!(judge("POST", ship, COMMON, body), Ok(()));
        for (method, path, query, body, part) in [
            ("GET", ship, COMMON, "", "no such operation"),
            ("POST", "/fulfillment/202309/orders/x/packages", COMMON, body, "order_id"),
            ("POST", ship, "app_key=k", body, "is missing"),
            ("POST", ship, &COMMON.replace("1763740800", "17"), body, "timestamp"),
            ("POST", ship, &format!("{COMMON}&x=1"), body, "x is not described"),
            ("POST", ship, &format!("{COMMON}&app_key=k"), body, "app_key twice"),
            ("POST", ship, COMMON, "", "the body is missing"),
            ("POST", ship, COMMON, r#"{"tracking_number":"9400"}"#, "shipping_provider_id"),
            ("POST", ship, COMMON, &body.replace("tracking_number", "trackingNumber"), "trackingNumber"),
            ("POST", "/order/202309/orders/search", &format!("{COMMON}&page_size=20"), "{}", "empty object"),
            ("POST", "/order/202309/orders/search", &format!("{COMMON}&page_size=x"), "", "no number"),
            ("GET", "/order/202507/orders", &format!("{COMMON}&ids=1,b"), "", "ids"),
            ("GET", "/authorization/202309/shops", COMMON, "", "shop_cipher is not described"),
        ] {
            let problem = judge(method, path, query, body).expect_err(part);
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn an_answer_is_judged_by_its_operation_and_status() {
        let api = OpenApi::tiktok();
        let judge = |status, body: &str| {
            api.judge_response(&http::Method::GET, "/order/202507/orders", status, body.as_bytes())
        };
        assert_eq!(judge(200, r#"{"code":0,"message":"ok","request_id":"r","data":{"orders":[{"id":"1"}]}}"#), Ok(()));
        assert_eq!(judge(401, r#"{"code":105002,"message":"expired","request_id":"r","data":null}"#), Ok(()));
        for (status, body) in [
            (200, r#"{"code":0}"#),
            (200, r#"{"code":0,"message":"ok","request_id":"r","data":{"orders":[{"id":1}]}}"#),
            (200, "<html>"),
            (418, r#"{"code":1,"message":"m","request_id":"r"}"#),
        ] {
            assert!(judge(status, body).is_err(), "{status} {body}");
        }
    }

    #[test]
    fn all_thirty_operations_are_known() {
        assert_eq!(OpenApi::tiktok().operations.len(), 30);
    }
}
