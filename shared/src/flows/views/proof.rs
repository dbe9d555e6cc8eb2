//! The evidence of an order: signed JSON, and the CSV and page that belong to it. Made the same for a command and a page.

use super::timeline::{StepRow, timeline};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::order_row::{Rules, tiktok_word};
use crate::domain::parcel::Parcel;
use crate::mail::zone;
use crate::table::error::TableError;
use crate::table::orders::Known;
use crate::table::proof_keys::ProofKey;
use crate::tokens::{SecretFault, UnknownKey};
use crate::web::csv;
use crate::web::proof::{self, Added, Body, ClockLine, Earlier, Signer, Step};
use data_encoding::HEXLOWER;
use jiff::Timestamp;

/// What a proof cannot say.
pub const NOT_PROVEN: &str = "It does not prove that the carrier had the parcel, nor what TikTok has not told us; it shows \
                          what this installation knew and when, unchanged since it was signed.";

/// A proof cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The keys cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// A ring that lacks its own key: never one that was parsed.
    #[error(transparent)]
    Key(#[from] UnknownKey),
    /// It cannot be written as JSON: our own fault.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// The three files of a proof.
#[derive(Clone, Debug)]
pub struct Proof {
    /// One signed line.
    pub json: String,
    /// The steps as a table; its hash stands in the JSON.
    pub csv: String,
    /// A page to print; its hash stands in the JSON.
    pub page: String,
}

/// The key that signs now. Its public half is kept before anything is signed with it.
///
/// # Errors
/// [`ProofError`].
pub async fn signer(app: &App) -> Result<Signer, ProofError> {
    let ring = app.secrets.web_keys().get().await?;
    let signer = Signer::of(&ring)?;
    let key = ProofKey {
        number: signer.line.number,
        fingerprint: signer.line.fingerprint.clone(),
        public: signer.line.public.clone(),
        since: app.clock.now(),
    };
    app.table.proof_key_put(&key).await?;
    Ok(signer)
}

/// The proof of an order, with what people added as evidence, and with their notes where they are asked for.
///
/// # Errors
/// [`ProofError`].
pub async fn of(app: &App, signer: &Signer, shop: &Shop, known: &Known, with_notes: bool) -> Result<Proof, ProofError> {
    let row = &known.row;
    let mut parcels = Vec::new();
    for (store, order) in &known.stores {
        parcels.extend(app.table.order_rows(store, order, true).await?.parcels);
    }
    parcels.retain(|parcel: &Parcel| parcel.tiktok_order() == Some(&row.order));
    let notes = app.table.notes(&shop.account, &shop.id, &row.order).await?;
    let mut body = body(app, signer, shop, known, &parcels);
    let added = notes.iter().filter(|note| note.evidence || with_notes).map(|note| Added {
        at: note.at.to_string(),
        what: if note.evidence { "evidence" } else { "note" }.to_owned(),
        text: note.text.clone(),
    });
    body.evidence = added.collect();
    let (csv, page) = (csv_of(&body), page_of(&body, shop));
    body.csv_sha256 = proof::sha256(csv.as_bytes());
    body.page_sha256 = proof::sha256(page.as_bytes());
    let json = format!("{}\n", signer.sign(&body)?);
    Ok(Proof { json, csv, page })
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
    let earlier = Earlier { steps: u64::from(row.events.dropped), hash: HEXLOWER.encode(&row.events.hash) };
    proof::chain(&earlier, &mut steps);
    let clock = |deadline: &crate::domain::deadline::Deadline| ClockLine {
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
         <h1>TikTok order {order}</h1>\n<p>Shop {name} ({shop}). As of {last}. TikTok: {status}. Numbers: {numbers}.</p>\n\
         <h2>What happened</h2>\n<p>{earlier} earlier steps are not kept; the chain begins with <code>{hash}</code>.</p>\n\
         {steps}<h2>Clocks</h2>\n{clocks}<h2>Evidence</h2>\n{added}\
         <h2>Check</h2>\n<p>This page belongs to {order}.json, which is signed with key {key}. Run <code>waybill proof \
         --check {order}.json</code> and compare the key's fingerprint <code>{fingerprint}</code> at {keys}.</p>\n\
         <p>{not}</p>\n</html>\n",
        order = html(&body.order),
        name = html(&shop.name),
        shop = html(&body.shop),
        // The page says what its files have in common, so that each may be fetched by itself.
        last = html(body.steps.last().map_or("", |step| step.at.as_str())),
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
