//! An order's body in few bytes: one write unit holds 1,024. Names are one or two letters, times are seconds.

use crate::domain::ids::{AccountId, PackageId, ProviderId, ShopId, TikTokOrderId};
use crate::domain::order::{Cancellation, CancelledBy, Deadlines, Handling, OrderState, OrderType, Origin, ShipTo};
use crate::domain::order_row::{
    Attention, Chain, Event, OrderFacts, OrderRow, Ours, Package, UnitState, Units, tiktok_word,
};
use crate::domain::reason::Reason;
use data_encoding::BASE64_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

type Seconds = i64;

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

fn zero(value: &u32) -> bool {
    *value == 0
}

/// What is stored. A field that is absent has its usual value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    /// TikTok's status.
    s: String,
    #[serde(skip_serializing_if = "none")]
    u: Option<Seconds>,
    c: Seconds,
    #[serde(skip_serializing_if = "none")]
    p: Option<Seconds>,
    /// Seen.
    n: Seconds,
    /// Changed.
    #[serde(skip_serializing_if = "none")]
    m: Option<Seconds>,
    /// Who ships it; absent: the seller.
    #[serde(skip_serializing_if = "none")]
    w: Option<char>,
    /// A sample.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sm: bool,
    /// TikTok's type; absent: normal.
    #[serde(skip_serializing_if = "none")]
    ty: Option<String>,
    #[serde(skip_serializing_if = "none")]
    re: Option<Seconds>,
    /// Handling: days, and whether business days.
    #[serde(skip_serializing_if = "none")]
    h: Option<(u16, u8)>,
    /// Origin: `r` or `x`, and the order.
    #[serde(skip_serializing_if = "none")]
    or: Option<String>,
    #[serde(skip_serializing_if = "none")]
    g: Option<String>,
    /// Deadlines: a letter and seconds after the order was placed, joined.
    #[serde(skip_serializing_if = "String::is_empty")]
    d: String,
    /// Units: stock code, then state letters with counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    l: Vec<(String, String)>,
    /// Ship-to; absent: present.
    #[serde(skip_serializing_if = "none")]
    a: Option<char>,
    /// Packages: state letter and seconds after the order was placed, id, number, carrier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    k: Vec<(String, String, String, String)>,
    #[serde(skip_serializing_if = "none")]
    f: Option<Seconds>,
    #[serde(skip_serializing_if = "none")]
    v: Option<Seconds>,
    /// Cancelled: when, by whom, code.
    #[serde(skip_serializing_if = "none")]
    x: Option<(Option<Seconds>, String, String)>,
    #[serde(skip_serializing_if = "zero")]
    ed: u32,
    #[serde(skip_serializing_if = "none")]
    fa: Option<(u32, Seconds)>,
    #[serde(skip_serializing_if = "none")]
    tr: Option<Seconds>,
    #[serde(skip_serializing_if = "none")]
    si: Option<String>,
    #[serde(skip_serializing_if = "none")]
    sn: Option<String>,
    #[serde(skip_serializing_if = "none")]
    un: Option<String>,
    /// A product's images.
    #[serde(skip_serializing_if = "none")]
    im: Option<String>,
    /// Events: seconds in base 36 and code, joined by commas.
    e: String,
    #[serde(skip_serializing_if = "zero")]
    ex: u32,
    /// The chain's hash.
    eh: String,
    /// The detail of the attention list's entry; reason and time stand in its key.
    #[serde(skip_serializing_if = "none")]
    ad: Option<String>,
    /// Dismissed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    di: Vec<Reason>,
}

fn at(seconds: Seconds) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

fn seconds(at: Option<Timestamp>) -> Option<Seconds> {
    at.map(|at| at.as_second())
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or_default(), 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

fn named(of: &Deadlines) -> [(char, Option<Timestamp>); 7] {
    [
        ('r', of.rts_sla),
        ('t', of.tts_sla),
        ('d', of.delivery_sla),
        ('s', of.shipping_due),
        ('c', of.collection_due),
        ('e', of.delivery_due),
        ('o', of.cancel_order_sla),
    ]
}

fn deadlines_of(text: &str, created: Seconds) -> Deadlines {
    let mut found = Deadlines::default();
    for part in text.split(',') {
        let mut chars = part.chars();
        let letter = chars.next();
        let Ok(after) = chars.as_str().parse::<Seconds>() else { continue };
        let field = match letter {
            Some('r') => &mut found.rts_sla,
            Some('t') => &mut found.tts_sla,
            Some('d') => &mut found.delivery_sla,
            Some('s') => &mut found.shipping_due,
            Some('c') => &mut found.collection_due,
            Some('e') => &mut found.delivery_due,
            Some('o') => &mut found.cancel_order_sla,
            _ => continue,
        };
        *field = Some(at(created + after));
    }
    found
}

fn type_word(kind: &OrderType) -> String {
    match kind {
        OrderType::Normal => "NORMAL",
        OrderType::PreOrder => "PRE_ORDER",
        OrderType::MadeToOrder => "MADE_TO_ORDER",
        OrderType::BackOrder => "BACK_ORDER",
        OrderType::Other(word) => word,
    }
    .to_owned()
}

fn by_word(by: &CancelledBy) -> &str {
    match by {
        CancelledBy::Seller => "SELLER",
        CancelledBy::Buyer => "BUYER",
        CancelledBy::System => "SYSTEM",
        CancelledBy::Operator => "OPERATOR",
        CancelledBy::Unknown(word) => word,
    }
}

impl Row {
    pub(super) fn of(row: &OrderRow) -> Self {
        let facts = &row.facts;
        let created = facts.created.as_second();
        let dues = named(&facts.named).into_iter().filter_map(|(letter, due)| Some((letter, due?)));
        let mut units: Vec<(String, String)> = Vec::new();
        for unit in &facts.units {
            let count = if unit.count == 1 { String::new() } else { unit.count.to_string() };
            let part = format!("{}{count}", unit.state.letter());
            match units.iter_mut().find(|(sku, _)| *sku == unit.sku) {
                Some((_, states)) => states.push_str(&part),
                None => units.push((unit.sku.clone(), part)),
            }
        }
        let package = |package: &Package| {
            let since = package.since.as_second() - created;
            let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
            (
                format!("{}{since}", package.state.letter()),
                text(package.id.as_ref().map(PackageId::as_str)),
                text(package.number.as_deref()),
                text(package.provider.as_ref().map(ProviderId::as_str)),
            )
        };
        let event = |event: &Event| {
            format!("{}{}", base36(u64::try_from(event.at.as_second()).unwrap_or_default()), event_code(&event.code))
        };
        Self {
            s: tiktok_word(&facts.state).to_owned(),
            u: seconds(facts.updated),
            c: created,
            p: seconds(facts.paid),
            n: row.seen.as_second(),
            m: (row.changed != row.seen).then(|| row.changed.as_second()),
            w: match facts.ours {
                Ours::Seller => None,
                Ours::TikTokShipping => Some('t'),
                Ours::TikTokStock => Some('f'),
            },
            sm: facts.sample,
            ty: facts.order_type.as_ref().filter(|kind| **kind != OrderType::Normal).map(type_word),
            re: seconds(facts.release),
            h: facts.handling.map(|handling| (handling.days, u8::from(handling.business))),
            or: match &facts.origin {
                Origin::Placed => None,
                Origin::ReplacementOf(of) => Some(format!("r{}", of.as_ref().map_or("", TikTokOrderId::as_str))),
                Origin::ExchangeOf(of) => Some(format!("x{}", of.as_ref().map_or("", TikTokOrderId::as_str))),
            },
            g: facts.group.clone(),
            d: dues.map(|(letter, due)| format!("{letter}{}", due.as_second() - created)).collect::<Vec<_>>().join(","),
            l: units,
            a: match facts.ship_to {
                ShipTo::Present => None,
                ShipTo::Masked => Some('m'),
                ShipTo::Missing => Some('n'),
            },
            k: facts.packages.iter().map(package).collect(),
            f: seconds(facts.scanned),
            v: seconds(facts.delivered),
            x: facts.cancelled.as_ref().map(|(when, how)| {
                let by = how.by.as_ref().map(by_word).unwrap_or_default();
                (seconds(*when), by.to_owned(), how.code.clone().unwrap_or_default())
            }),
            ed: row.edits,
            fa: row.failed.map(|(count, last)| (count, last.as_second())),
            tr: seconds(row.tracked),
            si: row.sibling.as_ref().filter(|id| facts.origin.source() != Some(*id)).map(ToString::to_string),
            sn: row.sibling_number.clone(),
            un: row.unmoved.clone(),
            im: row.images.clone(),
            e: row.events.kept.iter().map(event).collect::<Vec<_>>().join(","),
            ex: row.events.dropped,
            eh: BASE64_NOPAD.encode(&row.events.hash),
            ad: row.attention.as_ref().map(|entry| entry.detail.clone()).filter(|detail| !detail.is_empty()),
            di: row.dismissed.clone(),
        }
    }

    /// `None`: written by a version that says something this one does not understand.
    pub(super) fn row(self, account: AccountId, shop: ShopId, order: TikTokOrderId) -> Option<OrderRow> {
        let created = self.c;
        let mut units = Vec::new();
        for (sku, states) in &self.l {
            units.extend(units_of(sku, states)?);
        }
        units.sort_by(|a, b| (&a.sku, a.state).cmp(&(&b.sku, b.state)));
        let mut packages = Vec::new();
        for (state, id, number, provider) in self.k {
            let mut chars = state.chars();
            packages.push(Package {
                state: UnitState::of_letter(chars.next()?)?,
                since: at(created + chars.as_str().parse::<Seconds>().ok()?),
                id: PackageId::parse(id).ok(),
                number: (!number.is_empty()).then_some(number),
                provider: ProviderId::parse(provider).ok(),
            });
        }
        let origin = match self.or.as_deref().map(|text| text.split_at(text.len().min(1))) {
            None => Origin::Placed,
            Some(("r", of)) => Origin::ReplacementOf(TikTokOrderId::parse(of).ok()),
            Some(("x", of)) => Origin::ExchangeOf(TikTokOrderId::parse(of).ok()),
            Some(_) => return None,
        };
        let sibling = self.si.and_then(|id| TikTokOrderId::parse(id).ok()).or_else(|| origin.source().cloned());
        let mut kept = Vec::new();
        for part in self.e.split(',').filter(|part| !part.is_empty()) {
            kept.push(event_of(part)?);
        }
        let hash = BASE64_NOPAD.decode(self.eh.as_bytes()).ok()?;
        let text = |text: String| (!text.is_empty()).then_some(text);
        Some(OrderRow {
            account,
            shop,
            order,
            facts: OrderFacts {
                state: OrderState::parse(&self.s),
                updated: self.u.map(at),
                created: at(created),
                paid: self.p.map(at),
                ours: match self.w {
                    None => Ours::Seller,
                    Some('t') => Ours::TikTokShipping,
                    Some('f') => Ours::TikTokStock,
                    Some(_) => return None,
                },
                sample: self.sm,
                order_type: Some(self.ty.map_or(Some(OrderType::Normal), |word| OrderType::parse(&word))?),
                release: self.re.map(at),
                handling: self.h.map(|(days, business)| Handling { days, business: business != 0 }),
                origin,
                group: self.g,
                named: deadlines_of(&self.d, created),
                units,
                ship_to: match self.a {
                    None => ShipTo::Present,
                    Some('m') => ShipTo::Masked,
                    Some(_) => ShipTo::Missing,
                },
                packages,
                scanned: self.f.map(at),
                delivered: self.v.map(at),
                cancelled: self.x.map(|(when, by, code)| {
                    (when.map(at), Cancellation { by: CancelledBy::parse(&by), code: text(code) })
                }),
            },
            seen: at(self.n),
            changed: at(self.m.unwrap_or(self.n)),
            edits: self.ed,
            failed: self.fa.map(|(count, last)| (count, at(last))),
            tracked: self.tr.map(at),
            sibling,
            sibling_number: self.sn,
            unmoved: self.un,
            images: self.im,
            events: Chain { kept, dropped: self.ex, hash: hash.try_into().ok()? },
            place: None,
            // Reason and time stand in the key of the list; the reader puts them in.
            attention: Some(Attention {
                reason: Reason::Late,
                since: Timestamp::UNIX_EPOCH,
                detail: self.ad.unwrap_or_default(),
            }),
            dismissed: self.di,
            rev: 0,
        })
    }
}

/// `o3r2`: three open, two accepted; a letter alone is one.
fn units_of(sku: &str, states: &str) -> Option<Vec<Units>> {
    let mut units: Vec<Units> = Vec::new();
    for c in states.chars() {
        match c.to_digit(10) {
            Some(digit) => {
                let last = units.last_mut()?;
                last.count = last.count.checked_mul(10)?.checked_add(digit)?;
            }
            None => units.push(Units { sku: sku.to_owned(), state: UnitState::of_letter(c)?, count: 0 }),
        }
    }
    for unit in &mut units {
        unit.count = unit.count.max(1);
    }
    Some(units)
}

/// A code begins with a letter outside base 36.
fn event_code(code: &str) -> String {
    let mut chars = code.chars();
    chars.next().map(|first| format!("{}{}", first.to_ascii_uppercase(), chars.as_str())).unwrap_or_default()
}

fn event_of(text: &str) -> Option<Event> {
    let split = text.find(|c: char| c.is_ascii_uppercase())?;
    let (time, code) = text.split_at(split);
    let mut chars = code.chars();
    let first = chars.next()?.to_ascii_lowercase();
    let seconds = i64::from_str_radix(time, 36).ok()?;
    Some(Event { at: Timestamp::from_second(seconds).ok()?, code: format!("{first}{}", chars.as_str()) })
}
