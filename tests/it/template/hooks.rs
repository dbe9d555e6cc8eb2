//! Where stores and TikTok deliver: the webhook function's own address, or the HTTP API.

use super::*;
use waybill_tests::template::FUNCTION_URL;

/// Functions that register webhooks, or show where they go.
pub(super) const REGISTER: [&str; 2] = ["console", "reauth-reminder"];

fn routes(kind: &str) -> Template {
    Template::read().with(&[("MachineRoutes", json!(kind))])
}

fn config(template: &Template, function: &str) -> Config {
    let environment = template.environment(function);
    Config::parse(|name| environment.get(name).cloned()).unwrap_or_else(|e| panic!("{function}: {e}"))
}

#[test]
fn deliveries_go_where_the_parameter_says_and_what_stands_elsewhere_is_known_as_ours() {
    assert_eq!(Template::read().written("Parameters")["MachineRoutes"]["Default"], "function-url");
    let own = format!("https://{FUNCTION_URL}.lambda-url.us-east-1.on.aws/");
    let domain = [("DomainName", json!("waybill.example.com")), ("CertificateArn", json!("arn:aws:acm:1"))];
    for (domain, api) in [
        (&[][..], "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/"),
        (&domain, "https://waybill.example.com/"),
    ] {
        for (kind, here, former) in [
            ("function-url", own.as_str(), vec![api]),
            ("both", api, vec![own.as_str()]),
            ("http-api", api, Vec::new()),
        ] {
            let template = routes(kind).with(domain);
            for function in REGISTER {
                let config = config(&template, function);
                assert_eq!(config.hooks_url.as_str(), here, "{kind} {function}");
                let known: Vec<&str> = config.former_hooks.iter().map(url::Url::as_str).collect();
                assert_eq!(known, former, "{kind} {function}");
                assert_eq!(config.public_url.as_str(), api, "{kind} {function}: pages stay");
            }
            let outputs = template.outputs();
            for (output, path) in [
                ("HooksUrl", ""),
                ("TikTokWebhookUrlUs", "hooks/tiktok/us"),
                ("TikTokWebhookUrlRow", "hooks/tiktok/row"),
                ("ShopifyWebhookUrl", "hooks/shopify"),
            ] {
                assert_eq!(outputs[output], format!("{here}{path}"), "{kind} {output}");
            }
        }
    }
}

#[test]
fn only_the_webhook_function_has_an_address_of_its_own_and_only_where_it_is_wanted() {
    for (kind, there) in [("function-url", true), ("both", true), ("http-api", false)] {
        let template = routes(kind);
        let function = template.resource("StoreWebhookFunction");
        let urls = template.resources("AWS::Lambda::Url");
        assert_eq!(urls.len(), usize::from(there), "{kind}");
        for (_, url) in urls {
            assert!(text(&url["TargetFunctionArn"]).ends_with(":function:waybill-store-webhook"), "{url}");
            assert_eq!((&url["AuthType"], &url["InvokeMode"]), (&json!("NONE"), &json!("BUFFERED")));
        }
        // Open to all: through its address, by either of the two rights that AWS asks for, and in no other way.
        let open: Vec<Value> = template.resources("AWS::Lambda::Permission").into_iter().map(|(_, p)| p).collect();
        let open: Vec<&Value> = open.iter().filter(|permission| permission["Principal"] == "*").collect();
        assert_eq!(open.len(), if there { 2 } else { 0 }, "{kind}");
        for permission in open {
            assert_eq!(permission["FunctionName"], function["FunctionName"]);
            match permission["Action"].as_str() {
                Some("lambda:InvokeFunctionUrl") => assert_eq!(permission["FunctionUrlAuthType"], "NONE"),
                Some("lambda:InvokeFunction") => assert_eq!(permission["InvokedViaFunctionUrl"], true),
                other => panic!("{other:?} is open to all"),
            }
        }
        // The API's routes stay: whatever was registered there before goes on being heard.
        let routes = template.resources("AWS::ApiGatewayV2::Route");
        let hooks = routes.iter().filter(|(_, route)| text(&route["RouteKey"]).contains(" /hooks/")).count();
        assert_eq!(hooks, 6, "{kind}");
    }
}

#[test]
fn deliveries_that_fail_or_are_turned_away_ring_at_whichever_address() {
    for (kind, own) in [("function-url", true), ("both", true), ("http-api", false)] {
        let alarms = routes(kind).resources("AWS::CloudWatch::Alarm");
        let watched = |namespace: &str, name: &str| {
            alarms.iter().any(|(_, alarm)| {
                let metrics = members_of(&alarm["Metrics"]).map(|metric| &metric["MetricStat"]["Metric"]);
                metrics.chain([alarm]).any(|metric| metric["Namespace"] == namespace && metric["MetricName"] == name)
            })
        };
        assert!(watched("AWS/ApiGateway", "5xx") && watched("AWS/Lambda", "Throttles"), "{kind}");
        assert_eq!(watched("AWS/Lambda", "Url5xxCount"), own, "{kind}");
    }
}

/// CloudFormation refuses a template in which two resources wait for each other. The function behind an address is one that
/// must not be told the address.
#[test]
fn no_two_resources_wait_for_each_other() {
    let template = Template::read();
    let resources = template.written("Resources");
    let globals = template.written("Globals")["Function"].clone();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, about) in members(resources) {
        let mut found = BTreeSet::new();
        named(about, &mut found);
        if about["Type"] == "AWS::Serverless::Function" {
            named(&globals, &mut found);
        }
        found.extend(members_of(&about["DependsOn"]).map(text));
        found.retain(|other| resources.get(other).is_some() && other != name);
        needs.insert(name.clone(), found);
    }
    assert!(needs["ConsoleFunction"].contains("StoreWebhookUrl"), "{:?}", needs["ConsoleFunction"]);
    // Whoever needs nothing that is not there yet can be made; in the end everything is.
    let mut made: BTreeSet<String> = BTreeSet::new();
    loop {
        let next: Vec<String> = needs
            .iter()
            .filter(|(name, needs)| !made.contains(*name) && needs.is_subset(&made))
            .map(|(name, _)| name.clone())
            .collect();
        if next.is_empty() {
            break;
        }
        made.extend(next);
    }
    let left: Vec<&String> = needs.keys().filter(|name| !made.contains(*name)).collect();
    assert!(left.is_empty(), "these wait for each other: {left:?}");
}

/// The resources and parameters that a piece of the template names.
fn named(value: &Value, found: &mut BTreeSet<String>) {
    for (name, inner) in members(value) {
        match (name.as_str(), inner) {
            ("Ref", inner) => drop(found.insert(text(inner))),
            ("Fn::GetAtt", inner) => {
                let first = members_of(inner).next().map(text).unwrap_or_default();
                found.insert(first.split('.').next().unwrap_or_default().to_owned());
            }
            ("Fn::Sub", inner) => {
                let pattern = members_of(inner).next().map(text).unwrap_or_default();
                for part in pattern.split("${").skip(1) {
                    found.insert(part.split(['}', '.']).next().unwrap_or_default().to_owned());
                }
                members_of(inner).skip(1).for_each(|extra| named(extra, found));
            }
            _ => named(inner, found),
        }
    }
    if let Value::Array(items) = value {
        items.iter().for_each(|item| named(item, found));
    }
}
