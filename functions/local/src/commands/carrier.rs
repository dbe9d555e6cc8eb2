//! `waybill carrier`: which carrier a store's carrier name means.

use super::identify::{bad_line, known_region};
use super::{Failure, Output};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::BufRead;
use waybill::carriers::{CarrierLine, Catalogue, carrier_line};
use waybill::domain::platform::Platform;
use waybill::domain::region::Region;

/// One line of standard input.
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "value")]
    name: Option<String>,
    region: Option<String>,
    platform: Option<String>,
}

/// `waybill carrier NAME… --region R [--platform P]`; `-` reads JSON lines from `input`, whose `region` and `platform`
/// come before the options. True when a name has no carrier that could be used as it is.
///
/// # Errors
/// Wrong use, or a line that is not JSON; every line before it is answered.
pub fn carrier(
    names: &[String],
    region: Option<&str>,
    platform: Option<&str>,
    input: impl BufRead,
    output: &mut Output,
) -> Result<bool, Failure> {
    let piped = names.iter().any(|name| name == "-");
    let region = region.map(known_region).transpose()?;
    if region.is_none() && !piped {
        return Err(Failure::usage(
            "--region is missing",
            "Name the shop's market, for example --region US or --region UK.",
        ));
    }
    let platform = platform.map(known_platform).transpose()?;
    let mut attention = false;
    let mut answer = |name: &str, region: Option<&Region>, platform: Option<Platform>, output: &mut Output| {
        let line = carrier_line(Catalogue::bundled(), name, region, platform);
        attention |= line.reason.is_some();
        show(&line, output)
    };
    for name in names.iter().filter(|name| *name != "-") {
        answer(name, region.as_ref(), platform, output)?;
    }
    if piped {
        for (at, line) in input.lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line).map_err(|_| bad_line(at, "name"))?;
            let own = line.region.as_deref().map(known_region).transpose()?;
            // "any", or another system's word: the name counts the same everywhere.
            let word = line.platform.as_deref().and_then(Platform::parse).or(platform);
            answer(&line.name.unwrap_or_default(), own.as_ref().or(region.as_ref()), word, output)?;
        }
    }
    Ok(attention)
}

fn known_platform(word: &str) -> Result<Platform, Failure> {
    let all = Platform::ALL.map(Platform::as_str).join(", ");
    Platform::parse(word)
        .ok_or_else(|| Failure::usage(format!("platform {word} is unknown"), format!("Use one of {all}.")))
}

fn show(line: &CarrierLine, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.object(&json!(line));
    }
    let carrier = line.carrier_name.as_deref().unwrap_or("no carrier");
    let at_tiktok = line.tiktok_name.as_deref().map_or(String::new(), |name| format!(" ({name} at TikTok)"));
    let reason = line.reason.map_or(String::new(), |reason| format!(" {reason}"));
    output.say(format!("{:?}  {carrier}{at_tiktok}{reason}: {}", line.name, line.why))?;
    let rows: Vec<Value> = line
        .alternatives
        .iter()
        .map(|other| json!({"  alternative": format!("  {}", other.name), "score": other.score, "why": other.why}))
        .collect();
    if !rows.is_empty() {
        output.table(&["  alternative", "score", "why"], &rows, "")?;
    }
    output.say(format!("  by {}", line.list))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Shared, lines};
    use super::*;

    #[test]
    fn piped_names_are_answered_one_object_a_line() {
        let out = Shared::default();
        let input = "{\"name\":\"DPD Next Day\",\"region\":\"UK\",\"platform\":\"any\"}\n{\"value\":\"Other\",\"region\":\"US\"}\n";
        let attention = carrier(&["-".into()], None, None, input.as_bytes(), &mut Output::to(true, out.clone()));
        assert!(matches!(attention, Ok(true)));
        let lines = lines(&out);
        assert_eq!((&lines[0]["carrier"], &lines[0]["how"]), (&json!("dpd_uk"), &json!("tokens")));
        assert_eq!((&lines[1]["carrier"], &lines[1]["reason"]), (&Value::Null, &json!("CARRIER_MISSING")));
    }

    #[test]
    fn people_read_the_carrier_and_the_alternatives() {
        let out = Shared::default();
        let names = ["Royal Mail Tracked 48®".to_owned()];
        let attention = carrier(&names, Some("GB"), Some("shopify"), &b""[..], &mut Output::to(false, out.clone()));
        assert!(matches!(attention, Ok(false)), "{}", out.text());
        assert!(out.text().contains("Royal Mail") && out.text().contains("bundled list for UK"), "{}", out.text());
    }

    #[test]
    fn wrong_use_ends_with_status_two() {
        for (name, region, platform, input) in [
            ("UPS", None, None, ""),
            ("UPS", Some("US"), Some("etsy"), ""),
            ("-", None, None, "not JSON"),
            ("-", None, None, "{\"name\":\"UPS\",\"region\":\"Utopia\"}"),
        ] {
            let out = Shared::default();
            let failed = carrier(&[name.into()], region, platform, input.as_bytes(), &mut Output::to(true, out)).err();
            assert_eq!(failed.map(|failure| failure.status()), Some(2), "{name} {region:?} {platform:?} {input}");
        }
    }
}
