//! The guide "Deploy to AWS in ten minutes", followed to the first number, on a stack that the template made: a delivery to
//! the function's own address, and a push that the table's stream or the schedule starts.

use anyhow::{Context as _, Result, ensure};
use data_encoding::BASE64;
use ring::hmac;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use waybill::domain::region::AppRegion;
use waybill_model::tiktok::ShopSpec;
use waybill_tests::lambda::deployed::{Answer, Deployed};
use waybill_tests::lambda::town::Town;

const SHOP: &str = "7494049642642441628";
const ORDER: &str = "576000000000000801";
/// No other story ships it: the model knows which order a number belongs to.
const NUMBER: &str = "9400111899223818215000";
/// The emulator's schedules come every minute, as the template says, and late by some seconds.
const PATIENCE: Duration = Duration::from_secs(240);

type Jar = BTreeMap<String, String>;

/// Deploys; then follows the guide's steps 4 and 5; then a warehouse ships, and the stack does the rest.
pub async fn guide(town: &Town) -> Result<()> {
    let stack = Deployed::deploy(&town.tools, &town.settings).await?;
    for (region, redirect) in [(AppRegion::Us, "TikTokRedirectUrlUs"), (AppRegion::Row, "TikTokRedirectUrlRow")] {
        let redirect = stack.output(redirect)?.to_owned();
        town.tiktok.configure_app(region, |app| app.redirect = redirect);
        let (app, region) = (town.tiktok.app(region), region.to_string());
        let set = ["app", "set", "--region", &region, "--key", &app.key, "--service-id", &app.service_id];
        stack.waybill(&set, &app.secret).await?;
    }
    let owner = "owner@tiny-mugs.example";
    stack.waybill(&["account", "add", "--name", "Tiny Mugs", "--email", owner], "").await?;
    let mut browser = Jar::new();
    let console = stack.output("ConsoleUrl")?.trim_end_matches('/').to_owned();
    let health = stack.visit(&mut Jar::new(), get(&format!("{console}/healthz"))?).await?;
    ensure!(health.status == 200 && health.text.contains("version"), "{health:?}");

    // The emulator keeps `/login` itself for another service of AWS, so the operator prints the link.
    let printed = stack.waybill(&["login-link", owner], "").await?;
    let link = printed["link"].as_str().context("no link")?;
    let path = link.strip_prefix(&console).context("another origin")?;
    let entered = stack.visit(&mut browser, form(&console, path, "")?).await?;
    ensure!(entered.status == 303 && entered.location == "/", "{entered:?}");

    town.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
    let page = connect(&stack, &mut browser, &console).await?;
    ensure!(page.status == 200, "{page:?}");
    let store = ["store", "add", "generic", "--account", owner, "--shop", SHOP];
    let store = stack.waybill(&store, "{}").await?;
    let (hook, secret) = (store["webhook_url"].as_str(), store["webhook_secret"].as_str());
    let (hook, secret) = hook.zip(secret).with_context(|| format!("no address: {store}"))?;
    ensure!(hook.contains(".lambda-url.") && hook.starts_with(stack.output("HooksUrl")?), "the function's own: {hook}");

    town.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    let told = stack.visit(&mut Jar::new(), parcel(hook, secret, &town.app.clock.now())?).await?;
    ensure!(told.status == 200, "{told:?}");
    let start = town.app.clock.steady();
    while town.at_tiktok(SHOP, ORDER) != [NUMBER] {
        ensure!(
            town.app.clock.steady() - start < PATIENCE,
            "nothing sent the number: {:?}",
            town.at_tiktok(SHOP, ORDER)
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("    at TikTok {:.1} s after the webhook", (town.app.clock.steady() - start).as_secs_f64());
    Ok(())
}

/// To TikTok's consent page and back.
async fn connect(stack: &Deployed, browser: &mut Jar, console: &str) -> Result<Answer> {
    let started = stack.visit(browser, get(&format!("{console}/connect/tiktok/us"))?).await?;
    ensure!(started.status == 303, "{started:?}");
    let consent = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    let consent = consent.get(&started.location).send().await?;
    let back = consent.headers().get("location").context("no way back")?.to_str()?.to_owned();
    stack.visit(browser, get(&back)?).await
}

fn get(address: &str) -> Result<http::Request<String>> {
    Ok(http::Request::get(address).body(String::new())?)
}

fn form(console: &str, path: &str, fields: &str) -> Result<http::Request<String>> {
    let request = http::Request::post(format!("{console}{path}")).header("origin", console);
    Ok(request.header("content-type", "application/x-www-form-urlencoded").body(fields.to_owned())?)
}

/// A warehouse's report, signed as Standard Webhooks says.
fn parcel(hook: &str, secret: &str, now: &jiff::Timestamp) -> Result<http::Request<String>> {
    let body = json!({
        "tiktok_order_id": ORDER, "shipment_id": "SO-1042-1", "carrier": "USPS", "tracking_number": NUMBER,
        "lines": [{"sku": "MUG-BLUE", "quantity": 1}],
    })
    .to_string();
    let (id, time) = ("msg_1", now.as_second());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{id}.{time}.{body}").as_bytes());
    let request = http::Request::post(hook).header("content-type", "application/json");
    let request = request.header("webhook-id", id).header("webhook-timestamp", time.to_string());
    Ok(request.header("webhook-signature", format!("v1,{}", BASE64.encode(tag.as_ref()))).body(body)?)
}
