//! `template.yaml`, read as CloudFormation reads it: parameters, conditions, and the functions it calls "intrinsic".
//!
//! Short tags become their long form (`!Ref X` → `{"Ref": "X"}`), so one walk resolves both. What a resource is called
//! once it exists is made up, in the form that AWS gives it.

pub mod iam;

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The account that made-up addresses name.
pub const ACCOUNT: &str = "000000000000";
/// The region that they name.
pub const REGION: &str = "us-east-1";
/// The stack's name in them.
pub const STACK: &str = "waybill";
/// The HTTP API's id in them.
pub const API: &str = "a1b2c3d4e5";
/// The id of a function's own address in them.
pub const FUNCTION_URL: &str = "q7r8s9t0u1v2w3x4y5z6a7b8c9d0e1f2";

/// The template with values for its parameters.
#[derive(Clone, Debug)]
pub struct Template {
    whole: Value,
    parameters: BTreeMap<String, Value>,
}

impl Template {
    /// The repository's template. Parameters have their defaults, those without one an example.
    ///
    /// # Panics
    /// When it is not readable.
    #[must_use]
    pub fn read() -> Self {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
        let text = std::fs::read_to_string(file).expect("template.yaml");
        let documents = Yaml::load_from_str(&text).expect("template.yaml is YAML");
        let whole = plain(documents.first().expect("one document"));
        let defaults = |(name, about): (&String, &Value)| {
            let example = || json!(format!("{}@waybill.example", name.to_lowercase()));
            (name.clone(), about.get("Default").cloned().unwrap_or_else(example))
        };
        let parameters = members(&whole["Parameters"]).map(defaults).collect();
        Self { whole, parameters }
    }

    /// The same with other values of some parameters.
    ///
    /// # Panics
    /// When the template has no such parameter, or does not allow the value.
    #[must_use]
    pub fn with(mut self, values: &[(&str, Value)]) -> Self {
        for (name, value) in values {
            let about = &self.whole["Parameters"][*name];
            assert!(about.is_object(), "there is no parameter {name}");
            if let Some(allowed) = about["AllowedValues"].as_array() {
                assert!(allowed.contains(value), "{name} does not take {value}");
            }
            self.parameters.insert((*name).to_owned(), value.clone());
        }
        self
    }

    /// Parameters: name and declaration.
    pub fn parameters(&self) -> impl Iterator<Item = (&String, &Value)> {
        members(&self.whole["Parameters"])
    }

    /// Everything below a key of the top level, as written.
    #[must_use]
    pub fn written(&self, key: &str) -> &Value {
        &self.whole[key]
    }

    /// Resources of a type whose condition holds: name and resolved properties.
    #[must_use]
    pub fn resources(&self, kind: &str) -> Vec<(String, Value)> {
        let here = |about: &Value| about["Type"] == kind && self.exists(about);
        let all = members(&self.whole["Resources"]).filter(|(_, about)| here(about));
        all.map(|(name, about)| (name.clone(), self.resolve(&about["Properties"]))).collect()
    }

    /// One resource's resolved properties.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn resource(&self, name: &str) -> Value {
        let about = &self.whole["Resources"][name];
        assert!(about.is_object() && self.exists(about), "there is no resource {name}");
        self.resolve(&about["Properties"])
    }

    /// A function's name without the stack's → the name of its resource.
    #[must_use]
    pub fn functions(&self) -> BTreeMap<String, String> {
        let short = |properties: &Value| {
            let name = properties["FunctionName"].as_str().expect("a name");
            name.strip_prefix(&format!("{STACK}-")).expect("named after the stack").to_owned()
        };
        self.resources("AWS::Serverless::Function").into_iter().map(|(name, p)| (short(&p), name)).collect()
    }

    /// The environment of a function, as Lambda sets it.
    ///
    /// # Panics
    /// When there is no such function.
    #[must_use]
    pub fn environment(&self, function: &str) -> BTreeMap<String, String> {
        let resource = &self.functions()[function];
        let shared = self.resolve(&self.whole["Globals"]["Function"]["Environment"]["Variables"]);
        let own = self.resource(resource)["Environment"]["Variables"].clone();
        let both = members(&shared).chain(members(&own));
        both.map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// A setting of a function: its own, else that of all functions.
    #[must_use]
    pub fn setting(&self, function: &str, name: &str) -> Value {
        let own = self.resource(&self.functions()[function])[name].clone();
        if own.is_null() { self.resolve(&self.whole["Globals"]["Function"][name]) } else { own }
    }

    /// Outputs whose condition holds: name and value.
    #[must_use]
    pub fn outputs(&self) -> BTreeMap<String, String> {
        let here = members(&self.whole["Outputs"]).filter(|(_, about)| self.exists(about));
        here.map(|(name, about)| (name.clone(), text(&self.resolve(&about["Value"])))).collect()
    }

    fn exists(&self, about: &Value) -> bool {
        about["Condition"].as_str().is_none_or(|condition| self.holds(condition))
    }

    fn holds(&self, condition: &str) -> bool {
        let written = &self.whole["Conditions"][condition];
        assert!(!written.is_null(), "there is no condition {condition}");
        self.resolve(written) == json!(true)
    }

    /// Works out what the template's functions stand for.
    ///
    /// # Panics
    /// When one is used that is not known here, or names what is not there.
    #[must_use]
    pub fn resolve(&self, written: &Value) -> Value {
        match written {
            Value::Array(items) => {
                let resolved = items.iter().map(|item| self.resolve(item)).filter(|item| !is_no_value(item));
                Value::Array(resolved.collect())
            }
            Value::Object(only) if only.len() == 1 => {
                let (name, argument) = only.iter().next().expect("one member");
                self.call(name, argument).unwrap_or_else(|| self.each(only))
            }
            Value::Object(map) => self.each(map),
            other => other.clone(),
        }
    }

    fn each(&self, map: &Map<String, Value>) -> Value {
        let resolved = map.iter().map(|(name, value)| (name.clone(), self.resolve(value)));
        Value::Object(resolved.filter(|(_, value)| !is_no_value(value)).collect())
    }

    fn call(&self, name: &str, argument: &Value) -> Option<Value> {
        Some(match name {
            "Ref" => self.reference(argument.as_str().expect("a name")),
            "Condition" if argument.is_string() => json!(self.holds(argument.as_str().unwrap_or_default())),
            "Fn::GetAtt" => self.attribute(argument),
            "Fn::Sub" => json!(self.substitute(argument)),
            "Fn::If" => {
                let branch = if self.holds(argument[0].as_str().expect("a condition")) { 1 } else { 2 };
                self.resolve(&argument[branch])
            }
            "Fn::Equals" => json!(text(&self.resolve(&argument[0])) == text(&self.resolve(&argument[1]))),
            "Fn::Not" => json!(self.resolve(&argument[0]) != json!(true)),
            "Fn::And" => json!(members_of(argument).all(|one| self.resolve(one) == json!(true))),
            "Fn::Or" => json!(members_of(argument).any(|one| self.resolve(one) == json!(true))),
            "Fn::Select" => {
                let index: usize = text(&argument[0]).parse().expect("an index");
                self.resolve(&argument[1])[index].clone()
            }
            "Fn::Split" => {
                let whole = text(&self.resolve(&argument[1]));
                json!(whole.split(argument[0].as_str().expect("a separator")).collect::<Vec<_>>())
            }
            "Fn::Join" => {
                let parts: Vec<String> = members_of(&self.resolve(&argument[1])).map(text).collect();
                json!(parts.join(argument[0].as_str().expect("a separator")))
            }
            unknown if unknown.starts_with("Fn::") => panic!("{unknown} is not known here"),
            _ => return None,
        })
    }

    fn reference(&self, name: &str) -> Value {
        match name {
            "AWS::NoValue" => json!({NO_VALUE: true}),
            "AWS::Region" => json!(REGION),
            "AWS::AccountId" => json!(ACCOUNT),
            "AWS::Partition" => json!("aws"),
            "AWS::StackName" => json!(STACK),
            "AWS::URLSuffix" => json!("amazonaws.com"),
            _ => self.parameters.get(name).cloned().unwrap_or_else(|| json!(self.physical(name))),
        }
    }

    /// What `!Ref` of a resource gives.
    fn physical(&self, name: &str) -> String {
        let about = &self.whole["Resources"][name];
        let named = |key: &str| text(&self.resolve(&about["Properties"][key]));
        match about["Type"].as_str().unwrap_or_else(|| panic!("there is nothing called {name}")) {
            "AWS::DynamoDB::Table" => named("TableName"),
            "AWS::Serverless::Function" => named("FunctionName"),
            "AWS::Logs::LogGroup" => named("LogGroupName"),
            "AWS::SES::ConfigurationSet" => named("Name"),
            "AWS::ApiGatewayV2::Api" => API.to_owned(),
            "AWS::SecretsManager::Secret" | "AWS::SNS::Topic" => self.arn(name),
            _ => name.to_owned(),
        }
    }

    fn attribute(&self, argument: &Value) -> Value {
        let written = match argument {
            Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join("."),
            other => text(other),
        };
        let (resource, attribute) = written.split_once('.').expect("resource and attribute");
        match attribute {
            "Arn" => json!(self.arn(resource)),
            "ApiEndpoint" => json!(format!("https://{API}.execute-api.{REGION}.amazonaws.com")),
            "StreamArn" => json!(format!("{}/stream/2026-11-21T00:00:00.000", self.arn(resource))),
            "FunctionUrl" => json!(format!("https://{FUNCTION_URL}.lambda-url.{REGION}.on.aws/")),
            // Of no interest to a test, and different each time.
            other => json!(format!("{resource}.{other}")),
        }
    }

    fn arn(&self, name: &str) -> String {
        let about = &self.whole["Resources"][name];
        let called = |key: &str| text(&self.resolve(&about["Properties"][key]));
        let (service, rest) = match about["Type"].as_str().unwrap_or_else(|| panic!("there is nothing called {name}")) {
            "AWS::DynamoDB::Table" => ("dynamodb", format!("table/{}", called("TableName"))),
            "AWS::Serverless::Function" => ("lambda", format!("function:{}", called("FunctionName"))),
            "AWS::Logs::LogGroup" => ("logs", format!("log-group:{}:*", called("LogGroupName"))),
            // Secrets Manager appends six characters of its own.
            "AWS::SecretsManager::Secret" => ("secretsmanager", format!("secret:{}-AbCdEf", called("Name"))),
            "AWS::Events::Rule" => ("events", format!("rule/{name}")),
            "AWS::SNS::Topic" => ("sns", name.to_owned()),
            "AWS::IAM::Role" => return format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            other => panic!("the ARN of a {other} is not known here"),
        };
        format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")
    }

    fn substitute(&self, argument: &Value) -> String {
        let (pattern, extra) = match argument {
            Value::Array(parts) => (text(&parts[0]), self.resolve(&parts[1])),
            other => (text(other), Value::Null),
        };
        let mut out = String::new();
        let mut rest = pattern.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}').expect("a closed brace");
            out.push_str(before);
            let value = match extra.get(name) {
                Some(value) => value.clone(),
                None if name.starts_with("AWS::") || !name.contains('.') => self.reference(name),
                None => self.attribute(&json!(name)),
            };
            out.push_str(&text(&value));
            rest = behind;
        }
        out + rest
    }
}

/// Stands for a property that is not there.
const NO_VALUE: &str = "AWS::NoValue";

fn is_no_value(value: &Value) -> bool {
    value.get(NO_VALUE).is_some()
}

/// The members of an object; none of anything else.
pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of a list; the value itself when it is none, as IAM allows.
pub fn members_of(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, single) = match value {
        Value::Array(items) => (items.as_slice(), None),
        Value::Null => (&[][..], None),
        other => (&[][..], Some(other)),
    };
    list.iter().chain(single)
}

/// A scalar as CloudFormation compares it: as text.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// YAML → JSON, short tags in their long form.
fn plain(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Representation(value, _, tag) => tagged(tag.as_deref().map(|tag| tag.suffix.as_str()), json!(value)),
        Yaml::Sequence(items) => Value::Array(items.iter().map(plain).collect()),
        Yaml::Mapping(map) => {
            Value::Object(map.iter().map(|(name, value)| (text(&plain(name)), plain(value))).collect())
        }
        Yaml::Tagged(tag, inner) => tagged(Some(tag.suffix.as_str()), plain(inner)),
        Yaml::Alias(_) | Yaml::BadValue => panic!("CloudFormation knows no such YAML"),
    }
}

fn tagged(tag: Option<&str>, value: Value) -> Value {
    match tag {
        None => value,
        Some(name @ ("Ref" | "Condition")) => json!({name: value}),
        Some(name) => json!({format!("Fn::{name}"): value}),
    }
}
