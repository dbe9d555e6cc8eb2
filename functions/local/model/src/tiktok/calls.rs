//! The calls the model answers, and which of them a path means.

use Access::{Public, Shop, User};

/// How a call is authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// No signature: the authorisation host.
    Public,
    /// Signed, with a token and one of its scopes, for all shops of the token: `shop_cipher` is refused.
    User(&'static str),
    /// The same for one shop: `shop_cipher` is required.
    Shop(&'static str),
}

macro_rules! calls {
    ($($(#[$doc:meta])* $call:ident = $method:ident $path:literal, $access:expr, write: $write:literal;)*) => {
        /// One operation of TikTok's API, its authorisation host included.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Call { $($(#[$doc])* $call,)* }

        impl Call {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$call,)*];

            pub(super) fn spec(self) -> Spec {
                match self {
                    $(Self::$call => Spec { method: stringify!($method), path: $path, access: $access, write: $write },)*
                }
            }
        }
    };
}

/// What the documentation says about a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    pub method: &'static str,
    /// `{}` stands for one id.
    pub path: &'static str,
    pub access: Access,
    /// Counts against the write limit, and may change something.
    pub write: bool,
}

/// Scopes by the keys TikTok grants them under. Those of the external references are this model's own spelling:
/// only their titles are documented.
pub(super) mod scope {
    pub const SHOPS: &str = "seller.authorization.info";
    pub const ORDERS: &str = "seller.order.info";
    pub const FULFILMENT: &str = "seller.fulfillment.basic";
    pub const SPLIT: &str = "seller.fulfillment.package.write";
    pub const LOGISTICS: &str = "seller.logistics";
    pub const PRODUCTS: &str = "seller.product.basic";
    pub const EXTERNAL_READ: &str = "seller.order.external.read";
    pub const EXTERNAL_WRITE: &str = "seller.order.external.write";
}

/// Every scope this model knows; a grant has all of them unless a test takes some away.
pub const SCOPES: [&str; 8] = [
    scope::SHOPS,
    scope::ORDERS,
    scope::FULFILMENT,
    scope::SPLIT,
    scope::LOGISTICS,
    scope::PRODUCTS,
    scope::EXTERNAL_READ,
    scope::EXTERNAL_WRITE,
];

calls! {
    /// The shops a token covers.
    GetAuthorizedShops = GET "/authorization/202309/shops", User(scope::SHOPS), write: false;
    /// The seller's active shops.
    GetActiveShops = GET "/seller/202309/shops", User(scope::SHOPS), write: false;
    /// Orders by status and time, paged.
    SearchOrders = POST "/order/202309/orders/search", Shop(scope::ORDERS), write: false;
    /// Up to 50 orders by id.
    GetOrders = GET "/order/202507/orders", Shop(scope::ORDERS), write: false;
    /// The older twin of the same.
    GetOrders202309 = GET "/order/202309/orders", Shop(scope::ORDERS), write: false;
    /// Notes which store order belongs to an order.
    AddExternalOrders = POST "/order/202406/orders/external_orders", Shop(scope::EXTERNAL_WRITE), write: true;
    /// Finds orders by the store's order.
    SearchExternalOrders = POST "/order/202406/orders/external_order_search", Shop(scope::EXTERNAL_READ), write: false;
    /// The store orders of an order.
    GetExternalOrders = GET "/order/202406/orders/{}/external_orders", Shop(scope::EXTERNAL_READ), write: false;
    /// First number of an order or of some of its lines.
    MarkPackage = POST "/fulfillment/202309/orders/{}/packages", Shop(scope::FULFILMENT), write: true;
    /// The same, newer form.
    MarkPackage202610 = POST "/fulfillment/202610/orders/{}/packages", Shop(scope::FULFILMENT), write: true;
    /// First number of a package, in markets without `MarkPackage`.
    ShipPackage = POST "/fulfillment/202309/packages/{}/ship", Shop(scope::FULFILMENT), write: true;
    /// Several packages at once.
    BatchShipPackages = POST "/fulfillment/202309/packages/ship", Shop(scope::FULFILMENT), write: true;
    /// Correction of an order that is not split.
    UpdateOrderShipping = POST "/fulfillment/202309/orders/{}/shipping_info/update", Shop(scope::LOGISTICS), write: true;
    /// Correction of one package.
    UpdatePackageShipping = POST "/fulfillment/202309/packages/{}/shipping_info/update", Shop(scope::FULFILMENT), write: true;
    /// The same, newer form.
    UpdatePackageShipping202610 = POST "/fulfillment/202610/packages/{}/shipping_info/update", Shop(scope::FULFILMENT), write: true;
    /// Packages by status and time, paged.
    SearchPackages = POST "/fulfillment/202309/packages/search", Shop(scope::FULFILMENT), write: false;
    /// One package.
    GetPackage = GET "/fulfillment/202309/packages/{}", Shop(scope::FULFILMENT), write: false;
    /// The carrier's events of an order.
    GetTracking = GET "/fulfillment/202309/orders/{}/tracking", Shop(scope::FULFILMENT), write: false;
    /// Whether orders may be split.
    GetSplitAttributes = GET "/fulfillment/202309/orders/split_attributes", Shop(scope::FULFILMENT), write: false;
    /// Splits an order into packages before shipping.
    SplitOrder = POST "/fulfillment/202309/orders/{}/split", Shop(scope::SPLIT), write: true;
    /// Whether a number is TikTok's own (US).
    ValidateTracking = GET "/fulfillment/202508/tts_tracking_validation", Shop(scope::FULFILMENT), write: false;
    /// One product, of which the model keeps the images.
    GetProduct = GET "/product/202309/products/{}", Shop(scope::PRODUCTS), write: false;
    /// The shop's warehouses.
    GetWarehouses = GET "/logistics/202309/warehouses", Shop(scope::LOGISTICS), write: false;
    /// Delivery options of a warehouse.
    GetDeliveryOptions = GET "/logistics/202309/warehouses/{}/delivery_options", Shop(scope::LOGISTICS), write: false;
    /// Carriers of a delivery option.
    GetProviders = GET "/logistics/202309/delivery_options/{}/shipping_providers", Shop(scope::LOGISTICS), write: false;
    /// Webhook settings of a shop.
    GetWebhooks = GET "/event/202309/webhooks", Shop(scope::SHOPS), write: false;
    /// Sets the address of one webhook.
    PutWebhook = PUT "/event/202309/webhooks", Shop(scope::SHOPS), write: true;
    /// Takes one webhook away.
    DeleteWebhook = DELETE "/event/202309/webhooks", Shop(scope::SHOPS), write: true;
    /// Code to tokens.
    GetToken = GET "/api/v2/token/get", Public, write: true;
    /// Refresh token to tokens.
    RefreshToken = GET "/api/v2/token/refresh", Public, write: true;
    /// The consent page, where the seller is a stand-in who answers at once.
    Consent = GET "/open/authorize", Public, write: true;
}

/// Why a path is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCall {
    UnknownPath,
    WrongMethod,
    RetiredVersion,
}

impl Call {
    /// The name in journals and messages.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// Whether it counts against the write limit.
    #[must_use]
    pub fn is_write(self) -> bool {
        self.spec().write
    }

    /// Finds the call, and the id in its path.
    pub(super) fn route(method: &str, path: &str) -> Result<(Self, Option<String>), NoCall> {
        let mut nearest = NoCall::UnknownPath;
        // A literal path wins over one with an id in the same place, as in `/packages/search`.
        let by_rank = |wild: bool| Self::ALL.iter().filter(move |call| call.spec().path.contains("{}") == wild);
        for call in by_rank(false).chain(by_rank(true)) {
            let spec = call.spec();
            match matches(spec.path, path) {
                Some(id) if spec.method == method => return Ok((*call, id)),
                Some(_) => nearest = NoCall::WrongMethod,
                None if nearest == NoCall::UnknownPath && is_retired(spec.path, path) => {
                    nearest = NoCall::RetiredVersion;
                }
                None => {}
            }
        }
        Err(nearest)
    }
}

/// `Some(id)` when the path fits the pattern.
fn matches(pattern: &str, path: &str) -> Option<Option<String>> {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut id = None;
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(id),
            (Some("{}"), Some(text)) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                id = Some(text.to_owned());
            }
            (Some(a), Some(b)) if a == b => {}
            _ => return None,
        }
    }
}

/// The same resource in a version from before 202309, all of which are switched off.
fn is_retired(pattern: &str, path: &str) -> bool {
    let version = path.split('/').nth(2).unwrap_or_default();
    let old = version.len() == 6 && version.bytes().all(|b| b.is_ascii_digit()) && version < "202309";
    let current = pattern.split('/').nth(2).unwrap_or_default();
    old && !current.is_empty() && matches(pattern, &path.replacen(version, current, 1)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_call_and_id() {
        for (method, path, expected) in [
            ("POST", "/fulfillment/202309/packages/search", Ok((Call::SearchPackages, None))),
            ("GET", "/fulfillment/202309/packages/115", Ok((Call::GetPackage, Some("115")))),
            ("POST", "/fulfillment/202309/packages/ship", Ok((Call::BatchShipPackages, None))),
            ("GET", "/fulfillment/202309/orders/split_attributes", Ok((Call::GetSplitAttributes, None))),
            ("POST", "/fulfillment/202309/orders/576/packages", Ok((Call::MarkPackage, Some("576")))),
            ("GET", "/fulfillment/202309/orders/576/packages", Err(NoCall::WrongMethod)),
            ("GET", "/order/202212/orders", Err(NoCall::RetiredVersion)),
            ("GET", "/order/202309/orders/", Err(NoCall::UnknownPath)),
            ("GET", "/fulfillment/202309/packages/%2F", Err(NoCall::UnknownPath)),
            ("POST", "/api/v2/token/get", Err(NoCall::WrongMethod)),
            ("GET", "é", Err(NoCall::UnknownPath)),
        ] {
            let routed = Call::route(method, path);
            let routed = routed.as_ref().map(|(call, id)| (*call, id.as_deref())).map_err(|e| *e);
            assert_eq!(routed, expected, "{method} {path}");
        }
    }
}
