//! Many rows by their keys, in a few requests.

use super::codec::{Item, Reader};
use super::error::TableError;
use super::keys::{Key, PK, SK};
use super::{Table, failure};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Keys in one request: what `BatchGetItem` takes (DynamoDB API reference).
const MOST: usize = 100;

/// The answer may leave rows out that one request was too short for. They are asked for again, at most so often, each time
/// after twice as long.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(25);

impl Table {
    /// The rows at these keys, strongly consistent; what is not there is left out. It costs the units of as many single
    /// reads.
    pub(crate) async fn get_all(&self, keys: impl Iterator<Item = &Key>) -> Result<HashMap<Key, Item>, TableError> {
        // A key that is named twice is refused, and a row that moves while a list is read stands in it twice.
        let keys: Vec<&Key> = keys.collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = HashMap::new();
        for some in keys.chunks(MOST) {
            let mut asked = KeysAndAttributes::builder().consistent_read(true);
            for key in some {
                asked = asked.keys(HashMap::from([
                    (PK.to_owned(), AttributeValue::S(key.pk.clone())),
                    (SK.to_owned(), AttributeValue::S(key.sk.clone())),
                ]));
            }
            let asked = asked.build().map_err(|e| TableError::Refused(e.to_string()))?;
            self.get_batch(asked, &mut found).await?;
        }
        Ok(found)
    }

    async fn get_batch(&self, asked: KeysAndAttributes, found: &mut HashMap<Key, Item>) -> Result<(), TableError> {
        let mut left = Some(asked);
        for pause in (0..TRIES).map(|n| PAUSE * 2_u32.pow(n)) {
            let Some(asked) = left.take() else { return Ok(()) };
            let answer = {
                let _turn = self.turn().await;
                let request = self.client.batch_get_item().request_items(&self.name, asked);
                request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.map_err(|e| failure(&e))?
            };
            for capacity in answer.consumed_capacity() {
                self.meter.add(false, Some(capacity));
            }
            for item in answer.responses.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default() {
                found.insert(Reader(&item).key()?, item);
            }
            left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
            if left.is_some() {
                tokio::time::sleep(pause).await;
            }
        }
        left.map_or(Ok(()), |_| Err(TableError::Throttled))
    }
}
