//! Schedule: keep authorisations alive and tell merchants before they end. Transport ↔ flow; nothing is decided here.

use serde::Deserialize;
use waybill::app::App;
use waybill::flows::remind_reauthorisation::{self, Summary};

/// The schedule's constant input.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// What to do.
    pub job: Job,
}

/// What the schedule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Job {
    /// Whatever is due.
    Tick,
}

/// One tick.
pub async fn handle(app: &App, event: &Event) -> Summary {
    match event.job {
        Job::Tick => remind_reauthorisation::run(app).await,
    }
}
