//! Sending tracking numbers, correcting them, and reading packages back.
//!
//! None of these writes is idempotent and there is no idempotency key: a repeat answers "already shipped" or "number
//! used". So a write is one try, and its error says when to read before anything else.

use super::error::classify;
use super::order_reader::split_tag;
use super::read::{field, id, list, text, time, whole};
use super::{Answer, Call, Effect, Spec, TikTok, TikTokError, envelope, paths};
use crate::domain::ids::{LineItemId, PackageId, ProviderId, TikTokOrderId, WarehouseId};
use crate::domain::order::{PackageState, SplitTag};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// A number and its carrier, in the form TikTok takes.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// The carrier's canonical form: 4 to 50 of letters, digits, `-`, `_`, `.`, `/`.
    pub number: &'a str,
    /// From the shop's own list.
    pub provider: &'a ProviderId,
}

/// Which call carries a number.
#[derive(Clone, Copy, Debug)]
pub enum Write<'a> {
    /// Mark Package As Shipped: the first number of some lines, or of the whole order when `lines` is empty. For US, UK,
    /// EU and JP shops.
    Mark {
        /// The order.
        order: &'a TikTokOrderId,
        /// Its lines.
        lines: &'a [LineItemId],
    },
    /// Ship Package with the seller's own carrier: the first number of a package. For the markets where packages exist
    /// from payment on.
    Ship {
        /// The package.
        package: &'a PackageId,
    },
    /// Update Shipping Info: corrects the number of an order that is not split. Once, within 72 hours of shipping.
    UpdateOrder {
        /// The order.
        order: &'a TikTokOrderId,
    },
    /// Update Package Shipping Info: corrects the number of one package. Once, within 72 hours of shipping.
    UpdatePackage {
        /// The package.
        package: &'a PackageId,
    },
}

/// A call that carries a number, as it goes out; an explanation shows the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NumberCall {
    /// HTTP's word.
    pub method: &'static str,
    /// The path, without what signs it.
    pub path: String,
    /// The body.
    pub body: Value,
}

impl Write<'_> {
    /// The call as it goes out.
    #[must_use]
    pub fn call(self, sending: Sending<'_>) -> NumberCall {
        let (path, body) = match self {
            Self::Mark { order, lines } => {
                let mut body = sending.body();
                if !lines.is_empty() {
                    body["order_line_item_ids"] = lines.iter().map(LineItemId::as_str).collect();
                }
                (paths::mark_package(order), body)
            }
            Self::Ship { package } => (paths::ship_package(package), json!({"self_shipment": sending.body()})),
            Self::UpdateOrder { order } => (paths::update_order(order), sending.body()),
            Self::UpdatePackage { package } => (paths::update_package(package), sending.body()),
        };
        NumberCall { method: "POST", path, body }
    }
}

/// TikTok took the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// The package; in the US made by the call.
    pub package: Option<PackageId>,
    /// The lines in it, where TikTok names them.
    pub lines: Vec<LineItemId>,
    /// The number matched its carrier badly. It counts as accepted; scans may never come.
    pub warning: Option<String>,
    /// TikTok's id of the request.
    pub request_id: Option<String>,
}

/// One package that a batch did not ship.
#[derive(Debug)]
pub struct PackageRefusal {
    /// Which, if TikTok says.
    pub package: Option<PackageId>,
    /// Why.
    pub error: TikTokError,
}

/// A package as TikTok shows it, without anything about the buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// TikTok's id.
    pub id: PackageId,
    /// Its state.
    pub state: PackageState,
    /// Finer state, verbatim.
    pub sub_status: Option<String>,
    /// `PACKAGE_LOST`, `RETURNED_TO_SHIPPER`, …, verbatim.
    pub exception: Option<String>,
    /// Several when orders were combined.
    pub orders: Vec<TikTokOrderId>,
    /// The units inside.
    pub lines: Vec<LineItemId>,
    /// The number TikTok holds.
    pub tracking: Option<String>,
    /// The carrier TikTok holds.
    pub provider: Option<ProviderId>,
    /// The carrier's name at TikTok.
    pub provider_name: Option<String>,
    /// Whether an order was split into it, or several orders were combined in it.
    pub split_or_combined: Option<SplitTag>,
    /// `SELLER` is ours.
    pub shipping_type: Option<String>,
    /// The warehouse it ships from; since August 2026 in the US.
    pub warehouse: Option<WarehouseId>,
    /// When it came to be.
    pub create_time: Option<Timestamp>,
    /// When it last changed.
    pub update_time: Option<Timestamp>,
}

/// Which packages to read, oldest change first.
#[derive(Clone, Debug, Default)]
pub struct PackageQuery {
    /// Changed at or after.
    pub from: Option<Timestamp>,
    /// Changed before.
    pub to: Option<Timestamp>,
    /// TikTok's word, for example `PROCESSING`.
    pub status: Option<String>,
    /// 1 to 50.
    pub page_size: u8,
    /// From the page before.
    pub page_token: Option<String>,
}

/// Packages, and where the next page begins.
#[derive(Clone, Debug)]
pub struct PackagePage {
    /// This page.
    pub packages: Vec<Package>,
    /// `None` on the last page.
    pub next: Option<String>,
}

impl TikTok {
    /// Carries a number to TikTok.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn write_number(
        &self,
        call: Call<'_>,
        write: Write<'_>,
        sending: Sending<'_>,
    ) -> Result<Shipped, TikTokError> {
        let NumberCall { path, body, .. } = write.call(sending);
        let answer = self.send(Spec::write(call, path, body)).await?;
        let data = answer.data.as_ref().unwrap_or(&Value::Null);
        let warning = text(field(data, "warning"), "message").or_else(|| text(data, "warning"));
        Ok(match write {
            Write::Mark { .. } => Shipped {
                package: id(data, "package_id"),
                lines: texts(data, "order_line_item_ids"),
                warning: warning.map(|words| envelope::cut(&words, envelope::LONGEST_MESSAGE)),
                request_id: answer.request_id,
            },
            Write::Ship { package } | Write::UpdatePackage { package } => accepted(Some(package.clone()), answer),
            Write::UpdateOrder { .. } => accepted(None, answer),
        })
    }

    /// Mark Package As Shipped: [`Write::Mark`].
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn mark_package_as_shipped(
        &self,
        call: Call<'_>,
        order: &TikTokOrderId,
        lines: &[LineItemId],
        sending: Sending<'_>,
    ) -> Result<Shipped, TikTokError> {
        self.write_number(call, Write::Mark { order, lines }, sending).await
    }

    /// Ship Package: [`Write::Ship`].
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn ship_package(
        &self,
        call: Call<'_>,
        package: &PackageId,
        sending: Sending<'_>,
    ) -> Result<Shipped, TikTokError> {
        self.write_number(call, Write::Ship { package }, sending).await
    }

    /// Batch Ship Packages. The answer names those that were **not** shipped; all others were.
    ///
    /// # Errors
    /// [`TikTokError`] when the whole call failed.
    pub async fn ship_packages(
        &self,
        call: Call<'_>,
        packages: &[(&PackageId, Sending<'_>)],
    ) -> Result<Vec<PackageRefusal>, TikTokError> {
        let one = |(package, sending): &(&PackageId, Sending<'_>)| json!({"id": package.as_str(), "self_shipment": sending.body()});
        let body = json!({"packages": packages.iter().map(one).collect::<Vec<_>>()});
        let answer = self.send(Spec::write(call, paths::BATCH_SHIP, body)).await?;
        let data = answer.data.as_ref().unwrap_or(&Value::Null);
        Ok(list(data, "errors").iter().map(|error| refusal(error, &answer)).collect())
    }

    /// Update Shipping Info: [`Write::UpdateOrder`].
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn update_order_shipping(
        &self,
        call: Call<'_>,
        order: &TikTokOrderId,
        sending: Sending<'_>,
    ) -> Result<Shipped, TikTokError> {
        self.write_number(call, Write::UpdateOrder { order }, sending).await
    }

    /// Update Package Shipping Info: [`Write::UpdatePackage`].
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn update_package_shipping(
        &self,
        call: Call<'_>,
        package: &PackageId,
        sending: Sending<'_>,
    ) -> Result<Shipped, TikTokError> {
        self.write_number(call, Write::UpdatePackage { package }, sending).await
    }

    /// One package.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn package_detail(&self, call: Call<'_>, package: &PackageId) -> Result<Package, TikTokError> {
        let answer = self.send(Spec::read(call, paths::package(package))).await?;
        read_package(answer.data()?).ok_or_else(|| answer.incomplete("the answer has no package"))
    }

    /// A page of packages, by the time of their last change.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn package_search(&self, call: Call<'_>, query: &PackageQuery) -> Result<PackagePage, TikTokError> {
        let mut body = json!({});
        for (key, time) in [("update_time_ge", query.from), ("update_time_lt", query.to)] {
            if let Some(time) = time {
                body[key] = time.as_second().into();
            }
        }
        if let Some(status) = &query.status {
            body["package_status"] = status.as_str().into();
        }
        let spec = Spec::shop(call, Method::POST, paths::PACKAGE_SEARCH, Effect::Read)
            .query("page_size", query.page_size.clamp(1, 50).to_string())
            .query("sort_field", "update_time")
            .query("sort_order", "ASC")
            .query("page_token", query.page_token.as_deref().unwrap_or_default())
            .with(body);
        let answer = self.send(spec).await?;
        let data = answer.data()?;
        let packages = list(data, "packages").iter().filter_map(read_package).collect();
        Ok(PackagePage { packages, next: text(data, "next_page_token") })
    }
}

impl Sending<'_> {
    fn body(&self) -> Value {
        json!({"tracking_number": self.number, "shipping_provider_id": self.provider.as_str()})
    }
}

fn accepted(package: Option<PackageId>, answer: Answer) -> Shipped {
    Shipped { package, lines: Vec::new(), warning: None, request_id: answer.request_id }
}

fn refusal(value: &Value, answer: &Answer) -> PackageRefusal {
    let code = whole(value, "code");
    let message = envelope::cut(&text(value, "message").unwrap_or_default(), envelope::LONGEST_MESSAGE);
    let class = classify(code, &message, 200, Effect::Write);
    let request_id = answer.request_id.clone();
    PackageRefusal {
        package: id(field(value, "detail"), "package_id"),
        error: TikTokError {
            code,
            message,
            request_id,
            http_status: Some(200),
            retry_after: None,
            class,
            source: None,
        },
    }
}

/// Search says `id` and `status` where detail says `package_id` and `package_status`.
fn read_package(value: &Value) -> Option<Package> {
    let state = text(value, "package_status").or_else(|| text(value, "status")).unwrap_or_default();
    Some(Package {
        id: id(value, "package_id").or_else(|| id(value, "id"))?,
        state: PackageState::parse(&state),
        sub_status: text(value, "package_sub_status"),
        exception: text(value, "ship_exception_reason"),
        orders: list(value, "orders").iter().filter_map(|order| id(order, "id")).collect(),
        lines: texts(value, "order_line_item_ids"),
        tracking: text(value, "tracking_number"),
        provider: id(value, "shipping_provider_id"),
        provider_name: text(value, "shipping_provider_name"),
        split_or_combined: text(value, "split_and_combine_tag").and_then(|tag| split_tag(&tag)),
        shipping_type: text(value, "shipping_type"),
        warehouse: id(value, "warehouse_id"),
        create_time: time(value, "create_time"),
        update_time: time(value, "update_time"),
    })
}

fn texts(value: &Value, key: &str) -> Vec<LineItemId> {
    list(value, key).iter().filter_map(|line| LineItemId::parse(line.as_str()?).ok()).collect()
}
