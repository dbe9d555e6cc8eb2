//! Subscriptions: made, noticed when gone, repaired, taken away.

use super::{access, answer, now};
use crate::domain::platform::Platform;
use crate::stores::subscriptions::{Goal, Report, SubscriptionStep, Wanted, hand_steps, subscriptions};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

/// A store that keeps subscriptions as its API does.
struct Hooks(Vec<Value>, usize);

impl Hooks {
    fn serve(&mut self, platform: Platform, request: &Request<Bytes>) -> (u16, Value) {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        self.1 += 1;
        let path = request.uri().path();
        let id = path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
        match (platform, request.method().as_str()) {
            (Platform::Shopify, _) => {
                let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
                let hook = |id: &Value, topic: &Value| json!({ "id": id, "topic": topic, "uri": body.pointer("/variables/hook/uri"), "format": "JSON" });
                let variable = |name: &str| body.pointer(&format!("/variables/{name}")).cloned().unwrap_or_default();
                if query.contains("webhookSubscriptionCreate") {
                    self.0.push(hook(&json!(format!("gid://{}", self.1)), &variable("topic")));
                } else if query.contains("webhookSubscriptionDelete") {
                    self.0.retain(|hook| hook.get("id") != Some(&variable("id")));
                } else if query.contains("webhookSubscriptionUpdate") {
                    self.set("id", &variable("id"), &[("format", json!("JSON"))]);
                } else {
                    return (200, json!({ "data": { "webhookSubscriptions": { "nodes": self.0 } } }));
                }
                (200, json!({ "data": { "result": { "userErrors": [] } } }))
            }
            (Platform::WooCommerce, "GET") => (200, json!(self.0)),
            (Platform::BigCommerce, "GET") => {
                (200, json!({ "data": self.0, "meta": { "pagination": { "current_page": 1, "total_pages": 1 } } }))
            }
            (_, "GET") => (200, json!({ "items": self.0, "total_count": self.0.len() })),
            (Platform::Magento, method) => {
                let mut event = body.get("asyncEvent").cloned().unwrap_or_default();
                if method == "POST" {
                    event["subscription_id"] = json!(self.1);
                    event["status"] = json!(true);
                    self.0.push(event);
                } else {
                    self.set("subscription_id", &json!(id), &[("status", event["status"].clone())]);
                }
                (200, json!({}))
            }
            (_, "POST") => {
                let mut hook = body;
                hook["id"] = json!(self.1);
                self.0.push(hook);
                (201, json!({}))
            }
            (_, "PUT") => {
                let fields: Vec<(&str, Value)> =
                    body.as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v.clone())).collect();
                self.set("id", &json!(id), &fields);
                (200, json!({}))
            }
            (_, _) => {
                self.0.retain(|hook| hook.get("id") != Some(&json!(id)));
                (200, json!({}))
            }
        }
    }

    fn set(&mut self, key: &str, id: &Value, fields: &[(&str, Value)]) {
        for hook in self.0.iter_mut().filter(|hook| hook.get(key) == Some(id)) {
            for (name, value) in fields {
                hook[*name] = value.clone();
            }
        }
    }
}

fn kept(platform: Platform, goal: Goal, hooks: &mut Hooks) -> Report {
    let wanted = Wanted {
        address: "https://waybill.example/hooks/x/abc".to_owned(),
        secret: Some("wordsanddigits1".to_owned().into()),
        header: Some("headersecret".to_owned().into()),
    };
    let mut machine = subscriptions(&access(platform), wanted, goal).expect("a machine");
    let mut step = machine.step(None, now()).expect("a step");
    for _ in 0..50 {
        match step {
            SubscriptionStep::Send(request) => {
                let (status, body) = hooks.serve(platform, &request);
                step = machine.step(Some(&answer(status, &body)), now()).expect("a step");
            }
            SubscriptionStep::Done(report) => return report,
        }
    }
    panic!("the comparison does not end");
}

#[test]
fn subscriptions_are_made_noticed_when_gone_repaired_and_taken_away() {
    for (platform, count, asleep) in [
        (Platform::Shopify, 4, ("format", json!("XML"))),
        (Platform::WooCommerce, 2, ("status", json!("disabled"))),
        (Platform::BigCommerce, 4, ("is_active", json!(false))),
        (Platform::Magento, 3, ("status", json!(false))),
    ] {
        let mut hooks = Hooks(Vec::new(), 0);
        let made = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!(
            (made.repaired.len(), made.in_place.len(), made.refused.len()),
            (count, 0, 0),
            "{platform} {made:?}"
        );
        let again = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!((again.repaired.len(), again.in_place.len()), (0, count), "{platform}");

        hooks.0[0][asleep.0] = asleep.1;
        let lost = hooks.0.pop().expect("a subscription");
        let checked = kept(platform, Goal::Check, &mut hooks);
        assert_eq!((checked.missing.len(), checked.repaired.len()), (2, 0), "{platform} {checked:?}");
        let repaired = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!(repaired.repaired, checked.missing, "{platform}");

        hooks.0.push(lost);
        let double = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!((double.removed.len(), double.in_place.len()), (1, count), "{platform} {double:?}");
        let removed = kept(platform, Goal::Remove, &mut hooks);
        assert_eq!(removed.removed.len(), count, "{platform}");
        let nothing = kept(platform, Goal::Check, &mut hooks);
        assert_eq!(nothing.missing.len(), count, "{platform}");
    }
}

#[test]
fn a_subscription_that_belongs_to_somebody_else_is_left_alone() {
    let mut hooks = Hooks(
        vec![
            json!({ "id": 1, "topic": "order.updated", "status": "active", "delivery_url": "https://other.example/" }),
        ],
        0,
    );
    kept(Platform::WooCommerce, Goal::Remove, &mut hooks);
    assert_eq!(hooks.0.len(), 1);
}

#[test]
fn every_platform_and_way_can_be_set_up_by_hand() {
    let ways = [None, Some("mage-os"), Some("io-events"), Some("commerce-webhooks"), Some("mageplaza")];
    for platform in Platform::ALL {
        for way in ways {
            let steps = hand_steps(platform, way, "https://waybill.example/hooks/x/abc");
            assert!(
                steps.iter().any(|step| step.contains("https://waybill.example/hooks/x/abc")),
                "{platform} {way:?}"
            );
            assert!(!steps.iter().any(|step| step.contains("{address}")), "{platform} {way:?}");
        }
    }
}
