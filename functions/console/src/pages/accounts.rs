//! A person's accounts side by side: may I sleep, per shop, and the way into each.

use super::gate::spoken;
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::domain::ids::AccountId;
use waybill::domain::people::Role;
use waybill::flows::connect::login;
use waybill::flows::connect::member;
use waybill::flows::views::shop_now::ShopNow;
use waybill::table::accounts::email_hash;
use waybill::table::error::TableError;
use waybill::web::form;

/// Shops of all accounts on this page: with them it stays under 30 kB.
const MOST: usize = 60;

/// One of a person's accounts.
pub(super) struct Place {
    pub(super) account: AccountId,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) shops: Vec<Shop>,
}

/// All of them, the one that is looked at first.
pub(super) async fn places(visit: &Visit<'_>, member: &Member) -> Result<Vec<Place>, TableError> {
    let table = &visit.app.table;
    let mut places = Vec::new();
    for place in member::places(table, &email_hash(member.person.email.reveal())).await? {
        let Some(row) = table.account_get(&place.account).await? else { continue };
        let mut shops = Vec::new();
        for id in table.account_shops(&place.account).await? {
            let shop = table.shop_get(&id, true).await?.map(|shop| shop.row);
            shops.extend(shop.filter(|shop| shop.account == place.account));
        }
        places.push(Place { account: place.account, name: row.name, role: place.person.role, shops });
    }
    places.sort_by_key(|place| place.account != member.account);
    Ok(places)
}

#[derive(Serialize)]
struct ShopLine {
    id: String,
    name: String,
    region: String,
    calm: bool,
    said: String,
    late: usize,
    today: usize,
    held: usize,
}

#[derive(Serialize)]
struct PlaceView {
    id: String,
    name: String,
    role: &'static str,
    here: bool,
    operates: bool,
    calm: bool,
    shops: Vec<ShopLine>,
}

/// `GET /accounts`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let (mut views, mut left, mut rest) = (Vec::new(), MOST, 0);
    for place in places(visit, member).await? {
        let mut shops = Vec::new();
        for shop in &place.shops {
            if left == 0 {
                rest += 1;
                continue;
            }
            left -= 1;
            let now = ShopNow::of(visit.app, shop).await?;
            shops.push(ShopLine {
                id: shop.id.to_string(),
                name: shop.name.clone(),
                region: shop.region.to_string(),
                calm: now.may_sleep(),
                said: now.said(),
                late: now.due.late,
                today: now.due.today,
                held: now.held.total,
            });
        }
        // What needs somebody comes first.
        shops.sort_by_key(|shop| shop.calm);
        views.push(PlaceView {
            here: place.account == member.account,
            id: place.account.to_string(),
            name: place.name,
            role: spoken(place.role),
            operates: place.role >= Role::Operator,
            calm: shops.iter().all(|shop| shop.calm),
            shops,
        });
    }
    let to = visit.query.get("to").and_then(login::own_path);
    let awake = views.iter().flat_map(|place| &place.shops).filter(|shop| !shop.calm).count();
    let values = context! {
        places => views, awake, rest, to, said => visit.said(),
        ..member.frame("accounts")
    };
    Ok(visit.heard(answer::page(visit.app, 200, "accounts.html", values)))
}

/// `POST /accounts`: looks at another one.
pub(super) async fn switch(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Ok(account) = AccountId::parse(visit.form.get("account").unwrap_or_default()) else {
        return Ok(answer::missing(visit.app));
    };
    let to = visit.form.get("to").and_then(login::own_path).unwrap_or("/");
    match login::switch(visit.app, &member.secret, &member.session, &account).await {
        Ok(true) => Ok(answer::redirect(to)),
        Ok(false) => Ok(answer::missing(visit.app)),
        // The session was moved on meanwhile: once more, with what it is now.
        Err(TableError::Conflict) => Ok(answer::redirect(&form::address("/accounts", &[("to", to)]))),
        Err(error) => Err(error),
    }
}
