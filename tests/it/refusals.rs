//! TikTok's refusals of a number, class by class: what the merchant sees, what frees it, and by when.

use super::ends::ONE;
use waybill::tiktok::error::known_codes;
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::sim::cores::on_all_cores;
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::parcel;
use waybill_tests::world::{SHOP, World};

/// What frees a number once TikTok would take it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Frees {
    /// Time alone, within the hour.
    Itself,
    /// A person's `waybill retry`.
    Retry,
    /// The owner's reconnect.
    Reconnect,
}
use Frees::{Itself, Reconnect, Retry};

/// Where the reason is read.
#[derive(Clone, Copy, Debug)]
enum Seen {
    /// On the attention list, for this reason.
    Listed(&'static str),
    /// On the parcel, which waits by itself.
    Waits(&'static str),
    /// On the shop, whose parcels wait with it: a word of what each of them says.
    Shop(&'static str, &'static str),
}
use Seen::{Listed, Shop, Waits};

/// The codes of a class, what is seen after half an hour, what frees it, and how often TikTok was asked at the most.
const CLASSES: &[(&[i64], Seen, Frees, usize)] = &[
    (&[36_009_002, 36_009_037], Waits("RATE_LIMITED"), Itself, 4),
    (&[36_009_003, 36_009_007], Waits("OUTCOME_UNKNOWN"), Itself, 4),
    (&[10_002_014, 10_002_015, 10_037_002, 10_037_003, 10_037_004], Waits("TIKTOK_ERROR"), Itself, 4),
    (&[11_001_027, 11_001_031, 11_005_010, 11_006_005, 11_006_026, 11_007_010], Waits("TIKTOK_ERROR"), Itself, 4),
    (&[21_001_003, 21_001_008, 21_001_011, 21_001_029, 21_001_043, 21_001_055], Waits("TIKTOK_ERROR"), Itself, 4),
    (&[21_008_300, 21_022_026, 21_022_029, 21_022_030, 21_034_006], Waits("TIKTOK_ERROR"), Itself, 4),
    (&[21_042_001, 21_042_076, 10_007_002, 21_011_043], Waits("TIKTOK_ERROR"), Itself, 4),
    // The read says that the order is open: what a refusal says of its state is asked about again.
    (&[21_011_041, 21_011_042, 25_001_010, 21_008_025, 21_011_004], Waits("TIKTOK_ERROR"), Itself, 4),
    (&[21_008_099, 11_006_021, 21_011_006, 21_011_020, 21_011_040], Waits("OUTCOME_UNKNOWN"), Itself, 4),
    (&[21_042_056, 21_011_027, 21_008_042, 21_022_025], Waits("OUTCOME_UNKNOWN"), Itself, 4),
    (&[21_011_030, 21_011_050, 21_011_051, 21_011_052], Waits("OUTCOME_UNKNOWN"), Itself, 4),
    (&[21_011_044], Waits("ON_HOLD"), Itself, 1),
    (&[21_011_007, 21_008_044], Listed("CANCEL_REQUESTED"), Itself, 1),
    (&[36_009_033, 106_001, 98_001_005, 98_001_006], Shop("resting", "refuses our app"), Itself, 7),
    (&[36_009_043, 36_009_044], Shop("resting", "not active"), Itself, 7),
    (&[101_000, 106_013], Shop("resting", "key of this shop"), Itself, 14),
    (&[105_001, 105_002, 105_003, 105_004, 36_004_005], Shop("AUTH_EXPIRED", "reconnect"), Reconnect, 3),
    (&[105_005], Shop("SCOPE_MISSING", "permission is missing"), Reconnect, 1),
    (&[21_004_015, 21_022_032], Listed("CARRIER_FORMAT_MISMATCH"), Itself, 1),
    (&[21_004_016, 21_008_116], Listed("CARRIER_NOT_APPROVED"), Itself, 1),
    (&[21_011_029], Listed("LINES_UNMATCHED"), Itself, 1),
    // Asked to name the lines, the push does so at once.
    (&[21_011_048], Listed("LINES_UNMATCHED"), Itself, 2),
    (&[21_008_111, 21_011_028], Listed("ORDER_NOT_FOUND"), Itself, 1),
    (&[21_008_117], Listed("NOT_SELLER_SHIPPING"), Itself, 1),
    (&[11_028_006, 21_004_012, 21_011_022], Listed("TRACKING_INVALID"), Retry, 1),
    (&[21_011_025, 21_034_012, 21_011_026], Listed("TRACKING_DUPLICATE"), Retry, 1),
    (&[21_008_106], Listed("REGION_UNSUPPORTED"), Retry, 1),
    (&[10_006_402, 21_042_057, 21_032_001, 21_011_003, 21_011_049], Listed("TIKTOK_RULE"), Retry, 1),
    (&[21_011_033, 21_011_046, 21_011_035, 21_011_036, 21_022_028, 11_006_013], Listed("TIKTOK_RULE"), Retry, 1),
    (&[21_011_008, 21_011_012, 21_011_013, 21_004_024, 21_004_006, 21_004_019], Listed("TIKTOK_RULE"), Retry, 1),
    (&[21_004_020, 21_021_010, 21_014_009, 11_007_009, 11_007_016], Listed("TIKTOK_RULE"), Retry, 1),
    (&[11_021_009, 11_021_010, 11_021_011, 11_021_012, 11_021_013, 11_021_014], Listed("TIKTOK_RULE"), Retry, 1),
    (&[11_021_015, 11_021_016, 11_021_017, 11_021_018, 11_021_019, 11_021_020], Listed("TIKTOK_RULE"), Retry, 1),
    (&[11_021_021, 11_021_022, 11_021_023, 11_021_024, 11_021_025], Listed("TIKTOK_RULE"), Retry, 1),
    (&[36_009_009, 36_009_010, 36_009_014, 36_009_021, 36_009_022], Listed("INTERNAL"), Retry, 1),
    (&[36_009_023, 98_001_004, 21_001_001, 11_001_002, 11_050_001, 11_005_004], Listed("INTERNAL"), Retry, 1),
    // A code that nobody knows: three tries, then people are shown TikTok's words.
    (&[36_009_004, 99_999_999], Listed("TIKTOK_UNLISTED"), Retry, 3),
];

/// Plays one refusal to its end. `None`: as the table says.
async fn play(code: i64, seen: Seen, frees: Frees, most: usize) -> Option<String> {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = usps(7);
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.minutes(2).await;
    world.tiktok.inject(FaultRule::new(Fault::Code(code)).on(&[Call::MarkPackage]));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(30).await;
    let listed = world.held().await.reason(&number).to_owned();
    let (rows, _) = world.command(&["order", "W1"]).await;
    let row = rows.iter().find(|row| row["number"] == *number)?;
    let (shops, _) = world.command(&["shop", "list"]).await;
    let right = match seen {
        Listed(reason) => listed == reason && row["reason"] == reason && row["command"].is_string(),
        Waits(reason) => listed.is_empty() && row["reason"] == reason && row["until"].is_string(),
        Shop(state, words) => {
            let says = row["waits_for"].as_str().is_some_and(|said| said.contains(words));
            listed.is_empty() && shops[0]["state"] == state && says
        }
    };
    let calls = world.tiktok.calls(Call::MarkPackage);
    if !right || calls > most {
        return Some(format!(
            "{code}: {seen:?} and at most {most} calls, but: listed {listed:?}, {calls} calls, {row}"
        ));
    }
    world.tiktok.heal();
    if frees != Itself {
        world.hours(3).await;
        if world.at_tiktok(SHOP, ONE) == [number.clone()] {
            return Some(format!("{code}: went by itself, not by {frees:?}"));
        }
    }
    match frees {
        Itself => {}
        Retry => world.retry("W1").await,
        Reconnect => world.connect_shop_again(SHOP).await,
    }
    world.minutes(61).await;
    let there = world.at_tiktok(SHOP, ONE);
    (there != [number]).then(|| format!("{code}: {frees:?} did not free it: TikTok holds {there:?}"))
}

#[test]
fn every_refusal_is_shown_for_what_it_is_and_freed_by_what_the_list_says() {
    let rows = CLASSES
        .iter()
        .flat_map(|(codes, seen, frees, most)| codes.iter().map(move |code| (*code, *seen, *frees, *most)));
    let judged = |(code, seen, frees, most): &(i64, Seen, Frees, usize)| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(Box::pin(play(*code, *seen, *frees, *most)))
    };
    let wrong = on_all_cores(rows, judged, |(code, ..)| Some(format!("{code} panicked")));
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_the_table_is_played() {
    // A consent's code: TikTok's token host alone refuses it, and the round begins anew (connect).
    const NO_CALLS: [i64; 1] = [36_004_004];
    let played: Vec<i64> = CLASSES.iter().flat_map(|(codes, ..)| codes.iter().copied()).collect();
    let missing: Vec<i64> = known_codes().filter(|code| !played.contains(code) && !NO_CALLS.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(played.len(), known_codes().count() + 1 - NO_CALLS.len(), "each once, and one that nobody knows");
}
