//! HMAC-SHA256 in the spellings that platforms use.

use data_encoding::{BASE64, HEXLOWER};
use ring::hmac::{Context, HMAC_SHA256, Key, Tag};

fn tag(key: &[u8], parts: &[&[u8]]) -> Tag {
    let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign()
}

/// Lower-case hexadecimal, over the parts in order.
#[must_use]
pub fn hex(key: &[u8], parts: &[&[u8]]) -> String {
    HEXLOWER.encode(tag(key, parts).as_ref())
}

/// Standard base64 with padding, over the parts in order.
#[must_use]
pub fn base64(key: &[u8], parts: &[&[u8]]) -> String {
    BASE64.encode(tag(key, parts).as_ref())
}
