//! TikTok's codes: a short text of our own words for each, and the HTTP status it comes with.
//!
//! Source: the Partner Center's common errors and the error lists of the calls, as far as a tracking client meets them.
//! Business errors come with HTTP 200; only the gateway uses other statuses.

use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// Why the model says no.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub code: i64,
    pub message: Cow<'static, str>,
    pub http: u16,
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal in the words of the table.
    pub(super) fn of(code: i64) -> Self {
        let text = CODES.iter().find(|(known, _)| *known == code).map_or("Request refused.", |(_, text)| *text);
        Self { code, message: Cow::Borrowed(text), http: http_status(code), retry_after: None }
    }

    /// The same code with words that name the cause.
    pub(super) fn saying(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..Self::of(code) }
    }

    /// 36009004 stands for many faults; only the words tell them apart.
    pub(super) fn parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::saying(36_009_004, message)
    }
}

/// What a call answers: the `data` of the envelope.
pub(super) type Answer = Result<Value, Refusal>;

/// The HTTP status a code comes with.
pub(super) fn http_status(code: i64) -> u16 {
    match code {
        36_009_002 | 36_009_037 => 429,
        36_009_009 | 36_009_010 => 404,
        36_009_003 => 503,
        36_009_007 => 504,
        101_000 | 105_001..=105_005 | 36_009_043 | 36_009_044 => 401,
        36_009_033 => 403,
        106_001 | 106_013 | 36_009_004 | 36_009_014 | 36_009_021..=36_009_023 => 400,
        _ => 200,
    }
}

/// Every code of the documentation's lists for the calls this model answers.
pub const CODES: &[(i64, &str)] = &[
    (36_009_002, "Too many requests."),
    (36_009_037, "Hourly request limit of a development shop reached."),
    (36_009_003, "Internal error. Please try again."),
    (36_009_007, "Gateway timeout."),
    (36_009_009, "Invalid path."),
    (36_009_010, "Method not allowed for this path."),
    (36_009_014, "This API version is no longer available."),
    (36_009_021, "The upload is too large."),
    (36_009_022, "Content-Type is missing."),
    (36_009_023, "Content-Type is not supported."),
    (36_009_033, "The caller's IP address is not on the app's allow list."),
    (36_009_043, "The shop is inactive."),
    (36_009_044, "The seller is inactive."),
    (36_009_004, "Invalid parameter."),
    (36_004_004, "The authorization code is invalid, used or expired."),
    (36_004_005, "Auth record not found."),
    (98_001_004, "Invalid parameters."),
    (98_001_005, "The app is not available."),
    (98_001_006, "The app is not available in this region."),
    (101_000, "The access token does not match the shop."),
    (105_001, "Access token is invalid."),
    (105_002, "Expired credentials. The `access_token` or `x-tts-access-token` header has expired."),
    (105_003, "Authentication failed."),
    (105_004, "Authentication failed."),
    (105_005, "Access denied. The app or the token lacks the scope of this API."),
    (106_001, "Invalid signature."),
    (106_013, "Missing required identifier `shop_cipher`."),
    (10_006_402, "No permission for this order."),
    (21_008_111, "The order does not belong to this shop."),
    (21_011_028, "The package does not belong to this shop."),
    (10_002_014, "Order service is busy."),
    (10_002_015, "Order service timed out."),
    (10_037_002, "Order query failed."),
    (10_037_003, "Order query failed."),
    (10_037_004, "Order query failed."),
    (11_001_027, "Logistics service error."),
    (11_001_031, "Logistics service error."),
    (11_005_010, "Logistics service error."),
    (11_006_005, "Logistics service error."),
    (11_006_026, "Logistics service error."),
    (21_001_003, "Internal error."),
    (21_001_008, "Internal error."),
    (21_001_011, "Internal error."),
    (21_001_029, "Internal error."),
    (21_001_043, "Internal error."),
    (21_001_055, "Internal error."),
    (21_008_300, "Fulfillment service is busy."),
    (21_022_026, "Fulfillment service is busy."),
    (21_022_029, "Fulfillment service is busy."),
    (21_022_030, "Fulfillment service is busy."),
    (21_034_006, "Fulfillment service is busy."),
    (21_042_001, "Fulfillment service is busy."),
    (21_042_076, "Fulfillment service is busy."),
    (11_028_006, "No shipping provider fits the tracking number."),
    (21_004_012, "The tracking number holds special characters."),
    (21_004_015, "The tracking number does not fit the shipping provider."),
    (21_004_016, "The shipping provider or service is not available."),
    (21_011_022, "Invalid tracking number or provider ID."),
    (21_022_032, "The shipping provider could not be matched."),
    (21_011_025, "The tracking number is used by another order."),
    (21_034_012, "Duplicate tracking number."),
    (21_011_026, "The tracking number is used too often."),
    (21_008_099, "The package is already shipped."),
    (11_006_021, "The package is already shipped."),
    (21_011_006, "These orders are already shipped."),
    (21_011_020, "The order is already shipped."),
    (21_011_040, "The order line items are already shipped."),
    (21_042_056, "The order is already shipped."),
    (21_011_027, "The order is already delivered."),
    (21_008_042, "A shipping label was bought for this package."),
    (21_022_025, "A shipping label was printed for this package."),
    (21_011_044, "The order is on hold."),
    (10_007_002, "The order status does not allow this."),
    (21_011_041, "The order is cancelled."),
    (21_011_042, "An order line item is cancelled."),
    (25_001_010, "The order is returned or cancelled."),
    (21_011_030, "The order is delivered; shipping information cannot be updated."),
    (21_042_057, "The order is not awaiting shipment."),
    (21_032_001, "The package status does not allow this."),
    (21_011_003, "This action is not allowed."),
    (21_011_007, "The buyer has asked to cancel; answer the request first."),
    (21_008_044, "The buyer has asked to cancel; answer the request first."),
    (21_008_025, "The order is fulfilled by TikTok."),
    (21_011_004, "The order is not shipped by the seller."),
    (21_008_106, "This API is not offered in this market."),
    (21_011_048, "The order has several packages; name the order line items."),
    (21_011_033, "The package is already combined."),
    (21_011_046, "The package is already combined."),
    (21_011_035, "This order cannot be split."),
    (21_011_036, "Units of one SKU must travel together in this market."),
    (21_022_028, "Splitting failed."),
    (21_011_029, "The order line items do not belong to this package."),
    (21_011_043, "The order is not shipped yet."),
    (21_011_049, "Shipping information cannot be updated for this order."),
    (21_011_050, "The time to update shipping information is over."),
    (21_011_051, "Shipping information can only be updated once."),
    (21_011_052, "Shipping information was updated too often."),
    (21_011_008, "A trade rule forbids shipping this order."),
    (21_011_012, "A logistics rule forbids shipping this order."),
    (21_011_013, "A logistics rule forbids shipping this order."),
    (21_004_024, "A logistics rule forbids this shipping provider."),
    (21_008_116, "The delivery option is not subscribed."),
    (21_008_117, "The delivery option is shipped by TikTok."),
    (21_001_001, "Invalid parameters."),
    (21_004_006, "An invoice must be uploaded first."),
    (21_004_019, "The invoice is being checked."),
    (21_004_020, "The invoice was refused."),
    (21_021_010, "The address cannot be delivered to."),
    (21_014_009, "The address cannot be delivered to."),
    (11_021_009, "Label: address problem."),
    (11_021_010, "Label: address problem."),
    (11_021_011, "Label: address problem."),
    (11_021_012, "Label: address problem."),
    (11_021_013, "Label: address problem."),
    (11_021_014, "Label: address problem."),
    (11_021_015, "Label: address problem."),
    (11_021_016, "Label: address problem."),
    (11_021_017, "Label: address problem."),
    (11_021_018, "Label: address problem."),
    (11_021_019, "Label: address problem."),
    (11_021_020, "Label: address problem."),
    (11_021_021, "Label: address problem."),
    (11_021_022, "Label: address problem."),
    (11_021_023, "Label: address problem."),
    (11_021_024, "Label: address problem."),
    (11_021_025, "Label: address problem."),
    (11_001_002, "Invalid parameters."),
    (11_050_001, "Invalid parameters."),
    (11_005_004, "The warehouse is invalid."),
    (11_007_016, "The seller is not on the allow list of this API."),
];
