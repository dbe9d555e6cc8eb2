//! Custom fields of a shop: what of TikTok's orders is written into the stores' orders.

use crate::visit::{Member, Visit};
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::domain::custom_fields::{Path, Rule};
use waybill::flows::acts::{self, FieldError};
use waybill::table::error::TableError;

/// A rule as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct RuleView {
    path: String,
    field: String,
    buyer_data: bool,
}

/// The shop's rules.
pub(super) fn rules(shop: &Shop) -> Vec<RuleView> {
    let view = |rule: &Rule| RuleView {
        path: rule.path.as_str().to_owned(),
        field: rule.field.to_string(),
        buyer_data: rule.buyer_data,
    };
    shop.settings.fields.iter().map(view).collect()
}

/// Adds a rule. Gives what is to be said.
pub(super) async fn set(visit: &Visit<'_>, member: &Member, shop: &Shop) -> Result<String, TableError> {
    let field = |name: &str| visit.form.get(name).unwrap_or_default().trim().chars().take(300).collect::<String>();
    let rule = match Rule::parse(&field("path"), &field("field"), visit.form.get("buyer_data") == Some("yes")) {
        Ok(rule) => rule,
        Err(bad) => return Ok(format!("Nothing was changed: {bad}.")),
    };
    let fits = match acts::set_field(visit.app, &visit.actor(member), shop, &rule).await {
        Ok(fits) => fits,
        Err(FieldError::Table(error)) => return Err(error),
        Err(bad) => return Ok(format!("Nothing was changed: {bad}.")),
    };
    let needs: Vec<String> = fits.iter().map(|(platform, right)| format!("{} \"{right}\"", platform.title())).collect();
    Ok(format!(
        "{} of each TikTok order that is linked from now on is written to {}, once. The store's access must allow it: {}.",
        rule.path.as_str(),
        rule.field,
        needs.join(", ")
    ))
}

/// Takes the rules of a path away. Gives what is to be said.
pub(super) async fn remove(visit: &Visit<'_>, member: &Member, shop: &Shop) -> Result<String, TableError> {
    let Ok(path) = Path::parse(visit.form.get("path").unwrap_or_default()) else {
        return Ok("Nothing was changed: the form is incomplete.".to_owned());
    };
    let gone = acts::remove_field(visit.app, &visit.actor(member), shop, &path).await?;
    Ok(if gone.is_empty() {
        format!("{} was not written any more.", path.as_str())
    } else {
        format!("{} is not written any more; what stands in the store's orders stays there.", path.as_str())
    })
}
