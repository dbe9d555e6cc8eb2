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

const ADDRESS: &str = "https://waybill.example/hooks/x/abc";
const APART: &str = "https://hooks.example/hooks/x/abc";

fn kept(platform: Platform, goal: Goal, hooks: &mut Hooks) -> Report {
    kept_at(platform, goal, hooks, (ADDRESS, &[]), &mut |_| None)
}

/// `each` sees the store after every answer, and may put another answer into its place.
fn kept_at(
    platform: Platform,
    goal: Goal,
    hooks: &mut Hooks,
    (address, former): (&str, &[&str]),
    each: &mut dyn FnMut(&Hooks) -> Option<(u16, Value)>,
) -> Report {
    let wanted = Wanted {
        address: address.to_owned(),
        former: former.iter().map(|&former| former.to_owned()).collect(),
        secret: Some("wordsanddigits1".to_owned().into()),
        header: Some("headersecret".to_owned().into()),
    };
    let mut machine = subscriptions(&access(platform), wanted, goal).expect("a machine");
    let mut step = machine.step(None, now()).expect("a step");
    for _ in 0..50 {
        match step {
            SubscriptionStep::Send(request) => {
                let served = hooks.serve(platform, &request);
                let (status, body) = each(hooks).unwrap_or(served);
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

/// Topics that somebody at one of these addresses hears of.
fn heard(hooks: &Hooks, addresses: &[&str]) -> Vec<String> {
    let text = |hook: &Value, names: &[&str]| {
        names.iter().find_map(|name| hook.get(name)?.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let on = |hook: &&Value| ["is_active", "status"].iter().all(|name| hook.get(name) != Some(&json!(false)));
    let here = |hook: &&Value| {
        addresses.contains(&text(hook, &["uri", "delivery_url", "destination", "recipient_url"]).as_str())
    };
    let mut topics: Vec<String> =
        hooks.0.iter().filter(on).filter(here).map(|hook| text(hook, &["topic", "scope", "event_name"])).collect();
    topics.sort();
    topics
}

#[test]
fn subscriptions_move_to_another_address_without_a_moment_in_which_nobody_hears() {
    for platform in [Platform::Shopify, Platform::WooCommerce, Platform::BigCommerce, Platform::Magento] {
        let mut hooks = Hooks(Vec::new(), 0);
        kept(platform, Goal::Ensure, &mut hooks);
        let topics = heard(&hooks, &[ADDRESS]);
        let mut always = |hooks: &Hooks| {
            let mut heard = heard(hooks, &[ADDRESS, APART]);
            heard.dedup();
            assert_eq!(heard, topics, "{platform}: a gap");
            None
        };
        let there = (APART, [ADDRESS].as_slice());
        let moved = kept_at(platform, Goal::Ensure, &mut hooks, there, &mut always);
        assert_eq!((moved.repaired.len(), moved.removed.len()), (topics.len(), topics.len()), "{platform} {moved:?}");
        assert_eq!((heard(&hooks, &[APART]), heard(&hooks, &[ADDRESS])), (topics.clone(), vec![]), "{platform}");
        let again = kept_at(platform, Goal::Ensure, &mut hooks, there, &mut always);
        assert_eq!((again.in_place.len(), again.removed.len()), (topics.len(), 0), "{platform} {again:?}");
        // And back.
        kept_at(platform, Goal::Ensure, &mut hooks, (ADDRESS, &[APART]), &mut always);
        assert_eq!((heard(&hooks, &[ADDRESS]), heard(&hooks, &[APART])), (topics.clone(), vec![]), "{platform}");
        // Whoever leaves takes away both.
        kept_at(platform, Goal::Ensure, &mut hooks, (APART, &[]), &mut always);
        kept_at(platform, Goal::Remove, &mut hooks, there, &mut |_| None);
        assert_eq!(heard(&hooks, &[ADDRESS, APART]), Vec::<String>::new(), "{platform}");
    }
}

#[test]
fn the_former_address_goes_on_hearing_what_the_store_will_not_tell_the_new_one() {
    let mut hooks = Hooks(Vec::new(), 0);
    kept(Platform::WooCommerce, Goal::Ensure, &mut hooks);
    let mut answers = 0;
    let mut refuse_the_first = |_: &Hooks| {
        answers += 1;
        (answers == 2).then(|| (400, json!({"message": "no"})))
    };
    let there = (APART, [ADDRESS].as_slice());
    let report = kept_at(Platform::WooCommerce, Goal::Ensure, &mut hooks, there, &mut refuse_the_first);
    assert_eq!((report.refused.len(), report.repaired.len(), report.removed.len()), (1, 1, 1), "{report:?}");
    assert_eq!(heard(&hooks, &[ADDRESS]), [report.refused[0].0.clone()]);
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
