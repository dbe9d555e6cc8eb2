//! A possible cause beside a refusal that names none, or beside an order that no store got: images of the order's products
//! that break TikTok's rules. Read with an optional scope; never the reason of a hold.

use super::orders::Desk;
use crate::domain::image_rules::{IMAGE_RULES, ImageFault};
use crate::domain::order::TikTokOrder;
use crate::domain::reason::Reason;
use crate::flows::calls::{ShopCalls, Trouble};
use crate::tiktok::{Class, TikTokError};
use std::sync::atomic::Ordering;

/// Products looked at for one refusal.
const MOST_PRODUCTS: usize = 3;
/// Faults named in one hint.
const MOST_FAULTS: usize = 2;

impl Desk<'_> {
    /// Looks for a possible cause of a refusal whose cause is open, once for each parcel.
    pub(super) async fn possible_cause(&mut self, index: usize, error: &TikTokError) {
        let open = matches!(error.class, Class::Unlisted | Class::Hold(Reason::TikTokRule));
        let known = self.rows[index].events.iter().any(|event| event.what.reason() == Some(Reason::ImageRules));
        if !open || known || self.shop.images_silent.load(Ordering::Relaxed) {
            return;
        }
        match image_fault(&self.shop.calls, &self.order).await {
            Ok(None) => {}
            Ok(Some(detail)) => {
                let now = self.shop.run.app.clock.now();
                self.rows[index].warn(Reason::ImageRules, &detail, now);
            }
            Err(_) => self.shop.images_silent.store(true, Ordering::Relaxed),
        }
    }
}

/// The first product of an order whose images break TikTok's rules, in words.
///
/// # Errors
/// [`Trouble`]: TikTok does not show products to the app.
pub async fn image_fault(calls: &ShopCalls<'_>, order: &TikTokOrder) -> Result<Option<String>, Trouble> {
    let mut products: Vec<&str> = order.lines.iter().filter_map(|line| line.product.as_deref()).collect();
    products.sort_unstable();
    products.dedup();
    for product in products.into_iter().take(MOST_PRODUCTS) {
        let faults = IMAGE_RULES.faults(&calls.product_images(product).await?);
        if !faults.is_empty() {
            let said: Vec<String> = faults.iter().take(MOST_FAULTS).map(ImageFault::sentence).collect();
            return Ok(Some(format!("product {product}: {}", said.join(", "))));
        }
    }
    Ok(None)
}
