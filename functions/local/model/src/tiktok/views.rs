//! Orders and packages in TikTok's JSON.

use super::details::DEADLINES;
use super::order::{CANCELLED, COLLECTED, DELIVERED, Line, Order, Package, PackageStatus, SHIPPED, Status};
use crate::canary::BUYER;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

fn put(fields: &mut Map<String, Value>, name: &str, time: Option<Timestamp>) {
    if let Some(time) = time {
        fields.insert(name.into(), time.as_second().into());
    }
}

/// An order as search and detail show it.
pub(super) fn order(order: &Order, shop_region: &str, by_id: bool) -> Value {
    let [name, surname, mail, phone, street, town, postcode, nickname] = BUYER;
    let details = &order.details;
    let shown = order.status.shows_address() && order.shipping_type == "SELLER" && !details.masked;
    // On hold the fields are there and empty; what is cancelled or not ours has asterisks.
    let hidden = if matches!(order.status, Status::Unpaid | Status::OnHold) { "" } else { "***" };
    let mask = |text: &str| if shown { text.to_owned() } else { hidden.to_owned() };
    let full = format!("{name} {surname}");
    let mut view = json!({
        "id": order.id,
        "status": details.status_word.as_deref().unwrap_or(order.status.word()),
        "shipping_type": order.shipping_type,
        "fulfillment_type": order.fulfillment_type,
        "delivery_option_id": order.delivery_option,
        "delivery_option_name": order.delivery_option_name,
        "delivery_type": "HOME_DELIVERY",
        "warehouse_id": order.warehouse,
        "order_type": details.order_type.as_deref().unwrap_or("NORMAL"),
        "commerce_platform": "TIKTOK_SHOP",
        "user_id": "7493990000000000000",
        "buyer_email": mail,
        "buyer_nickname": nickname,
        "buyer_message": "",
        "need_upload_invoice": details.invoice.as_deref().unwrap_or(if order.needs_invoice { "NEED_INVOICE" } else { "NO_NEED" }),
        "payment": {"currency": if shop_region == "GB" { "GBP" } else { "USD" }, "total_amount": "25.00"},
        "packages": order.packages.iter().map(|package| json!({"id": package.id})).collect::<Vec<_>>(),
        "line_items": order.lines.iter().map(|item| line(order, item, by_id)).collect::<Vec<_>>(),
        "recipient_address": {
            "name": mask(&full), "first_name": mask(name), "last_name": mask(surname),
            "phone_number": mask(phone), "address_line1": mask(street), "address_line2": "",
            "postal_code": mask(postcode), "region_code": order.buyer_region, "address_detail": mask(street),
            "full_address": mask(&format!("{street}, {town}, {postcode}")),
        },
    });
    let Some(fields) = view.as_object_mut() else {
        return view;
    };
    for (name, seconds) in [("create_time", order.created.as_second()), ("update_time", order.updated.as_second())] {
        fields.insert(name.into(), seconds.into());
    }
    for (name, hours) in DEADLINES {
        if let Some(second) = order.deadline(name, hours) {
            fields.insert(name.into(), second.into());
        }
    }
    for (name, flag) in [
        ("is_on_hold_order", details.passes_hold.unwrap_or(true)),
        ("is_buyer_request_cancel", order.cancel_requested.is_some()),
        ("is_sample_order", order.sample),
        ("is_cod", false),
        ("is_replacement_order", details.replaces.is_some()),
        ("has_updated_recipient_address", order.address_changed),
    ] {
        fields.insert(name.into(), flag.into());
    }
    put(fields, "rts_time", order.times[SHIPPED]);
    put(fields, "collection_time", order.times[COLLECTED]);
    put(fields, "delivery_time", order.times[DELIVERED]);
    put(fields, "cancel_time", order.times[CANCELLED]);
    put(fields, "request_cancel_time", order.cancel_requested);
    let before_release = details.release.is_some() && order.status == Status::OnHold;
    if order.status != Status::Unpaid && !before_release {
        put(fields, "paid_time", Some(order.created));
    }
    put(fields, "release_date", details.release);
    if let Some(replaced) = &details.replaces {
        fields.insert("replaced_order_id".into(), replaced.as_str().into());
    }
    if let Some(source) = &details.exchange_of {
        fields.insert("is_exchange_order".into(), true.into());
        fields.insert("exchange_source_order_id".into(), source.as_str().into());
    }
    if let Some(group) = &details.combine_group {
        fields.insert("auto_combine_group_id".into(), group.as_str().into());
    }
    if before_release {
        fields.remove("recipient_address");
    }
    if let Some(by) = &order.cancelled_by {
        fields.insert("cancellation_initiator".into(), by.as_str().into());
        fields.insert("cancel_reason".into(), "Ordered by mistake".into());
    }
    if order.packages.len() > 1 {
        fields.insert("split_or_combine_tag".into(), "SPLIT".into());
    } else if details.combined {
        fields.insert("split_or_combine_tag".into(), "COMBINED".into());
    }
    if shown {
        fields["recipient_address"]["district_info"] =
            json!([{"address_level_name": "City", "address_name": town, "address_level": "L2"}]);
    }
    if let [only] = order.shipped_packages().as_slice() {
        fields.insert("tracking_number".into(), json!(only.number));
        fields.insert("shipping_provider".into(), only.provider_name.as_str().into());
        fields.insert("shipping_provider_id".into(), json!(only.provider));
    }
    view
}

fn line(order: &Order, line: &Line, by_id: bool) -> Value {
    let package = order.package_of(&line.id);
    let mut view = json!({
        "id": line.id, "sku_id": line.sku_id, "seller_sku": line.sku, "product_id": format!("1729{}", &line.sku_id),
        "product_name": format!("Product {}", line.sku), "sku_name": "Default", "is_gift": line.gift, "currency": "USD",
        "sale_price": "25.00", "original_price": "25.00", "display_status": display_status(order, line, package).word(),
    });
    let Some(fields) = view.as_object_mut() else {
        return view;
    };
    if by_id && !line.pieces.is_empty() {
        let piece = |(sku, count): &(String, u32)| json!({"sku_id": format!("1729{}{sku}", line.sku_id.len()), "seller_sku": sku, "sku_count": count});
        fields.insert("combined_listing_skus".into(), line.pieces.iter().map(piece).collect());
    }
    // A unit without a number has an empty one, as seen live.
    fields.insert("tracking_number".into(), "".into());
    if line.cancelled {
        fields.insert("cancel_user".into(), order.cancelled_by.as_deref().unwrap_or("SELLER").into());
    }
    if let Some(package) = package {
        fields.insert("package_id".into(), package.id.as_str().into());
        fields.insert("package_status".into(), package.status.word().into());
        put(fields, "rts_time", package.shipped);
        if let (Some(number), Some(provider)) = (&package.number, &package.provider) {
            fields.insert("tracking_number".into(), number.as_str().into());
            fields.insert("shipping_provider_id".into(), provider.as_str().into());
            fields.insert("shipping_provider_name".into(), package.provider_name.as_str().into());
        }
    }
    view
}

/// A line's own status: the order's values without PARTIALLY_SHIPPING.
fn display_status(order: &Order, line: &Line, package: Option<&Package>) -> Status {
    if line.cancelled || order.status == Status::Cancelled {
        return Status::Cancelled;
    }
    match (order.status, package.map(|package| package.status)) {
        (Status::Unpaid | Status::OnHold | Status::Completed, _) => order.status,
        (_, Some(PackageStatus::Processing)) => Status::AwaitingCollection,
        (_, Some(PackageStatus::Fulfilling)) => Status::InTransit,
        (_, Some(PackageStatus::Completed)) => Status::Delivered,
        _ => Status::AwaitingShipment,
    }
}

fn orders_of(order: &Order, package: &Package) -> Value {
    let mut skus: Vec<(&str, &str, u64)> = Vec::new();
    for line in order.lines.iter().filter(|line| package.lines.contains(&line.id)) {
        match skus.iter_mut().find(|(id, _, _)| *id == line.sku_id) {
            Some((_, _, quantity)) => *quantity += 1,
            None => skus.push((&line.sku_id, &line.sku, 1)),
        }
    }
    let skus: Vec<Value> =
        skus.iter().map(|(id, name, quantity)| json!({"id": id, "name": name, "quantity": quantity})).collect();
    json!([{"id": order.id, "skus": skus}])
}

/// A package in a search result.
pub(super) fn package_row(order: &Order, package: &Package) -> Value {
    let mut view = json!({
        "id": package.id, "orders": orders_of(order, package), "status": package.status.word(),
        "create_time": package.created.as_second(), "update_time": package.updated.as_second(),
        "order_line_item_ids": package.lines,
    });
    label(&mut view, package);
    view
}

/// A package by itself.
pub(super) fn package(order: &Order, package: &Package) -> Value {
    let mut view = json!({
        "package_id": package.id, "orders": orders_of(order, package), "package_status": package.status.word(),
        "package_sub_status": package.status.sub_word(), "order_line_item_ids": package.lines,
        "split_and_combine_tag": match order.packages.len() {
            _ if order.details.combined => "COMBINE",
            0 | 1 => "DEFAULT",
            _ => "SPLIT",
        },
        "shipping_type": order.shipping_type, "delivery_option_id": order.delivery_option,
        "delivery_option_name": order.delivery_option_name, "warehouse_id": order.warehouse,
        "create_time": package.created.as_second(), "update_time": package.updated.as_second(),
        "has_multi_skus": false,
        "recipient_address": {
            "name": BUYER[0], "phone_number": BUYER[3], "full_address": BUYER[4],
            "postal_code": BUYER[6], "region_code": order.buyer_region,
        },
    });
    label(&mut view, package);
    if package.status == PackageStatus::Cancelled {
        view["ship_exception_reason"] = "PACKAGE_LOST".into();
    }
    view
}

fn label(view: &mut Value, package: &Package) {
    if let (Some(number), Some(provider)) = (&package.number, &package.provider) {
        view["tracking_number"] = number.as_str().into();
        view["shipping_provider_id"] = provider.as_str().into();
        view["shipping_provider_name"] = package.provider_name.as_str().into();
    }
}
