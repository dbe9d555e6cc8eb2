//! Many shops, each of an account of its own.

use super::World;
use jiff::Timestamp;
use std::time::Duration;
use waybill::domain::ids::{AccountId, ShopId};
use waybill::domain::private::Private;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::shop as connect_shop;
use waybill::flows::tick::Summary;
use waybill::table::accounts::Account;
use waybill::tiktok::authorise::TokenAnswer;
use waybill_model::tiktok::ShopSpec;

/// The id of a crowd's shop.
#[must_use]
pub fn crowd_shop(n: usize) -> String {
    format!("7494049642643{n:06}")
}

impl World {
    /// Opens US shops at TikTok and connects each for an account of its own.
    pub async fn crowd(&self, ids: impl IntoIterator<Item = String>) -> Vec<ShopId> {
        let mut shops = Vec::new();
        for id in ids {
            let account = AccountId::parse(format!("a{id}")).expect("id");
            let row = Account {
                id: account.clone(),
                name: "One of many".into(),
                email: Private::new(format!("owner@{id}.example")),
                created: self.time.now(),
            };
            self.app.table.account_create(&row).await.expect("account");
            self.tiktok.add_shop(ShopSpec::new(&id, "US"));
            let tokens = self.tiktok.authorise(&[&id]).expect("authorised");
            let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).expect("tokens");
            connect_shop::connect(&self.app, &account, AppRegion::Us, answer).await.expect("connected");
            shops.push(ShopId::parse(id).expect("id"));
        }
        shops
    }

    /// Both schedules run until a tick has nothing to do. Returns what that tick did.
    ///
    /// # Panics
    /// When that does not come within some hours.
    pub async fn until_nothing_is_due(&self) -> Summary {
        for _ in 0..40 {
            self.push().await;
            let tick = self.tick().await;
            if tick.due == 0 {
                return tick;
            }
            self.time.skip(Duration::from_secs(600));
        }
        panic!("something is always due");
    }

    /// When a shop's next step is due.
    pub async fn step_due(&self, shop: &ShopId) -> Option<Timestamp> {
        self.app.table.shop_get(shop, true).await.expect("read").and_then(|shop| shop.row.step_due())
    }
}
