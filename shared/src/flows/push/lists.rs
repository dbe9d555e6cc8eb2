//! What a parcel's carrier may become: the shop's mappings and TikTok's live list. Both are read once a run.

use super::shop_run::ShopRun;
use crate::carriers::LiveList;
use crate::domain::connection::Shop;
use crate::domain::order::TikTokOrder;
use crate::flows::carriers::lists::{ListError, is_fresh, known_list, list_key, live_list};
use crate::flows::carriers::match_parcel::{Maps, recognised};
use crate::flows::carriers::route::{learns_route, with_home};
use std::sync::Arc;

impl ShopRun<'_> {
    /// The shop's carrier maps, read once a run.
    pub(super) async fn maps(&self, shop: &Shop) -> Result<Maps, ListError> {
        let mut kept = self.kept_maps.lock().await;
        if let Some(maps) = &*kept {
            return Ok(maps.clone());
        }
        let maps = Maps::read(self.run.app, shop, false).await?;
        *kept = Some(maps.clone());
        Ok(maps)
    }

    /// The carriers for an order's option and route, read once a run.
    pub(super) async fn providers(
        &self,
        shop: &Shop,
        order: &TikTokOrder,
    ) -> Result<Arc<LiveList<'static>>, ListError> {
        match self.read_providers(shop, order).await {
            Err(ListError::TikTok(error))
                if order.buyer_region.is_some() && learns_route(&self.calls, shop, &error).await =>
            {
                self.read_providers(&self.calls.shop().await, order).await
            }
            other => other,
        }
    }

    async fn read_providers(&self, shop: &Shop, order: &TikTokOrder) -> Result<Arc<LiveList<'static>>, ListError> {
        let mut kept = self.kept_lists.lock().await;
        let shop = &with_home(&self.calls, shop, order).await?;
        let key = list_key(shop, order);
        if let Some(list) = kept.get(&key) {
            return Ok(Arc::clone(list));
        }
        let app = self.run.app;
        let known = known_list(app, shop, order).await?;
        if let Some(list) = known.as_ref().filter(|list| is_fresh(app, list)) {
            let list = Arc::new(recognised(shop, list));
            kept.insert(key, Arc::clone(&list));
            return Ok(list);
        }
        let list = live_list(&self.calls, shop, order, known.as_ref()).await?;
        let list = Arc::new(recognised(shop, &list));
        kept.insert(key, Arc::clone(&list));
        Ok(list)
    }
}
