//! What a signature costs: a request to TikTok, and a webhook from it.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use secrecy::SecretString;
use std::hint::black_box;
use waybill::tiktok::sign;

fn signing(criterion: &mut Criterion) {
    let secret = SecretString::from("0123456789abcdef0123456789abcdef01234567");
    let query =
        [("app_key", "29a39d"), ("timestamp", "1763740800"), ("shop_cipher", "GCP_XF90igAAAABh00qsWgtvOiGFNqyubMt3")];
    let path = "/fulfillment/202309/orders/576461413038785752/packages";
    let body = br#"{"tracking_number":"9400111206206406260787","shipping_provider_id":"7117858858072016686"}"#;
    criterion.bench_function("sign/request", |bench| {
        bench.iter(|| sign::request(&secret, black_box(path), &query, "application/json", body));
    });
    let header = "0".repeat(64);
    criterion.bench_function("sign/webhook_with_two_secrets", |bench| {
        bench.iter(|| sign::webhook_holds("29a39d", [&secret, &secret], black_box(&header), body));
    });
}

criterion_group!(benches, signing);
criterion_main!(benches);
