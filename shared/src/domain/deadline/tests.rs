use super::*;
use jiff::civil::date;
use jiff::tz::TimeZone;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

const CREATED: &str = "2026-11-10T15:00:00Z";

struct Case {
    market: &'static str,
    created: &'static str,
    release: Option<&'static str>,
    handling: Option<Handling>,
    pace: Pace,
    named: Deadlines,
    edited: Numbers,
    stage: Stage,
    unscanned: Option<&'static str>,
    failed: Option<&'static str>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            market: "MX",
            created: CREATED,
            release: None,
            handling: None,
            pace: Pace::Normal,
            named: Deadlines::default(),
            edited: Numbers::default(),
            stage: Stage::Open,
            unscanned: None,
            failed: None,
        }
    }
}

impl Case {
    fn all(&self) -> Vec<Deadline> {
        let market = Region::new(self.market);
        unmet(&Facts {
            market: &market,
            created: at(self.created),
            release: self.release.map(at),
            handling: self.handling,
            pace: self.pace,
            named: &self.named,
            edited: &self.edited,
            stage: self.stage,
            unscanned_since: self.unscanned.map(at),
            any_accepted: self.stage > Stage::Open || self.unscanned.is_some(),
            failed_twice: self.failed.map(at),
        })
    }

    fn of(&self, clock: Clock) -> Option<Deadline> {
        let mut found = self.all().into_iter().filter(|deadline| deadline.clock == clock);
        let first = found.next();
        assert_eq!(found.next(), None, "one deadline a clock");
        first
    }

    /// `due source`, or `-`.
    fn says(&self, clock: Clock) -> String {
        self.of(clock).map_or_else(|| "-".to_owned(), |found| format!("{} {}", found.due, found.source))
    }
}

#[test]
fn a_number_is_due_48_hours_after_the_order_where_nobody_says_otherwise() {
    assert_eq!(Case::default().says(Clock::Rts), "2026-11-12T15:00:00Z seed:48h");
}

#[test]
fn a_parcel_is_to_be_collected_120_hours_after_the_order() {
    assert_eq!(Case::default().says(Clock::Scan), "2026-11-15T15:00:00Z seed:120h");
}

#[test]
fn a_parcel_without_receipt_is_lost_after_12_days() {
    let case = Case { stage: Stage::InTransit, ..Case::default() };
    assert_eq!(case.says(Clock::Lost), "2026-11-22T15:00:00Z seed:12d");
    assert_eq!(Case::default().says(Clock::Lost), "-", "nothing was sent yet");
}

#[test]
fn an_order_without_update_is_cancelled_after_15_days() {
    for stage in [Stage::Open, Stage::Accepted, Stage::InTransit] {
        let case = Case { stage, ..Case::default() };
        assert_eq!(case.says(Clock::AutoCancel), "2026-11-25T15:00:00Z seed:15d", "{stage:?}");
    }
}

#[test]
fn a_parcel_is_lost_at_the_second_failed_attempt() {
    let case = Case { stage: Stage::InTransit, failed: Some("2026-11-14T10:00:00Z"), ..Case::default() };
    assert_eq!(case.says(Clock::Lost), "2026-11-14T10:00:00Z seed:2-attempts");
    assert!(case.of(Clock::Lost).is_some_and(|lost| lost.is_late(at("2026-11-14T10:00:01Z"))));
}

#[test]
fn the_first_rule_of_loss_to_pass_names_itself() {
    let unscanned = |since| Case { market: "US", stage: Stage::Accepted, unscanned: Some(since), ..Case::default() };
    // Ten days without a scan since acceptance, before the twelve since the order.
    assert_eq!(unscanned("2026-11-11T08:00:00Z").says(Clock::Lost), "2026-11-21T08:00:00Z policy:us-2026-01-26");
    // 11 November is a holiday: RTS ends on the 13th (Pacific), and ten days later come before the 30th.
    assert_eq!(unscanned("2026-11-20T08:00:00Z").says(Clock::Lost), "2026-11-24T07:59:00Z seed:12d");
}

#[test]
fn the_orders_own_times_come_first() {
    let time = |day| Some(at(&format!("2026-11-{day}T12:00:00Z")));
    let named = Deadlines {
        rts_sla: time(12),
        tts_sla: time(13),
        delivery_sla: time(17),
        shipping_due: time(19),
        collection_due: time(20),
        delivery_due: time(25),
        cancel_order_sla: time(11),
    };
    for (stage, cancel) in [
        (Stage::Open, "2026-11-19T12:00:00Z order:shipping_due_time"),
        (Stage::Accepted, "2026-11-20T12:00:00Z order:collection_due_time"),
        (Stage::InTransit, "2026-11-25T12:00:00Z order:delivery_due_time"),
    ] {
        let case = Case { market: "US", named, stage, ..Case::default() };
        assert_eq!(case.says(Clock::AutoCancel), cancel);
        let met = |stage_is: bool, said: &str| if stage_is { said.to_owned() } else { "-".to_owned() };
        assert_eq!(case.says(Clock::Rts), met(stage == Stage::Open, "2026-11-12T12:00:00Z order:rts_sla_time"));
        assert_eq!(case.says(Clock::Scan), met(stage < Stage::InTransit, "2026-11-13T12:00:00Z order:tts_sla_time"));
        assert_eq!(case.says(Clock::Deliver), "2026-11-17T12:00:00Z order:delivery_sla_time");
    }
}

#[test]
fn the_superseded_field_counts_only_where_none_of_its_successors_came() {
    let old = Some(at("2026-11-18T00:00:00Z"));
    let only = Deadlines { cancel_order_sla: old, ..Deadlines::default() };
    let case = Case { market: "US", named: only, ..Case::default() };
    assert_eq!(case.says(Clock::AutoCancel), "2026-11-18T00:00:00Z order:cancel_order_sla_time");
    let named = Deadlines { cancel_order_sla: old, delivery_due: Some(at("2026-12-01T00:00:00Z")), ..only };
    let case = Case { market: "US", named, ..Case::default() };
    assert_eq!(case.says(Clock::AutoCancel), "2026-11-21T07:59:00Z policy:us-2026-01-26");
}

#[test]
fn each_market_has_its_policy_and_others_fall_to_the_seed() {
    // Tuesday 10 November 2026. In the US the 11th is Veterans Day; in France it is the armistice.
    for (market, rts, scan, deliver, cancel) in [
        (
            "US",
            "2026-11-14T07:59:00Z policy:us-2026-01-26",
            "2026-11-14T07:59:00Z policy:us-2026-01-26",
            "2026-11-20T07:59:00Z policy:us-2026-01-26",
            "2026-11-21T07:59:00Z policy:us-2026-01-26",
        ),
        (
            "UK",
            "2026-11-12T23:59:00Z policy:uk-2025-08-25",
            "2026-11-15T23:59:00Z seed:120h",
            "2026-11-17T23:59:00Z policy:uk-2025-08-25",
            "2026-11-25T23:59:00Z seed:15d",
        ),
        (
            "IE",
            "2026-11-12T23:59:00Z policy:ie-2025-08-25",
            "2026-11-13T23:59:00Z policy:ie-2025-08-25",
            "2026-11-17T23:59:00Z policy:ie-2025-08-25",
            "2026-11-19T23:59:00Z policy:ie-2025-08-25",
        ),
        (
            "ES",
            "2026-11-12T22:59:00Z policy:es-2025-08-25",
            "2026-11-13T22:59:00Z policy:es-2025-08-25",
            "2026-11-17T22:59:00Z policy:es-2025-08-25",
            "2026-11-19T22:59:00Z policy:es-2025-08-25",
        ),
        (
            "DE",
            "2026-11-12T15:00:00Z seed:48h",
            "2026-11-15T15:00:00Z seed:120h",
            "2026-11-17T22:59:00Z policy:de-2025-08-25",
            "2026-11-25T15:00:00Z seed:15d",
        ),
        (
            "FR",
            "2026-11-12T15:00:00Z seed:48h",
            "2026-11-15T15:00:00Z seed:120h",
            "2026-11-18T22:59:00Z policy:fr-2025-08-25",
            "2026-11-25T15:00:00Z seed:15d",
        ),
        (
            "IT",
            "2026-11-12T15:00:00Z seed:48h",
            "2026-11-15T15:00:00Z seed:120h",
            "2026-11-17T22:59:00Z policy:it-2025-08-25",
            "2026-11-25T15:00:00Z seed:15d",
        ),
        ("TH", "2026-11-12T15:00:00Z seed:48h", "2026-11-15T15:00:00Z seed:120h", "-", "2026-11-25T15:00:00Z seed:15d"),
    ] {
        let case = Case { market, ..Case::default() };
        let said = [Clock::Rts, Clock::Scan, Clock::Deliver, Clock::AutoCancel].map(|clock| case.says(clock));
        assert_eq!(said, [rts, scan, deliver, cancel], "{market}");
    }
}

#[test]
fn a_policy_applies_by_the_day_the_order_was_placed_in_the_markets_zone() {
    // 26 January 2026 begins at 08:00 UTC on the Pacific coast.
    let scan = |created| Case { market: "US", created, ..Case::default() }.says(Clock::Scan);
    assert!(scan("2026-01-26T07:59:59Z").ends_with("seed:120h"), "{}", scan("2026-01-26T07:59:59Z"));
    assert_eq!(scan("2026-01-26T08:00:00Z"), "2026-01-29T07:59:00Z policy:us-2026-01-26");
    let early = Case { market: "GB", created: "2024-09-30T12:00:00Z", ..Case::default() };
    assert!(early.says(Clock::Rts).ends_with("seed:48h"));
}

#[test]
fn business_days_leave_out_weekends_holidays_and_the_day_of_the_order() {
    for (market, from, days, end) in [
        // An order of Friday evening, Pacific; already Saturday in UTC.
        ("US", "2026-11-07T06:00:00Z", 2, "2026-11-11T07:59:00Z"),
        // On a Saturday: Monday and Tuesday.
        ("US", "2026-11-07T20:00:00Z", 2, "2026-11-11T07:59:00Z"),
        // Thanksgiving does not count.
        ("US", "2026-11-25T20:00:00Z", 2, "2026-12-01T07:59:00Z"),
        // Independence Day on a Saturday is observed on Friday.
        ("US", "2026-07-02T20:00:00Z", 1, "2026-07-07T06:59:00Z"),
        // The year's end: Christmas, its substitute day, New Year.
        ("GB", "2026-12-24T12:00:00Z", 2, "2026-12-30T23:59:00Z"),
        ("GB", "2026-12-31T12:00:00Z", 1, "2027-01-04T23:59:00Z"),
        // Clocks change: Los Angeles leaves summer time on 1 November 2026, London on 25 October.
        ("US", "2026-10-30T20:00:00Z", 1, "2026-11-03T07:59:00Z"),
        ("US", "2026-10-29T20:00:00Z", 1, "2026-10-31T06:59:00Z"),
        ("GB", "2026-10-22T12:00:00Z", 1, "2026-10-23T22:59:00Z"),
        ("GB", "2026-10-23T12:00:00Z", 1, "2026-10-26T23:59:00Z"),
        // 23:30 in London is the day's own; 00:30 is the next day's.
        ("GB", "2026-11-10T23:30:00Z", 1, "2026-11-11T23:59:00Z"),
        ("GB", "2026-11-11T00:30:00Z", 1, "2026-11-12T23:59:00Z"),
        // Easter in Ireland and Spain: Good Friday is a business day in one, a holiday in the other.
        ("IE", "2026-04-02T12:00:00Z", 1, "2026-04-03T22:59:00Z"),
        ("ES", "2026-04-02T12:00:00Z", 1, "2026-04-06T21:59:00Z"),
    ] {
        assert_eq!(business::after(market, at(from), days), Some(at(end)), "{market} {from} + {days}");
    }
    assert_eq!(business::after("TH", at(CREATED), 2), None);
}

#[test]
fn every_year_has_its_holidays() {
    for (market, year, day, month) in [
        ("US", 2025, 20, 1),
        ("US", 2030, 28, 11),
        ("GB", 2030, 22, 4),
        ("IE", 2030, 1, 2),
        ("ES", 2029, 30, 3),
        ("DE", 2028, 25, 5),
        ("FR", 2027, 6, 5),
        ("IT", 2028, 2, 6),
    ] {
        assert!(!business::is_business_day(market, date(year, month, day)), "{market} {year}-{month}-{day}");
    }
    assert!(!business::is_business_day("IT", date(2027, 10, 4)) && business::is_business_day("IT", date(2024, 10, 4)));
}

#[test]
fn a_clock_turns_amber_at_half_red_at_four_fifths_and_late_after_its_end() {
    let rts = Case::default().of(Clock::Rts).expect("a clock");
    for (time, urgency) in [
        ("2026-11-11T14:59:59Z", Urgency::Calm),
        ("2026-11-11T15:00:00Z", Urgency::Amber),
        ("2026-11-12T05:23:59Z", Urgency::Amber),
        ("2026-11-12T05:24:00Z", Urgency::Red),
        ("2026-11-12T15:00:00Z", Urgency::Red),
        ("2026-11-12T15:00:01Z", Urgency::Late),
    ] {
        assert_eq!(rts.urgency(at(time)), urgency, "{time}");
    }
    let cancel = Case::default().of(Clock::AutoCancel).expect("a clock");
    for (time, urgency) in [
        ("2026-11-20T14:59:59Z", Urgency::Calm),
        ("2026-11-20T15:00:00Z", Urgency::Amber),
        ("2026-11-24T14:59:59Z", Urgency::Amber),
        ("2026-11-24T15:00:00Z", Urgency::Red),
        ("2026-11-25T15:00:01Z", Urgency::Late),
    ] {
        assert_eq!(cancel.urgency(at(time)), urgency, "{time}");
    }
}

#[test]
fn a_scan_is_never_due_later_than_the_cancellation() {
    let named = Deadlines {
        tts_sla: Some(at("2026-11-30T00:00:00Z")),
        shipping_due: Some(at("2026-11-20T00:00:00Z")),
        ..Deadlines::default()
    };
    let case = Case { named, ..Case::default() };
    assert_eq!(case.says(Clock::Scan), "2026-11-20T00:00:00Z order:shipping_due_time");
}

#[test]
fn what_takes_its_time_has_its_own_clocks() {
    let pre_order =
        Case { market: "US", pace: Pace::PreOrder, release: Some("2026-12-01T18:00:00Z"), ..Case::default() };
    assert_eq!(pre_order.says(Clock::Rts), "2026-12-04T07:59:00Z policy:us-2026-01-26");
    assert_eq!(pre_order.says(Clock::AutoCancel), "2026-12-11T07:59:00Z policy:us-2026-01-26");
    // What TikTok names before the release cannot be met, and is not meant.
    let early = Some(at("2026-11-20T00:00:00Z"));
    let named = Deadlines { rts_sla: early, tts_sla: early, shipping_due: early, ..Deadlines::default() };
    let named = Case { named, ..pre_order };
    assert_eq!(named.says(Clock::Rts), "2026-12-04T07:59:00Z policy:us-2026-01-26");
    assert_eq!(named.says(Clock::AutoCancel), "2026-12-11T07:59:00Z policy:us-2026-01-26");
    let made = |market, business| Case {
        market,
        pace: Pace::Handling,
        handling: Some(Handling { days: 5, business }),
        ..Case::default()
    };
    assert_eq!(made("US", true).says(Clock::Rts), "2026-11-19T07:59:00Z order:handling_duration");
    assert_eq!(made("US", true).says(Clock::AutoCancel), "2026-11-25T07:59:00Z policy:us-2026-01-26");
    assert_eq!(made("US", false).says(Clock::Rts), "2026-11-16T07:59:00Z order:handling_duration");
    // The seeds count from there as well: its own 72 hours and 13 days.
    assert_eq!(made("MX", false).says(Clock::Scan), "2026-11-18T23:59:00Z seed:120h");
    assert_eq!(made("MX", false).says(Clock::AutoCancel), "2026-11-28T23:59:00Z seed:15d");
}

#[test]
fn the_refund_runs_in_the_us_while_nothing_was_scanned() {
    let case =
        Case { market: "US", stage: Stage::Accepted, unscanned: Some("2026-11-11T20:00:00Z"), ..Case::default() };
    assert_eq!(case.says(Clock::Refund), "2026-11-21T07:59:00Z policy:us-2026-01-26");
    assert_eq!(Case { market: "GB", ..case }.says(Clock::Refund), "-");
    let moving = Case { market: "US", stage: Stage::InTransit, ..Case::default() };
    assert_eq!((moving.says(Clock::Refund), moving.says(Clock::Scan)), ("-".to_owned(), "-".to_owned()));
}

#[test]
fn a_shops_own_number_replaces_the_policys_and_says_so() {
    let edited = Numbers { rts: Some(1), ..Numbers::default() };
    let case = Case { market: "GB", edited, ..Case::default() };
    assert_eq!(case.says(Clock::Rts), "2026-11-11T23:59:00Z shop:RTS");
}

#[test]
fn nothing_runs_on_what_has_ended() {
    assert_eq!(Case { stage: Stage::Ended, ..Case::default() }.all(), []);
}

#[test]
fn a_board_counts_days_in_the_shops_zone() {
    let zone = TimeZone::get("America/Los_Angeles").expect("zone");
    let now = at("2026-11-26T20:00:00Z");
    for (due, bucket) in [
        ("2026-11-26T19:59:59Z", Bucket::Late),
        ("2026-11-27T07:59:00Z", Bucket::Today),
        ("2026-11-27T08:00:00Z", Bucket::Tomorrow),
        ("2026-11-28T08:00:00Z", Bucket::Later),
    ] {
        assert_eq!(Bucket::of(at(due), now, &zone), bucket, "{due}");
    }
}

#[test]
fn a_letter_of_a_list_stays_a_clocks_for_ever() {
    let letters: String = Clock::ALL.into_iter().map(Clock::letter).collect();
    assert_eq!(letters, "RSDALB");
    for clock in Clock::ALL {
        assert_eq!(Clock::of_letter(clock.letter()), Some(clock));
        assert_eq!(Clock::parse(clock.word()), Some(clock));
    }
}
