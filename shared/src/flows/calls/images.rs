//! A possible cause where an order fails and nobody says why: images of its products that break TikTok's rules.

use super::{ShopCalls, Trouble};
use crate::domain::image_rules::{IMAGE_RULES, ImageFault};
use crate::domain::order::TikTokOrder;

/// Products looked at where one order is asked about.
pub const MOST_PRODUCTS: usize = 3;
/// Faults named in one hint.
const MOST_FAULTS: usize = 2;

impl ShopCalls<'_> {
    /// The first product of an order whose images break TikTok's rules, in words. Looks at so many products at most, one
    /// call each. Needs an optional scope; a refusal says nothing about the shop.
    ///
    /// # Errors
    /// [`Trouble`]: TikTok does not show products to the app.
    pub async fn image_fault(&self, order: &TikTokOrder, most: usize) -> Result<Option<String>, Trouble> {
        let mut products: Vec<&str> = order.lines.iter().filter_map(|line| line.product.as_deref()).collect();
        products.sort_unstable();
        products.dedup();
        for product in products.into_iter().take(most) {
            let faults = IMAGE_RULES.faults(&self.product_images(product).await?);
            if !faults.is_empty() {
                let said: Vec<String> = faults.iter().take(MOST_FAULTS).map(ImageFault::sentence).collect();
                return Ok(Some(format!("product {product}: {}", said.join(", "))));
            }
        }
        Ok(None)
    }
}
