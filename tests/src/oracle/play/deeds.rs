//! Each deed as it is done: at TikTok's model, through signed deliveries, at the command line.

use super::{SHOPS, Stage};
use crate::oracle::right::GIFT;
use crate::oracle::world::{Deed, Items, Message, Trouble};
use serde_json::{Value, json};
use std::time::Duration;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::{shop as connect_shop, shop_in_browser as connect_shop_in_browser};
use waybill::tiktok::authorise::TokenAnswer;
use waybill_model::stores::Mischief;
use waybill_model::tiktok::{Call, Fault, FaultRule, Status};

impl Stage<'_> {
    /// Does it, and writes it down.
    pub(super) async fn does(&mut self, deed: &Deed) {
        if *deed == Deed::Well {
            self.meanwhile().await;
        }
        self.do_now(deed).await;
        if *deed == Deed::Well {
            for shop in std::mem::take(&mut self.unanswered) {
                self.do_now(&Deed::Reconnect(shop)).await;
            }
        }
    }

    async fn do_now(&mut self, deed: &Deed) {
        self.history.deeds.push((self.now() - self.start, deed.clone()));
        let tiktok = self.world.tiktok.clone();
        let plan = self.plan;
        let order = |place: usize| (SHOPS[plan.orders[place].shop], plan.orders[place].id.as_str());
        match deed {
            Deed::Place(place) => self.place(*place),
            Deed::Tell(message) if message.store == self.stores.len() => self.ships(message).await,
            Deed::RemoveStore(_) => self.leaves().await,
            Deed::ConnectStore(_) => self.returns().await,
            Deed::TooLong(store, field) => self.too_long(*store, field).await,
            Deed::Combine(first, second) => {
                drop(tiktok.combine(order(*first).0, &[order(*first).1, order(*second).1]));
            }
            Deed::Split(place, parts) => self.split(*place, parts),
            Deed::Tell(message) => {
                let body = self.body(message);
                self.tell(message.store, &body).await;
            }
            Deed::CancelInStore { store, order, version } => {
                let body = json!({"order_id": order, "order_cancelled": true, "updated_at": self.moment(*version)});
                self.tell(*store, &body).await;
            }
            Deed::Pay(place) => drop(tiktok.pay(order(*place).0, order(*place).1)),
            Deed::Cancel(place) => drop(tiktok.cancel(order(*place).0, order(*place).1, "BUYER")),
            Deed::AskToCancel(place) => drop(tiktok.ask_to_cancel(order(*place).0, order(*place).1)),
            Deed::RejectCancel(place) => drop(tiktok.reject_cancel(order(*place).0, order(*place).1)),
            Deed::CancelUnit(place, unit) => {
                let (shop, id) = order(*place);
                let lines = tiktok.order_now(shop, id).map(|order| order.open_lines()).unwrap_or_default();
                if lines.len() > 1
                    && let Some(line) = lines.get(*unit)
                {
                    tiktok.cancel_lines(shop, id, std::slice::from_ref(line));
                }
            }
            Deed::ShipElsewhere(place, number) => {
                let (shop, id) = order(*place);
                let open = tiktok
                    .order_now(shop, id)
                    .is_some_and(|order| matches!(order.status, Status::AwaitingShipment | Status::PartiallyShipping));
                if open {
                    tiktok.ship_elsewhere(shop, id, &[], number, "7117858858072016686");
                }
            }
            Deed::Scan(place) => drop(tiktok.scan(order(*place).0, order(*place).1)),
            Deed::TakeBack(place) => {
                let (shop, id) = order(*place);
                let shipped = tiktok.order_now(shop, id).is_some_and(|order| {
                    matches!(order.status, Status::AwaitingCollection | Status::PartiallyShipping)
                });
                if shipped {
                    tiktok.take_back(shop, id);
                }
            }
            Deed::ShipBySeller(place) => drop(tiktok.ship_by_seller(order(*place).0, order(*place).1)),
            Deed::Trouble(trouble) => self.trouble(*trouble),
            Deed::Well => {
                tiktok.heal();
                if let Some(web) = &self.web {
                    web.front.model.behave();
                }
            }
            Deed::Revoke(shop) => tiktok.revoke(SHOPS[*shop]),
            Deed::Reconnect(shop) => self.reconnect(*shop).await,
            Deed::Close(shop) => tiktok.set_active(SHOPS[*shop], false),
            Deed::Open(shop) => tiktok.set_active(SHOPS[*shop], true),
            Deed::Pause(shop) => self.shop("pause", *shop).await,
            Deed::Resume(shop) => self.shop("resume", *shop).await,
            Deed::Remove(shop) => self.shop("remove", *shop).await,
            Deed::TakeOver(shop) => {
                self.shop("remove", *shop).await;
                self.world.shop_of_another_account(SHOPS[*shop], "b2").await;
            }
            Deed::Map(words, carrier) => self.act(&["map", "set", words, carrier]).await,
            Deed::Link(store_order, order) => self.act(&["link", store_order, order]).await,
            Deed::Choose(number, items) => {
                let lines: Vec<String> = items.iter().map(|(sku, count)| format!("{sku}:{count}")).collect();
                let mut words = vec!["choose", number];
                words.extend(lines.iter().map(String::as_str));
                self.act(&words).await;
            }
            Deed::Confirm(number) => self.act(&["confirm", number]).await,
            Deed::Dismiss(number) => self.act(&["dismiss", number, "--note", "settled by hand"]).await,
            Deed::Retry(number) => self.act(&["retry", number]).await,
        }
    }

    /// What a person does with a shop; another story may have done the same before.
    async fn shop(&self, what: &str, shop: usize) {
        self.world.command(&["shop", what, SHOPS[shop]]).await;
    }

    /// The owner consents. TikTok may not answer: then again when it is well.
    async fn reconnect(&mut self, shop: usize) {
        let app = &self.world.app;
        let Some(tokens) = self.world.tiktok.authorise(&[SHOPS[shop]]) else { return };
        let Ok(answer) = TokenAnswer::read(tokens.answer().to_string().as_bytes()) else { return };
        match connect_shop::connect(app, &self.world.account, AppRegion::Us, answer).await {
            Ok(shops) => {
                for shop in shops {
                    let _ = connect_shop_in_browser::resume(app, &shop).await;
                }
            }
            Err(_) => {
                self.history.deeds.pop();
                self.unanswered.push(shop);
            }
        }
    }

    /// A person's command must do what the remedy promised.
    async fn act(&mut self, words: &[&str]) {
        let (said, _) = self.world.command(words).await;
        if let Some(error) = said.iter().find_map(|row| row["error"].as_str()) {
            let error = error.to_owned();
            self.differ(&words.join(" "), "a remedy that can be done", &error);
        }
    }

    fn place(&self, place: usize) {
        let order = &self.plan.orders[place];
        let status = match (order.unpaid, order.on_hold) {
            (true, _) => Status::Unpaid,
            (_, true) => Status::OnHold,
            _ => Status::AwaitingShipment,
        };
        let mut builder = self.world.tiktok.order(SHOPS[order.shop], &order.id).lines(&order.items).status(status);
        if order.by_tiktok {
            builder = builder.shipped_by_tiktok();
        }
        if let Some(buyer) = order.buyer {
            builder = builder.recipient(buyer);
        }
        if order.gift {
            builder = builder.line(GIFT, 1).with(|order| {
                for line in order.lines.iter_mut().filter(|line| line.sku == GIFT) {
                    line.gift = true;
                }
            });
        }
        builder.place();
    }

    /// The seller splits what is open as the warehouse packed it; what nobody packed is a package of its own.
    fn split(&self, place: usize, parts: &[Items]) {
        let order = &self.plan.orders[place];
        let Some(now) = self.world.tiktok.order_now(SHOPS[order.shop], &order.id) else { return };
        let mut open: Vec<(String, String)> = now
            .lines
            .iter()
            .filter(|line| now.open_lines().contains(&line.id))
            .map(|line| (line.sku.clone(), line.id.clone()))
            .collect();
        let mut packages: Vec<Vec<String>> = Vec::new();
        for part in parts {
            let mut left = open.clone();
            let mut take = |sku: &str| Some(left.remove(left.iter().position(|(known, _)| known == sku)?).1);
            let units = part.iter().flat_map(|(sku, count)| (0..*count).map(move |_| *sku));
            let Some(lines) = units.map(&mut take).collect::<Option<Vec<String>>>() else { continue };
            open = left;
            packages.push(lines);
        }
        packages.push(open.into_iter().map(|(_, id)| id).collect());
        packages.retain(|package| !package.is_empty());
        let packages: Vec<&[String]> = packages.iter().map(Vec::as_slice).collect();
        self.world.tiktok.split(SHOPS[order.shop], &order.id, &packages);
    }

    /// A text beyond its limit is refused, and the answer names the field.
    async fn too_long(&mut self, store: usize, field: &'static str) {
        let mut body = json!({
            "order_id": "W0", "shipment_id": "1", "tracking_number": "9400100000000000000013", "carrier": "USPS",
            "updated_at": self.moment(0), "lines": [{"sku": "MUG", "quantity": 1}],
        });
        body[field] = "9".repeat(25_000).into();
        let (status, words) = self.world.ask_generic(&self.stores[store], &body).await;
        if status != 422 || !words.contains(field) {
            self.differ(&format!("a {field} of 25,000 characters"), "422 that names it", &format!("{status} {words}"));
        }
    }

    fn moment(&self, second: i64) -> String {
        jiff::Timestamp::from_second(self.start + second).expect("in range").to_string()
    }

    fn body(&self, message: &Message) -> Value {
        let lines: Vec<Value> =
            message.items.iter().map(|(sku, count)| json!({"sku": sku, "quantity": count})).collect();
        let mut body = json!({
            "order_id": message.order, "shipment_id": message.shipment,
            "updated_at": self.moment(message.version),
        });
        if let Some(tiktok) = &message.tiktok {
            body["tiktok_order_id"] = tiktok.as_str().into();
        }
        if message.cancelled {
            body["cancelled"] = true.into();
        } else {
            body["tracking_number"] = message.numbers.join(", ").into();
            if !message.carrier.is_empty() {
                body["carrier"] = message.carrier.into();
            }
        }
        if !lines.is_empty() {
            body["lines"] = lines.into();
        }
        body
    }

    async fn tell(&mut self, store: usize, body: &Value) {
        let (status, words) = self.world.ask_generic(&self.stores[store], body).await;
        if status != 200 {
            self.differ("a message", "is taken", &format!("{status} {words} for {body}"));
        }
    }

    fn trouble(&self, trouble: Trouble) {
        let writes = |fault| FaultRule::new(fault).writes(true);
        let rules = match trouble {
            Trouble::Throttled(shop, seconds) => {
                let fault = Fault::Throttle { retry_after: Some(Duration::from_secs(seconds)) };
                vec![FaultRule::new(fault).shop(SHOPS[shop])]
            }
            Trouble::Down => vec![FaultRule::new(Fault::Status(503))],
            Trouble::AnswersLost(times) => vec![writes(Fault::ResetAfter).times(times)],
            Trouble::CallsLost(times) => vec![writes(Fault::HangBefore).times(times)],
            Trouble::Busy => vec![writes(Fault::Code(21_008_300))],
            Trouble::LeftOut(times) => {
                let body = r#"{"code":0,"message":"Success","request_id":"20261121185500010203040506070809AB","data":{"orders":[]}}"#;
                let answer = Fault::Answer { http: 200, content_type: "application/json".into(), body: body.into() };
                vec![FaultRule::new(answer).on(&[Call::GetOrders]).times(times)]
            }
            Trouble::Flaky => [
                Fault::Status(500),
                Fault::ResetAfter,
                Fault::GatewayTimeout { committed: true },
                Fault::BrokenJson { committed: true },
                Fault::Throttle { retry_after: None },
                Fault::HangBefore,
            ]
            .into_iter()
            .map(|fault| FaultRule::new(fault).probability(0.12))
            .collect(),
            Trouble::BadOrder(order) => {
                let id = &self.plan.orders[order].id;
                vec![FaultRule::new(Fault::Code(10_006_402)).on(&[Call::GetOrders]).id(id)]
            }
            Trouble::OneRead(order) => {
                let id = &self.plan.orders[order].id;
                vec![FaultRule::new(Fault::Code(36_009_003)).on(&[Call::GetOrders]).id(id)]
            }
            Trouble::OneList(shop) => {
                vec![FaultRule::new(Fault::Code(36_009_003)).on(&[Call::GetProviders]).shop(SHOPS[shop])]
            }
            Trouble::Warned => {
                let words = Fault::Warning("The tracking number may not be one of this carrier.".into());
                vec![FaultRule::new(words).on(&[Call::MarkPackage])]
            }
            Trouble::StoreHangs(_) | Trouble::StoreRefuses(_) => {
                let how =
                    if matches!(trouble, Trouble::StoreHangs(_)) { Mischief::Hang } else { Mischief::Unauthorised };
                if let Some(web) = &self.web {
                    web.front.model.misbehave(how, None);
                }
                Vec::new()
            }
        };
        rules.into_iter().for_each(|rule| self.world.tiktok.inject(rule));
    }
}
