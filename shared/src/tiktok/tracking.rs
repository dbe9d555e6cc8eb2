//! What carriers told TikTok about an order, and whether a number belongs to a label that TikTok sold.

use super::read::{flag, list, text, whole};
use super::{Call, Spec, TikTok, TikTokError, envelope, paths};
use crate::domain::ids::TikTokOrderId;
use crate::domain::tracking_event::{EventClass, EventRules};
use jiff::Timestamp;

/// One event of a carrier. Its words may name a place or a person: they are shown live and never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingEvent {
    /// When, if TikTok says.
    pub at: Option<Timestamp>,
    /// The carrier's words.
    pub description: String,
    /// TikTok's number for the kind of event; the 202309 call does not document it.
    pub action_code: Option<i64>,
}

impl TrackingEvent {
    /// What it means by these rules.
    #[must_use]
    pub fn class(&self, rules: &EventRules) -> EventClass {
        rules.class(self.action_code, &self.description)
    }
}

/// What TikTok's own logistics know about a number. Not a check of the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelCheck {
    /// The label was bought at TikTok, which therefore tracks the parcel itself.
    pub shipped_by_tiktok: bool,
    /// TikTok collects the parcel.
    pub collected_by_tiktok: bool,
}

impl TikTok {
    /// What carriers told TikTok about an order, newest first; events without a time last.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn order_tracking(
        &self,
        call: Call<'_>,
        order: &TikTokOrderId,
    ) -> Result<Vec<TrackingEvent>, TikTokError> {
        let answer = self.send(Spec::read(call, paths::order_tracking(order))).await?;
        let events = list(answer.data()?, "tracking").iter().map(|event| TrackingEvent {
            // The only time in milliseconds.
            at: whole(event, "update_time_millis")
                .filter(|ms| *ms > 0)
                .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            description: envelope::cut(&text(event, "description").unwrap_or_default(), envelope::LONGEST_MESSAGE),
            action_code: whole(event, "action_code").filter(|code| *code != 0),
        });
        let mut events: Vec<TrackingEvent> = events.collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        Ok(events)
    }

    /// Whether a number is that of a label bought at TikTok. US shops only; others are refused (`CallNotHere`).
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn tracking_validation(&self, call: Call<'_>, number: &str) -> Result<LabelCheck, TikTokError> {
        let spec = Spec::read(call, paths::TRACKING_VALIDATION).query("tracking_number", number);
        let answer = self.send(spec).await?;
        let data = answer.data()?;
        Ok(LabelCheck {
            shipped_by_tiktok: flag(data, "is_tiktok_shipping"),
            collected_by_tiktok: flag(data, "is_tiktok_collection"),
        })
    }
}
