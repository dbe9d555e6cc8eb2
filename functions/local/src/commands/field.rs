//! `waybill field`: what of TikTok's orders is written into the stores' orders.

use super::{Failure, Output, shop_named};
use crate::output::Row;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::custom_fields::{Path, Rule};
use waybill::domain::ids::StoreOrderId;
use waybill::flows::acts::{self, Actor, FieldError};

/// Custom fields, one way.
#[derive(Debug, Subcommand)]
pub enum FieldCommand {
    /// The rules of a shop.
    List(OfShop),
    /// Writes a value of TikTok's order into a field of the store's order, once, for every order linked from now on.
    Set {
        /// Where in TikTok's order: names joined by dots, for example delivery_option_name or line_items.0.sku_id.
        path: String,
        /// Where in the store's: namespace.key (Shopify, BigCommerce), _key (WooCommerce), comment (Magento).
        field: String,
        /// Which shop's.
        #[command(flatten)]
        of: OfShop,
        /// The path may be about a buyer, and is passed on all the same; it is never kept.
        #[arg(long)]
        allow_buyer_data: bool,
    },
    /// Tries again what was given up after a day: of one store order, or of all.
    Retry {
        /// The store's id of the order; without it, all of the shop's.
        order: Option<String>,
        /// Which shop's.
        #[command(flatten)]
        of: OfShop,
    },
    /// Writes this path no more; what stands in the store stays there.
    Remove {
        /// As in the list.
        path: String,
        /// Which shop's.
        #[command(flatten)]
        of: OfShop,
    },
}

/// Which shop's.
#[derive(Debug, Args)]
pub struct OfShop {
    /// TikTok's shop id.
    #[arg(long, value_name = "ID")]
    shop: String,
}

#[derive(Serialize)]
struct RuleRow<'a> {
    shop: &'a str,
    path: &'a str,
    field: String,
    buyer_data: bool,
}

impl<'a> RuleRow<'a> {
    fn of(shop: &'a Shop, rule: &'a Rule) -> Self {
        let field = rule.field.to_string();
        Self { shop: shop.id.as_str(), path: rule.path.as_str(), field, buyer_data: rule.buyer_data }
    }
}

impl Row for RuleRow<'_> {
    const HEAD: &'static [&'static str] = &["shop", "TikTok's order", "store's order", "buyer data"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let allowed = if self.buyer_data { "allowed" } else { "" };
        vec![self.shop.to_owned(), self.path.to_owned(), self.field.clone(), allowed.to_owned()]
    }
}

/// Runs one of the field commands.
///
/// # Errors
/// A rule that is not taken (2), no such shop, or the table.
pub async fn run(app: &App, command: &FieldCommand, output: &mut Output) -> Result<bool, Failure> {
    match command {
        FieldCommand::List(of) => {
            let shop = shop_named(app, &of.shop).await?;
            let rows: Vec<RuleRow<'_>> = shop.settings.fields.iter().map(|rule| RuleRow::of(&shop, rule)).collect();
            output.rows(&rows, "Nothing is written into the stores' orders: waybill field set --help")?;
            Ok(false)
        }
        FieldCommand::Set { path, field, of, allow_buyer_data } => {
            set(app, &of.shop, path, field, *allow_buyer_data, output).await
        }
        FieldCommand::Retry { order, of } => retry(app, &of.shop, order.as_deref(), output).await,
        FieldCommand::Remove { path, of } => remove(app, &of.shop, path, output).await,
    }
}

const HELP: &str = "See waybill field set --help.";

async fn set(
    app: &App,
    shop: &str,
    path: &str,
    field: &str,
    allow_buyer_data: bool,
    output: &mut Output,
) -> Result<bool, Failure> {
    let shop = shop_named(app, shop).await?;
    let rule = Rule::parse(path, field, allow_buyer_data).map_err(|bad| Failure::usage(bad.to_string(), HELP))?;
    let fits = acts::set_field(app, &Actor::command_line(), &shop, &rule).await.map_err(|error| match error {
        FieldError::Table(error) => Failure::from(error),
        refused => Failure::usage(refused.to_string(), HELP),
    })?;
    let needs: Vec<String> = fits.iter().map(|(platform, right)| format!("{} \"{right}\"", platform.title())).collect();
    let said = format!(
        "{}: {} of each TikTok order that is linked from now on is written to {}, once. The store's credentials must be \
         allowed to write orders: {}.",
        shop.name,
        rule.path.as_str(),
        rule.field,
        needs.join(", ")
    );
    output.done(&RuleRow::of(&shop, &rule), said)?;
    Ok(false)
}

#[derive(Serialize)]
struct RetriedRow<'a> {
    shop: &'a str,
    tried_again: usize,
}

async fn retry(app: &App, shop: &str, order: Option<&str>, output: &mut Output) -> Result<bool, Failure> {
    let (shop, actor) = (shop_named(app, shop).await?, Actor::command_line());
    let mut tried_again = 0;
    match order {
        None => tried_again = acts::retry_fields(app, &actor, &shop, None).await?,
        Some(order) => {
            let order = StoreOrderId::parse(order).map_err(|bad| Failure::usage(bad.to_string(), HELP))?;
            for store in app.table.account_stores(&shop.account).await? {
                tried_again += acts::retry_fields(app, &actor, &shop, Some((&store, &order))).await?;
            }
        }
    }
    let said = match tried_again {
        0 => format!("{}: no custom fields were given up; nothing to try again.", shop.name),
        n => format!("{}: the custom fields of {n} store orders are tried again within five minutes.", shop.name),
    };
    output.done(&RetriedRow { shop: shop.id.as_str(), tried_again }, said)?;
    Ok(false)
}

async fn remove(app: &App, shop: &str, path: &str, output: &mut Output) -> Result<bool, Failure> {
    let shop = shop_named(app, shop).await?;
    let path = Path::parse(path).map_err(|bad| Failure::usage(bad.to_string(), HELP))?;
    let gone = acts::remove_field(app, &Actor::command_line(), &shop, &path).await?;
    if gone.is_empty() {
        return Err(Failure::attention(
            format!("{} has no rule for {}", shop.name, path.as_str()),
            "waybill field list --shop ID shows the rules.",
        ));
    }
    for rule in &gone {
        let said = format!("{} is not written to {} any more; what stands there stays.", path.as_str(), rule.field);
        output.done(&RuleRow::of(&shop, rule), said)?;
    }
    Ok(false)
}
