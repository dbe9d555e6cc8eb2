//! `waybill store secret`: the secret that signs a store's deliveries, after the store was connected.

use super::one;
use crate::commands::{Failure, Output, standard_input};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use waybill::app::App;
use waybill::flows::acts::{self, Actor};
use waybill::flows::connect::store_secret::{SecretChange, SecretProblem};
use waybill::flows::views::standing::store_name;

#[derive(Serialize)]
struct SecretRow<'a> {
    store: &'a str,
    rotated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_secret: Option<&'a str>,
    previous_counts: bool,
}

/// Stores a secret that the store made, or makes one for it.
///
/// # Errors
/// No such store, or its deliveries are not signed by a secret of its own.
pub(super) async fn run(app: &App, id: &str, rotate: bool, output: &mut Output) -> Result<bool, Failure> {
    let store = one(app, id).await?;
    let given = if rotate { None } else { Some(standard_input("the secret that signs this store's deliveries")?) };
    let change = acts::change_store_secret(app, &Actor::command_line(), &store, given.as_deref().map(str::trim)).await;
    let SecretChange { header, made } = change.map_err(|error| match error {
        SecretProblem::ByApp => {
            Failure::usage(error.to_string(), "Store the app's secret: waybill app set --platform.")
        }
        SecretProblem::Blank => Failure::usage(error.to_string(), "Copy it from the store as it is."),
        SecretProblem::Theirs => Failure::usage(error.to_string(), "Pipe in what the store shows."),
        other => Failure::attention(other.to_string(), "See waybill store check."),
    })?;
    let shown = made.as_ref().map(|secret| secret.expose_secret());
    let row = SecretRow {
        store: id,
        rotated: rotate,
        webhook_secret: shown.filter(|_| !header),
        header_secret: shown.filter(|_| header),
        previous_counts: !header,
    };
    let name = store_name(&store);
    let old = if header { "The old one counts no more." } else { "Deliveries signed with the old one still count." };
    output.done(&row, format!("{name} has a new secret. {old}"))?;
    if let Some(secret) = shown {
        output.say("Give it to the store; it is shown once:")?;
        output.say(secret)?;
    }
    Ok(false)
}
