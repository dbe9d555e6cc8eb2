//! `waybill proof`: what happened to an order, signed, for an appeal at TikTok or anybody else; and its check, which needs
//! no installation.

use super::{Failure, Output, all_shops};
use crate::output::shell;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::flows::acts::{self, Scope};
use waybill::flows::views::order::tiktok_orders;
use waybill::flows::views::proof::{NOT_PROVEN, of as proof_of, signer};
use waybill::table::orders::Known;
use waybill::web::proof::{self, Signer};

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

async fn one(
    app: &App,
    signer: &Signer,
    shop: &Shop,
    known: &Known,
    args: &ProofArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let row = &known.row;
    let proof = proof_of(app, signer, shop, known, args.with_notes).await?;
    if output.is_json() || args.out.is_none() {
        output.text(&proof.json)?;
    }
    let Some(folder) = &args.out else { return Ok(()) };
    let file = |kind: &str| folder.join(format!("{}.{kind}", row.order));
    for (kind, text) in [("json", &proof.json), ("csv", &proof.csv), ("html", &proof.page)] {
        std::fs::write(file(kind), text)?;
    }
    output.say(format_args!("order {}: {}, and the same as .csv and .html", row.order, file("json").display()))?;
    output
        .say(format_args!("  check it anywhere: waybill proof --check {}", shell(&file("json").display().to_string())))
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
