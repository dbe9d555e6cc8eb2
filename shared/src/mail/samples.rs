//! Every mail with invented facts, to look at and to test.

use super::letters::{self, Letter, Nearest, Outcome, TimeLeft};
use super::number_letters::{self, Refusal};
use super::order_letters::{self, DueOrder, Happened};
use super::people_letters;
use super::regular_letters::{self, Lost, Week};
use crate::domain::connection::{Consent, Shop, ShopSettings};
use crate::domain::deadline::Clock;
use crate::domain::ids::{AccountId, OpenId, ShopId};
use crate::domain::people::Role;
use crate::domain::reason::Reason;
use crate::domain::reauthorisation::{End, EndSource};
use crate::domain::region::{AppRegion, Region};
use jiff::{SignedDuration, Timestamp};

fn shop() -> Option<Shop> {
    Some(Shop {
        id: ShopId::parse("7494049642642441621").ok()?,
        account: AccountId::parse("sample").ok()?,
        name: "Sample Mugs".into(),
        region: Region::new("GB"),
        app: AppRegion::Row,
        open_id: OpenId::parse("sample").ok()?,
        cipher: String::new(),
        parked: None,
        hold_until: None,
        resting: None,
        settings: ShopSettings::default(),
        connected: Timestamp::UNIX_EPOCH,
        consent: Consent::default(),
        label_warning: None,
        learned: crate::domain::connection::Learned::default(),
    })
}

fn next_step(clock: Clock) -> String {
    format!("Ship it and add the number in your store ({}).", clock.shown_as())
}

/// Each mail with the name of its file.
#[must_use]
pub fn all() -> Vec<(&'static str, Letter)> {
    let (Some(shop), Ok(now)) = (shop(), Timestamp::from_second(1_795_212_000)) else { return Vec::new() };
    let day = SignedDuration::from_hours(24);
    let end = End { at: now + day * 30, source: EndSource::Cycle };
    let past = End { at: now - day * 7, source: EndSource::Cycle };
    let link = "https://waybill.example.com/reconnect?t=c2FtcGxl.c2FtcGxl";
    let page = |path: &str| format!("https://waybill.example.com{path}");
    let guesses = [
        ("Blue Van Express".to_owned(), "the name is almost the same; the numbers fit".to_owned()),
        ("Blue Parcel".to_owned(), "the name is similar; the numbers do not fit".to_owned()),
    ];
    let refused = |order: &str, number: &str, tiktok: &str, reason: Reason| Refusal {
        order: order.to_owned(),
        number: number.to_owned(),
        carrier: "Royal Mail".to_owned(),
        tiktok: tiktok.to_owned(),
        sentence: reason.sentence(),
        remedy: reason.remedy(),
        left: None,
    };
    let warned = [Refusal {
        left: Some("1 correction left, 69 h left".to_owned()),
        ..refused("#1044", "1Z999AA10123456784", "the number looks like one of UPS", Reason::AcceptedWithWarning)
    }];
    let two = [
        refused("#1042", "AB123456785GB", "21011025 the number is already used", Reason::TrackingDuplicate),
        refused(
            "#1043",
            "QQ000000000XX",
            "21004015 the number does not fit the carrier",
            Reason::CarrierFormatMismatch,
        ),
    ];
    let left = TimeLeft::Order(Nearest {
        order: "576000000000001042".to_owned(),
        clock: Clock::Rts,
        due: now + day,
        as_of: now - SignedDuration::from_hours(3),
    });
    let due = |order: &str, clock, hours: i64| DueOrder {
        order: order.to_owned(),
        created: now - SignedDuration::from_hours(40),
        clock,
        due: now + SignedDuration::from_hours(hours),
        source: "the order's rts_sla_time".to_owned(),
        blocker: None,
        next_step: next_step(clock),
        as_of: None,
    };
    let orders = [due("576000000000001042", Clock::Rts, -2), due("576000000000001043", Clock::Rts, 20)];
    let near = [(4, due("576000000000001044", Clock::Rts, 4)), (24, due("576000000000001045", Clock::AutoCancel, 24))];
    let happened = |order: &str, reason, by: Option<&str>| Happened {
        order: order.to_owned(),
        number: Some("AB123456785GB".to_owned()),
        reason,
        since: now,
        by: by.map(str::to_owned),
        scanned: Some(now - day * 3),
    };
    let lost = [
        happened("576000000000001046", Reason::Lost, None),
        happened("576000000000001047", Reason::CancelledAfterDispatch, Some("the buyer")),
    ];
    let gone =
        [Lost { store_carrier: "Blue Van".to_owned(), tiktok_carrier: "Blue Van Express".to_owned(), since: now }];
    let week = Week {
        orders: 412,
        numbers: 398,
        open: 14,
        only: None,
        figures: vec![("late_dispatch", 0.012, 380), ("valid_tracking", 0.991, 398), ("on_time", 0.94, 310)],
        held: 3,
        reasons: vec![(Reason::CarrierUnmapped, 2), (Reason::NotScanned, 1)],
    };
    let outcome = Outcome { sent: 12, held: 1, left: 0 };
    vec![
        ("1-reminder", letters::reminder(&shop, end, 90, 3, now, link)),
        ("2-refused", letters::refused(&shop, Reason::AuthExpired, now - day, 12, Some(&left), link)),
        ("2b-overdue", letters::overdue(&shop, past, 90, now, link)),
        ("3-removed", letters::removed(&shop, now, 2, link)),
        ("4-reconnected", letters::resumed(&shop, now, outcome, End { at: now + day * 90, ..end }, 90, &page("/"))),
        ("5-digest", order_letters::digest(&shop, &orders, now + day, now, &page("/deadlines"))),
        ("6-due-soon", order_letters::at_risk(&shop, &near, now, &page("/deadlines"))),
        ("9-parcels", order_letters::parcels(&shop, &lost, &page("/attention"))),
        ("7-new-carrier", letters::new_carrier(&shop, "Blue Van", 4, &guesses, &page("/shops/7494049642642441621"))),
        ("8-accepted-with-a-warning", number_letters::warnings(&shop, &warned, &page("/attention"))),
        ("8-refused-numbers", number_letters::refusals(&shop, &two, &page("/shops/7494049642642441621"))),
        ("10-carrier-list", regular_letters::carriers_gone(&shop, &gone, &page("/mapping?shop=7494049642642441621"))),
        ("11-weekly", regular_letters::weekly(&shop, &week, &page("/"))),
        ("login", letters::login(&page("/login/c2FtcGxl"), 15)),
        (
            "invitation",
            people_letters::invitation(
                "Sample Mugs",
                Role::Operator,
                "owner@example.com",
                now + day * 7,
                &page("/invitation/sample/c2FtcGxl"),
            ),
        ),
    ]
}
