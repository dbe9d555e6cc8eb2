//! TikTok's orders, fifty a read. One order may spoil a whole read: it is found by halving, and only it gets the reason.

use super::{ShopCalls, Trouble};
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::TikTokOrder;
use crate::tiktok::orders::MOST_IDS;
use crate::tiktok::{Class, TikTokError};
use std::collections::BTreeMap;

/// Refusals in a row, no read between them that worked, after which it is not one order's fault.
const ALIKE: u32 = 6;

/// What each order gave: itself, or TikTok's refusal of it alone. One that is missing is not known in this shop.
pub type Read = BTreeMap<TikTokOrderId, Result<TikTokOrder, TikTokError>>;

/// Reads orders.
///
/// # Errors
/// [`Trouble`] that is not one order's.
pub async fn orders(calls: &ShopCalls<'_>, ids: Vec<TikTokOrderId>) -> Result<Read, Trouble> {
    let mut read = Read::new();
    let mut todo: Vec<Vec<TikTokOrderId>> = ids.chunks(MOST_IDS).map(<[_]>::to_vec).collect();
    let mut in_a_row = 0;
    while let Some(part) = todo.pop() {
        let error = match calls.order_batch(&part).await {
            Ok(orders) => {
                in_a_row = 0;
                read.extend(orders.into_iter().map(|order| (order.id.clone(), Ok(order))));
                // One that an answer leaves out is asked for alone before anything is concluded.
                let missing: Vec<_> = part.iter().filter(|id| !read.contains_key(*id)).cloned().collect();
                if part.len() > 1 {
                    todo.extend(missing.into_iter().map(|id| vec![id]));
                }
                continue;
            }
            Err(Trouble::TikTok(error)) => error,
            Err(stop) => return Err(stop),
        };
        // Another shop's order is an answer about that order, and says nothing about the call.
        let foreign = error.class == Class::NotThisShop;
        if !foreign {
            in_a_row += 1;
        }
        match part.as_slice() {
            _ if !error.halves_when_repeated() || in_a_row >= ALIKE => {
                calls.count_failure(&error).await;
                return Err(Trouble::TikTok(error));
            }
            [_] if foreign => {}
            [one] => {
                read.insert(one.clone(), Err(error));
            }
            several => {
                let (left, right) = several.split_at(several.len() / 2);
                todo.extend([right.to_vec(), left.to_vec()]);
            }
        }
    }
    Ok(read)
}
