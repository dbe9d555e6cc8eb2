//! What people settle, from the console and from the command line: every button and command that changes a parcel goes
//! through [`settle`], which says first what it would do, does it to the row as it stands, and writes it into the audit.
//!
//! | Act | What it changes |
//! |---|---|
//! | retry | judged again at once, with every try ahead and with its TikTok order looked for anew |
//! | dismiss | leaves every list for good; what TikTok holds stays there |
//! | hold | stays here, whatever comes, until it is released; its deadlines go on |
//! | release | judged again at once |
//! | confirm | number and carrier are right as they stand: a doubt about them only warns |
//! | choose | the items that travel in the parcel |
//! | link | which TikTok order a store order is |
//! | correct | another number or carrier for the same shipment, as if the store had said it |
//! | map, unmap | what a store's carrier name means, for a shop or the account |
//! | settings, pause | what a shop does |
//! | note, evidence | words or a link beside the order |
//! | dismiss, confirm of an order | it leaves the list; or it travels in its sibling's parcel |
//! | replay | a store read again for a time: what it shows is kept, what waits of it is judged again |
//! | field | what of TikTok's orders is written into the stores' orders; what was given up is tried again |
//! | invite, revoke, role, remove person | who may do what in an account |
//! | join | somebody takes an invitation up |
//! | add, rename, remove account | the account itself |
//! | copy mappings | a shop's mappings for another shop |
//! | connect, remove shop, connect store | what an account is connected with |
//! | rename store, store secret | what a store is called; what signs its deliveries |

mod accounts;
mod apply;
pub mod bulk;
mod choose;
mod connection;
mod copy_maps;
mod correct;
mod field;
mod find;
mod hold;
mod mapping;
mod note;
mod order;
pub mod people;
mod replay;
pub mod settings;

pub use accounts::{add_account, remove_account, rename_account};
pub use apply::settle;
pub use choose::{ChooseError, choose};
pub use connection::{
    carriers_read, change_store_secret, remove_shop, rename_store, shop_connected, store_act, store_connecting,
};
pub use copy_maps::{CopyDone, Copying, Fate, copy_maps, plan_copy};
pub use correct::{CorrectError, correct, corrections_left};
pub use field::{FieldError, remove_field, retry_fields, set_field};
pub use find::{Scope, find, is_meant};
pub use mapping::{import_maps, map, unmap};
pub use note::{LONGEST_NOTE, add_note, checked_note};
pub use order::{dismiss_order, nothing_to_send, same_parcel};
pub use replay::{Replayed, replay};

use crate::app::App;
use crate::domain::ids::{AccountId, LineItemId, ShopId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::tracking::TrackingNumber;
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;
use serde::{Deserialize, Serialize};

/// Who acts, and from where: both stand in the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A signed-in person's mail address, or the command line.
    pub who: String,
    /// An address, or the machine's name for itself.
    pub from: String,
}

impl Actor {
    /// Whoever may run commands on the installation.
    #[must_use]
    pub fn command_line() -> Self {
        Self { who: "command line".to_owned(), from: "this machine".to_owned() }
    }
}

/// What a person wants done with a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Judge it again now.
    Retry,
    /// Close it, with a reason in the person's words.
    Dismiss {
        /// At most 300 characters, never about a buyer.
        note: String,
    },
    /// Keep it here until it is released.
    Hold {
        /// At most 300 characters, never about a buyer.
        note: String,
    },
    /// It may go.
    Release,
    /// Number and carrier are right as they stand.
    Confirm,
    /// Exactly these units travel in it.
    Choose {
        /// TikTok's line items.
        lines: Vec<LineItemId>,
    },
    /// The parcel's store order is this TikTok order.
    Link {
        /// TikTok's order.
        order: TikTokOrderId,
    },
}

impl Act {
    /// The word that the audit keeps and that names the command.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Dismiss { .. } => "dismiss",
            Self::Hold { .. } => "hold",
            Self::Release => "release",
            Self::Confirm => "confirm",
            Self::Choose { .. } => "choose",
            Self::Link { .. } => "link",
        }
    }
}

/// What an act did to one parcel or order, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The store's order; `None`: no store told of it.
    pub store_order: Option<StoreOrderId>,
    /// TikTok's, where it is known.
    pub tiktok_order: Option<TikTokOrderId>,
    /// The number.
    pub number: Option<TrackingNumber>,
    /// The shop whose shard works on it.
    pub shop: ShopId,
    /// In a person's words: what happens, or why nothing does.
    pub said: String,
    /// It is done (in a dry run: it would be).
    pub done: bool,
}

impl Effect {
    fn of(parcel: &Parcel, outcome: Result<String, String>) -> Self {
        let done = outcome.is_ok();
        Self {
            store_order: Some(parcel.order.clone()),
            tiktok_order: parcel.tiktok_order().cloned(),
            number: parcel.number.clone(),
            shop: parcel.shop.clone(),
            said: outcome.unwrap_or_else(|why_not| why_not),
            done,
        }
    }
}

/// Writes an act into an account's audit.
async fn noted(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    act: &str,
    of: &str,
    said: String,
) -> Result<(), TableError> {
    let Actor { who, from } = actor.clone();
    let (at, act, of) = (app.clock.now(), act.to_owned(), of.chars().take(200).collect());
    app.table.audit_put(account, &AuditEntry { at, who, from, act, of, said }).await
}
