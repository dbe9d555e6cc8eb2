//! Reads of packages, tracking events, and splitting before shipping.

use super::codes::{Answer, Refusal};
use super::gate::Asked;
use super::order::{Package, PackageStatus};
use super::reads::{Paging, Row, inside};
use super::ship::{BY_ORDER, text};
use super::state::State;
use super::views;
use serde_json::{Value, json};

impl State {
    pub(super) fn search_packages(&mut self, asked: &Asked<'_>) -> Answer {
        let paging =
            Paging::read(asked, 50, &["create_time", "update_time", "order_pay_time"], self.settings.offset_pages)?;
        let body = asked.json()?;
        self.settle_all(asked.shop);
        let time = self.read_time();
        let Some(shop) = self.shops.get(asked.shop) else {
            return Err(Refusal::of(101_000));
        };
        let mut rows = Vec::new();
        for order in shop.orders.values().map(|record| record.at(time)) {
            for package in &order.packages {
                let wanted = body["package_status"].as_str().is_none_or(|status| status == package.status.word())
                    && inside(&body, "create_time", package.created.as_second())
                    && inside(&body, "update_time", package.updated.as_second());
                if wanted {
                    let at = match paging.by.as_str() {
                        "update_time" => package.updated,
                        "order_pay_time" => order.created,
                        _ => package.created,
                    };
                    rows.push(Row { sort: at.as_second(), id: &package.id, item: (order, package) });
                }
            }
        }
        Ok(paging.page(rows, "packages", |(order, package)| views::package_row(order, package)))
    }

    pub(super) fn get_package(&mut self, asked: &Asked<'_>) -> Answer {
        let current = self.order_of_package(asked.shop, asked.id).ok_or_else(|| Refusal::of(21_011_028))?;
        let time = self.read_time();
        let record = self.shops.get(asked.shop).and_then(|shop| shop.orders.get(&current.id));
        let order = record.map_or(&current, |record| record.at(time));
        let package = order.packages.iter().find(|package| package.id == asked.id);
        let mut view = package.map(|package| views::package(order, package)).ok_or_else(|| Refusal::of(21_011_028))?;
        // A combined package shows every order in it.
        let others = self.combined.get(asked.id).into_iter().flatten().filter(|id| **id != current.id);
        for other in others.filter_map(|id| self.shops.get(asked.shop)?.orders.get(id)) {
            let other = other.at(time);
            let Some(package) = other.packages.iter().find(|package| package.id == asked.id) else { continue };
            for field in ["orders", "order_line_item_ids"] {
                let more = views::package(other, package)[field].as_array().cloned().unwrap_or_default();
                if let Some(list) = view[field].as_array_mut() {
                    list.extend(more);
                }
            }
        }
        Ok(view)
    }

    pub(super) fn get_tracking(&mut self, asked: &Asked<'_>) -> Answer {
        let order = self.order(asked.shop, asked.id).ok_or_else(|| Refusal::of(21_008_111))?;
        let events: Vec<Value> = order
            .events
            .iter()
            .enumerate()
            .rev()
            .map(|(place, (text, at))| {
                let mut event = json!({"description": text, "update_time_millis": at.as_millisecond()});
                if let Some(code) = order.event_codes.get(&place) {
                    event["action_code"] = (*code).into();
                }
                event
            })
            .collect();
        Ok(json!({"tracking": events}))
    }

    pub(super) fn split_attributes(&mut self, asked: &Asked<'_>) -> Answer {
        let mut attributes = Vec::new();
        for id in asked.parameter("order_ids").unwrap_or_default().split(',') {
            let order = self.order(asked.shop, id.trim()).ok_or_else(|| Refusal::of(21_008_111))?;
            let can_split = order.shipped_packages().is_empty() && order.open_lines().len() > 1;
            attributes.push(json!({"order_id": order.id, "can_split": can_split, "must_split": false}));
        }
        Ok(json!({"split_attributes": attributes}))
    }

    /// Splits an unshipped order into groups. Outside the markets that split by shipping, all units of a stock code
    /// must stay together.
    pub(super) fn split_order(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.json()?;
        let region = self.region_of(asked.shop);
        let order = self.order(asked.shop, asked.id).cloned().ok_or_else(|| Refusal::of(21_008_111))?;
        if !order.shipped_packages().is_empty() || order.packages.is_empty() || order.open_lines().len() < 2 {
            return Err(Refusal::of(21_011_035));
        }
        let invalid = || Refusal::saying(21_001_001, "Invalid parameters: `splittable_groups`.");
        let groups = body["splittable_groups"].as_array().filter(|groups| groups.len() > 1).ok_or_else(invalid)?;
        let mut parts: Vec<(String, Vec<String>)> = Vec::new();
        for group in groups {
            let lines = group["order_line_item_ids"].as_array().ok_or_else(invalid)?;
            let lines: Vec<String> = lines.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
            parts.push((text(group, "id")?, lines));
        }
        let mut all: Vec<String> = parts.iter().flat_map(|(_, lines)| lines.clone()).collect();
        let mut open = order.open_lines();
        all.sort_unstable();
        open.sort_unstable();
        if all != open {
            return Err(Refusal::of(21_011_029));
        }
        let sku = |line: &String| order.lines.iter().find(|l| l.id == *line).map(|l| l.sku_id.clone());
        let torn = |(i, (_, lines)): (usize, &(String, Vec<String>))| {
            let others = parts[i + 1..].iter().flat_map(|(_, lines)| lines);
            others.filter_map(sku).any(|other| lines.iter().filter_map(sku).any(|mine| mine == other))
        };
        if !BY_ORDER.contains(&region.as_str()) && parts.iter().enumerate().any(torn) {
            return Err(Refusal::of(21_011_036));
        }
        let now = self.now();
        let mut packages = Vec::new();
        let mut answer = Vec::new();
        for (group, lines) in parts {
            let id = self.fresh_id("1153");
            self.packages.insert(id.clone(), (asked.shop.to_owned(), order.id.clone()));
            answer.push(json!({"splittable_group_id": group, "id": id}));
            packages.push(Package {
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
            });
        }
        for package in &order.packages {
            self.packages.remove(&package.id);
        }
        self.change(asked.shop, &order.id, |order| order.packages = packages);
        Ok(json!({"packages": answer}))
    }

    /// Whether TikTok sold the label: those it was told of, and all that start with `TT`.
    pub(super) fn sold_label(&self, number: &str) -> bool {
        number.starts_with("TT") || self.labels.contains(&number.to_ascii_uppercase())
    }

    /// TikTok's own check of a number; US only.
    pub(super) fn validate_tracking(&self, asked: &Asked<'_>) -> Answer {
        if self.region_of(asked.shop) != "US" {
            return Err(Refusal::of(21_008_106));
        }
        let number = asked.parameter("tracking_number");
        let number = number.ok_or_else(|| Refusal::parameter("Invalid parameter `tracking_number`."))?;
        Ok(json!({"is_tiktok_shipping": self.sold_label(number), "is_tiktok_collection": false}))
    }
}
