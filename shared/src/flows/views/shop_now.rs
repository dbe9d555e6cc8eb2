//! How a shop is right now, as one answer to "may I sleep?". The overview and `waybill status` say the same of it.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::views::attention;
use crate::flows::views::deadlines::{self, Counts as Due};
use crate::flows::views::standing::{ShopStanding, StoreStanding, store_name};
use crate::table::error::TableError;
use jiff::{SignedDuration, Timestamp};

/// Days before a reconnect from which a shop asks for its owner.
pub const SOON: i64 = 30;

/// A refused delivery is news for this long.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// A shop at this moment.
#[derive(Clone, Debug)]
pub struct ShopNow {
    /// Its one state.
    pub standing: ShopStanding,
    /// What needs a hand.
    pub held: attention::Counts,
    /// What is late, or due by tomorrow.
    pub due: Due,
    /// Numbers and messages on their way.
    pub waiting: u64,
    /// When a push last had work for it.
    pub pushed: Option<Timestamp>,
    /// Seller Shipping is on, as far as is known.
    pub seller_shipping: Option<bool>,
    /// What is wrong with its stores, each in words.
    pub stores: Vec<String>,
    /// Store orders whose custom fields were given up.
    pub fields: usize,
}

impl ShopNow {
    /// Looks at a shop: lists and counts, no row of an order or parcel.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn of(app: &App, shop: &Shop) -> Result<Self, TableError> {
        Ok(Self {
            standing: ShopStanding::of(shop, app.config.reauth_days, app.clock.now()),
            held: attention::Counts::of_shop(app, &shop.id).await?,
            due: deadlines::near(app, shop).await?,
            waiting: app.table.push_waiting(&shop.id, Timestamp::MAX).await?,
            pushed: app.table.pushed_get(&shop.id).await?,
            seller_shipping: shop.consent.seller_shipping,
            stores: stores(app, shop).await?,
            fields: match shop.settings.fields.as_slice() {
                [] => 0,
                _ => app.table.fields_given_up(&shop.id).await?.len(),
            },
        })
    }

    /// Nobody is needed before tomorrow.
    #[must_use]
    pub fn may_sleep(&self) -> bool {
        self.why_not().is_empty()
    }

    /// What keeps somebody awake, most urgent first.
    #[must_use]
    pub fn why_not(&self) -> Vec<String> {
        let mut why = Vec::new();
        match &self.standing {
            ShopStanding::Connected { days } if *days <= 0 => {
                why.push(format!("the reconnect is {} days overdue", -days))
            }
            ShopStanding::Connected { days } if *days <= SOON => {
                why.push(format!("{} to reconnect", plural(*days, "day")))
            }
            ShopStanding::Resting { reason: Some(reason), .. } => why.push(reason.sentence().to_owned()),
            ShopStanding::Connected { .. } | ShopStanding::Resting { .. } => {}
            ShopStanding::Paused { .. } => why.push("it is paused here, nothing is sent".to_owned()),
            ShopStanding::Parked { .. } => why.push("it is disconnected, nothing is sent".to_owned()),
        }
        if self.seller_shipping == Some(false) {
            why.push("Seller Shipping is off at TikTok".to_owned());
        }
        why.extend(self.stores.iter().cloned());
        if self.fields > 0 {
            why.push(self.field_words());
        }
        if self.due.late > 0 {
            why.push(format!("{} late", plural_of(self.due.late, "order is", "orders are")));
        }
        if self.held.total > 0 {
            why.push(format!("{} a hand", plural_of(self.held.total, "needs", "need")));
        }
        why
    }

    /// Custom fields that were given up, in words.
    #[must_use]
    pub fn field_words(&self) -> String {
        format!("the custom fields of {} not written", plural_of(self.fields, "store order were", "store orders were"))
    }

    /// What is due and late, in words.
    #[must_use]
    pub fn due_words(&self) -> String {
        let Due { late, today, tomorrow, .. } = self.due;
        let late =
            if late == 0 { "nothing is late".to_owned() } else { plural_of(late, "order is late", "orders are late") };
        format!("{late}, {today} due today, {tomorrow} tomorrow")
    }

    /// The answer, as one line.
    #[must_use]
    pub fn said(&self) -> String {
        let why = self.why_not();
        let rest = match self.due.today {
            0 => "Nothing is due today.".to_owned(),
            n => format!("{} due today.", plural_of(n, "order is", "orders are")),
        };
        if why.is_empty() {
            let on_its_way = match self.waiting {
                0 => "nothing waits".to_owned(),
                n => format!(
                    "{} on the way",
                    plural_of(usize::try_from(n).unwrap_or(usize::MAX), "number is", "numbers are")
                ),
            };
            return format!("Yes: nothing is late, {on_its_way}, nobody is needed. {rest}");
        }
        format!("Not yet: {}. {rest}", why.join("; "))
    }
}

/// What is wrong with the stores of a shop: numbers of such a store do not arrive.
async fn stores(app: &App, shop: &Shop) -> Result<Vec<String>, TableError> {
    let mut wrong = Vec::new();
    for id in app.table.account_stores(&shop.account).await? {
        let Some(store) = app.table.store_get(&id, false).await?.map(|store| store.row) else { continue };
        if store.account != shop.account || !store.shops.contains(&shop.id) {
            continue;
        }
        let heard = app.table.heard_get(&id).await?;
        let name = store_name(&store);
        match StoreStanding::of(&store, heard) {
            StoreStanding::Unreachable { .. } => wrong.push(format!("store {name} cannot be reached")),
            StoreStanding::Removed => wrong.push(format!("store {name} was removed by the merchant")),
            StoreStanding::Connected | StoreStanding::Waiting | StoreStanding::Erasing => {}
        }
        let today = heard.refused_at.is_some_and(|at| app.clock.now().duration_since(at) < A_DAY);
        if heard.refused > 0 && today {
            wrong.push(format!("deliveries of store {name} are refused for their signature"));
        }
    }
    Ok(wrong)
}

fn plural(n: i64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

fn plural_of(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Reason;

    type Change = fn(&mut ShopNow, Timestamp);

    fn calm() -> ShopNow {
        ShopNow {
            standing: ShopStanding::Connected { days: 80 },
            held: attention::Counts::default(),
            due: Due::default(),
            waiting: 0,
            pushed: None,
            seller_shipping: Some(true),
            stores: Vec::new(),
            fields: 0,
        }
    }

    #[test]
    fn whoever_asks_may_sleep_only_when_nothing_at_all_needs_somebody() {
        assert!(calm().may_sleep() && calm().said().starts_with("Yes: nothing is late"), "{}", calm().said());
        let at = Timestamp::UNIX_EPOCH;
        let cases: [(&str, Change); 9] = [
            ("the custom fields of 2 store orders were not written", |now, _| now.fields = 2),
            ("store north cannot be reached", |now, _| now.stores.push("store north cannot be reached".into())),
            ("2 orders are late", |now, _| now.due.late = 2),
            ("1 needs a hand", |now, _| now.held.total = 1),
            ("paused", |now, _| now.standing = ShopStanding::Paused { since: None, by: None }),
            ("disconnected", |now, at| now.standing = ShopStanding::Parked { reason: Reason::AuthExpired, since: at }),
            ("7 days to reconnect", |now, _| now.standing = ShopStanding::Connected { days: 7 }),
            ("3 days overdue", |now, _| now.standing = ShopStanding::Connected { days: -3 }),
            ("Seller Shipping is off", |now, _| now.seller_shipping = Some(false)),
        ];
        for (words, change) in cases {
            let mut now = calm();
            change(&mut now, at);
            assert!(
                !now.may_sleep() && now.said().starts_with("Not yet") && now.said().contains(words),
                "{}",
                now.said()
            );
        }
        let mut busy = calm();
        (busy.due.today, busy.waiting) = (3, 1);
        assert_eq!(
            busy.said(),
            "Yes: nothing is late, 1 number is on the way, nobody is needed. 3 orders are due today."
        );
    }
}
