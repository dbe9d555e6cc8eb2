//! How each shop does, in numbers that open their orders.

use super::list::{self, Choice, ROWS};
use super::picture;
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::flows::views::report::{self, Figure};
use waybill::flows::views::rows::{Part, cells};
use waybill::table::error::TableError;
use waybill::web::form;

/// The fields of a row, in the order of its JSON.
const HEAD: [&str; 8] = ["shop", "days", "measure", "carrier", "value", "of", "source", "orders"];
/// Orders of a shop that the page looks at; the command reads all.
const LOOKED_AT: usize = 1_500;
/// Days to choose from.
const DAYS: [u16; 3] = [7, 30, 90];

/// A figure as it is shown.
#[derive(Serialize)]
struct Shown {
    title: &'static str,
    aim: &'static str,
    value: String,
    of: usize,
    source: &'static str,
    link: String,
    wrong: usize,
    picture: String,
    carriers: Vec<ByCarrier>,
    good: bool,
}

#[derive(Serialize)]
struct ByCarrier {
    carrier: String,
    value: String,
    of: usize,
    wrong: usize,
    link: String,
}

#[derive(Serialize)]
struct OfShop {
    name: String,
    only: Option<usize>,
    figures: Vec<Shown>,
}

/// A measure's name, TikTok's limit of it in words and as a share, and whether more is worse.
fn about(measure: &str) -> (&'static str, &'static str, f64, bool) {
    match measure {
        "late_dispatch" => ("Late dispatch", "at most 4 %", 0.04, true),
        "valid_tracking" => ("Valid tracking", "at least 95 %", 0.95, false),
        "on_time" => ("Delivered on time", "at least 80 %", 0.80, false),
        "cancelled_by_us" => ("Cancelled by us", "at most 2.5 %", 0.025, true),
        _ => ("Other", "", 0.0, false),
    }
}

fn value(figure: &Figure) -> String {
    if figure.of == 0 { "no orders yet".to_owned() } else { picture::percent(figure.value) }
}

fn link(figure: &Figure, days: &str) -> String {
    let carrier = figure.carrier.as_deref().unwrap_or_default();
    let fields = [("shop", figure.shop.as_str()), ("days", days), ("measure", figure.measure), ("carrier", carrier)];
    form::address("/report", &fields)
}

fn shown(figure: &Figure, all: &[Figure], days: &str) -> Shown {
    let (title, aim, limit, worse) = about(figure.measure);
    let carriers = all.iter().filter(|other| other.measure == figure.measure && other.carrier.is_some());
    let carriers = carriers.map(|other| ByCarrier {
        carrier: other.carrier.clone().unwrap_or_default(),
        value: value(other),
        of: other.of,
        wrong: other.orders.len(),
        link: link(other, days),
    });
    let words = format!("{title}: {}, TikTok's limit is {aim}.", value(figure));
    Shown {
        title,
        aim,
        value: value(figure),
        of: figure.of,
        source: figure.source,
        link: link(figure, days),
        wrong: figure.orders.len(),
        picture: picture::meter(&words, if figure.of == 0 { 0.0 } else { figure.value }, limit),
        carriers: carriers.collect(),
        good: figure.of == 0 || if worse { figure.value <= limit } else { figure.value >= limit },
    }
}

fn days(visit: &Visit<'_>) -> u16 {
    let days = visit.query.get("days").and_then(|days| days.parse().ok());
    days.filter(|days| (1..=90).contains(days)).unwrap_or(30)
}

/// `GET /report`; with `?measure=` the orders behind a number.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let days = days(visit);
    let word = days.to_string();
    let mut read: Vec<(&Shop, Vec<Figure>, Option<usize>)> = Vec::new();
    for shop in &shops.asked {
        let (figures, only) = report::newest(visit.app, shop, days, LOOKED_AT).await?;
        read.push((shop, figures, only));
    }
    let measure = visit.query.get("measure").unwrap_or_default();
    if !measure.is_empty() {
        return Ok(behind(visit, member, measure, &word, &read));
    }
    let all: Vec<OfShop> = read
        .iter()
        .map(|(shop, figures, only)| OfShop {
            name: shop.name.clone(),
            only: *only,
            figures: figures
                .iter()
                .filter(|figure| figure.carrier.is_none())
                .map(|figure| shown(figure, figures, &word))
                .collect(),
        })
        .collect();
    let spans: Vec<Choice> = DAYS.iter().map(|n| Choice::new(&n.to_string(), &format!("{n} days"), &word)).collect();
    let links = list::links(visit, "/report", &[("shop", &shops.chosen), ("days", &word)], None);
    let values = context! {
        all, days, spans, links, shops => shops.choices(), ..member.frame("report")
    };
    Ok(answer::page(visit.app, 200, "report.html", values))
}

/// The orders behind a number.
fn behind(
    visit: &Visit<'_>,
    member: &Member,
    measure: &str,
    days: &str,
    read: &[(&Shop, Vec<Figure>, Option<usize>)],
) -> Response<Body> {
    let carrier = visit.query.get("carrier").unwrap_or_default();
    let (title, ..) = about(measure);
    let mut orders: Vec<String> = Vec::new();
    for figure in read.iter().flat_map(|(_, figures, _)| figures) {
        if figure.measure == measure && figure.carrier.as_deref().unwrap_or_default() == carrier {
            orders.extend(figure.orders.iter().cloned());
        }
    }
    let total = orders.len();
    let part = Part::of(orders, visit.query.get("after"), ROWS);
    let shop = visit.query.get("shop").unwrap_or_default();
    let filters = [("shop", shop), ("days", days), ("measure", measure), ("carrier", carrier)];
    let links = list::links(visit, "/report", &filters, part.next.as_deref());
    let values = context! {
        title, carrier, total, days, links, orders => part.rows, ..member.frame("report")
    };
    answer::page(visit.app, 200, "report_orders.html", values)
}

/// `GET /report.csv`.
pub(super) async fn csv(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let mut rows = Vec::new();
    for shop in &shops.asked {
        let figures = report::report(visit.app, shop, days(visit)).await?;
        rows.extend(figures.iter().map(|figure| cells(figure, &HEAD)));
    }
    Ok(answer::csv("report", &HEAD, rows))
}
