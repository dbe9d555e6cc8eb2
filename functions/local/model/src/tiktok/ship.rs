//! First numbers: Mark Package As Shipped by order, Ship Package by package.

use super::calls::Call;
use super::codes::{Answer, Refusal};
use super::field::list_of;
use super::gate::Asked;
use super::journal::{Change, ChangeKind};
use super::logistics::by_route;
use super::order::{Order, Package, PackageStatus, Status};
use super::providers;
use super::state::State;
use super::webhooks::Notification;
use serde_json::{Value, json};

/// Markets where a first number goes by order.
pub(super) const BY_ORDER: [&str; 8] = ["US", "GB", "ES", "IE", "IT", "DE", "FR", "JP"];

/// Number and carrier of a request.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub number: String,
    pub provider: String,
    pub provider_name: String,
}

/// A required text of a body.
pub(super) fn text(body: &Value, name: &str) -> Result<String, Refusal> {
    let value = body[name].as_str().filter(|text| !text.is_empty());
    value.map(str::to_owned).ok_or_else(|| Refusal::saying(21_001_001, format!("Invalid parameters: `{name}`.")))
}

/// The tracking part of a body in its older (two fields) or newer form (a list of one).
pub(super) fn label_fields(call: Call, body: &Value) -> Result<(String, String), Refusal> {
    let newer = matches!(call, Call::MarkPackage202610 | Call::UpdatePackageShipping202610);
    let fields = if newer {
        let list = body["shipping_info_list"].as_array().map(Vec::as_slice).unwrap_or_default();
        match list {
            [only] if only.get("note").is_none() => only,
            [] => return Err(Refusal::saying(21_001_001, "Invalid parameters: `shipping_info_list`.")),
            // Several numbers, or a note for the buyer, are for sellers on an allow list.
            _ => return Err(Refusal::of(11_007_016)),
        }
    } else {
        body
    };
    Ok((text(fields, "tracking_number")?, text(fields, "shipping_provider_id")?))
}

fn named_lines(call: Call, body: &Value) -> Result<Option<Vec<String>>, Refusal> {
    let (list, field) = match call {
        Call::MarkPackage202610 => (&body["order_line_list"], Some("order_line_id")),
        _ => (&body["order_line_item_ids"], None),
    };
    if list.is_null() {
        return Ok(None);
    }
    let invalid = || Refusal::saying(21_001_001, "Invalid parameters: order line items.");
    let list = list.as_array().filter(|list| !list.is_empty()).ok_or_else(invalid)?;
    let mut ids = Vec::with_capacity(list.len());
    for item in list {
        let id = field.map_or(item, |field| &item[field]).as_str().ok_or_else(invalid)?.to_owned();
        if ids.contains(&id) {
            return Err(invalid());
        }
        ids.push(id);
    }
    Ok(Some(ids))
}

impl State {
    pub(super) fn region_of(&self, shop: &str) -> String {
        self.shops.get(shop).map(|shop| shop.region.clone()).unwrap_or_default()
    }

    /// Whether first numbers of the shop go by order.
    fn ships_by_order(&self, shop: &str) -> bool {
        self.shops.get(shop).is_some_and(|shop| shop.by_order)
    }

    pub(super) fn mark_package(&mut self, asked: &Asked<'_>) -> Answer {
        let region = self.region_of(asked.shop);
        if !self.ships_by_order(asked.shop) {
            return Err(Refusal::of(21_008_106));
        }
        let body = asked.json()?;
        let order = self.order(asked.shop, asked.id).cloned().ok_or_else(|| Refusal::of(21_008_111))?;
        shippable(&order, region == "US")?;
        let (number, provider) = label_fields(asked.call, &body)?;
        let lines = match named_lines(asked.call, &body)? {
            Some(lines) => lines,
            None if order.packages.iter().filter(|package| package.shipped.is_none()).count() > 1 => {
                return Err(Refusal::of(21_011_048));
            }
            None => order.open_lines(),
        };
        for line in &lines {
            let known = order.lines.iter().find(|known| known.id == *line).ok_or_else(|| Refusal::of(21_011_029))?;
            if order.is_shipped(line) {
                return Err(Refusal::of(21_011_040));
            }
            if known.cancelled {
                return Err(Refusal::of(21_011_042));
            }
        }
        let label = self.label(asked.shop, &order, number, &provider)?;
        let warning = self.mismatch(&label)?.filter(|_| region == "US");
        let package = self.ship(asked.shop, &order.id, lines.clone(), &label);
        let mut data = json!({"order_id": order.id, "order_line_item_ids": lines, "package_id": package});
        if let Some(warning) = warning {
            data["warning"] = json!({"message": warning});
        }
        Ok(data)
    }

    pub(super) fn ship_package(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.json()?;
        self.ship_one(asked.shop, asked.id, &body).map(|()| json!({}))
    }

    /// Code 0 may still hold errors: each package succeeds or fails by itself.
    pub(super) fn batch_ship(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.json()?;
        let packages = body["packages"].as_array().filter(|list| !list.is_empty());
        let packages = packages.ok_or_else(|| Refusal::saying(21_001_001, "Invalid parameters: `packages`."))?;
        let mut errors = Vec::new();
        for package in packages {
            let id = text(package, "id")?;
            if let Err(refusal) = self.ship_one(asked.shop, &id, package) {
                errors.push(json!({
                    "code": refusal.code, "message": refusal.message, "detail": {"package_id": id},
                }));
            }
        }
        Ok(if errors.is_empty() { json!({}) } else { json!({"errors": errors}) })
    }

    fn ship_one(&mut self, shop: &str, package: &str, body: &Value) -> Result<(), Refusal> {
        if self.ships_by_order(shop) {
            return Err(Refusal::of(21_008_106));
        }
        let first = self.order_of_package(shop, package).ok_or_else(|| Refusal::of(21_011_028))?;
        let mut parts = Vec::new();
        // A combined package ships every order in it, or none.
        for id in self.combined.get(package).cloned().unwrap_or_else(|| vec![first.id.clone()]) {
            let order = self.order(shop, &id).cloned().ok_or_else(|| Refusal::of(21_011_028))?;
            shippable(&order, false)?;
            if order.needs_invoice {
                return Err(Refusal::of(21_004_006));
            }
            let found = order.packages.iter().find(|known| known.id == package);
            let found = found.ok_or_else(|| Refusal::of(21_011_028))?;
            if found.shipped.is_some() {
                return Err(Refusal::of(21_008_099));
            }
            if found.status != PackageStatus::ToFulfill {
                return Err(Refusal::of(21_032_001));
            }
            parts.push((id, found.lines.clone()));
        }
        let shipment = &body["self_shipment"];
        if shipment.is_null() {
            return Err(Refusal::saying(21_001_001, "Invalid parameters: `self_shipment`."));
        }
        let (number, provider) = (text(shipment, "tracking_number")?, text(shipment, "shipping_provider_id")?);
        let label = self.label(shop, &first, number, &provider)?;
        self.mismatch(&label)?;
        for (order, lines) in parts {
            self.ship(shop, &order, lines, &label);
        }
        Ok(())
    }

    /// Checks number and carrier as TikTok does before it takes them.
    pub(super) fn label(&self, shop: &str, order: &Order, number: String, provider: &str) -> Result<Label, Refusal> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if !number.chars().all(allowed) {
            return Err(Refusal::of(21_004_012));
        }
        if !(4..=50).contains(&number.len()) {
            return Err(Refusal::of(21_011_022));
        }
        let known = self.shops.get(shop).and_then(|shop| {
            let offered = shop.seller_option.as_ref() == Some(&order.delivery_option);
            let more = shop.more_warehouses.iter().find(|(id, _)| *id == order.warehouse);
            let from = more.map_or(shop.region.as_str(), |(_, region)| region.as_str());
            let list = list_of(shop, if by_route(shop) { from } else { "" });
            list.iter().find(|known| offered && known.id == provider).cloned()
        });
        let name = match known {
            Some(known) if known.enabled => known.name.clone(),
            Some(_) => return Err(Refusal::of(21_004_016)),
            None if providers::exists_somewhere(provider) => return Err(Refusal::of(21_004_016)),
            None => return Err(Refusal::of(21_011_022)),
        };
        if let (Some(code), "USPS") = (self.settings.usps_refused, name.as_str())
            && self.region_of(shop) == "US"
            && !self.sold_label(&number)
        {
            let words = "USPS tracking numbers must come from labels purchased on TikTok Shop.";
            return Err(Refusal::saying(code, words));
        }
        self.unused(shop, order, &number)?;
        Ok(Label { number, provider: provider.to_owned(), provider_name: name })
    }

    /// One number belongs to one order, unless all its orders go to the same recipient.
    fn unused(&self, shop: &str, order: &Order, number: &str) -> Result<(), Refusal> {
        let Some(users) = self.numbers.get(&number.to_ascii_uppercase()) else {
            return Ok(());
        };
        let mut others = 0;
        for (other_shop, other) in users.iter().filter(|(s, o)| (s.as_str(), o.as_str()) != (shop, &order.id)) {
            let twin = self.shops.get(other_shop).and_then(|shop| shop.orders.get(other)).map(|r| &r.current.recipient);
            let same = other_shop == shop && order.recipient.is_some() && twin == Some(&order.recipient);
            let joined = self.combined.values().any(|orders| orders.contains(&order.id) && orders.contains(other));
            if joined {
                continue;
            }
            if !same || !combines(&self.region_of(shop)) {
                return Err(Refusal::of(21_011_025));
            }
            others += 1;
        }
        if others >= self.settings.orders_per_number { Err(Refusal::of(21_011_026)) } else { Ok(()) }
    }

    /// A number that plainly belongs to another carrier: words for a warning, or a refusal if so set.
    pub(super) fn mismatch(&self, label: &Label) -> Result<Option<String>, Refusal> {
        let other = providers::mismatch(&label.number.to_ascii_uppercase(), &label.provider_name);
        match other {
            Some(_) if self.settings.refuse_mismatch => Err(Refusal::of(21_004_015)),
            Some(other) => Ok(Some(format!("The tracking number looks like one of {other}."))),
            None => Ok(None),
        }
    }

    /// Takes a first number: the lines get a package of their own, unless they fill one that is there.
    fn ship(&mut self, shop: &str, order: &str, mut lines: Vec<String>, label: &Label) -> String {
        lines.sort_unstable();
        let now = self.now();
        let fresh = self.fresh_id("1153");
        let sent = lines.clone();
        let edit = |order: &mut Order| {
            let whole =
                order.packages.iter_mut().find(|package| package.shipped.is_none() && same(&package.lines, &sent));
            let id = if let Some(package) = whole {
                package.number = Some(label.number.clone());
                package.provider = Some(label.provider.clone());
                package.provider_name.clone_from(&label.provider_name);
                package.status = PackageStatus::Processing;
                package.updated = now;
                package.shipped = Some(now);
                package.id.clone()
            } else {
                for package in &mut order.packages {
                    package.lines.retain(|line| !sent.contains(line));
                }
                order.packages.retain(|package| !package.lines.is_empty());
                order.packages.push(Package {
                    id: fresh,
                    lines: sent,
                    number: Some(label.number.clone()),
                    provider: Some(label.provider.clone()),
                    provider_name: label.provider_name.clone(),
                    status: PackageStatus::Processing,
                    created: now,
                    updated: now,
                    shipped: Some(now),
                    edits: 0,
                });
                order.packages.last().map(|package| package.id.clone()).unwrap_or_default()
            };
            // Shipping answers a buyer's open cancellation request with no.
            order.cancel_requested = None;
            order.restate();
            id
        };
        let package = self.change(shop, order, edit).unwrap_or_default();
        self.record(shop, order, lines, label, ChangeKind::First, &package);
        self.packages.insert(package.clone(), (shop.to_owned(), order.to_owned()));
        let now_split = self.shops.get(shop).and_then(|s| s.orders.get(order)).filter(|r| r.current.packages.len() > 1);
        if let Some(notice) = now_split.map(|record| Notification::packages(shop, &record.current, "SPLIT", now)) {
            self.notify(notice);
        }
        package
    }

    /// Writes an accepted change down, and whose number it is now.
    pub(super) fn record(
        &mut self,
        shop: &str,
        order: &str,
        lines: Vec<String>,
        label: &Label,
        kind: ChangeKind,
        package: &str,
    ) {
        let users = self.numbers.entry(label.number.to_ascii_uppercase()).or_default();
        users.insert((shop.to_owned(), order.to_owned()));
        let change = Change {
            at: self.now(),
            elapsed: self.started.elapsed(),
            shop: shop.to_owned(),
            order: order.to_owned(),
            lines,
            number: label.number.clone(),
            provider: label.provider.clone(),
            kind,
            package: package.to_owned(),
        };
        self.journal.changes.push(change);
    }

    /// The order a package belongs to, if it is one of this shop.
    pub(super) fn order_of_package(&mut self, shop: &str, package: &str) -> Option<Order> {
        let (owner, order) = self.packages.get(package)?.clone();
        if owner == shop { self.order(shop, &order).cloned() } else { None }
    }
}

/// Markets that combine orders by one number for one recipient: US, UK, EU and Japan (May 2026).
fn combines(region: &str) -> bool {
    BY_ORDER.contains(&region)
}

fn same(package: &[String], lines: &[String]) -> bool {
    package.len() == lines.len() && package.iter().all(|line| lines.contains(line))
}

/// Whether an order may get a first number now.
fn shippable(order: &Order, us: bool) -> Result<(), Refusal> {
    if order.fulfillment_type != "FULFILLMENT_BY_SELLER" {
        return Err(Refusal::of(21_008_025));
    }
    if order.shipping_type != "SELLER" {
        return Err(Refusal::of(21_011_004));
    }
    if let Some(code) = order.forbidden {
        return Err(Refusal::of(code));
    }
    match order.status {
        Status::Unpaid => Err(Refusal::of(10_007_002)),
        Status::OnHold => Err(Refusal::of(21_011_044)),
        Status::Cancelled => Err(Refusal::of(21_011_041)),
        Status::AwaitingCollection | Status::InTransit => Err(Refusal::of(21_011_006)),
        Status::Delivered | Status::Completed => Err(Refusal::of(21_011_027)),
        // In the US shipping answers the buyer's request by itself; elsewhere the seller must answer first.
        Status::AwaitingShipment | Status::PartiallyShipping if order.cancel_requested.is_some() && !us => {
            Err(Refusal::of(21_011_007))
        }
        Status::AwaitingShipment | Status::PartiallyShipping => Ok(()),
    }
}
