//! One act on everything that a filter of the attention page takes: first what would happen and to how many, by the same
//! acts, then the run.

use super::attention::{Wanted, found};
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use std::collections::BTreeMap;
use waybill::domain::connection::Shop;
use waybill::domain::parcel::Parcel;
use waybill::domain::reason::Reason;
use waybill::flows::acts::bulk::{self, Entry, MOST};
use waybill::flows::acts::{self, Act, Actor, Effect};
use waybill::flows::views::held::{About, HeldRow, Sorted};
use waybill::table::error::TableError;
use waybill::table::keys::{self, Key};
use waybill::table::orders::Known;

/// So many are done before the answer; more become a run with a page of its own.
const AT_ONCE: usize = 50;
/// Entries of which a preview says what would happen to each.
const LOOKED: usize = 300;
/// Rows that a filter looks into, as on the page.
const SORTED: Sorted = Sorted { by_deadline: 2_000, filtered: 10_000 };

/// Entries of which the same is said.
#[derive(Debug, Serialize)]
struct Alike {
    count: usize,
    done: bool,
    said: String,
    sample: String,
}

/// What a person asks for.
enum Bulk {
    Retry,
    Confirm,
    Dismiss(String),
    Hold(String),
    Release,
}

impl Bulk {
    fn of(visit: &Visit<'_>) -> Result<Self, String> {
        match visit.form.get("act") {
            Some("retry") => Ok(Self::Retry),
            Some("confirm") => Ok(Self::Confirm),
            Some("release") => Ok(Self::Release),
            Some(word @ ("dismiss" | "hold")) => {
                let note = visit.form.get("note").unwrap_or_default();
                let made = if word == "hold" { Self::Hold } else { Self::Dismiss };
                acts::checked_note(note, false).map(made).map_err(|problem| format!("{problem}."))
            }
            _ => Err("choose what to do.".to_owned()),
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Confirm => "confirm",
            Self::Dismiss(_) => "dismiss",
            Self::Hold(_) => "hold",
            Self::Release => "release",
        }
    }

    fn note(&self) -> &str {
        match self {
            Self::Dismiss(note) | Self::Hold(note) => note,
            _ => "",
        }
    }

    fn act(&self) -> Act {
        match self {
            Self::Retry => Act::Retry,
            Self::Confirm => Act::Confirm,
            Self::Dismiss(note) => Act::Dismiss { note: note.clone() },
            Self::Hold(note) => Act::Hold { note: note.clone() },
            Self::Release => Act::Release,
        }
    }
}

/// `POST /attention`: shows, or runs.
pub(super) async fn press(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let wanted = Wanted::of(&visit.form);
    let here = wanted.address("/attention", None);
    let Some(found) = found(visit, member, &wanted).await? else { return Ok(answer::missing(visit.app)) };
    let bulk = match Bulk::of(visit) {
        Ok(bulk) if wanted.is_set() => bulk,
        Ok(_) => return Ok(visit.go_on(&here, "Nothing was changed: filter the list first.")),
        Err(why) => return Ok(visit.go_on(&here, &format!("Nothing was changed: {why}"))),
    };
    let dry_run = visit.form.get("do") != Some("run");
    let most = if dry_run { LOOKED } else { MOST };
    let part = found.lists.part(visit.app, &found.filter, None, most, SORTED).await?;
    if !dry_run && part.rows.len() > AT_ONCE {
        let entries: Vec<Entry> = part.rows.iter().map(entry).collect();
        let actor = visit.actor(member);
        let token = bulk::keep_act(visit.app, &member.account, &actor, bulk.act(), &entries, &here).await?;
        return super::runs::start(visit, &token).await;
    }
    let (mut parcels, mut orders) = (Vec::new(), Vec::new());
    for row in part.rows {
        match row.about {
            About::Parcel(parcel) => parcels.push(*parcel),
            About::Order(known) => orders.extend(of_shop(&found.shops, *known)),
        }
    }
    let actor = visit.actor(member);
    let effects = run(visit, &actor, &bulk, &parcels, &orders, dry_run).await?;
    let done = effects.iter().filter(|effect| effect.done).count();
    let rest = part.total.saturating_sub(effects.len());
    if !dry_run {
        let said = format!("{}: {done} changed, {} left as they are.", bulk.word(), effects.len() - done);
        return Ok(visit.go_on(&here, &said));
    }
    let (act, note) = (bulk.word(), bulk.note());
    let values = context! {
        alike => alike(&effects), most => MOST, done, stay => effects.len() - done, rest, total => part.total, act, note, wanted, back => here,
        ..member.frame("attention")
    };
    Ok(answer::page(visit.app, 200, "attention_bulk.html", values))
}

/// What a run keeps of a row.
fn entry(row: &HeldRow) -> Entry {
    match &row.about {
        About::Parcel(parcel) => {
            let Key { pk, sk } = keys::parcel(parcel);
            Entry::Parcel(pk, sk)
        }
        About::Order(known) => Entry::Order(known.row.shop.clone(), known.row.order.clone()),
    }
}

fn of_shop(shops: &[Shop], known: Known) -> Option<(Shop, Known)> {
    let shop = shops.iter().find(|shop| shop.id == known.row.shop)?;
    Some((shop.clone(), known))
}

async fn run(
    visit: &Visit<'_>,
    actor: &Actor,
    bulk: &Bulk,
    parcels: &[Parcel],
    orders: &[(Shop, Known)],
    dry_run: bool,
) -> Result<Vec<Effect>, TableError> {
    let app = visit.app;
    let mut effects = acts::settle(app, actor, &bulk.act(), parcels, dry_run).await?;
    for (shop, known) in orders {
        let sibling = known.row.attention.as_ref().is_some_and(|entry| entry.reason == Reason::SiblingOpen);
        effects.push(match bulk {
            Bulk::Dismiss(note) => acts::dismiss_order(app, actor, shop, known, note, dry_run).await?,
            Bulk::Confirm if sibling => acts::same_parcel(app, actor, shop, known, dry_run).await?,
            _ => acts::nothing_to_send(known),
        });
    }
    Ok(effects)
}

/// The same words once, with how many they are said of.
fn alike(effects: &[Effect]) -> Vec<Alike> {
    let mut groups: BTreeMap<(bool, &str), (usize, String)> = BTreeMap::new();
    for effect in effects {
        let name = effect.number.as_ref().map(|number| number.as_str().to_owned());
        let name = name.or_else(|| effect.tiktok_order.as_ref().map(ToString::to_string)).unwrap_or_default();
        let group = groups.entry((!effect.done, &effect.said)).or_insert((0, name));
        group.0 += 1;
    }
    let group = |((not, said), (count, sample)): ((bool, &str), (usize, String))| Alike {
        count,
        done: !not,
        said: said.to_owned(),
        sample,
    };
    let mut alike: Vec<Alike> = groups.into_iter().map(group).collect();
    alike.sort_by_key(|one| (!one.done, std::cmp::Reverse(one.count)));
    alike.truncate(30);
    alike
}
