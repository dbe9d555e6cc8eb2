//! The one machine for calls to TikTok on behalf of a shop: its token and a refresh of it, its place in the rates, the
//! time that is left, and what a refusal of the shop as a whole means (park, rest). Whoever calls hands in a [`Budget`].
//!
//! The token host (consent, refresh) is called by `access` and `connect`: there is no shop yet.

mod asks;
pub(crate) mod breaker;
mod budget;
pub(crate) mod images;
mod learned;
pub(crate) mod order_reads;
mod sending;
mod shop_calls;

pub use budget::Budget;
pub use sending::Sending;
pub use shop_calls::{ShopCalls, Trouble};
