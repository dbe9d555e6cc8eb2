//! A possible cause beside a refusal that names none: images of the order's products that break TikTok's rules. Read with
//! an optional scope; never the reason of a hold.

use super::orders::Desk;
use crate::domain::image_rules::{IMAGE_RULES, ImageFault};
use crate::domain::reason::Reason;
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
        let mut products: Vec<&str> = self.order.lines.iter().filter_map(|line| line.product.as_deref()).collect();
        products.sort_unstable();
        products.dedup();
        for product in products.into_iter().take(MOST_PRODUCTS) {
            let Ok(images) = self.shop.calls.product_images(product).await else {
                self.shop.images_silent.store(true, Ordering::Relaxed);
                return;
            };
            let faults = IMAGE_RULES.faults(&images);
            if !faults.is_empty() {
                let said: Vec<String> = faults.iter().take(MOST_FAULTS).map(ImageFault::sentence).collect();
                let detail = format!("product {product}: {}", said.join(", "));
                let now = self.shop.run.app.clock.now();
                self.rows[index].warn(Reason::ImageRules, &detail, now);
                return;
            }
        }
    }
}
