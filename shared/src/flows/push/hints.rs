//! A possible cause beside a refusal that names none: images of the order's products that break TikTok's rules. Read with an
//! optional scope; never the reason of a hold.

use super::orders::Desk;
use crate::domain::reason::Reason;
use crate::flows::calls::images::MOST_PRODUCTS;
use crate::tiktok::{Class, TikTokError};
use std::sync::atomic::Ordering;

impl Desk<'_> {
    /// Looks for a possible cause of a refusal whose cause is open, once for each parcel.
    pub(super) async fn possible_cause(&mut self, index: usize, error: &TikTokError) {
        let open = matches!(error.class, Class::Unlisted | Class::Hold(Reason::TikTokRule));
        let known = self.rows[index].events.iter().any(|event| event.what.reason() == Some(Reason::ImageRules));
        if !open || known || self.shop.images_silent.load(Ordering::Relaxed) {
            return;
        }
        match self.shop.calls.image_fault(&self.order, MOST_PRODUCTS).await {
            Ok(None) => {}
            Ok(Some(detail)) => {
                let now = self.shop.run.app.clock.now();
                self.rows[index].warn(Reason::ImageRules, &detail, now);
            }
            Err(_) => self.shop.images_silent.store(true, Ordering::Relaxed),
        }
    }
}
