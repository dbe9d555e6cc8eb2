//! The table's shape, once. `template.yaml` says the same and is compared with it by a test.

use super::Table;
use super::error::TableError;
use super::keys::{INDEXES, Index, PK, SK, TTL};
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    TimeToLiveSpecification,
};

/// What a deployment has to provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Table keys: partition, sort.
    pub keys: (&'static str, &'static str),
    /// The indexes.
    pub indexes: [Index; 3],
    /// What an index carries besides keys.
    pub projection: &'static str,
    /// The time-to-live attribute.
    pub ttl: &'static str,
}

/// The shape of the table.
pub const SCHEMA: Schema = Schema { keys: (PK, SK), indexes: INDEXES, projection: "KEYS_ONLY", ttl: TTL };

impl Table {
    /// Creates the table when it does not exist, else adds the indexes that an earlier version made it without. Returns
    /// whether it was created.
    ///
    /// # Errors
    /// [`TableError`] when it can be neither created nor found, or when an index is still being built (AWS builds one at
    /// a time: later again).
    pub async fn create_if_missing(&self) -> Result<bool, TableError> {
        let mut create = self
            .client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(schema_of(PK, SK)?));
        for index in INDEXES {
            let made = GlobalSecondaryIndex::builder()
                .index_name(index.name)
                .set_key_schema(Some(schema_of(index.pk, index.sk)?))
                .projection(keys_only())
                .build();
            create = create.global_secondary_indexes(made.map_err(refused)?);
        }
        for name in [PK, SK].into_iter().chain(INDEXES.into_iter().flat_map(|index| [index.pk, index.sk])) {
            create = create.attribute_definitions(attribute(name)?);
        }
        match create.send().await {
            Ok(_) => {}
            Err(SdkError::ServiceError(e)) if matches!(e.err(), CreateTableError::ResourceInUseException(_)) => {
                self.add_missing_indexes().await?;
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

    /// Asks each index for one entry. A description of the table would say the same; the embedded table counts all its rows
    /// for it, at every start of every command.
    async fn has_every_index(&self) -> Result<bool, TableError> {
        for index in INDEXES {
            match self.is_listed(index, "-").await {
                Ok(_) => {}
                Err(TableError::Refused(_)) => return Ok(false),
                Err(other) => return Err(other),
            }
        }
        Ok(true)
    }

    async fn add_missing_indexes(&self) -> Result<(), TableError> {
        if self.has_every_index().await? {
            return Ok(());
        }
        let table = self.client.describe_table().table_name(&self.name).send().await;
        let table = table.map_err(|e| super::failure(&e))?;
        let there = table.table.and_then(|table| table.global_secondary_indexes).unwrap_or_default();
        for index in INDEXES {
            if there.iter().any(|known| known.index_name() == Some(index.name)) {
                continue;
            }
            let action = CreateGlobalSecondaryIndexAction::builder()
                .index_name(index.name)
                .set_key_schema(Some(schema_of(index.pk, index.sk)?))
                .projection(keys_only())
                .build()
                .map_err(refused)?;
            let update = self
                .client
                .update_table()
                .table_name(&self.name)
                .attribute_definitions(attribute(PK)?)
                .attribute_definitions(attribute(SK)?)
                .attribute_definitions(attribute(index.pk)?)
                .attribute_definitions(attribute(index.sk)?)
                .global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(action).build());
            update.send().await.map_err(|e| super::failure(&e))?;
        }
        Ok(())
    }
}

fn refused(error: BuildError) -> TableError {
    TableError::Refused(error.to_string())
}

fn schema_of(pk: &str, sk: &str) -> Result<Vec<KeySchemaElement>, TableError> {
    [(pk, KeyType::Hash), (sk, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(refused))
        .collect()
}

fn attribute(name: &str) -> Result<AttributeDefinition, TableError> {
    let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
    attribute.build().map_err(refused)
}

fn keys_only() -> Projection {
    Projection::builder().projection_type(ProjectionType::KeysOnly).build()
}
