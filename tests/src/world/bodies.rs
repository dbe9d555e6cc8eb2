//! Bodies of a store, and mails as people read them.

use super::{Value, json};
use data_encoding::HEXLOWER_PERMISSIVE;

/// A fulfilment of an order with everything in the body: topic `orders/fulfilled`.
#[must_use]
pub fn shopify_order(order: u64, tiktok: &str, version: &str, fulfilments: &[Value]) -> Value {
    json!({
        "id": order, "name": format!("#{order}"), "updated_at": version, "note": null, "tags": "",
        "source_name": "tiktok", "cancelled_at": null,
        "note_attributes": [{"name": "TikTok Order ID", "value": tiktok}],
        "email": "canary-buyer@canary.example", "fulfillments": fulfilments,
    })
}

/// One fulfilment of a Shopify order.
#[must_use]
pub fn fulfilment(id: u64, order: u64, version: &str, carrier: &str, numbers: &[&str], lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(sku, quantity)| json!({"id": 1, "sku": sku, "quantity": quantity, "fulfillable_quantity": 0}))
        .collect();
    json!({
        "id": id, "order_id": order, "name": format!("#{order}.1"), "status": "success",
        "created_at": version, "updated_at": version, "shipment_status": null, "tracking_company": carrier,
        "tracking_number": numbers.first(), "tracking_numbers": numbers, "line_items": lines,
        "email": "canary-buyer@canary.example", "destination": {"name": "Canary Buyer", "address1": "1 Canary Street"},
    })
}

/// The subject of a mail file.
#[must_use]
pub fn mail_subject(mail: &str) -> String {
    let line = mail.split("\r\n").skip_while(|line| !line.starts_with("Subject: "));
    let mut lines = line.take_while(|line| !line.is_empty());
    let mut subject = lines.next().and_then(|line| line.strip_prefix("Subject: ")).expect("a subject").to_owned();
    for more in lines.take_while(|line| line.starts_with(' ')) {
        subject.push_str(more);
    }
    subject
}

/// The plain text of a mail file.
#[must_use]
pub fn mail_text(mail: &str) -> String {
    let part = mail.split("Content-Type: text/plain").nth(1).expect("a text part");
    let (head, body) = part.split_once("\r\n\r\n").expect("a body");
    let body = body.split("\r\n--").next().expect("an end");
    if head.contains("quoted-printable") {
        let joined = body.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((first, more)) = rest.split_first() {
            let hex =
                if *first == b'=' { more.get(..2).and_then(|h| HEXLOWER_PERMISSIVE.decode(h).ok()) } else { None };
            match hex {
                Some(byte) => {
                    bytes.extend(byte);
                    rest = &more[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = more;
                }
            }
        }
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    if head.contains("base64") {
        let text: String = body.split_whitespace().collect();
        return String::from_utf8_lossy(&data_encoding::BASE64.decode(text.as_bytes()).expect("base64")).into_owned();
    }
    body.to_owned()
}
