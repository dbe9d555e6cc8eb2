//! A parcel as its row: written, read, and where it is listed.

use super::KEPT;
use super::stored::{self, StoredAilment, StoredEvent, StoredSource};
use crate::domain::fulfilment::OrderLink;
use crate::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::tracking::{TrackingNumber, found_as};
use crate::table::codec::{Item, Reader, Writer};
use crate::table::error::TableError;
use crate::table::keys;

/// Its place in the list of work, while something is due.
fn due_place(parcel: &Parcel) -> Option<keys::IndexKey> {
    parcel.due.map(|due| keys::push_due(&parcel.shop, due))
}

/// Its place in the attention list: while it waits, and while it is tried although it is listed.
fn list_place(parcel: &Parcel) -> Option<keys::IndexKey> {
    let reason = parcel.state.reason().filter(|_| parcel.listed)?;
    Some(if parcel.adrift {
        keys::held_store(&parcel.store, reason, parcel.changed)
    } else {
        keys::held(&parcel.shop, reason, parcel.changed)
    })
}

/// What it is found by: its number, under the account of its store.
fn find_place(parcel: &Parcel) -> Option<keys::IndexKey> {
    let (account, number) = (parcel.account.as_ref()?, parcel.number.as_ref()?);
    Some(keys::found(keys::find_number(account, &found_as(number.as_str())), parcel.received))
}

/// Rows of earlier versions do not say that they are listed: what waits without a time is.
fn is_listed_by_state(parcel: &Parcel) -> bool {
    parcel.state.phase() == Phase::Waiting && parcel.due.is_none()
}

pub(super) fn parcel_write(parcel: &Parcel) -> Result<Item, TableError> {
    let waiting = matches!(parcel.state.phase(), Phase::Open | Phase::Waiting);
    let mut row = Writer::new(keys::parcel(parcel), "parcel")
        .number("rev", i128::from(parcel.rev))
        .text("order", parcel.order.as_str())
        .text("store", parcel.store.as_str())
        .text("shop", parcel.shop.as_str())
        .text("state", parcel.state.to_string())
        .text_if("number", parcel.number.as_ref().map(TrackingNumber::as_str))
        .text_if("name", parcel.order_name.clone())
        .text_if("carrier", parcel.carrier.clone())
        .text_if("tiktok", parcel.tiktok_order().map(TikTokOrderId::as_str))
        .text_if("apart", parcel.apart.as_ref().map(TikTokOrderId::as_str))
        .time("received", parcel.received)
        .time("changed", parcel.changed)
        .json("sources", &stored::sources(&parcel.sources))?
        .list(due_place(parcel))
        .attention(list_place(parcel))
        .found_by(find_place(parcel));
    if parcel.tiktok_order().is_none() {
        row = row.json("link", &parcel.link)?;
    }
    if let Some(due) = parcel.due {
        row = row.time("due", due);
    }
    if parcel.attempts > 0 {
        row = row.number("tries", i128::from(parcel.attempts));
    }
    if parcel.crashes > 0 {
        row = row.number("crashes", i128::from(parcel.crashes));
    }
    if parcel.confirmed {
        row = row.number("confirmed", 1);
    }
    if parcel.placed {
        row = row.number("placed", 1);
    }
    if !parcel.asked.is_empty() {
        row = row.json("asked", &parcel.asked)?;
    }
    if let Some(trouble) = &parcel.trouble {
        row = row.json("trouble", &StoredAilment(trouble.clone()))?;
    }
    if parcel.listed && !is_listed_by_state(parcel) {
        row = row.number("listed", 1);
    }
    if parcel.adrift {
        row = row.number("adrift", 1);
    }
    if !parcel.chosen.is_empty() {
        row = row.json("chosen", &parcel.chosen)?;
    }
    if let Some(sent) = &parcel.sent {
        row = row.json("sent", sent)?;
    }
    if let Some(tried) = &parcel.tried {
        row = row.json("tried", tried)?;
    }
    if let Some(waits_for) = &parcel.waits_for {
        row = row.json("waits", waits_for)?;
    }
    if let Some(held_by) = &parcel.held_by {
        row = row.json("held_by", held_by)?;
    }
    if let Some(answer) = &parcel.answer {
        row = row.json("answer", answer)?;
    }
    if !parcel.events.is_empty() {
        row = row.json("events", &stored::events(&parcel.events))?;
    }
    if parcel.healed {
        row = row.number("healed", 1);
    }
    // Closed and done rows fade; what still waits for something never does.
    Ok(if waiting { row } else { row.ttl(parcel.changed + KEPT) }.done())
}

pub(super) fn parcel_read(item: &Item) -> Result<Parcel, TableError> {
    let row = Reader(item);
    let link = match row.text_if("tiktok") {
        Some(_) => OrderLink::Found(row.parsed("tiktok", TikTokOrderId::parse)?),
        None => row.json_if("link")?.unwrap_or(OrderLink::NotRead),
    };
    let mut parcel = Parcel {
        store: row.parsed("store", StoreId::parse)?,
        account: row.text_if(keys::FIND.pk).and_then(|place| keys::finder(&place)),
        order: row.parsed("order", StoreOrderId::parse)?,
        order_name: row.text_if("name"),
        number: row.text_if("number").and_then(|text| TrackingNumber::parse(&text).ok()),
        carrier: row.text_if("carrier"),
        sources: row.json::<Vec<StoredSource>>("sources")?.into_iter().map(|part| part.0).collect(),
        link,
        apart: row.text_if("apart").and_then(|text| TikTokOrderId::parse(&text).ok()),
        shop: row.parsed("shop", ShopId::parse)?,
        state: row.parsed("state", |text| ParcelState::parse(&text).ok_or(()))?,
        due: row.time_if("due"),
        received: row.time("received")?,
        changed: row.time("changed")?,
        attempts: row.number_if("tries").unwrap_or_default(),
        crashes: row.number_if("crashes").unwrap_or_default(),
        confirmed: row.number_if::<u8>("confirmed").is_some(),
        placed: row.number_if::<u8>("placed").is_some(),
        asked: row.json_if("asked")?.unwrap_or_default(),
        trouble: row.json_if("trouble")?.map(|StoredAilment(trouble)| trouble),
        listed: row.number_if::<u8>("listed").is_some(),
        adrift: row.number_if::<u8>("adrift").is_some(),
        chosen: row.json_if("chosen")?.unwrap_or_default(),
        sent: row.json_if("sent")?,
        tried: row.json_if("tried")?,
        waits_for: row.json_if("waits")?,
        held_by: row.json_if("held_by")?,
        answer: row.json_if("answer")?,
        events: row.json_if::<Vec<StoredEvent>>("events")?.unwrap_or_default().into_iter().map(|part| part.0).collect(),
        healed: row.number_if::<u8>("healed").is_some(),
        rev: row.number("rev")?,
    };
    parcel.listed |= is_listed_by_state(&parcel);
    Ok(parcel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AccountId;
    use crate::domain::reason::Reason;
    use crate::domain::samples::{at, parcel, sent};

    #[test]
    fn a_parcel_is_read_back_as_it_was_written() {
        let mut row = parcel("1Z 99", "f#1", &[("MUG", 2)]);
        row.sent = Some(sent("1Z99", &[1, 2], 1));
        row.account = AccountId::parse("a1").ok();
        row.note(at(5), crate::domain::parcel::Plain::Received, "");
        row.state = ParcelState::NeedsMapping(Reason::CarrierUnmapped);
        row.waits_for = Some(crate::domain::parcel::WaitsFor::Mapping { shop: 1, account: 2 });
        (row.due, row.listed) = (None, true);
        row.held_by = Some(crate::domain::parcel::HeldBy { who: "a".into(), since: at(7), note: "b".into() });
        row.link = OrderLink::Ambiguous(vec![]);
        let item = parcel_write(&row).expect("writes");
        assert_eq!(parcel_read(&item).expect("reads"), row);
    }

    #[test]
    fn a_parcel_may_be_listed_and_still_tried() {
        let mut row = parcel("A", "f1", &[]);
        let names = |row: &Parcel| {
            let name = |place: Option<keys::IndexKey>| place.map(|p| p.pk.split('#').next().map(str::to_owned));
            (name(due_place(row)).flatten(), name(list_place(row)).flatten())
        };
        let (push, held) = (Some("PUSH".to_owned()), Some("HELD".to_owned()));
        assert_eq!(names(&row), (push.clone(), None));
        (row.state, row.listed) = (ParcelState::Held(Reason::TikTokError), true);
        assert_eq!(names(&row), (push, held.clone()));
        row.due = None;
        assert_eq!(names(&row), (None, held));
        (row.state, row.listed) = (ParcelState::Accepted, false);
        assert_eq!(names(&row), (None, None));
    }

    #[test]
    fn a_hold_of_an_earlier_version_is_still_listed() {
        let mut row = parcel("A", "f1", &[]);
        (row.state, row.due) = (ParcelState::NeedsAttention(Reason::LinesUnmatched), None);
        assert!(parcel_read(&parcel_write(&row).expect("writes")).expect("reads").listed);
    }

    #[test]
    fn a_usual_parcel_fits_into_one_write_unit() {
        let mut row = parcel("9400100000000000000017", "5100000000001", &[("MUG-BLUE", 2), ("CAP-RED", 1)]);
        row.account = AccountId::parse("01J9Z8Y7X6W5V4T3S2R1Q0P9N8").ok();
        row.order = StoreOrderId::parse("5900000001042").expect("id");
        row.sent = Some(sent("9400100000000000000017", &[1, 2, 3], 0));
        row.note(at(1_795_000_000), crate::domain::parcel::Plain::Received, "");
        row.note(at(1_795_000_030), crate::domain::parcel::Plain::Accepted, "USPS");
        row.note(at(1_795_000_030), Reason::UspsLabel, "");
        let item = parcel_write(&row).expect("writes");
        let size: usize = item
            .iter()
            .map(|(name, value)| name.len() + value.as_s().or_else(|_| value.as_n()).map_or(0, String::len))
            .sum();
        assert!(size < 1024, "{size} bytes");
    }

    #[test]
    fn a_row_of_a_later_version_is_corrupt_not_guessed() {
        let mut item = parcel_write(&parcel("A", "f1", &[])).expect("writes");
        item.insert("state".into(), aws_sdk_dynamodb::types::AttributeValue::S("TELEPORTED".into()));
        assert!(matches!(parcel_read(&item), Err(TableError::Corrupt { .. })));
    }
}
