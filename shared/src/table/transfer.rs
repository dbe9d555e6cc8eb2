//! Moving a whole table from one place to another: rows as JSON, in DynamoDB's own notation.
//!
//! For a person with rights of their own; no function may scan the table.

use super::codec::{Item, Reader, Writer};
use super::error::TableError;
use super::keys::Key;
use super::{If, Table, failure};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue as Attribute, Put, TransactWriteItem};
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

/// Rows that DynamoDB writes in one transaction. Source: DynamoDB developer guide, TransactWriteItems.
pub const TOGETHER: usize = 100;

/// Rows read at once. The embedded table would otherwise fetch all that are left for each page.
const PAGE: i32 = 1_000;

impl Table {
    /// Hands every row that another installation needs to `each`, in no order, and counts them.
    ///
    /// # Errors
    /// [`TableError`]; what `each` got so far is a part of the table only.
    pub async fn export<E: From<TableError>>(&self, mut each: impl FnMut(Value) -> Result<(), E>) -> Result<u64, E> {
        let (mut from, mut count) = (None, 0);
        loop {
            let page = self.client.scan().table_name(&self.name).consistent_read(true).limit(PAGE);
            let page = page.set_exclusive_start_key(from).send().await.map_err(|e| failure(&e))?;
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
        // The first row is enough.
        match self.export(|_| Err(Seen::Row)).await {
            Ok(_) => Ok(true),
            Err(Seen::Row) => Ok(false),
            Err(Seen::Table(error)) => Err(error),
        }
    }

    /// Writes exported rows, at most [`TOGETHER`], as one: a table on one machine waits for its disk once for all of them.
    /// Each may be here already, exactly as it is: an earlier try wrote it.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when another row has the key of one of them, [`TableError::Refused`] for what is no row;
    /// with the place of that row among them.
    pub async fn import(&self, rows: &[Value]) -> Result<(), (usize, TableError)> {
        let no_row = || TableError::Refused("the line is no row of an export".to_owned());
        let mut items: Vec<(Key, Item)> = Vec::with_capacity(rows.len());
        for (place, row) in rows.iter().enumerate() {
            items.push(item_of_json(row).ok_or_else(|| (place, no_row()))?);
        }
        let mut all = self.client.transact_write_items();
        for (_, item) in &items {
            let put = Put::builder().table_name(&self.name).set_item(Some(item.clone()));
            let put = put.condition_expression("attribute_not_exists(pk)").build();
            let put = put.map_err(|error| (0, TableError::Refused(error.to_string())))?;
            all = all.transact_items(TransactWriteItem::builder().put(put).build());
        }
        let turn = self.turn().await;
        let answer = all.send().await.map_err(|error| failure(&error));
        drop(turn);
        match answer {
            Ok(_) => Ok(()),
            Err(error) if error.is_passing() => Err((0, error)),
            // One of them is here, or is not taken: each for itself says which.
            Err(_) => {
                for (place, (key, item)) in items.into_iter().enumerate() {
                    self.import_one(&key, item).await.map_err(|error| (place, error))?;
                }
                Ok(())
            }
        }
    }

    async fn import_one(&self, key: &Key, item: Item) -> Result<(), TableError> {
        match self.put(item.clone(), If::Absent).await {
            Err(TableError::Conflict) if self.get(key, true).await?.as_ref() == Some(&item) => Ok(()),
            other => other,
        }
    }

    /// The file that is being imported, and how many of its rows are here.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn import_mark(&self) -> Result<Option<(String, u64)>, TableError> {
        let Some(item) = self.get(&super::keys::import_mark(), true).await? else { return Ok(None) };
        let row = Reader(&item);
        Ok(Some((row.text("file")?, row.number("rows")?)))
    }

    /// Writes down how far an import has come.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn import_mark_put(&self, file: &str, rows: u64) -> Result<(), TableError> {
        let mark = Writer::new(super::keys::import_mark(), "import").text("file", file).number("rows", rows);
        self.put(mark.done(), If::Always).await
    }

    /// An import came to its end.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn import_mark_delete(&self) -> Result<(), TableError> {
        self.delete(&super::keys::import_mark()).await
    }
}

/// Why a table is not read any further.
enum Seen {
    Row,
    Table(TableError),
}

impl From<TableError> for Seen {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}

fn item_of_json(row: &Value) -> Option<(Key, Item)> {
    let pairs = row.as_object()?.iter().map(|(name, value)| Some((name.clone(), attribute_of_json(value)?)));
    let item: Item = pairs.collect::<Option<_>>()?;
    let key = Reader(&item).key().ok()?;
    Some((key, item))
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
