//! Stores that are connected in a browser.

use super::{Bytes, SHOP, Stage};

impl Stage {
    pub(super) async fn begin_store(&mut self, platform: &str, address: &str) -> String {
        let path = format!("/connect/{platform}");
        let csrf = self.browser.get(&self.world, &path).await.field("csrf");
        let form = [("csrf", csrf.as_str()), ("shop", SHOP), ("address", address)];
        let page = self.browser.post(&self.world, &path, &form).await;
        assert_eq!(page.status, 303, "{}", page.text);
        page.location
    }

    pub(super) async fn store_consent(&mut self) -> String {
        let consent = self.begin_store("shopify", "tiny-mugs").await;
        let model = self.model.clone().expect("a store");
        self.world.visit_platform(&model, &consent).await
    }

    pub(super) async fn site_keys(&mut self) -> http::Request<Bytes> {
        let page = self.begin_store("woocommerce", "tiny-mugs.example").await;
        self.model.as_ref().expect("a store").approve(&page).0
    }
}
