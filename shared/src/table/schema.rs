//! The table's shape, once. `template.yaml` says the same and is compared with it by a test.

use super::Table;
use super::error::TableError;
use super::keys::{DUE_PK, DUE_SK, INDEX, PK, SK, TTL};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

/// What a deployment has to provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Table keys: partition, sort.
    pub keys: (&'static str, &'static str),
    /// The index and its keys.
    pub index: (&'static str, &'static str, &'static str),
    /// What the index carries besides keys.
    pub projection: &'static str,
    /// The time-to-live attribute.
    pub ttl: &'static str,
}

/// The shape of the table.
pub const SCHEMA: Schema = Schema { keys: (PK, SK), index: (INDEX, DUE_PK, DUE_SK), projection: "KEYS_ONLY", ttl: TTL };

impl Table {
    /// Creates the table when it does not exist. Returns whether it was created.
    ///
    /// # Errors
    /// [`TableError`] when it can be neither created nor found.
    pub async fn create_if_missing(&self) -> Result<bool, TableError> {
        let refused = |e: aws_sdk_dynamodb::error::BuildError| TableError::Refused(e.to_string());
        let keys = |pk: &str, sk: &str| -> Result<Vec<KeySchemaElement>, TableError> {
            [(pk, KeyType::Hash), (sk, KeyType::Range)]
                .into_iter()
                .map(|(name, kind)| {
                    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(refused)
                })
                .collect()
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name(INDEX)
            .set_key_schema(Some(keys(DUE_PK, DUE_SK)?))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
            .map_err(refused)?;
        let mut create = self
            .client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(keys(PK, SK)?))
            .global_secondary_indexes(index);
        for name in [PK, SK, DUE_PK, DUE_SK] {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            create = create.attribute_definitions(attribute.build().map_err(refused)?);
        }
        match create.send().await {
            Ok(_) => {}
            Err(SdkError::ServiceError(e)) if matches!(e.err(), CreateTableError::ResourceInUseException(_)) => {
                return Ok(false);
            }
            Err(e) => return Err(super::failure(&e)),
        }
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL).build().map_err(refused)?;
        self.client
            .update_time_to_live()
            .table_name(&self.name)
            .time_to_live_specification(ttl)
            .send()
            .await
            .map_err(|e| super::failure(&e))?;
        Ok(true)
    }
}
