//! Corrections: one per package, within the window, before delivery.

use super::codes::{Answer, Refusal};
use super::gate::Asked;
use super::journal::ChangeKind;
use super::order::{Order, Package, PackageStatus, Status};
use super::ship::{Label, label_fields};
use super::state::State;
use serde_json::json;

impl State {
    /// By order: only while the order is one parcel.
    pub(super) fn update_order(&mut self, asked: &Asked<'_>) -> Answer {
        let order = self.order(asked.shop, asked.id).cloned().ok_or_else(|| Refusal::of(21_008_111))?;
        let shipped = order.shipped_packages();
        let package = match (shipped.as_slice(), order.packages.len()) {
            ([], _) => None,
            ([only], 1) => Some((*only).clone()),
            // Split orders are corrected by package; the documentation names no code of its own for this.
            _ => return Err(Refusal::of(21_011_049)),
        };
        self.correct(asked, &order, package.as_ref())
    }

    /// By package.
    pub(super) fn update_package(&mut self, asked: &Asked<'_>) -> Answer {
        let order = self.order_of_package(asked.shop, asked.id).ok_or_else(|| Refusal::of(21_011_028))?;
        let package = order.packages.iter().find(|package| package.id == asked.id).cloned();
        let package = package.ok_or_else(|| Refusal::of(21_011_028))?;
        self.correct(asked, &order, Some(&package))
    }

    fn correct(&mut self, asked: &Asked<'_>, order: &Order, package: Option<&Package>) -> Answer {
        let body = asked.json()?;
        let (number, provider) = label_fields(asked.call, &body)?;
        if order.shipping_type != "SELLER" || order.fulfillment_type != "FULFILLMENT_BY_SELLER" {
            return Err(Refusal::of(21_011_004));
        }
        match order.status {
            Status::Cancelled => return Err(Refusal::of(21_011_041)),
            Status::Delivered | Status::Completed => return Err(Refusal::of(21_011_030)),
            _ => {}
        }
        let shipped = package.and_then(|package| package.shipped.map(|at| (package, at)));
        let (package, at) = shipped.ok_or_else(|| Refusal::of(21_011_043))?;
        match package.status {
            PackageStatus::Completed => return Err(Refusal::of(21_011_030)),
            PackageStatus::Cancelled => return Err(Refusal::of(21_032_001)),
            _ => {}
        }
        if self.now().duration_since(at) > self.settings.edit_window {
            return Err(Refusal::of(21_011_050));
        }
        if package.edits >= self.settings.edits {
            return Err(Refusal::of(if self.settings.edits <= 1 { 21_011_051 } else { 21_011_052 }));
        }
        let label = self.label(asked.shop, order, number, &provider)?;
        self.mismatch(&label)?;
        self.apply(asked.shop, order, package, &label);
        // The number of a combined package is that of every order in it.
        for other in self.combined.get(&package.id).cloned().unwrap_or_default() {
            if other != order.id
                && let Some(other) = self.order(asked.shop, &other).cloned()
                && let Some(package) = other.packages.iter().find(|known| known.id == package.id).cloned()
            {
                self.apply(asked.shop, &other, &package, &label);
            }
        }
        Ok(json!({}))
    }

    fn apply(&mut self, shop: &str, order: &Order, package: &Package, label: &Label) {
        let now = self.now();
        self.change(shop, &order.id, |order| {
            if let Some(package) = order.packages.iter_mut().find(|known| known.id == package.id) {
                package.number = Some(label.number.clone());
                package.provider = Some(label.provider.clone());
                package.provider_name.clone_from(&label.provider_name);
                package.updated = now;
                package.edits += 1;
            }
        });
        let old = package.number.as_deref().unwrap_or_default().to_ascii_uppercase();
        let still_used = self
            .order(shop, &order.id)
            .is_some_and(|order| order.numbers().iter().any(|(number, _)| number.to_ascii_uppercase() == old));
        if let (false, Some(users)) = (still_used, self.numbers.get_mut(&old)) {
            users.remove(&(shop.to_owned(), order.id.clone()));
        }
        let mut lines = package.lines.clone();
        lines.sort_unstable();
        self.record(shop, &order.id, lines, label, ChangeKind::Correction, &package.id);
    }
}
