//! What a function's role lets it do: IAM's rules, as far as the template uses them.

use super::{Template, members, members_of, text};
use serde_json::Value;

/// One call to AWS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `service:Operation`.
    pub action: String,
    /// What it is about.
    pub resource: String,
    /// The partition key of a call to the table or its index.
    pub leading_key: Option<String>,
}

impl Call {
    /// A call without a partition key.
    #[must_use]
    pub fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), leading_key: None }
    }

    /// The same on rows of one partition.
    #[must_use]
    pub fn on(mut self, leading_key: &str) -> Self {
        self.leading_key = Some(leading_key.to_owned());
        self
    }
}

/// The role of a function.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its statements, resolved.
    pub statements: Vec<Value>,
}

impl Role {
    /// The role of a function of the template.
    ///
    /// # Panics
    /// When the function has none of its own.
    #[must_use]
    pub fn of(template: &Template, function: &str) -> Self {
        let resource = &template.functions()[function];
        let arn = text(&template.resource(resource)["Role"]);
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let policies = template.resource(&name)["Policies"].clone();
        let statements = members_of(&policies)
            .flat_map(|policy| members_of(&policy["PolicyDocument"]["Statement"]).cloned().collect::<Vec<_>>());
        Self { statements: statements.collect() }
    }

    /// Whether a statement allows the call, and all of that statement's conditions hold.
    ///
    /// # Panics
    /// When a statement uses what is not known here: better than to guess.
    #[must_use]
    pub fn allows(&self, call: &Call) -> bool {
        self.statements.iter().any(|statement| {
            assert_eq!(statement["Effect"], "Allow", "only what is allowed is listed");
            let action = members_of(&statement["Action"]).any(|pattern| like(&text(pattern), &call.action));
            let resource = members_of(&statement["Resource"]).any(|pattern| like(&text(pattern), &call.resource));
            action && resource && members(&statement["Condition"]).all(|(test, keys)| holds(test, keys, call))
        })
    }
}

fn holds(test: &str, keys: &Value, call: &Call) -> bool {
    members(keys).all(|(key, patterns)| match (test, key.as_str()) {
        // Without a leading key "for all values" holds of itself; every table call of ours has one.
        ("ForAllValues:StringLike", "dynamodb:LeadingKeys") => {
            let leading = call.leading_key.as_deref();
            leading.is_none_or(|leading| members_of(patterns).any(|pattern| like(&text(pattern), leading)))
        }
        // The sender is a setting, compared where mail is sent.
        ("StringEquals", "ses:FromAddress" | "ses:FeedbackAddress") => true,
        other => panic!("this condition is not known here: {other:?}"),
    })
}

/// IAM's patterns: `*` is any text, `?` any character.
#[must_use]
pub fn like(pattern: &str, value: &str) -> bool {
    let (pattern, value): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
    let (mut p, mut v, mut star) = (0, 0, None);
    while v < value.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, v));
                p += 1;
            }
            Some(c) if *c == '?' || *c == value[v] => (p, v) = (p + 1, v + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, v) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
