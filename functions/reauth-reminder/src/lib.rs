//! Schedule: keep authorisations alive and tell merchants before they end; and what the mail service says about those
//! mails. Transport ↔ flow; nothing is decided here.

use serde::Deserialize;
use waybill::app::App;
use waybill::domain::private::Private;
use waybill::flows::tell::feedback as mail_feedback;
use waybill::flows::tick::{self as remind_reauthorisation, Summary};
use waybill::table::keys::Slot;

/// The schedule's constant input, or the mail service's event as the template's rule hands it on.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "job", rename_all = "lowercase")]
pub enum Event {
    /// Whatever is due in these slots; without them in all.
    Tick {
        /// 0 to 15.
        #[serde(default = "all")]
        slots: Vec<Slot>,
    },
    /// A mail did not arrive, or its reader complained.
    Mail {
        /// SES's word: `Bounce`, `Complaint`, `Reject`.
        kind: String,
        /// Whom it was for.
        to: Vec<Private<String>>,
    },
}

fn all() -> Vec<Slot> {
    Slot::all().collect()
}

impl Event {
    /// A tick over all slots.
    #[must_use]
    pub fn tick() -> Self {
        Self::Tick { slots: all() }
    }
}

/// One event.
pub async fn handle(app: &App, event: &Event) -> Summary {
    match event {
        Event::Tick { slots } => remind_reauthorisation::run(app, slots).await,
        Event::Mail { kind, to } => {
            Summary { mails_refused: mail_feedback::run(app, kind, to).await, ..Summary::default() }
        }
    }
}
