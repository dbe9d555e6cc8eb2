//! What must hold after a death: I5, I9, I10 and I11, and that no parcel was lost or sent twice.

use super::{ORDERS, SECRETS, Scene, Stage};
use crate::world::{SHOP, mail_subject};
use std::collections::BTreeMap;
use waybill::domain::connection::StoreStatus;
use waybill::flows::access::shop::open_row;
use waybill::flows::access::store::store_access;
use waybill::table::keys;

impl Stage {
    pub(super) async fn check(&mut self, died: bool) {
        self.shops_and_parcels().await;
        self.mails(died);
        self.stores().await;
        self.secrets();
    }

    /// I10: no end while we hold tokens that TikTok takes. And the owner was told.
    pub(super) async fn parked_rightly(&mut self) {
        let shop = self.shop().await.expect("a shop");
        if let Some(row) = self.world.app.table.sealed_get(&keys::grant(shop.app, &shop.open_id)).await.expect("read") {
            let tokens = open_row(&self.world.app, &row).await.expect("opens");
            if self.world.tiktok.takes_refresh(secrecy::ExposeSecret::expose_secret(&tokens.refresh_token)) {
                self.problems.push("I10: parked though the refresh token that we hold is good".into());
            }
        }
        let told = self.world.mails().iter().any(|mail| mail_subject(mail).contains("tracking is paused"));
        if !told {
            self.problems.push("parked, and nobody was told".into());
        }
    }

    async fn shops_and_parcels(&mut self) {
        let Some(shop) = self.shop().await else {
            self.problems.push("the shop is not connected".into());
            return;
        };
        if shop.parked.is_some() != (self.scene == Scene::Removed) {
            self.problems.push(format!("I10: parked: {:?}", shop.parked));
        }
        let listed = self.world.app.table.account_shops(&self.world.account).await.expect("read");
        if listed.len() != 1 {
            self.problems.push(format!("{} shops on the account's list", listed.len()));
        }
        if self.scene == Scene::Removed {
            let left = self.world.app.table.sealed_get(&keys::grant(shop.app, &shop.open_id)).await.expect("read");
            if left.is_some() {
                self.problems.push("the tokens of a removed authorisation are still there".into());
            }
        }
        if self.store.is_none() {
            return;
        }
        for (order, number) in ORDERS {
            if self.world.at_tiktok(SHOP, order) != [number] {
                self.problems.push(format!("lost: {order} holds {:?}", self.world.at_tiktok(SHOP, order)));
            }
        }
        let sent = self.world.tiktok.with_journal(|journal| journal.changes.len());
        if sent != ORDERS.len() {
            self.problems.push(format!("{sent} changes for {} orders", ORDERS.len()));
        }
    }

    /// I11: each step at least once, and once without a death. A death in between may repeat one mail, once.
    fn mails(&mut self, died: bool) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for mail in self.world.mails() {
            *counts.entry(mail_subject(&mail)).or_default() += 1;
        }
        let most = if died { 2 } else { 1 };
        if counts.values().any(|count| *count > most) || counts.values().filter(|count| **count > 1).count() > 1 {
            self.problems.push(format!("I11: {counts:?}"));
        }
        let paused = counts.keys().any(|subject| subject.contains("tracking is paused"));
        let wanted: &[&str] = match self.scene {
            // The answer that held the next refresh token died with its process: told of, and reconnected.
            Scene::Remind if died && paused => &["reconnected"],
            Scene::Remind => &["(30 days left)"],
            Scene::Refused => &["tracking is paused", "reconnected"],
            Scene::Removed => &["app access was removed"],
            Scene::Reconnect | Scene::Resumed => &["tracking is paused", "reconnected, 2 trackings sent"],
            _ => &[],
        };
        for words in wanted {
            if !counts.keys().any(|subject| subject.contains(words)) {
                self.problems.push(format!("I11: no mail with \u{201c}{words}\u{201d}: {counts:?}"));
            }
        }
    }

    /// Each store once, in use, with credentials that its platform takes.
    async fn stores(&mut self) {
        let Some(model) = self.model.clone() else { return };
        let ids = self.world.app.table.account_stores(&self.world.account).await.expect("read");
        let mut found = 0;
        for id in ids {
            let Some(store) = self.world.app.table.store_get(&id, true).await.expect("read") else { continue };
            found += 1;
            let access = store_access(&self.world.app, &store.row).await;
            if !matches!(access, Ok(Some(_))) || store.row.status != StoreStatus::Connected {
                self.problems.push(format!("the store cannot be read: {:?}", access.err()));
            }
            if store.row.polls.trouble.is_some() {
                self.problems.push(format!("the store is in trouble: {:?}", store.row.polls.trouble));
            }
        }
        if found != 1 || model.subscriptions().is_empty() {
            self.problems.push(format!("{found} connections, {} subscriptions", model.subscriptions().len()));
        }
    }

    /// I5 and I9.
    fn secrets(&mut self) {
        let rows = self.world.wire.all_rows(self.world.app.table.name());
        let rows: String = rows.iter().map(serde_json::Value::to_string).collect();
        let mails = self.world.mails().concat();
        for (place, text) in
            [("rows", rows), ("mails", mails), ("pages", self.pages.concat()), ("log", self.log.lines().concat())]
        {
            for secret in SECRETS {
                if text.contains(secret) {
                    self.problems.push(format!("I5: {secret} in {place}"));
                }
            }
        }
    }
}
