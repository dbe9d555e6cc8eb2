//! The pages on which people settle what waits: every act by a form, in the audit, and nothing of anybody else.

mod acts;
mod catalogue;
mod explained;
mod hand_holds;
mod lists;
mod runs;
mod strangers;

use serde_json::{Value, json};
use waybill::flows::connect::store::Added;
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::{SHOP, World};

const ONE: &str = "576000000000000001";
const TWO: &str = "576000000000000002";

/// A warehouse's shipment of one thing.
pub(crate) fn parcel(
    world: &World,
    order: &str,
    tiktok: Option<&str>,
    number: &str,
    carrier: &str,
    sku: &str,
) -> Value {
    let mut body = json!({
        "order_id": order, "shipment_id": "1", "tracking_number": number, "carrier": carrier,
        "lines": [{"sku": sku, "quantity": 1}], "updated_at": world.time.now().to_string(),
    });
    if let Some(tiktok) = tiktok {
        body["tiktok_order_id"] = tiktok.into();
    }
    body
}

/// A world with a warehouse and somebody who is signed in.
async fn desk() -> (World, Added, Browser) {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    (world, store, browser)
}

/// The fields of the form on a page that has this button, hidden ones with their values.
pub(crate) fn form(page: &Page, button: &str) -> (String, Vec<(String, String)>) {
    let mark = format!("name=\"do\" value=\"{button}\"");
    let forms = page.text.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap_or_default());
    let form =
        forms.into_iter().find(|form| form.contains(&mark)).unwrap_or_else(|| panic!("no {button}: {}", page.text));
    let value = |text: &str, name: &str| {
        let rest = text.split(&format!("{name}=\"")).nth(1)?;
        Some(plain(rest.split('"').next()?))
    };
    let action = value(form, "action").expect("an action");
    let inputs = form.split("<input ").skip(1).map(|input| input.split('>').next().unwrap_or_default());
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    let fields = hidden.filter_map(|input| Some((value(input, "name")?, value(input, "value").unwrap_or_default())));
    (action, fields.collect())
}

/// Text as a browser reads it from a page.
fn plain(text: &str) -> String {
    let text = text.replace("&#x2f;", "/").replace("&quot;", "\"").replace("&#x27;", "'");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Presses a button of a page, with what a person types.
async fn press(world: &World, browser: &mut Browser, page: &Page, button: &str, typed: &[(&str, &str)]) -> Page {
    let (action, hidden) = form(page, button);
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.push(("do", button));
    fields.extend(typed);
    browser.post(world, &action, &fields).await
}

/// Presses a button of the attention page and gives what the page says then.
async fn settle(world: &World, browser: &mut Browser, button: &str, typed: &[(&str, &str)]) -> String {
    let page = browser.get(world, "/attention").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let answer = press(world, browser, &page, button, typed).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/attention"), "{}", answer.text);
    let page = browser.get(world, "/attention").await;
    let said = page.text.split("role=\"status\"><p>").nth(1).and_then(|rest| rest.split("</p>").next());
    plain(said.unwrap_or_else(|| panic!("nothing is said: {}", page.text)))
}

fn number(n: u64) -> String {
    usps(n)
}
