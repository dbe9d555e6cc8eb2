use super::*;
use crate::carriers::report_name::carrier_line;
use crate::domain::platform::Platform;
use serde::Deserialize;
use std::collections::BTreeMap;

const NUMBERS: &str = include_str!("../../../tests/fixtures/carriers/tracking-numbers.json");
const NAMES: &str = include_str!("../../../tests/fixtures/carriers/store-carrier-map.json");

#[derive(Deserialize)]
struct NumberLabel {
    id: String,
    number: String,
    normalized: String,
    region: Option<String>,
    claimed_carrier: Option<String>,
    valid: bool,
    expected_carriers: Vec<String>,
    case: String,
    format: Option<String>,
}

#[derive(Deserialize)]
struct NameLabel {
    value: String,
    platform: String,
    carrier: Option<String>,
    #[serde(default)]
    by_region: BTreeMap<String, Option<String>>,
    #[serde(default)]
    ambiguous: bool,
    #[serde(default)]
    candidates: Vec<String>,
}

fn identify(number: &str, region: Option<&str>, carrier: Option<&str>) -> IdentifyLine {
    let region = region.map(Region::new);
    identify_line(Catalogue::bundled(), number, region.as_ref(), carrier, Wishes::default())
}

#[test]
fn every_labelled_number_is_identified_as_labelled() {
    let labels: Vec<NumberLabel> = serde_json::from_str(NUMBERS).expect("labels");
    let mut wrong = Vec::new();
    for label in &labels {
        let line = identify(&label.number, label.region.as_deref(), label.claimed_carrier.as_deref());
        let same = line.normalized == label.normalized
            && line.valid == label.valid
            && line.expected_carriers == label.expected_carriers
            && line.region == label.region
            && line.claimed_carrier == label.claimed_carrier
            && (!label.valid || label.format.is_none() || line.format == label.format);
        if !same {
            wrong.push(format!("{} {:?} {:?}", label.id, label.number, line));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), labels.len(), wrong.join("\n"));
}

#[test]
fn the_verdict_of_a_labelled_number_follows_from_its_case() {
    let labels: Vec<NumberLabel> = serde_json::from_str(NUMBERS).expect("labels");
    let mut wrong = Vec::new();
    for label in &labels {
        let line = identify(&label.number, label.region.as_deref(), label.claimed_carrier.as_deref());
        let right = match label.case.as_str() {
            "valid" => line.verdict == Action::Push && line.reason.is_none(),
            "junk" | "url_or_id" => line.verdict == Action::Hold && line.junk.is_some(),
            "wrong_carrier" => {
                line.reason == Some(Reason::CarrierFormatMismatch)
                    && line.better.iter().any(|better| label.expected_carriers.contains(better))
            }
            _ => line.verdict != Action::Push && line.reason.is_some(),
        };
        if !right {
            wrong.push(format!(
                "{} {} {:?} {:?} {:?} {}",
                label.id, label.case, label.number, line.verdict, line.reason, line.why
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), labels.len(), wrong.join("\n"));
}

#[test]
fn every_labelled_store_name_means_the_labelled_carrier() {
    let labels: Vec<NameLabel> = serde_json::from_str(NAMES).expect("labels");
    let mut wrong = Vec::new();
    for label in &labels {
        let platform = Platform::parse(&label.platform);
        let answer = |region: Option<&str>| {
            let region = region.map(Region::new);
            carrier_line(Catalogue::bundled(), &label.value, region.as_ref(), platform).carrier
        };
        for (region, expected) in &label.by_region {
            if answer(Some(region)) != *expected {
                wrong.push(format!("{:?} in {region}: {:?}, not {expected:?}", label.value, answer(Some(region))));
            }
        }
        for region in [None, Some("US"), Some("UK"), Some("ES"), Some("MX")] {
            let given = answer(region);
            let expected = region.and_then(|region| label.by_region.get(region)).unwrap_or(&label.carrier);
            let free = region.is_none() && label.ambiguous;
            let accepted = given == *expected || (free && given.as_ref().is_none_or(|c| label.candidates.contains(c)));
            if !accepted {
                wrong.push(format!("{:?} in {region:?}: {given:?}, not {expected:?}", label.value));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
