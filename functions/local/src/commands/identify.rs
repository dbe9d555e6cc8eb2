//! `waybill identify`: which carriers a number can belong to, and what the check before a push says.

use super::{Failure, Output};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::BufRead;
use waybill::app::App;
use waybill::carriers::{Action, Catalogue, IdentifyLine, Wishes, identify_in_shop, identify_line};
use waybill::domain::ids::ShopId;
use waybill::domain::region::Region;
use waybill::flows::carriers::match_parcel::{Maps, question, recognised};

/// One line of standard input.
#[derive(Deserialize)]
struct Line {
    number: Option<String>,
    region: Option<String>,
    #[serde(alias = "claimed_carrier")]
    carrier: Option<String>,
}

/// `waybill identify NUMBER… --region R [--carrier NAME]`; `-` reads JSON lines from `input`, whose `region` and
/// `carrier` come before the options. True when a number would not simply be pushed.
///
/// # Errors
/// Wrong use, or a line that is not JSON; every line before it is answered.
pub fn identify(
    numbers: &[String],
    region: Option<&str>,
    carrier: Option<&str>,
    input: impl BufRead,
    output: &mut Output,
) -> Result<bool, Failure> {
    let piped = numbers.iter().any(|number| number == "-");
    let region = region.map(known_region).transpose()?;
    if region.is_none() && !piped {
        return Err(Failure::usage(
            "--region is missing",
            "Name the shop's market, for example --region US or --region UK.",
        ));
    }
    let mut attention = false;
    let mut answer = |number: &str, region: Option<&Region>, carrier: Option<&str>, output: &mut Output| {
        let line = identify_line(Catalogue::bundled(), number, region, carrier, Wishes::default());
        attention |= line.verdict != Action::Push;
        show(&line, output)
    };
    for number in numbers.iter().filter(|number| *number != "-") {
        answer(number, region.as_ref(), carrier, output)?;
    }
    if piped {
        for (at, line) in input.lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line).map_err(|_| bad_line(at, "number"))?;
            let own = line.region.as_deref().map(known_region).transpose()?;
            let number = line.number.unwrap_or_default();
            answer(&number, own.as_ref().or(region.as_ref()), line.carrier.as_deref().or(carrier), output)?;
        }
    }
    Ok(attention)
}

/// `waybill identify NUMBER… --shop ID [--carrier NAME]`: exactly what a push of that shop would do, by its own list, its
/// mapping and its setting; `-` reads JSON lines as [`identify`] does, whose region is the shop's. A store's platform and
/// an order's own numbers are not known here. True when a number would not simply be pushed.
///
/// # Errors
/// Wrong use, an unknown shop, a shop whose list was never read, a line that is not JSON, or the table.
pub async fn identify_shop(
    app: &App,
    numbers: &[String],
    shop: &str,
    carrier: Option<&str>,
    input: impl BufRead,
    output: &mut Output,
) -> Result<bool, Failure> {
    let id = ShopId::parse(shop).map_err(|e| Failure::usage(e.to_string(), "See waybill shop list."))?;
    let Some(shop) = app.table.shop_get(&id, true).await?.map(|found| found.row) else {
        return Err(Failure::usage("there is no such shop", "See waybill shop list."));
    };
    let maps = Maps::read(app, &shop, true).await?;
    let lists = app.table.providers_all(&id).await?;
    let Some(newest) = lists.first() else {
        return Err(Failure::usage(
            "this shop's carrier list was never read from TikTok",
            format!("Read it: waybill carriers --shop {id} --refresh"),
        ));
    };
    let list = recognised(&shop, &newest.list);
    let mut attention = false;
    let mut answer = |number: &str, carrier: Option<&str>, output: &mut Output| {
        let words = carrier.filter(|words| !words.trim().is_empty());
        let line = identify_in_shop(Catalogue::bundled(), &list, &question(number, words, &maps, &shop, false));
        attention |= line.verdict != Action::Push;
        show(&line, output)
    };
    for number in numbers.iter().filter(|number| *number != "-") {
        answer(number, carrier, output)?;
    }
    if numbers.iter().any(|number| number == "-") {
        for (at, line) in input.lines().enumerate() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&line).map_err(|_| bad_line(at, "number"))?;
            answer(&line.number.unwrap_or_default(), line.carrier.as_deref().or(carrier), output)?;
        }
    }
    Ok(attention)
}

/// A market by its two-letter code.
pub(super) fn known_region(code: &str) -> Result<Region, Failure> {
    let letters = code.trim().len() == 2 && code.trim().bytes().all(|b| b.is_ascii_alphabetic());
    if letters {
        return Ok(Region::new(code));
    }
    Err(Failure::usage(format!("region {code} is unknown"), "Use a market's two letters, for example US or UK."))
}

pub(super) fn bad_line(at: usize, what: &str) -> Failure {
    Failure::usage(
        format!("line {} of standard input is not what is expected", at + 1),
        format!("Each line is {{\"{what}\": \"…\", \"region\": \"US\"}}."),
    )
}

fn show(line: &IdentifyLine, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.object(&json!(line));
    }
    let verdict = json!(line.verdict);
    let reason = line.reason.map_or(String::new(), |reason| format!(" {reason}"));
    output.say(format!("{}  {}{reason}: {}", line.number, text(&verdict).to_uppercase(), line.why))?;
    if let Some(push) = &line.push {
        let carrier = push.tiktok_name.as_deref().or(push.carrier.as_deref()).unwrap_or("the carrier named");
        output.say(format!("  would send {} with {carrier}", push.number))?;
    }
    let rescued = line.rescued.iter().flat_map(|rescued| &rescued.carriers);
    let rows: Vec<Value> = line
        .carriers
        .iter()
        .chain(rescued)
        .map(|m| (m, true))
        .chain(line.other_matches.iter().map(|m| (m, false)))
        .map(|(found, counts)| {
            json!({
                "  carrier": format!("  {}", found.name),
                "shape": found.format,
                "strength": found.strength,
                "check_digit": text(&json!(found.check)).replace('_', " "),
                "approved": found.approved.map_or("ask the live list", |yes| if yes { "yes" } else { "no" }),
                "counts": if counts { "yes" } else { "no" },
            })
        })
        .collect();
    if !rows.is_empty() {
        output.table(&["  carrier", "shape", "strength", "check_digit", "approved", "counts"], &rows, "")?;
    }
    let setting = text(&json!(line.setting));
    output.say(format!("  by {}; a number that fits nobody: {setting}", line.list))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Shared, lines};
    use super::*;

    #[test]
    fn piped_numbers_are_answered_one_object_a_line() {
        let out = Shared::default();
        let input = "{\"number\":\"1Z999AA10123456784\",\"region\":\"US\",\"carrier\":\"UPS\"}\n\n\
                     {\"number\":\"n/a\",\"region\":null}\n{\"number\":\"WM882441264GB\",\"region\":\"UK\"}\n";
        let attention = identify(&["-".into()], None, None, input.as_bytes(), &mut Output::to(true, out.clone()));
        assert!(matches!(attention, Ok(true)));
        let lines = lines(&out);
        assert_eq!(lines.len(), 3);
        assert_eq!((&lines[0]["verdict"], &lines[0]["expected_carriers"]), (&json!("push"), &json!(["ups"])));
        assert_eq!((&lines[1]["verdict"], &lines[1]["reason"]), (&json!("hold"), &json!("TRACKING_INVALID")));
        assert_eq!((&lines[2]["region"], &lines[2]["push"]["tiktok_name"]), (&json!("UK"), &json!("Royal Mail")));
    }

    #[test]
    fn people_read_the_verdict_the_shapes_and_the_list_used() {
        let out = Shared::default();
        let numbers = ["9400111206206406260787".to_owned()];
        let attention = identify(&numbers, Some("us"), Some("USPS"), &b""[..], &mut Output::to(false, out.clone()));
        assert!(matches!(attention, Ok(false)));
        let text = out.text();
        for part in
            ["PUSH", "usps.impb_22", "passed", "would send 9400111206206406260787 with USPS", "bundled list for US"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn wrong_use_ends_with_status_two() {
        for (numbers, region, input) in [
            ("1Z", None, ""),
            ("1Z", Some("Utopia"), ""),
            ("-", None, "{\"number\":"),
            ("-", None, "[]"),
            ("-", None, "{\"number\":1}"),
        ] {
            let out = Shared::default();
            let failed = identify(&[numbers.into()], region, None, input.as_bytes(), &mut Output::to(true, out)).err();
            assert_eq!(failed.map(|failure| failure.status()), Some(2), "{numbers} {region:?} {input}");
        }
    }
}
