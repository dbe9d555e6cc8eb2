//! What buyers, sellers, carriers and TikTok itself do, apart from the API.

use super::ModelTikTok;
use super::order::{Order, Package, PackageStatus, Status};
use super::webhooks::Notification;
use jiff::Timestamp;
use waybill::domain::region::AppRegion;

impl ModelTikTok {
    /// Changes an order by hand. `None` when the shop has no such order.
    pub fn change_order<T>(&self, shop: &str, order: &str, edit: impl FnOnce(&mut Order) -> T) -> Option<T> {
        let mut state = self.state();
        state.order(shop, order)?;
        state.change(shop, order, edit)
    }

    /// The buyer pays: the order goes on hold for an hour, and outside the US its package is planned.
    pub fn pay(&self, shop: &str, order: &str) -> bool {
        let mut state = self.state();
        let now = state.now();
        let until = now.checked_add(jiff::SignedDuration::from_hours(1)).unwrap_or(now);
        let planned = Some(state.fresh_id("1153")).filter(|_| state.region_of(shop) != "US");
        let package = planned.clone();
        let paid = state.change(shop, order, move |order| {
            let first = order.status == Status::Unpaid;
            if first {
                order.status = Status::OnHold;
                order.hold_until = Some(until);
                let lines = order.open_lines();
                order.packages.extend(package.map(|id| Package {
                    id,
                    lines,
                    number: None,
                    provider: None,
                    provider_name: String::new(),
                    status: PackageStatus::ToFulfill,
                    created: now,
                    updated: now,
                    shipped: None,
                    edits: 0,
                }));
            }
            first
        });
        if let (Some(true), Some(package)) = (paid, planned) {
            state.packages.insert(package, (shop.to_owned(), order.to_owned()));
        }
        paid == Some(true)
    }

    /// The hold ends before its hour is over.
    pub fn release(&self, shop: &str, order: &str) -> bool {
        self.change_order(shop, order, Order::release).is_some()
    }

    /// The carrier scans every parcel that has a number.
    pub fn scan(&self, shop: &str, order: &str) -> bool {
        self.move_packages(shop, order, PackageStatus::Processing, PackageStatus::Fulfilling, "Picked up by carrier")
    }

    /// The carrier delivers every parcel that was scanned.
    pub fn deliver(&self, shop: &str, order: &str) -> bool {
        self.move_packages(shop, order, PackageStatus::Fulfilling, PackageStatus::Completed, "Delivered")
    }

    fn move_packages(&self, shop: &str, order: &str, from: PackageStatus, to: PackageStatus, text: &str) -> bool {
        let now = self.state().now();
        self.change_order(shop, order, |order| order.move_packages(from, to, text, now)) == Some(true)
    }

    /// An event of the carrier that moves nothing, for example a failed attempt.
    pub fn track(&self, shop: &str, order: &str, text: &str) -> bool {
        let now = self.state().now();
        self.change_order(shop, order, |order| order.events.push((text.to_owned(), now))).is_some()
    }

    /// A parcel is lost or damaged.
    pub fn lose(&self, shop: &str, order: &str) -> bool {
        self.move_packages(shop, order, PackageStatus::Fulfilling, PackageStatus::Cancelled, "Package lost")
            || self.move_packages(shop, order, PackageStatus::Processing, PackageStatus::Cancelled, "Package lost")
    }

    /// No more returns are possible.
    pub fn complete(&self, shop: &str, order: &str) -> bool {
        self.change_order(shop, order, |order| order.status = Status::Completed).is_some()
    }

    /// Cancels an order; `by` is BUYER, SELLER or SYSTEM.
    pub fn cancel(&self, shop: &str, order: &str, by: &str) -> bool {
        let done = self.change_order(shop, order, |order| order.cancel(by));
        self.tell_cancellation(shop, order, by, "COMPLETE", done.is_some())
    }

    /// Cancels units of an order; the rest goes on.
    pub fn cancel_lines(&self, shop: &str, order: &str, lines: &[String]) -> bool {
        let done = self.change_order(shop, order, |order| {
            for line in order.lines.iter_mut().filter(|line| lines.contains(&line.id)) {
                line.cancelled = true;
            }
            for package in order.packages.iter_mut().filter(|package| package.shipped.is_none()) {
                package.lines.retain(|line| !lines.contains(line));
            }
            order.packages.retain(|package| !package.lines.is_empty());
            order.restate();
        });
        done.is_some()
    }

    /// TikTok loses a shop's webhook setting.
    pub fn forget_webhook(&self, shop: &str, event: &str) -> bool {
        self.state().shops.get_mut(shop).is_some_and(|shop| shop.webhooks.remove(event).is_some())
    }

    /// The buyer asks to cancel.
    pub fn ask_to_cancel(&self, shop: &str, order: &str) -> bool {
        let now = self.state().now();
        let done = self.change_order(shop, order, |order| order.cancel_requested = Some(now));
        self.tell_cancellation(shop, order, "BUYER", "PENDING", done.is_some())
    }

    /// The seller says no to the buyer's request.
    pub fn reject_cancel(&self, shop: &str, order: &str) -> bool {
        let done = self.change_order(shop, order, |order| order.cancel_requested = None);
        self.tell_cancellation(shop, order, "BUYER", "CANCELLED", done.is_some())
    }

    fn tell_cancellation(&self, shop: &str, order: &str, role: &str, status: &str, done: bool) -> bool {
        if done {
            let mut state = self.state();
            let notice = Notification::cancellation(shop, order, role, status, state.now());
            state.notify(notice);
        }
        done
    }

    /// The buyer's address changes.
    pub fn change_address(&self, shop: &str, order: &str) -> bool {
        let done = self.change_order(shop, order, |order| order.address_changed = true).is_some();
        if done {
            let mut state = self.state();
            let notice = Notification::address(shop, order, state.now());
            state.notify(notice);
        }
        done
    }

    /// A person or another connector ships lines in TikTok's Seller Center: a change the journal does not hold,
    /// because no API call made it. An empty list means every open line.
    pub fn ship_elsewhere(&self, shop: &str, order: &str, lines: &[String], number: &str, provider: &str) -> bool {
        let mut state = self.state();
        let now = state.now();
        let id = state.fresh_id("1153");
        let named = state.shops.get(shop).and_then(|s| s.providers.iter().find(|known| known.id == provider));
        let name = named.map(|known| known.name.clone()).unwrap_or_default();
        let fresh = id.clone();
        let done = state.change(shop, order, |order| {
            let lines = if lines.is_empty() { order.open_lines() } else { lines.to_vec() };
            for package in &mut order.packages {
                package.lines.retain(|line| !lines.contains(line));
            }
            order.packages.retain(|package| !package.lines.is_empty());
            order.packages.push(Package {
                id: fresh,
                lines,
                number: Some(number.to_owned()),
                provider: Some(provider.to_owned()),
                provider_name: name,
                status: PackageStatus::Processing,
                created: now,
                updated: now,
                shipped: Some(now),
                edits: 0,
            });
            order.restate();
        });
        if done.is_some() {
            state.packages.insert(id, (shop.to_owned(), order.to_owned()));
            let users = state.numbers.entry(number.to_ascii_uppercase()).or_default();
            users.insert((shop.to_owned(), order.to_owned()));
        }
        done.is_some()
    }

    /// Ends the newest access token of a shop's authorisation now: the next call answers 105002.
    pub fn expire_access(&self, shop: &str) {
        let mut state = self.state();
        let now = state.now();
        for grant in state.grants.iter_mut().filter(|grant| grant.shops.iter().any(|id| id == shop)) {
            for (_, until) in &mut grant.access {
                *until = now;
            }
        }
    }

    /// The seller takes the authorisation back: tokens die, and webhook 6 tells.
    pub fn revoke(&self, shop: &str) {
        let mut state = self.state();
        let now = state.now();
        let mut shops = Vec::new();
        for grant in state.grants.iter_mut().filter(|grant| grant.shops.iter().any(|id| id == shop)) {
            grant.revoked = true;
            shops.extend(grant.shops.iter().cloned());
        }
        for shop in shops {
            state.notify(Notification::deauthorised(&shop, now));
        }
    }

    /// Moves the end of a shop's authorisation.
    pub fn end_authorisation(&self, shop: &str, ends: Timestamp) {
        let mut state = self.state();
        for grant in state.grants.iter_mut().filter(|grant| grant.shops.iter().any(|id| id == shop)) {
            grant.ends = ends;
            for (_, until) in &mut grant.access {
                *until = ends.min(*until);
            }
        }
    }

    /// Webhook 7 for a shop whose authorisation ends soon.
    pub fn warn_of_end(&self, shop: &str) {
        let mut state = self.state();
        let now = state.now();
        let ends = state.grants.iter().find(|grant| grant.shops.iter().any(|id| id == shop)).map(|grant| grant.ends);
        if let Some(ends) = ends {
            state.notify(Notification::expiring(shop, ends, now));
        }
    }

    /// Leaves a shop's authorisation with these scopes only.
    pub fn set_scopes(&self, shop: &str, scopes: &[&str]) {
        for grant in self.state().grants.iter_mut().filter(|grant| grant.shops.iter().any(|id| id == shop)) {
            grant.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        }
    }

    /// Makes the authorising user of a shop something else than a seller (0): 1 creator, 3 partner.
    pub fn set_user_type(&self, shop: &str, user_type: i64) {
        for grant in self.state().grants.iter_mut().filter(|grant| grant.shops.iter().any(|id| id == shop)) {
            grant.user_type = user_type;
        }
    }

    /// Closes or reopens a shop.
    pub fn set_active(&self, shop: &str, active: bool) {
        if let Some(shop) = self.state().shops.get_mut(shop) {
            shop.active = active;
        }
    }

    /// Switches a carrier of a shop on or off.
    pub fn set_provider(&self, shop: &str, provider: &str, enabled: bool) {
        if let Some(shop) = self.state().shops.get_mut(shop) {
            for known in shop.providers.iter_mut().filter(|known| known.id == provider) {
                known.enabled = enabled;
            }
        }
    }

    /// Gives a shop a carrier of its own.
    pub fn add_provider(&self, shop: &str, id: &str, name: &str) {
        if let Some(shop) = self.state().shops.get_mut(shop) {
            shop.providers.push(super::Provider { id: id.into(), name: name.into(), enabled: true });
        }
    }

    /// Replaces an app's secret, as after a rotation in the Partner Center.
    pub fn rotate_app_secret(&self, region: AppRegion, secret: &str) {
        self.configure_app(region, |app| app.secret = secret.to_owned());
    }
}
