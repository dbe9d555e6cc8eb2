//! Moving a whole table from one place to another: rows as JSON, in DynamoDB's own notation.
//!
//! For a person with rights of their own; no function may scan the table.

use super::codec::Item;
use super::error::TableError;
use super::{If, Table, failure};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as Attribute;
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

impl Table {
    /// Hands every row that another installation needs to `each`, in no order, and counts them.
    ///
    /// # Errors
    /// [`TableError`]; what `each` got so far is a part of the table only.
    pub async fn export<E: From<TableError>>(&self, mut each: impl FnMut(Value) -> Result<(), E>) -> Result<u64, E> {
        let (mut from, mut count) = (None, 0);
        loop {
            let page = self.client.scan().table_name(&self.name).consistent_read(true).set_exclusive_start_key(from);
            let page = page.send().await.map_err(|e| failure(&e))?;
            for item in page.items.unwrap_or_default() {
                let partition = item.get(super::PK).and_then(|pk| pk.as_s().ok());
                if partition.is_some_and(|pk| super::keys::PASSING.iter().any(|passing| pk.starts_with(passing))) {
                    continue;
                }
                each(row_to_json(&item)?)?;
                count += 1;
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(count);
            }
        }
    }

    /// Whether nothing but passing rows is here.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn is_unused(&self) -> Result<bool, TableError> {
        Ok(self.export(|_| Ok::<_, TableError>(())).await? == 0)
    }

    /// Writes one exported row; a row with its key must not be there.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when it is there, [`TableError::Refused`] for what is no row.
    pub async fn import(&self, row: &Value) -> Result<(), TableError> {
        let item: Option<Item> = row
            .as_object()
            .and_then(|row| row.iter().map(|(name, value)| Some((name.clone(), attribute_of_json(value)?))).collect());
        let item = item.filter(|item| item.contains_key(super::PK) && item.contains_key(super::SK));
        let item = item.ok_or_else(|| TableError::Refused("the line is no row of an export".to_owned()))?;
        self.put(item, If::Absent).await
    }
}

fn row_to_json(item: &Item) -> Result<Value, TableError> {
    let pairs = item.iter().map(|(name, value)| Some((name.clone(), attribute_to_json(value)?)));
    let row: Option<Map<String, Value>> = pairs.collect();
    row.map(Value::Object)
        .ok_or_else(|| TableError::Refused("a row holds a type that Waybill does not write".to_owned()))
}

/// The types that Waybill writes; sets are not among them.
fn attribute_to_json(value: &Attribute) -> Option<Value> {
    Some(match value {
        Attribute::S(text) => json!({"S": text}),
        Attribute::N(number) => json!({"N": number}),
        Attribute::Bool(is) => json!({"BOOL": is}),
        Attribute::Null(_) => json!({"NULL": true}),
        Attribute::B(bytes) => json!({"B": BASE64.encode(bytes.as_ref())}),
        Attribute::L(items) => json!({"L": items.iter().map(attribute_to_json).collect::<Option<Vec<_>>>()?}),
        Attribute::M(members) => {
            let members = members.iter().map(|(name, value)| Some((name.clone(), attribute_to_json(value)?)));
            json!({"M": members.collect::<Option<Map<_, _>>>()?})
        }
        _ => return None,
    })
}

fn attribute_of_json(value: &Value) -> Option<Attribute> {
    let (kind, value) = value.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    let text = || value.as_str().map(str::to_owned);
    Some(match kind.as_str() {
        "S" => Attribute::S(text()?),
        "N" => Attribute::N(text()?),
        "BOOL" => Attribute::Bool(value.as_bool()?),
        "NULL" => Attribute::Null(true),
        "B" => Attribute::B(Blob::new(BASE64.decode(text()?.as_bytes()).ok()?)),
        "L" => Attribute::L(value.as_array()?.iter().map(attribute_of_json).collect::<Option<_>>()?),
        "M" => {
            let members =
                value.as_object()?.iter().map(|(name, value)| Some((name.clone(), attribute_of_json(value)?)));
            Attribute::M(members.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_written_comes_back_as_it_was_and_nothing_else_is_taken() {
        let row = json!({"pk": {"S": "p"}, "n": {"N": "12.5"}, "b": {"B": "AAEC/w=="}, "t": {"BOOL": false},
            "no": {"NULL": true}, "l": {"L": [{"S": "a"}, {"M": {"x": {"N": "1"}}}]}});
        let read = |value: &Value| attribute_of_json(value).as_ref().and_then(attribute_to_json);
        for (name, value) in row.as_object().expect("an object") {
            assert_eq!(read(value).as_ref(), Some(value), "{name}");
        }
        for other in [json!("text"), json!({"S": 1}), json!({"X": "1"}), json!({"S": "a", "N": "1"}), json!({"B": "*"})]
        {
            assert_eq!(attribute_of_json(&other), None, "{other}");
        }
    }
}
