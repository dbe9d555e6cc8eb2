use super::*;
use crate::domain::connection::{Consent, Shop, ShopSettings};
use crate::domain::deadline::Clock;
use crate::domain::ids::{OpenId, PackageId, ProviderId};
use crate::domain::order::{Deadlines, OrderType, Origin, TikTokOrder};
use crate::domain::order_row::{Event, News, Rules};
use crate::domain::region::{AppRegion, Region};
use crate::domain::samples::order as sample;

fn shop() -> Shop {
    Shop {
        id: ShopId::parse("7494049642642441621").expect("id"),
        account: AccountId::parse("a1b2c3d4e5f6a7b8").expect("id"),
        name: "Tiny Mugs".into(),
        region: Region::new("US"),
        app: AppRegion::Us,
        open_id: OpenId::parse("o").expect("id"),
        cipher: String::new(),
        parked: None,
        hold_until: None,
        resting: None,
        settings: ShopSettings::default(),
        connected: Timestamp::UNIX_EPOCH,
        consent: Consent::default(),
        label_warning: None,
        learned: crate::domain::connection::Learned::default(),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).expect("time")
}

fn kept(order: &TikTokOrder) -> OrderRow {
    match OrderRow::news(None, &shop(), order, at(1)) {
        News::Row(row) => *row,
        News::Nothing => panic!("not kept"),
    }
}

/// Twenty units of five stock codes in two packages, every deadline named.
fn large() -> TikTokOrder {
    let skus: Vec<String> = (0..20).map(|unit| format!("MUG-BLUE-{}", unit % 5)).collect();
    let mut order = sample("AWAITING_COLLECTION", &skus.iter().map(String::as_str).collect::<Vec<_>>());
    order.id = TikTokOrderId::parse("576461413038785752").expect("id");
    order.update_time = Some(at(0));
    order.paid_time = Some(at(-7200));
    order.times.created = Some(at(-7300));
    let due = |hours: i64| Some(at(hours * 3600));
    order.deadlines = Deadlines {
        rts_sla: due(48),
        tts_sla: due(72),
        delivery_sla: due(144),
        shipping_due: due(168),
        collection_due: due(240),
        delivery_due: due(360),
        cancel_order_sla: due(168),
    };
    for (number, line) in order.lines.iter_mut().enumerate() {
        let package = number / 10;
        line.package = PackageId::parse(format!("115300000000000000{package}")).ok();
        line.tracking = Some(format!("940010000000000000001{package}"));
        line.provider = ProviderId::parse("7117858858072016686").ok();
        line.shipped = Some(at(-60));
    }
    order
}

#[test]
fn a_large_order_fits_into_one_write_unit() {
    let mut row = kept(&large());
    for minute in 0..12 {
        row.events.add(Event::moved(at(minute * 60), &row.facts.state));
    }
    row.settle(&Rules::of(&shop()), at(20 * 24 * 3600));
    assert!(row.attention.is_some() && row.place.is_some_and(|place| place.late));
    let item = write(&row, 12).expect("writes");
    let size: usize = item
        .iter()
        .map(|(name, value)| name.len() + value.as_s().or_else(|_| value.as_n()).map_or(0, String::len))
        .sum();
    assert!(size < 1024, "{size} bytes: {item:?}");
}

#[test]
fn an_order_is_read_back_as_it_was_written() {
    let mut order = large();
    order.kind.order_type = Some(OrderType::PreOrder);
    order.kind.release = Some(at(9000));
    order.kind.origin = Origin::ExchangeOf(TikTokOrderId::parse("576461413038785001").ok());
    order.kind.combine_group = Some("group#7".into());
    order.lines[3].state = crate::domain::order::OrderState::AwaitingShipment;
    order.lines[3].tracking = None;
    let mut row = kept(&order);
    row.failed = Some((2, at(50)));
    row.unmoved = Some("9400".into());
    row.dismissed = vec![Reason::Late];
    row.edits = 1;
    row.events.add(Event::listed(at(7), Reason::NotScanned));
    for now in [10, 2 * 24 * 3600, 20 * 24 * 3600] {
        row.settle(&Rules::of(&shop()), at(now));
        let item = write(&row, 1).expect("writes");
        let read = read(&row.shop, &row.order, &item).expect("reads");
        assert_eq!(read, OrderRow { rev: 1, ..row.clone() });
    }
}

#[test]
fn an_order_stands_in_one_list_of_clocks() {
    let mut row = kept(&large());
    let list = |row: &OrderRow| place_of(row).map(|place| place.pk.split('#').next().unwrap_or_default().to_owned());
    row.settle(&Rules::of(&shop()), at(10));
    assert_eq!(list(&row).as_deref(), Some("CLOCK"));
    row.settle(&Rules::of(&shop()), at(73 * 3600));
    assert_eq!(list(&row).as_deref(), Some("LATE"));
    let at_place = place_of(&row).and_then(|place| ClockPlace::read(&place.sk)).expect("a place");
    assert_eq!((at_place.clock, at_place.order), (Clock::Deliver, row.order));
}
