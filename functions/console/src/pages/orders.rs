//! The orders of an account: a list by filters, and a search that leads to one.

use super::list::{self, Choice, FILE_ROWS, ROWS};
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::ids::TikTokOrderId;
use waybill::domain::order_row::STATE_WORDS;
use waybill::flows::acts::Scope;
use waybill::flows::orders::board::OrderLine;
use waybill::flows::views::orders::{self, Asked, Found, HEAD};
use waybill::flows::views::rows::cells;
use waybill::table::error::TableError;
use waybill::web::form;

/// Signs of the longest search: no order's name or number is longer.
const LONGEST: usize = 200;

#[derive(Serialize)]
struct Row {
    order: String,
    shop: String,
    store: String,
    state: String,
    numbers: String,
    clock: &'static str,
    due: String,
    late: bool,
}

impl Row {
    fn of(line: &OrderLine, shops: &list::Shops) -> Self {
        let state = match line.skipped {
            Some(reason) => format!("not imported: {}", reason.replace('_', " ").to_lowercase()),
            None => line.state.replace('_', " "),
        };
        Self {
            order: line.order.clone(),
            shop: shops.name(&line.shop).to_owned(),
            store: line.store_orders.join(", "),
            state,
            numbers: line.numbers.join(", "),
            clock: line.clock.unwrap_or_default(),
            due: line.due.map(|due| list::short(due, &shops.zone(&line.shop))).unwrap_or_default(),
            late: line.late,
        }
    }
}

/// `GET /orders`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let search: String = visit.query.get("q").unwrap_or_default().trim().chars().take(LONGEST).collect();
    let mut hits = Vec::new();
    if !search.is_empty() {
        let scope = Scope::Account(member.account.clone());
        match orders::search(visit.app, &scope, &shops.all, &search).await? {
            Found::One(order) => return Ok(answer::redirect(&format!("/orders/{}", segment(&order)))),
            Found::Several(several) => hits = several,
            Found::Nothing => {}
        }
    }
    let (asked, after) = asked(visit);
    let part = if search.is_empty() {
        orders::page(visit.app, &shops.asked, &asked, after.as_ref(), ROWS).await?
    } else {
        waybill::flows::views::rows::Part::default()
    };
    let rows: Vec<Row> = part.rows.iter().map(|line| Row::of(line, &shops)).collect();
    let state = asked.state.as_deref().unwrap_or_default();
    let filters = filters(&shops.chosen, &asked);
    let links = list::links(visit, "/orders", &filters, part.next.as_deref());
    let states = std::iter::once(Choice::new("", "Any state", state))
        .chain(STATE_WORDS.iter().map(|word| Choice::new(word, &word.replace('_', " "), state)))
        .collect::<Vec<_>>();
    let filtered = !filters.iter().all(|(_, value)| value.is_empty());
    let hits: Vec<_> = hits
        .into_iter()
        .map(|hit| context! { link => segment(&hit.order), numbers => hit.numbers.join(", "), ..minijinja::Value::from_serialize(&hit) })
        .collect();
    let values = context! {
        rows, links, states, search, hits, filtered, late => asked.late, shops => shops.choices(),
        any => !shops.all.is_empty(), ..member.frame("orders")
    };
    Ok(answer::page(visit.app, 200, "orders.html", values))
}

/// `GET /orders.csv`: the same rows under the names of the JSON rows.
pub(super) async fn csv(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let (asked, mut after) = asked(visit);
    let mut rows = Vec::new();
    loop {
        let part = orders::page(visit.app, &shops.asked, &asked, after.as_ref(), 1_000).await?;
        rows.extend(part.rows.iter().map(|line| cells(line, &HEAD)));
        after = part.next.as_deref().and_then(|next| TikTokOrderId::parse(next).ok());
        if after.is_none() || rows.len() >= FILE_ROWS {
            break;
        }
    }
    let next = after.as_ref().map(|after| {
        let fields: Vec<_> = filters(&shops.chosen, &asked).into_iter().chain([("after", after.as_str())]).collect();
        form::address("/orders.csv", &fields)
    });
    Ok(answer::with_next(answer::csv("orders", &HEAD, rows), next.as_deref()))
}

fn asked(visit: &Visit<'_>) -> (Asked, Option<TikTokOrderId>) {
    let state = visit.query.get("state").map(str::to_ascii_lowercase);
    let state = state.filter(|state| STATE_WORDS.contains(&state.as_str()));
    let late = visit.query.get("late").is_some_and(|late| matches!(late, "1" | "true" | "yes" | "on"));
    let after = visit.query.get("after").and_then(|after| TikTokOrderId::parse(after).ok());
    (Asked { state, late, since: None }, after)
}

fn filters<'a>(shop: &'a str, asked: &'a Asked) -> [(&'static str, &'a str); 3] {
    let late = if asked.late { "1" } else { "" };
    [("shop", shop), ("state", asked.state.as_deref().unwrap_or_default()), ("late", late)]
}

/// A name as one part of a path.
pub(super) fn segment(name: &str) -> String {
    form::address("", &[("o", name)]).replacen("?o=", "", 1).replace('+', "%20")
}
