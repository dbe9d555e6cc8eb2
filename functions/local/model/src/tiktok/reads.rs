//! Reads of shops and orders. They show the state from a while ago when the model is told to lag.

use super::codes::{Answer, Refusal};
use super::gate::Asked;
use super::order::Order;
use super::state::State;
use super::views;
use data_encoding::BASE64;
use serde_json::{Value, json};

/// One row of a page: what it is sorted by, its id, and what it will show.
pub(super) struct Row<'a, T> {
    pub sort: i64,
    pub id: &'a str,
    pub item: T,
}

/// Which page is asked for.
pub(super) struct Paging {
    size: usize,
    ascending: bool,
    pub by: String,
    after: Option<(i64, String)>,
    /// A token says how many rows came before it, not after which row it goes on.
    offsets: bool,
}

/// Bytes that make every page token hold `+`, `/` and `=`, which a client must encode.
const TOKEN_MARK: [u8; 3] = [0xfb, 0xef, 0xff];

fn page_token(sort: i64, id: &str) -> String {
    let mut bytes = TOKEN_MARK.to_vec();
    bytes.extend(format!("{sort}|{id}").bytes());
    while bytes.len() % 3 != 1 {
        bytes.push(b' ');
    }
    BASE64.encode(&bytes)
}

fn read_token(token: &str) -> Option<(i64, String)> {
    let bytes = BASE64.decode(token.as_bytes()).ok()?;
    let text = String::from_utf8(bytes.strip_prefix(&TOKEN_MARK)?.to_vec()).ok()?;
    let (sort, id) = text.trim_end().split_once('|')?;
    Some((sort.parse().ok()?, id.to_owned()))
}

impl Paging {
    /// Reads the paging rules of a search: sizes from 1 to `most`, 20 by itself; newest first by itself.
    pub(super) fn read(asked: &Asked<'_>, most: usize, sorts: &[&str], offsets: bool) -> Result<Self, Refusal> {
        let wrong = |name: &str| Refusal::parameter(format!("Invalid parameter `{name}`."));
        let size = asked.parameter("page_size").map_or(Some(20), |text| text.parse::<usize>().ok());
        let size = size.filter(|size| (1..=most).contains(size)).ok_or_else(|| wrong("page_size"))?;
        let by = asked.parameter("sort_field").unwrap_or("create_time");
        if !sorts.contains(&by) {
            return Err(wrong("sort_field"));
        }
        let ascending = match asked.parameter("sort_order") {
            None | Some("DESC") => false,
            Some("ASC") => true,
            Some(_) => return Err(wrong("sort_order")),
        };
        let after = match asked.parameter("page_token") {
            None => None,
            Some(token) => Some(read_token(token).ok_or_else(|| wrong("page_token"))?),
        };
        Ok(Self { size, ascending, by: by.to_owned(), after, offsets })
    }

    /// Cuts one page out of all rows; the token of the next is empty on the last.
    pub(super) fn page<T>(&self, mut rows: Vec<Row<'_, T>>, name: &str, view: impl Fn(T) -> Value) -> Value {
        let total = rows.len();
        rows.sort_by(|a, b| (a.sort, a.id).cmp(&(b.sort, b.id)));
        if !self.ascending {
            rows.reverse();
        }
        let skipped = match &self.after {
            Some((count, _)) if self.offsets => usize::try_from(*count).unwrap_or_default(),
            _ => 0,
        };
        rows.drain(..skipped.min(rows.len()));
        if let Some((sort, id)) = self.after.as_ref().filter(|_| !self.offsets) {
            let passed = |row: &Row<'_, T>| {
                let order = (row.sort, row.id).cmp(&(*sort, id.as_str()));
                if self.ascending { order.is_le() } else { order.is_ge() }
            };
            rows.retain(|row| !passed(row));
        }
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        let count = i64::try_from(skipped + self.size).unwrap_or_default();
        let token =
            |row: &Row<'_, T>| if self.offsets { page_token(count, "rows") } else { page_token(row.sort, row.id) };
        let next = rows.last().filter(|_| more).map(token).unwrap_or_default();
        let views: Vec<Value> = rows.into_iter().map(|row| view(row.item)).collect();
        json!({"next_page_token": next, "total_count": total, name: views})
    }
}

/// Whether a time lies in the asked window: from `_ge`, up to but without `_lt`.
pub(super) fn inside(body: &Value, field: &str, time: i64) -> bool {
    let bound = |end: &str| body[format!("{field}_{end}")].as_i64();
    bound("ge").is_none_or(|from| time >= from) && bound("lt").is_none_or(|to| time < to)
}

impl State {
    pub(super) fn authorized_shops(&self, asked: &Asked<'_>) -> Answer {
        let grant = self.grant_of(asked.open_id);
        let ids = grant.map(|grant| grant.shops.as_slice()).unwrap_or_default();
        let shops: Vec<Value> = ids
            .iter()
            .filter_map(|id| self.shops.get(id))
            .map(|shop| {
                json!({
                    "id": shop.id, "name": shop.name, "region": shop.region, "seller_type": shop.seller_type,
                    "cipher": shop.cipher, "code": format!("{}LC{}", shop.region, shop.id.get(shop.id.len().saturating_sub(6)..).unwrap_or_default()),
                })
            })
            .collect();
        Ok(json!({"shops": shops}))
    }

    pub(super) fn active_shops(&self, asked: &Asked<'_>) -> Answer {
        let grant = self.grant_of(asked.open_id);
        let ids = grant.map(|grant| grant.shops.as_slice()).unwrap_or_default();
        let active = ids.iter().filter_map(|id| self.shops.get(id)).filter(|shop| shop.active);
        let shops: Vec<Value> = active.map(|shop| json!({"id": shop.id, "region": shop.region})).collect();
        Ok(json!({"shops": shops}))
    }

    pub(super) fn search_orders(&mut self, asked: &Asked<'_>) -> Answer {
        let paging = Paging::read(asked, 100, &["create_time", "update_time"], self.settings.offset_pages)?;
        let body = asked.json()?;
        self.settle_all(asked.shop);
        let lag = self.settings.search_lag.max(self.settings.read_lag);
        let time = self.now().checked_sub(lag).unwrap_or_else(|_| self.now());
        let left_out = self.left_out(asked.shop, None);
        let Some(shop) = self.shops.get(asked.shop) else {
            return Err(Refusal::of(101_000));
        };
        let wanted = |order: &Order| {
            let text = |name: &str, value: &str| body[name].as_str().is_none_or(|wanted| wanted == value);
            let warehouses = body["warehouse_ids"].as_array();
            text("order_status", order.status.word())
                && text("shipping_type", &order.shipping_type)
                && inside(&body, "create_time", order.created.as_second())
                && inside(&body, "update_time", order.updated.as_second())
                && body["is_buyer_request_cancel"].as_bool().is_none_or(|w| w == order.cancel_requested.is_some())
                && warehouses.is_none_or(|ids| ids.iter().any(|id| id.as_str() == Some(&order.warehouse)))
        };
        let by_update = paging.by == "update_time";
        // What was placed within the lag is not there yet.
        let placed = |order: &&Order| !lag.is_positive() || order.created <= time;
        let records =
            shop.orders.values().filter(|r| !r.current.details.only_by_id && !left_out.contains(&r.current.id));
        let rows = records.map(|record| record.at(time)).filter(placed);
        let rows = rows.filter(|order| wanted(order));
        let rows = rows.map(|order| Row {
            sort: if by_update { order.updated.as_second() } else { order.created.as_second() },
            id: &order.id,
            item: order,
        });
        Ok(paging.page(rows.collect(), "orders", |order| views::order(order, &shop.region, false)))
    }

    /// The orders that this answer leaves out: of these ids, or of all.
    fn left_out(&mut self, shop: &str, ids: Option<&[&str]>) -> Vec<String> {
        let Some(shop) = self.shops.get_mut(shop) else { return Vec::new() };
        let asked = |id: &str| ids.is_none_or(|ids| ids.contains(&id));
        let gone = shop.orders.values_mut().filter(|r| r.current.details.left_out > 0 && asked(&r.current.id));
        gone.map(|record| {
            record.current.details.left_out -= 1;
            record.current.id.clone()
        })
        .collect()
    }

    /// One unknown or foreign id refuses the whole read.
    pub(super) fn get_orders(&mut self, asked: &Asked<'_>) -> Answer {
        let ids: Vec<&str> = asked.parameter("ids").unwrap_or_default().split(',').map(str::trim).collect();
        let digits = |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        if ids.len() > 50 || !ids.iter().all(digits) {
            return Err(Refusal::parameter("Invalid parameter `ids`: 1 to 50 order ids, joined by commas."));
        }
        for id in &ids {
            let order = self.order(asked.shop, id).ok_or_else(|| Refusal::of(21_008_111))?;
            if let Some(code) = order.details.reads_refused {
                return Err(Refusal::of(code));
            }
        }
        let left_out = self.left_out(asked.shop, Some(&ids));
        let mut orders = Vec::with_capacity(ids.len());
        for id in ids.iter().filter(|id| !left_out.iter().any(|gone| gone == *id)) {
            let time = self.read_time();
            let shop = self.shops.get(asked.shop);
            if let Some((shop, record)) = shop.and_then(|shop| Some((shop, shop.orders.get(*id)?))) {
                orders.push(views::order(record.at(time), &shop.region, true));
            }
        }
        Ok(json!({"orders": orders}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_comes_back_as_it_went_and_needs_encoding() {
        for id in ["1", "12", "123", "576000000000000017"] {
            let token = page_token(1_763_740_800, id);
            assert!(token.contains('+') && token.contains('/') && token.ends_with('='), "{token}");
            assert_eq!(read_token(&token), Some((1_763_740_800, id.to_owned())));
        }
        assert_eq!(read_token("nonsense"), None);
    }
}
