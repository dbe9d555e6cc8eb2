//! What became of the custom fields of a store's order. Names of fields only: values are nowhere kept.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::TikTokOrderId;
use crate::domain::parcel::Parcel;
use crate::table::custom_fields::FieldsMark;
use crate::table::error::TableError;
use jiff::Timestamp;
use serde::Serialize;

/// The fields of one store order.
#[derive(Clone, Debug, Serialize)]
pub struct FieldsRow {
    /// What is written, as TikTok's path and the store's field.
    pub written: Vec<String>,
    /// Why the last try failed.
    pub trouble: Option<String>,
    /// Tries that failed.
    pub tries: u32,
    /// When they are tried or looked for next.
    pub due: Option<Timestamp>,
    /// Nothing is tried any more.
    pub given_up: bool,
    /// That in words.
    pub said: String,
    /// The command that tries again what was given up.
    pub command: Option<String>,
}

impl FieldsRow {
    fn of(mark: FieldsMark) -> Self {
        let given_up = mark.is_given_up();
        let command = given_up.then(|| format!("waybill field retry {} --shop {}", mark.order, mark.shop));
        let said = match (&mark.trouble, given_up) {
            (Some(trouble), true) => format!("Custom fields were not written to the store's order: {trouble}."),
            (Some(trouble), false) => format!("Custom fields wait: {trouble}; they are tried again."),
            (None, _) if mark.written.is_empty() => "Custom fields are still to be written.".to_owned(),
            (None, _) => format!("Written to the store's order: {}.", mark.written.join(", ")),
        };
        let FieldsMark { written, trouble, failures: tries, due, .. } = mark;
        Self { written, trouble, tries, due, given_up, said, command }
    }
}

/// The fields of a parcel's store order; `None`: the shop has no rules, or none fitted.
///
/// # Errors
/// The table.
pub async fn of_parcel(app: &App, shop: Option<&Shop>, parcel: &Parcel) -> Result<Option<FieldsRow>, TableError> {
    let Some(order) = parcel.tiktok_order().filter(|_| shop.is_some_and(|shop| !shop.settings.fields.is_empty()))
    else {
        return Ok(None);
    };
    let marks = app.table.fields_of(&parcel.store, &parcel.order).await?;
    let of_order = |mark: &FieldsMark, order: &TikTokOrderId| mark.tiktok == *order;
    Ok(marks.into_iter().find(|mark| of_order(mark, order)).map(FieldsRow::of))
}
