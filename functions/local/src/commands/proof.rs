//! `waybill proof`: what happened to an order, signed, for an appeal at TikTok or anybody else; and its check, which needs
//! no installation.

use super::order::{StepRow, tiktok_orders, timeline};
use super::{Failure, Output, all_shops};
use crate::output::shell;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::path::{Path, PathBuf};
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::order_row::{Rules, tiktok_word};
use waybill::domain::parcel::Parcel;
use waybill::flows::acts::{self, Scope};
use waybill::mail::zone;
use waybill::table::orders::Known;
use waybill::table::proof_keys::ProofKey;
use waybill::web::csv;
use waybill::web::proof::{self, Added, Body, ClockLine, Earlier, Signer, Step};

/// What a proof cannot say.
const NOT_PROVEN: &str = "It does not prove that the carrier had the parcel, nor what TikTok has not told us; it shows \
                          what this installation knew and when, unchanged since it was signed.";

/// `waybill proof`.
#[derive(Clone, Debug, Args)]
pub struct ProofArgs {
    /// TikTok orders, store orders (id or name), tracking numbers or shipments.
    #[arg(value_name = "X", required_unless_present = "check")]
    pub orders: Vec<String>,
    /// Write `ORDER.json`, `ORDER.csv` and `ORDER.html` into this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    pub out: Option<PathBuf>,
    /// With the notes that people added; nothing about a buyer may be in them.
    #[arg(long, conflicts_with = "check")]
    pub with_notes: bool,
    /// Check this proof instead: is it whole, and who signed it?
    #[arg(long, value_name = "FILE", conflicts_with = "orders")]
    pub check: Option<PathBuf>,
    /// The fingerprint that the key must have, as GET /proof-keys of the signer shows it.
    #[arg(long, value_name = "FINGERPRINT", requires = "check")]
    pub key: Option<String>,
}

/// Makes proofs.
///
/// # Errors
/// An unknown order (1), a folder that cannot be written, keys that cannot be had, or the table.
pub async fn run(app: &App, args: &ProofArgs, output: &mut Output) -> Result<bool, Failure> {
    if args.check.is_some() {
        return check(args, output);
    }
    let signer = signer(app).await?;
    let shops = all_shops(app).await?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)?;
    }
    let mut made: Vec<String> = Vec::new();
    for x in &args.orders {
        let found = acts::find(app, &Scope::All, x).await?;
        let orders = tiktok_orders(app, x.trim(), &found, &shops).await?;
        if orders.is_empty() {
            return Err(Failure::attention(
                format!("no TikTok order is known for {x}"),
                "waybill orders lists them; waybill orders refresh reads TikTok now.",
            ));
        }
        for (shop, known) in &orders {
            if made.iter().any(|order| order == known.row.order.as_str()) {
                continue;
            }
            made.push(known.row.order.to_string());
            one(app, &signer, shop, known, args, output).await?;
        }
    }
    Ok(false)
}

/// The key that signs now. Its public half is kept before anything is signed with it.
async fn signer(app: &App) -> Result<Signer, Failure> {
    let ring = app.secrets.web_keys().get().await?;
    let signer = Signer::of(&ring).map_err(Failure::bug)?;
    let key = ProofKey {
        number: signer.line.number,
        fingerprint: signer.line.fingerprint.clone(),
        public: signer.line.public.clone(),
        since: app.clock.now(),
    };
    app.table.proof_key_put(&key).await?;
    Ok(signer)
}

async fn one(
    app: &App,
    signer: &Signer,
    shop: &Shop,
    known: &Known,
    args: &ProofArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let row = &known.row;
    let mut parcels = Vec::new();
    for (store, order) in &known.stores {
        parcels.extend(app.table.order_rows(store, order, true).await?.parcels);
    }
    parcels.retain(|parcel: &Parcel| parcel.tiktok_order() == Some(&row.order));
    let notes = app.table.notes(&shop.account, &shop.id, &row.order).await?;
    let mut body = body(app, signer, shop, known, &parcels);
    let added = notes.iter().filter(|note| note.evidence || args.with_notes).map(|note| Added {
        at: note.at.to_string(),
        what: if note.evidence { "evidence" } else { "note" }.to_owned(),
        text: note.text.clone(),
    });
    body.evidence = added.collect();
    let (csv, page) = (csv_of(&body), page_of(&body, shop));
    body.csv_sha256 = proof::sha256(csv.as_bytes());
    body.page_sha256 = proof::sha256(page.as_bytes());
    let line = format!("{}\n", signer.sign(&body).map_err(Failure::bug)?);
    if output.is_json() || args.out.is_none() {
        output.text(&line)?;
    }
    let Some(folder) = &args.out else { return Ok(()) };
    let file = |kind: &str| folder.join(format!("{}.{kind}", row.order));
    for (kind, text) in [("json", &line), ("csv", &csv), ("html", &page)] {
        std::fs::write(file(kind), text)?;
    }
    output.say(format_args!("order {}: {}, and the same as .csv and .html", row.order, file("json").display()))?;
    output
        .say(format_args!("  check it anywhere: waybill proof --check {}", shell(&file("json").display().to_string())))
}

/// Everything known, in its order.
fn body(app: &App, signer: &Signer, shop: &Shop, known: &Known, parcels: &[Parcel]) -> Body {
    let (row, zone) = (&known.row, zone::of(shop));
    let step = |at: Timestamp, what: String| {
        (
            at,
            Step {
                at: at.to_string(),
                at_shop: at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
                what,
                code: None,
                message: None,
                request_id: None,
                hash: String::new(),
            },
        )
    };
    let mut steps = vec![step(row.facts.created, "the order was placed".to_owned())];
    steps.extend(row.facts.paid.map(|at| step(at, "the order was paid".to_owned())));
    steps.extend(row.facts.scanned.map(|at| step(at, "the carrier's first scan, as TikTok has it".to_owned())));
    steps.extend(row.facts.delivered.map(|at| step(at, "delivered, as TikTok has it".to_owned())));
    if let Some((Some(at), cancellation)) = &row.facts.cancelled {
        let by = cancellation.by.as_ref().map_or("somebody", |by| by.shown_as());
        let code = cancellation.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        steps.push(step(*at, format!("cancelled by {by}{code}")));
    }
    steps.extend(row.events.kept.iter().map(|event| step(event.at, event.shown_as())));
    for parcel in parcels {
        let number = parcel.number.as_ref().map_or("a shipment without a number", |number| number.as_str());
        for StepRow { at, said, code, message, request_id, .. } in timeline(parcel) {
            let (at, plain) = step(at, format!("{number}: {said}"));
            steps.push((at, Step { code, message, request_id, ..plain }));
        }
    }
    steps.sort_by_key(|(at, _)| *at);
    let mut steps: Vec<Step> = steps.into_iter().map(|(_, step)| step).collect();
    let earlier = Earlier { steps: u64::from(row.events.dropped), hash: hex::encode(row.events.hash) };
    proof::chain(&earlier, &mut steps);
    let clock = |deadline: &waybill::domain::deadline::Deadline| ClockLine {
        clock: deadline.clock.word().to_owned(),
        due: deadline.due.to_string(),
        source: deadline.source.to_string(),
    };
    Body {
        order: row.order.to_string(),
        shop: shop.id.to_string(),
        made: app.clock.now().to_string(),
        tiktok_status: tiktok_word(&row.facts.state).to_owned(),
        numbers: row.facts.numbers().into_iter().map(str::to_owned).collect(),
        earlier,
        steps,
        clocks: row.limits(&Rules::of(shop)).iter().map(clock).collect(),
        evidence: Vec::new(),
        csv_sha256: String::new(),
        page_sha256: String::new(),
        keys: app.config.public_url.join("proof-keys").map(|url| url.to_string()).unwrap_or_default(),
        key: signer.line.clone(),
    }
}

fn csv_of(body: &Body) -> String {
    let mut csv = csv::line(["at", "at_shop", "what", "code", "message", "request_id", "hash"]);
    for step in &body.steps {
        let code = step.code.map(|code| code.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (message, request) = (text(&step.message), text(&step.request_id));
        csv.push_str(&csv::line([&*step.at, &*step.at_shop, &*step.what, &*code, &*message, &*request, &*step.hash]));
    }
    csv
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page to print; it loads nothing.
fn page_of(body: &Body, shop: &Shop) -> String {
    let table = |head: &[&str], rows: Vec<Vec<&str>>| {
        let cells = |name: &str, cells: &[&str]| {
            let cells: String = cells.iter().map(|cell| format!("<{name}>{}</{name}>", html(cell))).collect();
            format!("<tr>{cells}</tr>\n")
        };
        let body: String = rows.iter().map(|row| cells("td", row)).collect();
        format!("<table>\n{}{body}</table>\n", cells("th", head))
    };
    let codes: Vec<String> =
        body.steps.iter().map(|step| step.code.map(|code| code.to_string()).unwrap_or_default()).collect();
    let steps = body.steps.iter().zip(&codes).map(|(step, code)| {
        let text = |text: &'_ Option<String>| -> String { text.clone().unwrap_or_default() };
        (step, code.as_str(), text(&step.message), text(&step.request_id))
    });
    let steps: Vec<(&Step, &str, String, String)> = steps.collect();
    let rows = steps
        .iter()
        .map(|(step, code, message, request)| vec![&*step.at, &*step.at_shop, &*step.what, code, message, request])
        .collect();
    let clocks = body.clocks.iter().map(|clock| vec![&*clock.clock, &*clock.due, &*clock.source]).collect();
    let added = body.evidence.iter().map(|added| vec![&*added.at, &*added.what, &*added.text]).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Order {order}</title>\n\
         <style>body{{font:14px/1.4 sans-serif;margin:2em}}table{{border-collapse:collapse;margin:0 0 1.5em}}\
         th,td{{border:1px solid #888;padding:.2em .5em;text-align:left;vertical-align:top}}\
         code{{overflow-wrap:anywhere}}</style>\n\
         <h1>TikTok order {order}</h1>\n<p>Shop {name} ({shop}). Made {made}. TikTok: {status}. Numbers: {numbers}.</p>\n\
         <h2>What happened</h2>\n<p>{earlier} earlier steps are not kept; the chain begins with <code>{hash}</code>.</p>\n\
         {steps}<h2>Clocks</h2>\n{clocks}<h2>Evidence</h2>\n{added}\
         <h2>Check</h2>\n<p>This page belongs to {order}.json, which is signed with key {key}. Run <code>waybill proof \
         --check {order}.json</code> and compare the key's fingerprint <code>{fingerprint}</code> at {keys}.</p>\n\
         <p>{not}</p>\n</html>\n",
        order = html(&body.order),
        name = html(&shop.name),
        shop = html(&body.shop),
        made = html(&body.made),
        status = html(&body.tiktok_status),
        numbers = html(&body.numbers.join(", ")),
        earlier = body.earlier.steps,
        hash = html(&body.earlier.hash),
        steps = table(&["UTC", "shop time", "what", "TikTok's code", "words", "request id"], rows),
        clocks = table(&["clock", "due", "source"], clocks),
        added = table(&["added", "what", "text"], added),
        key = html(&body.key.id),
        fingerprint = html(&body.key.fingerprint),
        keys = html(&body.keys),
        not = html(NOT_PROVEN),
    )
}

/// Checks a file. The CSV and the page are checked by the JSON beside them, and it by them where they are there.
///
/// # Errors
/// What is broken, first (1); a file that cannot be read (2).
pub fn check(args: &ProofArgs, output: &mut Output) -> Result<bool, Failure> {
    let Some(file) = &args.check else { return Ok(false) };
    let read = |file: &Path| {
        std::fs::read(file).map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", file.display()), "Give the .json file of a proof.")
        })
    };
    let beside = |kind: &str| file.with_extension(kind);
    let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    let signed = if matches!(kind, "csv" | "html") { beside("json") } else { file.clone() };
    let next = "Ask the signer for it again, and do not rely on this one.";
    let body = proof::check(&read(&signed)?, args.key.as_deref())
        .map_err(|broken| Failure::attention(format!("{}: {broken}", signed.display()), next))?;
    for (kind, hash) in [("csv", &body.csv_sha256), ("html", &body.page_sha256)] {
        let other = beside(kind);
        if (other == *file || other.is_file()) && proof::sha256(&read(&other)?) != *hash {
            let said = format!("{} is not the one that was signed", other.display());
            return Err(Failure::attention(said, next));
        }
    }
    let compared = args.key.is_some();
    if output.is_json() {
        output.line(&json!({
            "file": file.display().to_string(), "order": body.order, "shop": body.shop, "made": body.made, "whole": true,
            "steps": body.steps.len(), "earlier_steps": body.earlier.steps, "key": body.key, "key_compared": compared,
            "compare_at": body.keys, "does_not_prove": NOT_PROVEN,
        }))?;
        return Ok(false);
    }
    output.say(format_args!("whole: order {}, {} steps, made {}", body.order, body.steps.len(), body.made))?;
    output.say(format_args!("signed by key {} with fingerprint {}", body.key.id, body.key.fingerprint))?;
    if compared {
        output.say("the key is the one you named")?;
    } else {
        output
            .say(format_args!("compare the fingerprint at {}: anybody can sign with a key of their own", body.keys))?;
    }
    output.say(NOT_PROVEN)?;
    Ok(false)
}
