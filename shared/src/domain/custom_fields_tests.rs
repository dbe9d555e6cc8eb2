use super::*;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn what_is_not_known_to_be_harmless_is_refused_until_a_person_allows_that_path() {
    for (path, harmless) in [
        ("id", true),
        ("create_time", true),
        ("delivery_option_name", true),
        ("line_items.0.sku_id", true),
        ("line_items.12.product_name", true),
        ("packages.0.id", true),
        ("payment.total_amount", true),
        ("recipient_address", false),
        ("recipient_address.name", false),
        ("recipient_address.region_code", false),
        ("recipient_address.district_info.0.address_name", false),
        ("buyer_email", false),
        ("buyer_message", false),
        ("buyer_anything_new", false),
        ("cancel_reason", false),
        ("delivery_preferences.drop_off_location", false),
        ("user_id", false),
        ("cpf", false),
        ("seller_note", false),
        ("something_new", false),
        ("line_items.0.cancel_reason", false),
        ("line_items.0.something_new", false),
        ("line_items.sku_id", false),
        ("line_items.0", false),
        ("id.more", false),
    ] {
        let refused = Rule::parse(path, "custom.value", false);
        match harmless {
            true => assert!(!refused.expect(path).buyer_data, "{path}"),
            false => assert_eq!(refused, Err(BadRule::BuyerData), "{path}"),
        }
        let allowed = Rule::parse(path, "custom.value", true).expect(path);
        assert_eq!(allowed.buyer_data, !harmless, "{path}");
    }
}

#[test]
fn each_platform_has_its_form_of_a_field() {
    let of = |text: &str| Field::parse(text).map(|field| Platform::ALL.map(|platform| field.is_of(platform)));
    // In the order of `Platform::ALL`, only these.
    let only = |platforms: &[Platform]| Ok(Platform::ALL.map(|platform| platforms.contains(&platform)));
    for (text, expected) in [
        ("custom.tiktok_id", only(&[Platform::Shopify, Platform::BigCommerce])),
        ("my-space.delivery-name", only(&[Platform::Shopify, Platform::BigCommerce])),
        ("_tiktok_delivery", only(&[Platform::WooCommerce])),
        ("comment", only(&[Platform::Magento])),
        ("delivery", Err(BadRule::Field)),
        ("", Err(BadRule::Field)),
        ("a.b", Err(BadRule::Field)),
        ("custom.a.b", Err(BadRule::Field)),
        ("custom.", Err(BadRule::Field)),
        ("custom.with blank", Err(BadRule::Field)),
        ("_", Err(BadRule::Field)),
        ("_x.y", Err(BadRule::Field)),
        ("_order_total", Err(BadRule::OwnField)),
        ("_BILLING_email", Err(BadRule::OwnField)),
        ("_tracking_number", Err(BadRule::OwnField)),
        ("_wc_shipment_tracking_items", Err(BadRule::OwnField)),
        ("shopify--discovery.key", Err(BadRule::OwnField)),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn a_rule_from_the_store_to_tiktok_is_refused_with_a_sentence() {
    for (path, field) in [
        ("_gift_note", "buyer_message"),
        ("custom.gift_note", "buyer_message"),
        ("custom.warehouse", "warehouse_id"),
        ("comment", "seller_note"),
        ("custom.currency", "payment.currency"),
        ("_tiktok_sku", "line_items.0.seller_sku"),
    ] {
        for allow in [false, true] {
            assert_eq!(Rule::parse(path, field, allow), Err(BadRule::Backwards), "{path} -> {field}");
        }
    }
    assert!(BadRule::Backwards.to_string().contains("one way"));
}

#[test]
fn single_values_are_taken_on_one_line_and_anything_else_is_nothing() {
    let order = json!({
        "id": "576", "create_time": 1_763_740_800, "is_cod": false, "empty": " ", "none": null,
        "delivery_option_name": "Standard\nshipping ", "line_items": [{"sku_id": "1"}, {"sku_id": "2"}],
        "recipient_address": {"name": "Ada", "phone_number": "(+1)2*****99"}, "long": "x".repeat(900),
    });
    for (path, value) in [
        ("id", Some("576")),
        ("create_time", Some("1763740800")),
        ("is_cod", Some("false")),
        ("delivery_option_name", Some("Standard shipping")),
        ("line_items.1.sku_id", Some("2")),
        ("line_items.2.sku_id", None),
        ("line_items", None),
        ("line_items.0", None),
        ("recipient_address", None),
        ("recipient_address.name", Some("Ada")),
        ("recipient_address.phone_number", None),
        ("empty", None),
        ("none", None),
        ("gone", None),
        ("id.more", None),
    ] {
        let found = Path::parse(path).expect(path).value(&order);
        assert_eq!(found.as_ref().map(Passed::text), value, "{path}");
    }
    assert_eq!(Path::parse("long").expect("a path").value(&order).map(|v| v.text().len()), Some(LONGEST_VALUE));
}

#[test]
fn a_row_without_a_persons_word_gives_no_buyer_data() {
    let rule: Rule = serde_json::from_value(json!({"path": "buyer_email", "field": "custom.mail"})).expect("a rule");
    let order = json!({"buyer_email": "ada@example.org"});
    assert_eq!(rule.value(&order), None);
    let allowed = Rule { buyer_data: true, ..rule };
    let value = allowed.value(&order).expect("a value");
    assert_eq!(value.text(), "ada@example.org");
    assert!(!format!("{value:?}").contains("ada"), "it prints no value");
}

#[test]
fn a_rule_replaces_the_one_of_its_path_and_platforms_and_there_are_not_too_many() {
    let mut rules = Vec::new();
    let put = |rules: &mut Vec<Rule>, path: &str, field: &str| {
        Rule::parse(path, field, false).and_then(|rule| rule.put_into(rules))
    };
    put(&mut rules, "id", "custom.one").expect("put");
    put(&mut rules, "id", "_one").expect("put");
    put(&mut rules, "id", "custom.two").expect("put");
    let fields: Vec<String> = rules.iter().map(|rule| rule.field.to_string()).collect();
    assert_eq!(fields, ["custom.two", "_one"]);
    for place in rules.len()..MOST_RULES {
        put(&mut rules, &format!("line_items.{place}.sku_id"), "custom.sku").expect("put");
    }
    assert_eq!(put(&mut rules, "status", "custom.status"), Err(BadRule::TooMany));
    assert_eq!(put(&mut rules, "id", "custom.three"), Ok(()));
}

proptest! {
    #[test]
    fn nothing_below_a_buyers_field_passes_without_a_persons_word(
        head in prop::sample::select(OF_A_BUYER), rest in "(\\.[a-z0-9_]{1,12}){0,4}", field in "[ -~]{0,30}",
    ) {
        let path = format!("{head}{rest}");
        prop_assert!(Rule::parse(&path, &field, false).is_err(), "{}", path);
        prop_assert!(!Path::parse(&path).is_ok_and(|path| path.is_harmless()));
    }

    #[test]
    fn what_a_person_types_never_panics_and_what_is_taken_reads_back(path in "[ -~]{0,60}", field in "[ -~]{0,40}", allow: bool) {
        if let Ok(rule) = Rule::parse(&path, &field, allow) {
            let text = serde_json::to_string(&rule).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Rule>(&text).expect("a rule"), rule);
        }
    }
}
