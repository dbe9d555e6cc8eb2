//! What TikTok's answers teach about a shop's market. It stands on the shop's row: the next run, and the next process, begin
//! with it.

use super::ShopCalls;
use crate::domain::connection::Learned;
use crate::table::error::TableError;

impl ShopCalls<'_> {
    /// Keeps what was learned. A row that cannot be written now is learned again by the next refusal.
    pub async fn learn(&self, edit: impl Fn(&mut Learned)) {
        let mut shop = self.shop.lock().await;
        let before = shop.row.learned.clone();
        edit(&mut shop.row.learned);
        if shop.row.learned == before || self.only_looks() {
            return;
        }
        tracing::info!(shop.id = %self.id, "something was learned about the shop's market");
        let written = match self.app.table.shop_put(&mut shop).await {
            // Somebody changed the connection meanwhile: theirs stands, and this beside it.
            Err(TableError::Conflict) => match self.app.table.shop_get(&self.id, true).await {
                Ok(Some(theirs)) => {
                    *shop = theirs;
                    edit(&mut shop.row.learned);
                    self.app.table.shop_put(&mut shop).await
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            },
            other => other,
        };
        if let Err(error) = written {
            tracing::warn!(shop.id = %self.id, error = &error as &dyn std::error::Error, "what was learned is not kept");
        }
    }
}
