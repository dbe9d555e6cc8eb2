//! What happens to orders, shops and lists in the field, as plain calls that tests make: carriers by clock, failed
//! attempts, packages taken back, combined and replacement orders, masks, reads that leave orders out, inactive sellers.

use super::details::after;
use super::order::{Order, PackageStatus, Status};
use super::providers::{self, Provider};
use super::webhooks::Notification;
use super::{ModelTikTok, OrderBuilder};
use jiff::{SignedDuration, Timestamp};

impl OrderBuilder {
    /// Adds gifts: lines of their own with `is_gift`, which stores often do not know.
    #[must_use]
    pub fn gift(self, sku: &str, quantity: u32) -> Self {
        let name = sku.to_owned();
        self.line(sku, quantity).with(move |order| {
            order.lines.iter_mut().filter(|line| line.sku == name).for_each(|line| line.gift = true);
        })
    }

    /// Adds bundles: each line stands for these pieces of other stock codes. Only a read by id shows them.
    #[must_use]
    pub fn bundle(self, sku: &str, quantity: u32, pieces: &[(&str, u32)]) -> Self {
        let name = sku.to_owned();
        let pieces: Vec<(String, u32)> = pieces.iter().map(|(sku, count)| ((*sku).to_owned(), *count)).collect();
        self.line(sku, quantity).with(move |order| {
            order.lines.iter_mut().filter(|line| line.sku == name).for_each(|line| line.pieces.clone_from(&pieces));
        })
    }

    /// A pre-order: on hold until its release, without payment and address.
    #[must_use]
    pub fn pre_order(self, release: Timestamp) -> Self {
        self.status(Status::OnHold).order_type("PRE_ORDER").with(move |order| {
            order.details.release = Some(release);
            order.hold_until = Some(release);
        })
    }

    /// TikTok's word for the kind; an empty one is shown as such.
    #[must_use]
    pub fn order_type(self, word: &str) -> Self {
        let word = word.to_owned();
        self.with(move |order| order.details.order_type = Some(word))
    }

    /// A sample order.
    #[must_use]
    pub fn sample(self) -> Self {
        self.with(|order| order.sample = true)
    }

    /// Replaces what went wrong in another order.
    #[must_use]
    pub fn replaces(self, order: &str) -> Self {
        let id = order.to_owned();
        self.with(move |order| order.details.replaces = Some(id))
    }

    /// Sent in exchange for what another order brought.
    #[must_use]
    pub fn exchange_of(self, order: &str) -> Self {
        let id = order.to_owned();
        self.with(move |order| order.details.exchange_of = Some(id))
    }

    /// TikTok suggests to send the orders of this group together: same recipient. `N/A`: the seller opted out.
    #[must_use]
    pub fn group(self, id: &str) -> Self {
        let (id, group) = (id.to_owned(), id.to_owned());
        self.recipient(&group).with(move |order| order.details.combine_group = Some(id))
    }

    /// Goes from payment straight to AWAITING_SHIPMENT: `is_on_hold_order` is false.
    #[must_use]
    pub fn never_held(self) -> Self {
        self.with(|order| order.details.passes_hold = Some(false))
    }

    /// Puts a deadline; `None`: TikTok leaves the field out.
    #[must_use]
    pub fn deadline(self, field: &'static str, at: Option<Timestamp>) -> Self {
        self.with(move |order| {
            order.details.deadlines.insert(field, at);
        })
    }

    /// The address is masked in every status.
    #[must_use]
    pub fn masked(self) -> Self {
        self.with(|order| order.details.masked = true)
    }

    /// Ships from this warehouse of the shop.
    #[must_use]
    pub fn from_warehouse(self, warehouse: &str) -> Self {
        let id = warehouse.to_owned();
        self.with(move |order| order.warehouse = id)
    }

    /// Brazil: the invoice is missing.
    #[must_use]
    pub fn needs_invoice(self) -> Self {
        self.with(|order| order.needs_invoice = true)
    }
}

impl ModelTikTok {
    /// The carrier scans whatever has a number after `scan`, and delivers it after `delivery`, both from now and by the
    /// model's clock.
    pub fn carry(&self, shop: &str, order: &str, scan: SignedDuration, delivery: SignedDuration) -> bool {
        let now = self.state().now();
        let plan = (after(now, scan), after(now, delivery));
        self.change_order(shop, order, |order| order.details.carried = Some(plan)).is_some()
    }

    /// An event of the carrier with TikTok's code for it; it moves nothing.
    pub fn event(&self, shop: &str, order: &str, words: &str, code: i64) -> bool {
        let now = self.state().now();
        let noted = self.change_order(shop, order, |order| {
            order.events.push((words.to_owned(), now));
            order.event_codes.insert(order.events.len() - 1, code);
        });
        noted.is_some()
    }

    /// The carrier tried to deliver and could not.
    pub fn fail_attempt(&self, shop: &str, order: &str) -> bool {
        self.track(shop, order, "An attempt to deliver your package failed: the customer could not be reached.\n")
    }

    /// A package is lost or damaged although its order goes on: its status is CANCELLED with a reason.
    pub fn lose_package(&self, shop: &str, order: &str, package: &str) -> bool {
        let now = self.state().now();
        let lost = self.change_order(shop, order, |order| {
            let found = order.packages.iter_mut().find(|known| known.id == package);
            found.map(|package| {
                package.status = PackageStatus::Cancelled;
                package.updated = now;
            })
        });
        lost.flatten().is_some()
    }

    /// The seller cancels a package in Seller Center: its number is gone, its units are open again, the order goes back
    /// with a newer time, and webhook 4 tells.
    pub fn cancel_package(&self, shop: &str, order: &str, package: &str) -> bool {
        let number = self.order_now(shop, order).and_then(|order| {
            order.packages.iter().find(|known| known.id == package).and_then(|known| known.number.clone())
        });
        let done = self.change_order(shop, order, |order| {
            let before = order.packages.len();
            order.packages.retain(|known| known.id != package);
            let gone = order.packages.len() < before;
            if gone {
                let any = order.packages.iter().any(|known| known.shipped.is_some());
                order.status = if any { Status::PartiallyShipping } else { Status::AwaitingShipment };
            }
            gone
        });
        if done != Some(true) {
            return false;
        }
        let mut state = self.state();
        if let Some(users) = number.and_then(|number| state.numbers.get_mut(&number.to_ascii_uppercase())) {
            users.remove(&(shop.to_owned(), order.to_owned()));
        }
        state.packages.remove(package);
        let at = state.now();
        let notice =
            state.order(shop, order).map(|order| Notification::packages(shop, order, "CANCEL_FULFILL_SPLIT", at));
        if let Some(notice) = notice {
            state.notify(notice);
        }
        true
    }

    /// TikTok takes an order out of CANCELLED, or back to an earlier status, with a newer time.
    pub fn set_status(&self, shop: &str, order: &str, status: Status) -> bool {
        self.change_order(shop, order, |order| {
            order.status = status;
            if status != Status::Cancelled {
                order.cancelled_by = None;
            }
        })
        .is_some()
    }

    /// Moves a deadline. Neither `update_time` nor a webhook shows it.
    pub fn move_deadline(&self, shop: &str, order: &str, field: &'static str, at: Option<Timestamp>) -> bool {
        self.change_order(shop, order, |order| order.details.deadlines.insert(field, at)).is_some()
    }

    /// Puts the open packages of these orders into one, as TikTok does in markets with packages: shipping it ships all
    /// its orders. Gives the package; `None` when one of the orders has no open package.
    pub fn combine(&self, shop: &str, orders: &[&str]) -> Option<String> {
        let mut state = self.state();
        let open = |order: &Order| order.packages.iter().any(|package| package.status == PackageStatus::ToFulfill);
        for id in orders {
            state.order(shop, id).filter(|order| open(order))?;
        }
        let package = state.fresh_id("1153");
        for id in orders {
            state.change(shop, id, |order| {
                let joined = order.packages.iter_mut().find(|package| package.status == PackageStatus::ToFulfill);
                if let Some(joined) = joined {
                    joined.id.clone_from(&package);
                    order.details.combined = true;
                }
            });
        }
        let first = orders.first()?;
        state.packages.insert(package.clone(), (shop.to_owned(), (*first).to_owned()));
        let all: Vec<String> = orders.iter().map(|id| (*id).to_owned()).collect();
        state.combined.insert(package.clone(), all.clone());
        let at = state.now();
        state.notify(Notification::combined(shop, &package, &all, at));
        Some(package)
    }

    /// Every read that names this order is refused with this code, also for the orders beside it. `None`: no more.
    pub fn refuse_reads(&self, shop: &str, order: &str, code: Option<i64>) -> bool {
        self.change_order(shop, order, |order| order.details.reads_refused = code).is_some()
    }

    /// The next so many answers leave this order out without a word.
    pub fn leave_out(&self, shop: &str, order: &str, answers: u32) -> bool {
        self.change_order(shop, order, |order| order.details.left_out = answers).is_some()
    }

    /// Search does not show this order any more; a read by id does.
    pub fn hide_from_search(&self, shop: &str, order: &str) -> bool {
        self.change_order(shop, order, |order| order.details.only_by_id = true).is_some()
    }

    /// Shows this word as the order's status, known or not. `None`: the true one.
    pub fn show_status(&self, shop: &str, order: &str, word: Option<&str>) -> bool {
        let word = word.map(str::to_owned);
        self.change_order(shop, order, |order| order.details.status_word = word).is_some()
    }

    /// The seller switches an order between Seller Shipping (`SELLER`) and TikTok Shipping (`TIKTOK`), whose address is
    /// masked.
    pub fn switch_shipping(&self, shop: &str, order: &str, kind: &str) -> bool {
        let options = self.state().shops.get(shop).map(|shop| (shop.seller_option.clone(), shop.tiktok_option.clone()));
        let Some((seller, tiktok)) = options else { return false };
        self.change_order(shop, order, |order| {
            order.shipping_type = kind.to_owned();
            order.delivery_option = if kind == "SELLER" { seller.unwrap_or(tiktok) } else { tiktok };
        })
        .is_some()
    }

    /// The seller of a shop is suspended, or back: every call answers 36009044 meanwhile.
    pub fn set_seller_active(&self, shop: &str, active: bool) {
        if let Some(shop) = self.state().shops.get_mut(shop) {
            shop.seller_active = active;
        }
    }

    /// The seller leaves a shop out of the authorisation: it is not listed any more, and its key answers 101000.
    pub fn leave_out_of_grant(&self, shop: &str) {
        for grant in &mut self.state().grants {
            grant.shops.retain(|known| known != shop);
        }
    }

    /// The next so many lists of carriers of a shop come back empty.
    pub fn empty_lists(&self, shop: &str, times: u32) {
        if let Some(shop) = self.state().shops.get_mut(shop) {
            shop.empty_lists = times;
        }
    }

    /// Opens a further warehouse of a shop, in this region. `None` for an unknown shop.
    pub fn add_warehouse(&self, shop: &str, region: &str) -> Option<String> {
        let mut state = self.state();
        let id = state.fresh_id("7000");
        let shop = state.shops.get_mut(shop)?;
        shop.more_warehouses.push((id.clone(), region.to_owned()));
        Some(id)
    }

    /// The carriers that a shop may use from warehouses of this region, by id and name.
    pub fn set_list(&self, shop: &str, warehouse_region: &str, list: &[(&str, &str)]) {
        let one = |(id, name): &(&str, &str)| Provider { id: (*id).into(), name: (*name).into(), enabled: true };
        if let Some(shop) = self.state().shops.get_mut(shop) {
            shop.lists.insert(warehouse_region.to_owned(), list.iter().map(one).collect());
        }
    }

    /// The images of a product: width, height, address. The product of a line stands on the order.
    pub fn set_images(&self, shop: &str, product: &str, images: &[(u32, u32, &str)]) {
        let images = images.iter().map(|(w, h, url)| (*w, *h, (*url).to_owned())).collect();
        if let Some(shop) = self.state().shops.get_mut(shop) {
            shop.images.insert(product.to_owned(), images);
        }
    }

    /// TikTok sells a label with this number: its own check knows it, and it counts in the US whatever the carrier.
    pub fn sell_label(&self, number: &str) {
        self.state().labels.insert(number.to_ascii_uppercase());
    }

    /// The market takes this call for a first number from now on, whatever it took before: by order or by package.
    pub fn set_ships_by_order(&self, shop: &str, by_order: bool) {
        if let Some(shop) = self.state().shops.get_mut(shop) {
            shop.by_order = by_order;
        }
    }

    /// Places the replacement of an order: a new order of the same units that names it.
    pub fn replace(&self, shop: &str, order: &str, new: &str) -> Vec<String> {
        let Some(old) = self.order_now(shop, order) else { return Vec::new() };
        let mut builder = self.order(shop, new).replaces(order).with(move |order| order.recipient = old.recipient);
        for line in old.lines.iter().filter(|line| !line.cancelled) {
            builder = builder.line(&line.sku, 1);
        }
        builder.place()
    }
}

/// The carriers of a route's beginning.
pub(super) fn list_of<'a>(shop: &'a super::state::Shop, warehouse_region: &str) -> std::borrow::Cow<'a, [Provider]> {
    match shop.lists.get(warehouse_region) {
        Some(list) => list.as_slice().into(),
        None if warehouse_region == shop.region || warehouse_region.is_empty() => shop.providers.as_slice().into(),
        None => providers::of_region(warehouse_region).into(),
    }
}
