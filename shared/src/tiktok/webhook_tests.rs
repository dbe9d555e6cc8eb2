use super::*;
use proptest::prelude::*;
use serde_json::json;

const ORDER: &str = "576461413038785752";

fn order() -> TikTokOrderId {
    TikTokOrderId::parse(ORDER).expect("id")
}

fn of(kind: i64, data: Value) -> News {
    let body = json!({"type": kind, "shop_id": "7494049642642441621", "timestamp": 1_644_412_885, "data": data});
    read(body.to_string().as_bytes()).expect("a message").news
}

#[test]
fn each_type_says_what_its_page_says() {
    let at = |second| Timestamp::from_second(second).expect("time");
    let status = |state, passes_hold, at| News::Status { order: order(), state, passes_hold, at };
    for (kind, data, expected) in [
        (
            1,
            json!({"order_id": ORDER, "order_status": "AWAITING_SHIPMENT", "is_on_hold_order": false, "update_time": 1627587506}),
            status(OrderState::AwaitingShipment, Some(false), Some(at(1_627_587_506))),
        ),
        (
            1,
            json!({"order_id": 576_461_413_038_785_752_u64, "order_status": "CANCEL"}),
            status(OrderState::Cancelled, None, None),
        ),
        (1, json!({"order_id": ORDER, "order_status": "NEW"}), status(OrderState::Unknown("NEW".into()), None, None)),
        (3, json!({"order_id": ORDER}), News::Address { order: order() }),
        (
            4,
            json!({"sc_type": "COMBINE", "package_list": [{"package_id": "1", "order_id_list": [ORDER, ORDER]}, {"package_id": "1"}]}),
            News::Packages {
                orders: vec![order()],
                packages: vec![PackageId::parse("1").expect("id")],
                change: "COMBINE".into(),
            },
        ),
        (4, json!({"package_list": []}), News::Nothing),
        (6, json!({"message": "x"}), News::Deauthorised),
        (7, json!({"expiration_time": "1627587506"}), News::Ends(at(1_627_587_506))),
        (7, json!({"expiration_time": 1_627_587_506}), News::Ends(at(1_627_587_506))),
        (7, json!({"expiration_time": "soon"}), News::Nothing),
        (
            11,
            json!({"order_id": ORDER, "cancellations_role": "BUYER", "cancel_status": "CANCELLATION_REQUEST_PENDING"}),
            News::Cancellation { order: order(), by: Some(CancelledBy::Buyer), step: CancelStep::Pending },
        ),
        (
            11,
            json!({"order_id": ORDER, "cancel_status": "CANCELLATION_REQUEST_SHINY"}),
            News::Cancellation {
                order: order(),
                by: None,
                step: CancelStep::Unknown("CANCELLATION_REQUEST_SHINY".into()),
            },
        ),
        (
            12,
            json!({"order_id": ORDER, "return_status": "REPLACEMENT_REQUEST_CANCEL"}),
            News::Return { order: order(), step: "REPLACEMENT_REQUEST_CANCEL".into() },
        ),
        (
            36,
            json!({"package_id": "1", "order_ids": [ORDER], "invoice_status": "SUCCESS"}),
            News::Invoice { orders: vec![order()] },
        ),
        (1, json!({"order_status": "AWAITING_SHIPMENT"}), News::Nothing),
        (5, json!({"order_id": ORDER}), News::Nothing),
        (999, Value::Null, News::Nothing),
    ] {
        assert_eq!(of(kind, data.clone()), expected, "{kind} {data}");
    }
}

#[test]
fn every_type_about_an_order_leads_to_it() {
    for kind in [1, 3, 11, 12] {
        assert_eq!(of(kind, json!({"order_id": ORDER})).orders(), [order()], "{kind}");
    }
    assert_eq!(of(4, json!({"package_list": [{"order_id_list": [ORDER]}]})).orders(), [order()]);
    assert!(of(6, json!({"order_id": ORDER})).orders().is_empty());
    let cancels = |kind, data| of(kind, data).is_about_cancelling();
    assert!(cancels(11, json!({"order_id": ORDER, "cancel_status": "CANCELLATION_REQUEST_PENDING"})));
    assert!(cancels(1, json!({"order_id": ORDER, "order_status": "CANCELLED"})));
    assert!(!cancels(1, json!({"order_id": ORDER, "order_status": "IN_TRANSIT"})));
}

#[test]
fn an_envelope_is_read_in_every_form_it_was_seen_in() {
    let read = |body: &str| read(body.as_bytes());
    let old = read(r#"{"type":1,"shop_id":7494049642642441621,"timestamp":1644412885,"data":{}}"#).expect("a message");
    assert_eq!((old.shop.as_str(), old.id, old.kind), ("7494049642642441621", None, 1));
    let text =
        read(r#"{"type":"6","tts_notification_id":"7327","shop_id":"7","timestamp":"1644412885"}"#).expect("one");
    assert_eq!(
        (text.id.as_deref(), &text.news, text.sent.as_second()),
        (Some("7327"), &News::Deauthorised, 1_644_412_885)
    );
    for (body, fault) in [
        ("", NotAMessage::NoEnvelope),
        ("[]", NotAMessage::NoEnvelope),
        (r#"{"type":1,"shop_id":"7"}"#, NotAMessage::NoEnvelope),
        (r#"{"shop_id":"7","timestamp":1644412885}"#, NotAMessage::NoEnvelope),
        (r#"{"type":1,"shop_id":"7","timestamp":9223372036854775807}"#, NotAMessage::NoTime),
        (r#"{"type":1,"timestamp":1644412885}"#, NotAMessage::NoShop),
        (r#"{"type":1,"shop_id":"seven","timestamp":1644412885}"#, NotAMessage::NoShop),
    ] {
        assert_eq!(read(body), Err(fault), "{body}");
    }
}

proptest! {
    #[test]
    fn any_data_is_news_or_nothing(kind in -5i64..80, id in "\\PC{0,40}", list in proptest::collection::vec("\\PC{0,10}", 0..4)) {
        let _ = of(kind, json!({"order_id": id, "package_list": list, "order_ids": list, "expiration_time": id}));
        let _ = of(kind, json!(list));
    }

    #[test]
    fn any_body_is_a_message_or_none(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&body);
    }
}
