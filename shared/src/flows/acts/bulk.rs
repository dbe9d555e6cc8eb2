//! A run that a person leaves to us: one act on many entries, or the good rows of a file. What is meant is kept with the
//! press, so that the run does what the page said. How far it is stands in a row: it goes on when nobody looks, every
//! page shows the same, and one that ended too early is taken up where it was.

use super::{Act, Actor, Effect, dismiss_order, nothing_to_send, same_parcel, settle};
use crate::app::App;
use crate::domain::ids::{AccountId, ShopId, TikTokOrderId};
use crate::domain::reason::Reason;
use crate::flows::connect::login::secret;
use crate::flows::intake::csv::{self, upload};
use crate::flows::orders::board;
use crate::table::error::TableError;
use crate::table::keys::Key;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Entries of one run. More than that fit into no list of a page.
pub const MOST: usize = 10_000;
/// It is kept this long, for whoever looks later.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Entries in one row: each is at most 200 bytes, and a row holds 400 kB.
const PIECE: usize = 1_000;
/// Entries between two notes of how far it is.
const STEP: usize = 25;
/// How often a file's run notes how far it is.
const NOTED: Duration = Duration::from_secs(1);
/// Not heard of for so long: nobody works on it any more.
const SILENT: SignedDuration = SignedDuration::from_secs(60);
const KIND: &str = "run entries";

/// What a run does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// One act on entries of the attention list, kept in so many rows.
    Act {
        /// Which.
        act: Act,
        /// Rows of entries.
        pieces: usize,
    },
    /// What is good in a file that was brought.
    File {
        /// The file is kept under this.
        upload: String,
        /// Its name.
        name: String,
    },
}

/// An entry of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// A parcel's row: partition and place.
    #[serde(rename = "p")]
    Parcel(String, String),
    /// An order that stands on the list by itself.
    #[serde(rename = "o")]
    Order(ShopId, TikTokOrderId),
}

/// A run and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Whose.
    pub account: AccountId,
    /// Who pressed, as the audit has it.
    pub who: String,
    /// From where.
    pub from: String,
    /// What it does.
    pub what: What,
    /// Where whoever pressed came from.
    pub back: String,
    /// Entries in all.
    pub total: usize,
    /// Entries that were looked at.
    pub seen: usize,
    /// Of these: changed.
    pub done: usize,
    /// Why entries stayed as they were: the last one's words.
    pub why: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When it was last heard of.
    pub beat: Timestamp,
    /// Nothing is left to do.
    pub finished: bool,
}

impl Run {
    /// Entries that stayed as they were.
    #[must_use]
    pub fn stayed(&self) -> usize {
        self.seen.saturating_sub(self.done)
    }

    /// Entries that are still to come.
    #[must_use]
    pub fn left(&self) -> usize {
        self.total.saturating_sub(self.seen)
    }

    /// It is not done, and nobody works on it.
    #[must_use]
    pub fn has_stopped(&self, now: Timestamp) -> bool {
        !self.finished && now.duration_since(self.beat) > SILENT
    }

    fn new(app: &App, account: &AccountId, actor: &Actor, what: What, back: &str, total: usize) -> Self {
        let now = app.clock.now();
        Self {
            account: account.clone(),
            who: actor.who.clone(),
            from: actor.from.clone(),
            what,
            back: back.to_owned(),
            total,
            seen: 0,
            done: 0,
            why: None,
            began: now,
            beat: now,
            finished: false,
        }
    }
}

/// Keeps an act on these entries as a run that has not begun. Gives what it is found by.
///
/// # Errors
/// [`TableError`].
pub async fn keep_act(
    app: &App,
    account: &AccountId,
    actor: &Actor,
    act: Act,
    entries: &[Entry],
    back: &str,
) -> Result<String, TableError> {
    let (token, until) = (secret(app), app.clock.now() + KEPT);
    let pieces: Vec<&[Entry]> = entries.chunks(PIECE).collect();
    for (at, piece) in pieces.iter().enumerate() {
        app.table.once_put(&format!("{token}.{at}"), KIND, piece, until).await?;
    }
    let what = What::Act { act, pieces: pieces.len() };
    let run = Run::new(app, account, actor, what, back, entries.len());
    app.table.run_put(&token, &run, 0, until).await?;
    Ok(token)
}

/// Keeps the sending of a file's good rows, `orders` of them, as a run that has not begun.
///
/// # Errors
/// [`TableError`].
pub async fn keep_file(
    app: &App,
    account: &AccountId,
    actor: &Actor,
    (upload, name): (&str, &str),
    orders: usize,
    back: &str,
) -> Result<String, TableError> {
    let (token, until) = (secret(app), app.clock.now() + KEPT);
    let what = What::File { upload: upload.to_owned(), name: name.to_owned() };
    app.table.run_put(&token, &Run::new(app, account, actor, what, back, orders), 0, until).await?;
    Ok(token)
}

/// How far a run of this account is. `None`: unknown, another account's, or too old.
///
/// # Errors
/// [`TableError`].
pub async fn find_run(app: &App, account: &AccountId, token: &str) -> Result<Option<Run>, TableError> {
    let found = app.table.run_get::<Run>(token, app.clock.now()).await?;
    Ok(found.map(|(run, _)| run).filter(|run| run.account == *account))
}

/// Goes on with a run until it is done, or `within` is over. Of two that go on with the same one, one stops.
///
/// # Errors
/// [`TableError`]. What was done stays done, and the row says how far it came.
pub async fn go_on(app: &App, token: &str, within: Option<Duration>) -> Result<(), TableError> {
    let Some((run, rev)) = app.table.run_get::<Run>(token, app.clock.now()).await? else { return Ok(()) };
    if run.finished {
        return Ok(());
    }
    let end = within.map(|within| app.clock.steady() + within);
    let worker = Worker { app, token, rev, end, until: run.began + KEPT };
    let ended = match run.what.clone() {
        What::Act { act, pieces } => worker.entries(run, &act, pieces).await,
        What::File { upload, name } => worker.file(run, &upload, &name).await,
    };
    match ended {
        // Somebody else goes on with it.
        Err(TableError::Conflict) => Ok(()),
        other => other,
    }
}

struct Worker<'a> {
    app: &'a App,
    token: &'a str,
    rev: u64,
    end: Option<Duration>,
    until: Timestamp,
}

impl Worker<'_> {
    async fn note(&mut self, run: &mut Run) -> Result<(), TableError> {
        run.beat = self.app.clock.now();
        self.rev = self.app.table.run_put(self.token, run, self.rev, self.until).await?;
        Ok(())
    }

    async fn entries(mut self, mut run: Run, act: &Act, pieces: usize) -> Result<(), TableError> {
        let actor = Actor { who: run.who.clone(), from: run.from.clone() };
        self.note(&mut run).await?;
        for at in (run.seen / PIECE)..pieces {
            let name = format!("{}.{at}", self.token);
            let piece = self.app.table.once_peek::<Vec<Entry>>(&name, KIND, self.app.clock.now()).await?;
            for step in piece.unwrap_or_default().get(run.seen % PIECE..).unwrap_or_default().chunks(STEP) {
                if self.end.is_some_and(|end| self.app.clock.steady() >= end) {
                    return Ok(());
                }
                for entry in step {
                    let effect = one(self.app, &actor, &run.account, act, entry).await?;
                    run.done += usize::from(effect.as_ref().is_some_and(|effect| effect.done));
                    run.why = effect.filter(|effect| !effect.done).map(|effect| effect.said).or(run.why);
                }
                run.seen += step.len();
                self.note(&mut run).await?;
            }
        }
        run.finished = true;
        self.note(&mut run).await
    }

    /// The same file again sends nothing twice, so a second beginning is no harm.
    async fn file(mut self, mut run: Run, token: &str, name: &str) -> Result<(), TableError> {
        self.note(&mut run).await?;
        let found = upload::find(self.app, &run.account, token).await?;
        let shop = match &found {
            Some(upload) => self.app.table.shop_get(&upload.shop, true).await?.map(|shop| shop.row),
            None => None,
        };
        let (Some(upload), Some(shop)) = (found, shop.filter(|shop| shop.account == run.account)) else {
            run.why = Some("the file is not kept any more: bring it again".to_owned());
            run.finished = true;
            return self.note(&mut run).await;
        };
        let judged = csv::judge(self.app, &shop, &csv::read(&upload.bytes).unwrap_or_default()).await?;
        let before = run.total.saturating_sub(judged.news.len());
        let actor = Actor { who: run.who.clone(), from: run.from.clone() };
        let kept = AtomicUsize::new(0);
        let app = self.app;
        let sent = {
            let mut send = std::pin::pin!(csv::send(app, &shop, &judged, &actor, name, |orders| {
                kept.store(orders, Ordering::Relaxed);
            }));
            loop {
                tokio::select! {
                    sent = &mut send => break sent,
                    () = tokio::time::sleep(NOTED) => {
                        run.seen = before + kept.load(Ordering::Relaxed);
                        run.done = run.seen;
                        self.note(&mut run).await?;
                        if self.end.is_some_and(|end| app.clock.steady() >= end) {
                            return Ok(());
                        }
                    }
                }
            }
        };
        sent?;
        (run.seen, run.done, run.finished) = (run.total, run.total, true);
        self.note(&mut run).await
    }
}

/// One entry as it stands now. `None`: it is gone.
async fn one(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    act: &Act,
    entry: &Entry,
) -> Result<Option<Effect>, TableError> {
    match entry {
        Entry::Parcel(pk, sk) => {
            let key = Key { pk: pk.clone(), sk: sk.clone() };
            let Some(parcel) = app.table.parcel_get(&key).await? else { return Ok(None) };
            Ok(settle(app, actor, act, &[parcel], false).await?.pop())
        }
        Entry::Order(shop, order) => {
            let shop = app.table.shop_get(shop, false).await?.map(|shop| shop.row);
            let Some(shop) = shop.filter(|shop| shop.account == *account) else { return Ok(None) };
            let Some(known) = board::known(app, &shop, order).await? else { return Ok(None) };
            let sibling = known.row.attention.as_ref().is_some_and(|entry| entry.reason == Reason::SiblingOpen);
            Ok(Some(match act {
                Act::Dismiss { note } => dismiss_order(app, actor, &shop, &known, note, false).await?,
                Act::Confirm if sibling => same_parcel(app, actor, &shop, &known, false).await?,
                _ => nothing_to_send(&known),
            }))
        }
    }
}
