//! What a random world is made of: TikTok's orders, and what happens to them, minute by minute.

use std::fmt;

/// Minutes since the world began.
pub type Minute = u32;

/// Units by stock code.
pub type Items = Vec<(&'static str, u32)>;

/// A TikTok order of a world.
#[derive(Clone, Debug)]
pub struct Order {
    /// TikTok's id.
    pub id: String,
    /// Place of its shop.
    pub shop: usize,
    /// Its units.
    pub items: Items,
    /// It is not paid when it is placed.
    pub unpaid: bool,
    /// The buyer may still cancel for an hour.
    pub on_hold: bool,
    /// TikTok ships it.
    pub by_tiktok: bool,
    /// Orders of one group go to one buyer.
    pub buyer: Option<&'static str>,
    /// A gift is in it that no store knows.
    pub gift: bool,
}

/// What a warehouse says about a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Place of the warehouse.
    pub store: usize,
    /// Its own order.
    pub order: String,
    /// Its id of the parcel, unique within its order.
    pub shipment: String,
    /// When it changed: seconds since the world began.
    pub version: i64,
    /// The TikTok order it names.
    pub tiktok: Option<String>,
    /// Its numbers; empty for a cancellation.
    pub numbers: Vec<String>,
    /// The carrier in the warehouse's words.
    pub carrier: &'static str,
    /// What is inside; empty: not said.
    pub items: Items,
    /// The shipment is cancelled.
    pub cancelled: bool,
}

/// What goes wrong at TikTok until it is well again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Too many requests, at a shop; seconds to wait.
    Throttled(usize, u64),
    /// No call gets through.
    Down,
    /// Writes are carried out and their answers lost, this often.
    AnswersLost(u32),
    /// Writes are lost before they are carried out, this often.
    CallsLost(u32),
    /// Writes are refused with a code that passes.
    Busy,
    /// Reads leave every order out, this often.
    LeftOut(u32),
    /// Half of all calls fail in one way or another.
    Flaky,
    /// One order's reads are refused with a code of its own.
    BadOrder(usize),
    /// One order's reads fail with a code that passes.
    OneRead(usize),
    /// The carrier list of one shop's delivery option fails with a code that passes.
    OneList(usize),
    /// Numbers are taken with a warning.
    Warned,
    /// A web shop's API does not answer.
    StoreHangs(usize),
    /// A web shop's API refuses our keys.
    StoreRefuses(usize),
}

impl Trouble {
    /// It touches one order, one list or one store: everybody else goes on meanwhile.
    #[must_use]
    pub fn is_narrow(self) -> bool {
        matches!(
            self,
            Self::BadOrder(_) | Self::OneRead(_) | Self::OneList(_) | Self::StoreHangs(_) | Self::StoreRefuses(_)
        )
    }
}

/// A web shop with an API of its own; it serves the first TikTok shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Web {
    /// Its deliveries say what is inside; TikTok's id is looked up.
    Shopify,
    /// Its deliveries only announce a parcel.
    WooCommerce,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The order is placed at TikTok.
    Place(usize),
    /// A warehouse tells.
    Tell(Message),
    /// A warehouse cancels its whole order: which, and when that was decided.
    CancelInStore {
        /// Place of the warehouse.
        store: usize,
        /// Its order.
        order: String,
        /// Seconds since the world began.
        version: i64,
    },
    /// The buyer pays.
    Pay(usize),
    /// TikTok's order is cancelled.
    Cancel(usize),
    /// The buyer asks to cancel.
    AskToCancel(usize),
    /// The seller says no to that.
    RejectCancel(usize),
    /// One unit of the order is cancelled: its place.
    CancelUnit(usize, usize),
    /// Somebody ships the order's open units in Seller Center under a number of his own.
    ShipElsewhere(usize, String),
    /// The carrier scans what has a number.
    Scan(usize),
    /// TikTok takes a package's number back.
    TakeBack(usize),
    /// TikTok puts the packages of two orders into one.
    Combine(usize, usize),
    /// The seller splits an order's open units into packages of these items.
    Split(usize, Vec<Items>),
    /// A web shop is disconnected here.
    RemoveStore(usize),
    /// And connected again.
    ConnectStore(usize),
    /// A warehouse sends a text that is too long: which field.
    TooLong(usize, &'static str),
    /// The order becomes Seller Shipping.
    ShipBySeller(usize),
    /// Something goes wrong.
    Trouble(Trouble),
    /// Everything outside is well again.
    Well,
    /// TikTok or the seller closes a shop.
    Close(usize),
    /// And opens it again.
    Open(usize),
    /// A person pauses a shop.
    Pause(usize),
    /// And resumes it.
    Resume(usize),
    /// The owner takes the authorisation back.
    Revoke(usize),
    /// And gives it again.
    Reconnect(usize),
    /// The shop is disconnected here.
    Remove(usize),
    /// The shop is disconnected here, and another account of the installation connects it.
    TakeOver(usize),
    /// A person says what a warehouse's words for a carrier mean.
    Map(&'static str, &'static str),
    /// A person says which TikTok order a warehouse's order is.
    Link(String, String),
    /// A person says what travels under a number.
    Choose(String, Items),
    /// A person says that number and carrier are right.
    Confirm(String),
    /// A person closes a parcel.
    Dismiss(String),
    /// A person asks for another try.
    Retry(String),
}

/// A deed and its time.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: Minute,
    /// What.
    pub deed: Deed,
}

/// A whole world before it is played.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// How many TikTok shops.
    pub shops: usize,
    /// Their market ships whole packages.
    pub packages: bool,
    /// Warehouses: the places of their shops, in the order in which they are asked.
    pub stores: Vec<Vec<usize>>,
    /// A web shop beside them; its place is the one after theirs.
    pub web: Option<Web>,
    /// Orders.
    pub orders: Vec<Order>,
    /// What happens, by time.
    pub steps: Vec<Step>,
    /// What a person who is asked knows: a number's true order, items, and whether it is right as it stands.
    pub truth: Vec<Truth>,
    /// Kinds of `ends.md` in it.
    pub kinds: std::collections::BTreeSet<char>,
}

/// What the people of the warehouse know about a number.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The number.
    pub number: String,
    /// Its TikTok order; `None`: there is none, the parcel is no business of TikTok's.
    pub order: Option<String>,
    /// What is inside.
    pub items: Items,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, order, shipment, numbers, carrier, items, .. } = self;
        let tiktok = self.tiktok.as_deref().map_or("no TikTok order", |id| &id[id.len() - 4..]);
        if self.cancelled {
            return write!(f, "warehouse {store}: parcel {shipment} of {order} ({tiktok}) is cancelled");
        }
        write!(
            f,
            "warehouse {store}: parcel {shipment} of {order} ({tiktok}) holds {items:?} under {numbers:?} by {carrier:?}"
        )?;
        write!(f, ", as of second {}", self.version)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5} min  ", self.at)?;
        match &self.deed {
            Deed::Tell(message) => message.fmt(f),
            other => write!(f, "{other:?}"),
        }
    }
}
