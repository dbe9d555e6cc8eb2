//! What each function may do: to rows, lists and secrets, and nothing else.

use super::*;

/// Functions that write, read or list rows of a partition, by the first part of its key.
///
/// One line for each kind of partition in `keys.rs`: who changes it, and who reads it only.
const ROWS: &[(&str, &[&str], &[&str])] = &[
    ("STORE#", &["store-webhook", "tracking-push", "reauth-reminder", "console"], &[]),
    ("SHOP#", &["store-webhook", "tracking-push", "reauth-reminder", "console"], &[]),
    ("HOOK#", &["reauth-reminder", "console"], &["store-webhook"]),
    ("TOKEN#", &["tracking-push", "reauth-reminder", "console"], &[]),
    ("ACCOUNT#", &["reauth-reminder", "console"], &["store-webhook", "tracking-push"]),
    ("INSTALLATION", &["console"], &["reauth-reminder"]),
    ("EMAIL#", &["console"], &["reauth-reminder"]),
    ("ONCE#", &["reauth-reminder", "console"], &[]),
    ("SESSION#", &["console"], &[]),
    ("LEASE#", &["tracking-push"], &[]),
    ("BREAKER#", &["tracking-push"], &["store-webhook", "reauth-reminder", "console"]),
    ("PROOF#", &["console"], &[]),
    ("ROUND#", &["reauth-reminder"], &[]),
];
/// The same for lists, which are read only.
const LISTS: &[(&str, &[&str])] = &[
    ("PUSH#", &["tracking-push", "reauth-reminder", "console"]),
    ("HELD#", &["store-webhook", "tracking-push", "reauth-reminder", "console"]),
    ("FIELDS#", &["console"]),
    ("CLOCK#", &["tracking-push", "reauth-reminder", "console"]),
    ("LATE#", &["tracking-push", "reauth-reminder", "console"]),
    ("AUTH#", &["reauth-reminder", "console"]),
    ("POLL#", &["reauth-reminder", "console"]),
];
/// Who opens which secret.
const SECRETS: &[(&str, &[&str])] = &[
    ("AppSecret", &["store-webhook", "tracking-push", "reauth-reminder", "console"]),
    ("TokenKeySecret", &["tracking-push", "reauth-reminder", "console"]),
    ("HookKeySecret", &["store-webhook", "reauth-reminder", "console"]),
    ("WebKeySecret", &["reauth-reminder", "console"]),
];
const WRITES: &[&str] = &["PutItem", "UpdateItem", "DeleteItem"];
const READS: &[&str] = &["GetItem", "Query"];

#[test]
fn every_function_may_do_what_it_does_to_rows_and_nothing_else() {
    let template = Template::read();
    let table = "arn:aws:dynamodb:us-east-1:000000000000:table/waybill";
    let index = |name: &str| format!("{table}/index/{name}");
    for function in template.functions().keys() {
        let role = Role::of(&template, function);
        let is = |names: &[&str]| names.contains(&function.as_str());
        for (prefix, writers, readers) in ROWS {
            let partition = if prefix.ends_with('#') { format!("{prefix}1") } else { (*prefix).to_owned() };
            let row = |operation: &str| Call::new(&format!("dynamodb:{operation}"), table).on(&partition);
            for operation in WRITES {
                assert_eq!(role.allows(&row(operation)), is(writers), "{function} {operation} {prefix}");
            }
            for operation in READS {
                assert_eq!(role.allows(&row(operation)), is(writers) || is(readers), "{function} {operation} {prefix}");
            }
        }
        for (prefix, readers) in LISTS {
            for name in ["due", "list"] {
                let call = Call::new("dynamodb:Query", &index(name)).on(&format!("{prefix}0a"));
                assert_eq!(role.allows(&call), is(readers), "{function} lists {prefix} in {name}");
            }
        }
        for kind in ["N", "O", "G"] {
            let call = Call::new("dynamodb:Query", &index("find")).on(&format!("a1#{kind}#1Z99"));
            assert_eq!(role.allows(&call), function != "store-webhook", "{function} looks up by {kind}");
        }
        for operation in ["Scan", "DeleteTable", "BatchWriteItem", "UpdateTable"] {
            assert!(!role.allows(&Call::new(&format!("dynamodb:{operation}"), table)), "{function} {operation}");
        }
        assert!(!role.allows(&Call::new("dynamodb:GetItem", table).on("OTHER#1")), "{function}");
    }
}

#[test]
fn only_who_needs_a_secret_may_read_it() {
    for store in ["sealed", "secrets-manager"] {
        let template = Template::read().with(&[("TokenStore", json!(store))]);
        for function in template.functions().keys() {
            let role = Role::of(&template, function);
            for (secret, readers) in SECRETS {
                let arn = text(&template.resolve(&json!({"Ref": secret})));
                let read = Call::new("secretsmanager:GetSecretValue", &arn);
                assert_eq!(role.allows(&read), readers.contains(&function.as_str()), "{function} {secret}");
                assert!(!role.allows(&Call::new("secretsmanager:PutSecretValue", &arn)), "{function} {secret}");
            }
            let grant = "arn:aws:secretsmanager:us-east-1:000000000000:secret:waybill/grant/us/1-AbCdEf";
            let may = store == "secrets-manager" && function != "store-webhook";
            assert_eq!(role.allows(&Call::new("secretsmanager:GetSecretValue", grant)), may, "{function}");
        }
    }
}

#[test]
fn the_function_that_hears_from_strangers_reaches_no_token() {
    let template = Template::read().with(&[("TokenStore", json!("secrets-manager"))]);
    let role = Role::of(&template, "store-webhook");
    let table = text(&template.resolve(&json!({"Fn::GetAtt": "Table.Arn"})));
    let keys = text(&template.resolve(&json!({"Ref": "TokenKeySecret"})));
    for operation in WRITES.iter().chain(READS) {
        let call = Call::new(&format!("dynamodb:{operation}"), &table);
        assert!(!role.allows(&call.on("TOKEN#us#1")), "{operation}");
    }
    assert!(!role.allows(&Call::new("secretsmanager:GetSecretValue", &keys)));
    assert!(!role.allows(&Call::new("ses:SendEmail", "arn:aws:ses:us-east-1:000000000000:identity/waybill.example")));
}

#[test]
fn no_role_uses_a_wildcard_where_a_name_would_do() {
    let template = Template::read();
    for function in template.functions().keys() {
        for statement in Role::of(&template, function).statements {
            for action in members_of(&statement["Action"]).map(text) {
                assert!(!action.contains('*'), "{function}: {action}");
                // The stream has no keys to tell apart, and holds nothing but keys.
                let stream = ["DescribeStream", "ListStreams", "GetRecords", "GetShardIterator"]
                    .map(|operation| format!("dynamodb:{operation}"))
                    .contains(&action);
                assert!(!stream || function == "tracking-push", "{function} reads the stream");
                if action.starts_with("dynamodb:") && !stream {
                    let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
                    assert!(keys.as_array().is_some_and(|keys| !keys.is_empty()), "{function}: {statement}");
                    assert!(members_of(keys).all(|key| text(key) != "*"), "{function}: {statement}");
                }
            }
            for resource in members_of(&statement["Resource"]).map(text) {
                let tail =
                    resource.ends_with(":*") && resource.contains(":log-group:") || resource.ends_with("/grant/*");
                // A stream's name is the time at which it was made.
                let list = resource.ends_with("/stream/*") && statement["Action"] == "dynamodb:ListStreams";
                assert!(!resource.contains('*') || tail || list, "{function}: {resource}");
            }
        }
    }
}

#[test]
fn roles_and_keys_name_the_same_partitions() {
    let template = Template::read();
    let mut named = BTreeSet::new();
    for function in template.functions().keys() {
        for statement in Role::of(&template, function).statements {
            let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            // What is looked up by number or name stands under its account.
            let keys = members_of(keys).map(text).filter(|key| !key.starts_with("*#"));
            named.extend(keys.map(|key| key.trim_end_matches('*').to_owned()));
        }
    }
    let listed: BTreeSet<String> = ROWS
        .iter()
        .map(|(prefix, ..)| *prefix)
        .chain(LISTS.iter().map(|(prefix, _)| *prefix))
        .map(str::to_owned)
        .collect();
    assert_eq!(named, listed, "the roles, and the lists above");
    for prefix in &listed {
        assert!(KEYS.contains(&format!("\"{prefix}")), "{prefix} is no partition of keys.rs");
    }
    for partition in partitions_of_keys() {
        assert!(listed.contains(&partition), "no role may touch {partition}, which keys.rs makes");
    }
}

/// The partitions that `keys.rs` makes: first arguments of `key(format!("…#`, and lists `format!("…#{…:02x}`.
fn partitions_of_keys() -> BTreeSet<String> {
    let code = KEYS.split("#[cfg(test)]").next().expect("code");
    let upper = |text: &str| -> Option<String> {
        let end = text.find('#')?;
        let name = &text[..end];
        (!name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase())).then(|| format!("{name}#"))
    };
    // A partition is what a function returns as a whole, or the first argument of `key`.
    let made = code.split("key(format!(\"").skip(1).chain(code.split("{\n    format!(\"").skip(1));
    let mut found: BTreeSet<String> = made.filter_map(upper).collect();
    // Prefixes of sort keys are returned as a whole too.
    found.retain(|prefix| prefix != "ORDER#" && prefix != "NOTE#");
    assert!(found.len() >= 10, "{found:?}");
    found
}
