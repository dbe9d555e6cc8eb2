//! The packed parts of a parcel's row: one-letter names keep a usual parcel within one write unit. The domain does not know
//! them.

use crate::domain::fulfilment::{StoreLine, Version};
use crate::domain::history::{Event, EventKind};
use crate::domain::ids::ShipmentId;
use crate::domain::parcel::{Ailment, Source};
use crate::domain::reason::Reason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Source")]
struct SourceRow {
    #[serde(rename = "s")]
    shipment: ShipmentId,
    #[serde(rename = "v")]
    version: Version,
    #[serde(rename = "p")]
    present: bool,
    #[serde(rename = "n", default = "one", skip_serializing_if = "is_one")]
    sharing: u32,
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<StoreLine>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    ahead: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Event")]
struct EventRow {
    #[serde(rename = "t")]
    at: Timestamp,
    #[serde(rename = "e")]
    what: EventKind,
    #[serde(rename = "d", default, skip_serializing_if = "String::is_empty")]
    detail: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ailment")]
struct AilmentRow {
    #[serde(rename = "k")]
    kind: Reason,
    #[serde(rename = "s")]
    since: Timestamp,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StoredSource(#[serde(with = "SourceRow")] pub(super) Source);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StoredEvent(#[serde(with = "EventRow")] pub(super) Event);

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StoredAilment(#[serde(with = "AilmentRow")] pub(super) Ailment);

pub(super) fn sources(parts: &[Source]) -> Vec<StoredSource> {
    parts.iter().cloned().map(StoredSource).collect()
}

pub(super) fn events(parts: &[Event]) -> Vec<StoredEvent> {
    parts.iter().cloned().map(StoredEvent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_another_versions_word_is_read_and_written_as_it_was() {
        let stored = r#"{"t":"2026-09-01T10:00:00Z","e":"sent by pigeon","d":"twice"}"#;
        let StoredEvent(event) = serde_json::from_str(stored).expect("reads");
        assert_eq!(event.what, EventKind::Other("sent by pigeon".into()));
        assert_eq!(serde_json::to_string(&StoredEvent(event)).expect("writes"), stored);
    }
}
