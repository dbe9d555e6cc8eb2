//! Rows as people's spreadsheets take them: the fields of the JSON rows, under their names.

use serde::Serialize;
use serde_json::Value;

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Where the next part begins; `None`: this is the last.
    pub next: Option<String>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), next: None }
    }
}

impl<T> Part<T> {
    /// The part of a list in memory that begins at the row of this number.
    #[must_use]
    pub fn of(mut rows: Vec<T>, after: Option<&str>, most: usize) -> Self {
        let from = after.and_then(|after| after.parse::<usize>().ok()).unwrap_or_default().min(rows.len());
        let mut rest = rows.split_off(from);
        let next = (rest.len() > most).then(|| (from + most).to_string());
        rest.truncate(most);
        Self { rows: rest, next }
    }
}

/// The cells of a row below these field names. Lists are joined by spaces, what is absent is empty.
#[must_use]
pub fn cells(row: &impl Serialize, head: &[&str]) -> Vec<String> {
    let row = serde_json::to_value(row).unwrap_or_default();
    head.iter().map(|name| cell(&row[*name])).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_gets_the_fields_of_the_row_under_their_names() {
        let row = serde_json::json!({"order": "57", "numbers": ["1Z", "2Z"], "due": null, "late": true});
        assert_eq!(cells(&row, &["late", "numbers", "due", "order", "none"]), ["true", "1Z 2Z", "", "57", ""]);
    }

    #[test]
    fn a_walk_through_the_parts_of_a_list_meets_every_row_once() {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let part = Part::of((0..7).collect(), after.as_deref(), 3);
            seen.extend(part.rows);
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(Part::of(vec![1], Some("99"), 3), Part { rows: vec![], next: None });
    }
}
