//! `template.yaml` and the code say the same: table, settings, routes, schedules, metrics, permissions.

mod hooks;
mod roles;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use waybill::config::{Config, SETTINGS};
use waybill::table::keys::SHARDS;
use waybill::table::schema::SCHEMA;
use waybill_tests::template::iam::{Call, Role};
use waybill_tests::template::{Template, members, members_of, text};
use waybill_tests::world::World;

const KEYS: &str = concat!(
    include_str!("../../../shared/src/table/keys/rows.rs"),
    include_str!("../../../shared/src/table/keys/lists.rs"),
    include_str!("../../../shared/src/table/keys/proofs.rs"),
    include_str!("../../../shared/src/table/keys/slow.rs")
);
const METRICS: &str = include_str!("../../../shared/src/telemetry/emf.rs");

#[test]
fn the_table_is_the_one_the_code_expects() {
    let table = Template::read().resource("Table");
    let keys = |of: &Value| -> Vec<(String, String)> {
        members_of(&of["KeySchema"]).map(|key| (text(&key["AttributeName"]), text(&key["KeyType"]))).collect()
    };
    let pair = |hash: &str, range: &str| vec![(hash.to_owned(), "HASH".to_owned()), (range.to_owned(), "RANGE".into())];
    assert_eq!(keys(&table), pair(SCHEMA.keys.0, SCHEMA.keys.1));
    let indexes: Vec<&Value> = members_of(&table["GlobalSecondaryIndexes"]).collect();
    assert_eq!(indexes.len(), SCHEMA.indexes.len());
    for (index, wanted) in indexes.into_iter().zip(SCHEMA.indexes) {
        assert_eq!(index["IndexName"], wanted.name);
        assert_eq!(keys(index), pair(wanted.pk, wanted.sk));
        assert_eq!(index["Projection"]["ProjectionType"], SCHEMA.projection);
    }
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": SCHEMA.ttl, "Enabled": true}));
    let attributes: BTreeMap<String, String> = members_of(&table["AttributeDefinitions"])
        .map(|attribute| (text(&attribute["AttributeName"]), text(&attribute["AttributeType"])))
        .collect();
    let named = SCHEMA.indexes.into_iter().flat_map(|index| [index.pk, index.sk]);
    let named = [SCHEMA.keys.0, SCHEMA.keys.1].into_iter().chain(named);
    assert_eq!(attributes, named.map(|name| (name.to_owned(), "S".to_owned())).collect());
    assert_eq!(table["StreamSpecification"], json!({"StreamViewType": "KEYS_ONLY"}), "no content leaves by the stream");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["DeletionProtectionEnabled"], true);
}

#[test]
fn an_older_table_gets_its_new_indexes_one_deployment_at_a_time() {
    // CloudFormation adds one index in an update, so each has to be sayable apart.
    let table = Template::read().with(&[("FindIndex", json!("later"))]).resource("Table");
    let names: Vec<String> = members_of(&table["GlobalSecondaryIndexes"]).map(|i| text(&i["IndexName"])).collect();
    assert_eq!(names, ["due", "list"]);
    let attributes: Vec<String> =
        members_of(&table["AttributeDefinitions"]).map(|a| text(&a["AttributeName"])).collect();
    assert!(!attributes.iter().any(|name| name.starts_with("find_")), "{attributes:?}");
}

/// Settings that the template leaves at their default, and why.
const LEFT_ALONE: &[&str] = &[
    "SMTP_URL", // mail goes through SES
    // The real hosts; a test sets others.
    "TIKTOK_API_URL",
    "TIKTOK_AUTH_URL",
    "TIKTOK_CONSENT_URL_US",
    "TIKTOK_CONSENT_URL_ROW",
    "SHOPIFY_API_URL",
    "BIGCOMMERCE_API_URL",
    "BIGCOMMERCE_LOGIN_URL",
    "ADOBE_IO_KEYS_URL",
    "OUTBOUND_ALLOW", // nothing is exempt
    "TRUSTED_PROXY",  // the gateway itself says who asks
];

#[test]
fn every_variable_is_a_setting_and_every_setting_is_a_variable_or_left_alone() {
    let template = Template::read();
    for function in template.functions().keys() {
        let set: BTreeSet<String> = template.environment(function).into_keys().collect();
        let known: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.name.to_owned()).collect();
        let mut alone: BTreeSet<String> = LEFT_ALONE.iter().map(|name| (*name).to_owned()).collect();
        // Who registers nothing need not know where deliveries go.
        if !hooks::REGISTER.contains(&function.as_str()) {
            alone.insert("HOOKS_URL".to_owned());
        }
        // AWS's own may be set too.
        let ours: BTreeSet<String> = set.into_iter().filter(|name| !name.starts_with("AWS_")).collect();
        assert_eq!(ours, known.difference(&alone).cloned().collect(), "{function}");
    }
}

#[test]
fn every_function_starts_with_the_environment_it_is_given() {
    let bare = Template::read();
    let own = bare.clone().with(&[
        ("DomainName", json!("waybill.example.com")),
        ("CertificateArn", json!("arn:aws:acm:us-east-1:000000000000:certificate/1")),
        ("TokenStore", json!("secrets-manager")),
    ]);
    for (template, origin) in
        [(&bare, "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/"), (&own, "https://waybill.example.com/")]
    {
        for function in template.functions().keys() {
            let environment = template.environment(function);
            let config = Config::parse(|name| match name {
                "AWS_LAMBDA_FUNCTION_NAME" => Some(function.clone()),
                _ => environment.get(name).cloned(),
            });
            let config = config.unwrap_or_else(|e| panic!("{function}: {e}"));
            assert_eq!(config.public_url.as_str(), origin, "{function}");
        }
        let console = template.outputs()["ConsoleUrl"].clone();
        assert_eq!(console, origin);
    }
}

#[test]
fn every_function_is_a_package_of_its_name_with_a_role_of_its_own() {
    let template = Template::read();
    let mut roles = BTreeSet::new();
    for (function, resource) in template.functions() {
        let properties = template.resource(&resource);
        assert_eq!(properties["CodeUri"], format!("functions/{function}"));
        let manifest = format!("{}/../functions/{function}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
        let manifest = std::fs::read_to_string(&manifest).unwrap_or_else(|e| panic!("{manifest}: {e}"));
        assert!(manifest.contains(&format!("name = \"{function}\"")), "{function}");
        assert!(roles.insert(text(&properties["Role"])), "{function} shares a role");
        let logs = format!("/aws/lambda/waybill-{function}");
        assert!(template.resources("AWS::Logs::LogGroup").iter().any(|(_, log)| log["LogGroupName"] == logs), "{logs}");
    }
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions")).expect("functions");
    let names = folders.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned());
    let deployed: BTreeSet<String> = names.filter(|name| name != "local").collect();
    assert_eq!(deployed, template.functions().into_keys().collect());
}

/// What the outside holds on to, and which function answers it.
const ROUTES: &[(&str, &str)] = &[
    ("POST /hooks/shopify", "store-webhook"),
    ("POST /hooks/{platform}/{hook}", "store-webhook"),
    ("GET /hooks/magento/{hook}", "store-webhook"),
    ("GET /hooks/generic/openapi.json", "store-webhook"),
    ("POST /hooks/tiktok/us", "store-webhook"),
    ("POST /hooks/tiktok/row", "store-webhook"),
    ("GET /healthz", "console"),
    ("GET /proof-keys", "console"),
    ("GET /connect/tiktok/{app}", "console"),
    ("GET /connect/tiktok/{app}/callback", "console"),
    ("GET /connect/shopify", "console"),
    ("GET /connect/shopify/callback", "console"),
    ("GET /connect/bigcommerce", "console"),
    ("GET /connect/bigcommerce/callback", "console"),
    ("GET /reconnect", "console"),
    ("POST /reconnect", "console"),
    ("GET /login", "console"),
    ("POST /login", "console"),
    ("GET /login/{token}", "console"),
    ("POST /logout", "console"),
    ("$default", "console"), // the console's pages, and its 404
];

#[test]
fn every_route_leads_to_its_function_and_that_one_may_be_called() {
    let template = Template::read();
    let integrations: BTreeMap<String, Value> =
        template.resources("AWS::ApiGatewayV2::Integration").into_iter().collect();
    let mut routes = BTreeMap::new();
    for (_, route) in template.resources("AWS::ApiGatewayV2::Route") {
        let target = text(&route["Target"]);
        let integration = &integrations[target.strip_prefix("integrations/").expect("an integration")];
        assert_eq!(integration["PayloadFormatVersion"], "2.0");
        let arn = text(&integration["IntegrationUri"]);
        let name = arn.rsplit(":waybill-").next().expect("a name").to_owned();
        assert!(routes.insert(text(&route["RouteKey"]), name).is_none(), "twice: {}", route["RouteKey"]);
    }
    let expected: BTreeMap<String, String> =
        ROUTES.iter().map(|(key, function)| ((*key).to_owned(), (*function).to_owned())).collect();
    assert_eq!(routes, expected);
    let allowed: BTreeSet<String> = template
        .resources("AWS::Lambda::Permission")
        .iter()
        .filter(|(_, permission)| permission["Principal"] == "apigateway.amazonaws.com")
        .map(|(_, permission)| text(&permission["FunctionName"]).trim_start_matches("waybill-").to_owned())
        .collect();
    assert_eq!(allowed, routes.values().cloned().collect());
    // Throttles name routes that exist.
    let stage = template.resource("ApiStage");
    for (route, _) in members(&stage["RouteSettings"]) {
        assert!(routes.contains_key(route), "{route}");
    }
    // An address that a person copies into the Partner Center is one that is answered.
    for (name, value) in template.outputs() {
        let Some((_, rest)) = value.split_once(".amazonaws.com").or_else(|| value.split_once(".on.aws")) else {
            continue;
        };
        let method = if rest.starts_with("/hooks/") { "POST" } else { "GET" };
        let path = rest.replace("/tiktok/us/", "/tiktok/{app}/").replace("/tiktok/row/", "/tiktok/{app}/");
        assert!(rest == "/" || routes.contains_key(&format!("{method} {path}")), "{name}: {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_webhook_function_answers_each_of_its_routes() {
    let world = World::new().await;
    for (method, path) in [
        ("POST", "/hooks/shopify"),
        ("POST", "/hooks/tiktok/us"),
        ("POST", "/hooks/tiktok/row"),
        ("POST", "/hooks/shopify/abc234"),
        ("POST", "/hooks/woocommerce/abc234"),
        ("POST", "/hooks/bigcommerce/abc234"),
        ("POST", "/hooks/magento/abc234"),
        ("POST", "/hooks/generic/abc234"),
        ("GET", "/hooks/magento/abc234"),
        ("GET", "/hooks/generic/openapi.json"),
    ] {
        let request =
            http::Request::builder().method(method).uri(path).body(lambda_http::Body::Empty).expect("request");
        let answer = store_webhook::handle(&world.app, request).await.expect("an answer");
        assert_ne!(answer.status(), 404, "{method} {path}");
    }
}

#[test]
fn the_schedules_cover_every_shard_once_however_many_workers_share_them() {
    let template = Template::read();
    let workers = template.written("Parameters")["PushWorkers"]["AllowedValues"].clone();
    assert_eq!(workers, json!([1, 8, 64]));
    for count in members_of(&workers) {
        let template = template.clone().with(&[("PushWorkers", count.clone())]);
        let push = text(&template.resource("TrackingPushFunction")["FunctionName"]);
        let mut shards = Vec::new();
        let mut schedules = 0;
        for (name, schedule) in template.resources("AWS::Scheduler::Schedule") {
            let target = &schedule["Target"];
            assert_eq!(target["RetryPolicy"]["MaximumRetryAttempts"], 0, "{name}: the next tick is the retry");
            assert_eq!(schedule["FlexibleTimeWindow"]["Mode"], "OFF", "{name}");
            let input = text(&target["Input"]);
            if text(&target["Arn"]).ends_with(&push) {
                let event: tracking_push::Event = serde_json::from_str(&input).expect("the function's event");
                assert_eq!(schedule["ScheduleExpression"], "rate(1 minute)", "{name}");
                shards.extend(event.shards);
                schedules += 1;
            } else {
                let _: reauth_reminder::Event = serde_json::from_str(&input).expect("the function's event");
                assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)", "{name}");
            }
        }
        shards.sort_unstable();
        assert_eq!(shards, (0..SHARDS).collect::<Vec<u8>>(), "{count} workers");
        assert_eq!(json!(schedules), *count);
    }
}

#[test]
fn the_slow_schedules_cover_every_slot_once_however_many_workers_share_them() {
    let template = Template::read();
    let workers = template.written("Parameters")["ReminderWorkers"]["AllowedValues"].clone();
    assert_eq!(workers, json!([1, 4, 16]));
    for count in members_of(&workers) {
        let template = template.clone().with(&[("ReminderWorkers", count.clone())]);
        let (mut slots, mut schedules) = (Vec::new(), 0);
        for (_, schedule) in template.resources("AWS::Scheduler::Schedule") {
            let input = text(&schedule["Target"]["Input"]);
            if let Ok(reauth_reminder::Event::Tick { slots: these }) = serde_json::from_str(&input) {
                slots.extend(these.into_iter().map(waybill::table::keys::Slot::number));
                schedules += 1;
            }
        }
        slots.sort_unstable();
        assert_eq!(slots, (0..waybill::table::keys::SLOTS).collect::<Vec<u8>>(), "{count} workers");
        assert_eq!(json!(schedules), *count);
    }
    for wrong in [r#"{"job":"tick","slots":[16]}"#, r#"{"job":"tock"}"#] {
        assert!(serde_json::from_str::<reauth_reminder::Event>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_mail_that_came_back_reaches_the_function_in_its_words() {
    let template = Template::read();
    let rule = template.resource("MailTroubleRule");
    let target = &rule["Targets"][0];
    let paths = &target["InputTransformer"]["InputPathsMap"];
    assert_eq!((&paths["kind"], &paths["to"]), (&json!("$.detail.eventType"), &json!("$.detail.mail.destination")));
    let filled = text(&target["InputTransformer"]["InputTemplate"])
        .replace("<kind>", "\"Bounce\"")
        .replace("<to>", "[\"owner@tiny-mugs.example\"]");
    let event: reauth_reminder::Event = serde_json::from_str(&filled).expect("the function's event");
    assert!(matches!(event, reauth_reminder::Event::Mail { .. }) && !format!("{event:?}").contains("owner"));
    assert_eq!(template.resource("MailTroublePermission")["Principal"], "events.amazonaws.com");
}

#[test]
fn a_run_ends_before_its_lease_and_its_caller() {
    let template = Template::read();
    let seconds = |function: &str| template.setting(function, "Timeout").as_u64().expect("seconds");
    assert_eq!(seconds("tracking-push"), 58, "below the lease of 75 s, above the 55 s a run takes at most");
    assert!(seconds("reauth-reminder") < 300, "the next tick");
    assert!(seconds("console") < 30 && seconds("store-webhook") < 30, "the HTTP API gives up");
    for resource in ["TrackingPushOnce", "ReauthReminderOnce"] {
        assert_eq!(template.resource(resource)["MaximumRetryAttempts"], 0);
    }
}

#[test]
fn every_metric_that_is_watched_is_written() {
    let whole = Template::read();
    let watched = |value: &Value| -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut rest = vec![value.clone()];
        while let Some(value) = rest.pop() {
            if value["Namespace"] == "Waybill" {
                found.insert(text(&value["MetricName"]));
            }
            match value {
                Value::Object(map) => rest.extend(map.into_iter().map(|(_, value)| value)),
                Value::Array(items) => rest.extend(items),
                _ => {}
            }
        }
        found
    };
    let mut names = watched(whole.written("Resources"));
    assert!(names.len() > 5, "{names:?}");
    let dashboard: Value = serde_json::from_str(&text(&whole.resource("Dashboard")["DashboardBody"])).expect("JSON");
    let lines = members_of(&dashboard["widgets"]).flat_map(|widget| members_of(&widget["properties"]["metrics"]));
    let shown: BTreeSet<String> = lines.filter(|line| line[0] == "Waybill").map(|line| text(&line[1])).collect();
    assert!(shown.is_superset(&names), "every alarm has its line on the dashboard: {names:?}");
    names.extend(shown);
    for name in names {
        assert!(METRICS.contains(&format!("\"{name}\"")), "nobody writes the metric {name}");
    }
}
