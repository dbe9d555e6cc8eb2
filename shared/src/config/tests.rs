use super::*;
use crate::domain::region::AppRegion;
use proptest::prelude::*;

fn with(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut all = vec![("PUBLIC_URL", "https://waybill.example.com")];
    all.extend_from_slice(settings);
    Config::parse(|name| all.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
}

fn names(result: Result<Config, ConfigError>) -> Vec<&'static str> {
    result.err().map(|e| e.0.iter().map(|fault| fault.name).collect()).unwrap_or_default()
}

#[test]
fn only_the_public_address_has_no_default() {
    let config = with(&[]).expect("all else has defaults");
    assert_eq!(config.table.as_str(), "waybill");
    assert_eq!(config.secrets_prefix.as_str(), "waybill");
    assert_eq!(config.token_store, TokenStoreKind::Sealed);
    assert_eq!(config.reauth_days, 90);
    assert_eq!(config.tiktok_api.as_str(), "https://open-api.tiktokglobalshop.com/");
    assert_eq!(config.tiktok_consent(AppRegion::Us).path(), "/open/authorize");
    assert!(config.outbound_allow.is_empty() && config.mail_from.is_none() && config.smtp.is_none());
    assert_eq!(names(Config::parse(|_| None)), ["PUBLIC_URL"]);
}

#[test]
fn every_fault_is_reported_at_once_with_a_remedy() {
    let wrong = [
        ("PUBLIC_URL", "http://waybill.example.com"),
        ("HOOKS_URL", "https://hooks.example.com, http://old.example.com"),
        ("TABLE_NAME", "x"),
        ("SECRETS_PREFIX", "a/../b"),
        ("TOKEN_STORE", "vault"),
        ("MAIL_FROM", "Someone <a@example.com>"),
        ("SMTP_URL", "https://mail.example.com"),
        ("REAUTH_DAYS", "ninety"),
        ("TIKTOK_API_URL", "http://127.0.0.1:9"),
        ("TIKTOK_AUTH_URL", "ftp://auth.example.com"),
        ("TIKTOK_CONSENT_URL_US", "/open"),
        ("TIKTOK_CONSENT_URL_ROW", "https://user:pw@services.example.com"),
        ("SHOPIFY_API_URL", "http://{shop}"),
        ("BIGCOMMERCE_API_URL", "https://api.example.com/?key=1"),
        ("BIGCOMMERCE_LOGIN_URL", "nowhere"),
        ("ADOBE_IO_KEYS_URL", "nowhere"),
        ("OUTBOUND_ALLOW", "localhost"),
        ("TRUSTED_PROXY", "127.0.0.1, proxy.example.com"),
        ("LOG_LEVEL", "loud"),
    ];
    let error = with(&wrong).expect_err("all are wrong");
    let mut found: Vec<_> = error.0.iter().map(|fault| fault.name).collect();
    let mut all: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    found.sort_unstable();
    all.sort_unstable();
    assert_eq!(found, all, "each setting of the table is read, and each wrong one reported");
    assert!(error.0.iter().all(|fault| !fault.remedy.is_empty()));
    let text = error.to_string();
    assert!(text.starts_with("19 settings cannot be used:\n"), "{text}");
    assert!(text.contains("\n  TABLE_NAME must have 3 to 255 characters. Use 3 to 255"), "{text}");
}

#[test]
fn a_fault_never_repeats_the_value() {
    for (name, value) in [("SMTP_URL", "canary://canary@x"), ("LOG_LEVEL", "canary"), ("TIKTOK_API_URL", "canary")] {
        let text = with(&[(name, value)]).expect_err("wrong").to_string();
        assert!(!text.contains("canary"), "{text}");
    }
    let config = with(&[("SMTP_URL", "smtps://user:canary@mail.example.com")]).expect("good");
    assert!(!format!("{config:?}").contains("canary"));
    assert_eq!(config.smtp.map(|smtp| smtp.reveal().contains("canary")), Some(true));
}

#[test]
fn deliveries_go_to_the_public_address_unless_another_one_is_given() {
    let plain = with(&[]).expect("good");
    assert_eq!((&plain.hooks_url, plain.former_hooks.as_slice()), (&plain.public_url, [].as_slice()));
    let apart = with(&[("HOOKS_URL", "https://hooks.example.com/ ,https://old.example.com,")]).expect("good");
    assert_eq!(apart.hooks_url.as_str(), "https://hooks.example.com/");
    let former: Vec<&str> = apart.former_hooks.iter().map(url::Url::as_str).collect();
    assert_eq!(former, ["https://old.example.com/", "https://waybill.example.com/"]);
    // Back at the public address, with what is still registered at another one.
    let back = with(&[("HOOKS_URL", "https://waybill.example.com,https://hooks.example.com")]).expect("good");
    assert_eq!((&back.hooks_url, back.former_hooks.len()), (&back.public_url, 1));
    assert_eq!(names(with(&[("HOOKS_URL", ",")])), ["HOOKS_URL"]);
    assert_eq!(names(with(&[("HOOKS_URL", "https://hooks.example.com/path")])), ["HOOKS_URL"]);
    assert!(!with(&[("HOOKS_URL", "http://127.0.0.1:9")]).expect("good").reaches_outside());
}

#[test]
fn a_blank_setting_counts_as_not_set() {
    let config = with(&[("TABLE_NAME", ""), ("MAIL_FROM", "  "), ("LOG_LEVEL", " WARN ")]).expect("good");
    assert_eq!((config.table.as_str(), config.mail_from), ("waybill", None));
    assert_eq!(config.log_level, LogLevel::parse("warn").expect("a level"));
}

#[test]
fn a_lambda_function_needs_a_sender_for_its_mails() {
    assert_eq!(names(with(&[("AWS_LAMBDA_FUNCTION_NAME", "waybill-reminder")])), ["MAIL_FROM"]);
    let sender = ("MAIL_FROM", "hello@example.com");
    assert!(with(&[("AWS_LAMBDA_FUNCTION_NAME", "waybill-reminder"), sender]).is_ok());
    assert_eq!(names(with(&[("AWS_LAMBDA_FUNCTION_NAME", "x"), ("MAIL_FROM", "nobody")])), ["MAIL_FROM"], "once");
}

#[test]
fn plain_http_is_for_this_machine_and_for_hosts_the_operator_vouches_for() {
    for (name, value, good) in [
        ("PUBLIC_URL", "http://127.0.0.1:8787", true),
        ("PUBLIC_URL", "http://[::1]:8787", true),
        ("PUBLIC_URL", "http://localhost:8787/", true),
        ("PUBLIC_URL", "http://localhost.example.com", false),
        ("PUBLIC_URL", "https://example.com/waybill", false),
        ("TIKTOK_API_URL", "http://127.0.0.1:4010", true),
        ("TIKTOK_API_URL", "http://127.0.0.1:4011", false),
        ("SHOPIFY_API_URL", "http://127.0.0.1:4010/{shop}", true),
        ("SHOPIFY_API_URL", "https://{shop}", true),
    ] {
        let result = with(&[("OUTBOUND_ALLOW", "127.0.0.1:4010, [::1]:5000,,store.internal:80"), (name, value)]);
        assert_eq!(result.is_ok(), good, "{name}={value}: {:?}", result.err());
    }
}

#[test]
fn allowed_hosts_are_read_in_every_form() {
    let read =
        |text| AllowedHost::parse_list(text).map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(
        read("Store.Internal:80,[::1]:5000 , 10.0.0.1:8443").expect("good"),
        ["store.internal:80", "[::1]:5000", "10.0.0.1:8443"]
    );
    for text in ["host", "host:", ":80", "host:0", "host:70000", "::1:80:x", "a b:80", "http://a:80"] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn a_shop_cannot_lead_a_request_elsewhere() {
    let config = with(&[]).expect("good");
    let url = config.shopify_api.for_shop("some-shop.myshopify.com");
    assert_eq!(url.map(|url| url.to_string()).as_deref(), Some("https://some-shop.myshopify.com/"));
    for domain in ["", "evil.example/x", "a@evil.example", "evil.example:8080", "evil.example#", "évil"] {
        assert_eq!(config.shopify_api.for_shop(domain), None, "{domain}");
    }
}

#[test]
fn the_readme_table_has_a_row_for_each_setting() {
    let table = settings_table();
    assert_eq!(table.lines().count(), SETTINGS.len() + 2);
    assert!(table.contains("| `REAUTH_DAYS` |") && table.contains("| `90` |"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(name in 0..SETTINGS.len(), value in "\\PC{0,60}") {
        let _ = with(&[(SETTINGS[name].name, &value)]);
    }
}
