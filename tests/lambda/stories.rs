//! One story a promise. They share one installation and differ in shop, store and order.

use anyhow::{Context as _, Result, ensure};
use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};
use std::time::Duration;
use waybill::domain::ids::StoreOrderId;
use waybill::domain::parcel::ParcelState;
use waybill::flows::connect::store::Added;
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::lambda::event;
use waybill_tests::lambda::process::Sandbox;
use waybill_tests::lambda::town::Town;
use waybill_tests::world::{HOOK_SECRET, fulfilment, shopify_order};

type Story = for<'a> fn(&'a Town) -> BoxFuture<'a, Result<()>>;

/// Every story, in the order in which they run.
pub(crate) const ALL: &[(&str, Story)] = &[
    // First: the model's consent page offers whatever shops there are, and so far there is none but its own.
    ("the_template_deploys_and_its_guide_leads_to_a_number", |town| Box::pin(crate::deployed::guide(town))),
    ("a_signed_delivery_becomes_a_number_at_tiktok", |town| Box::pin(carries(town))),
    ("a_wrong_signature_is_refused", |town| Box::pin(refuses(town))),
    ("the_largest_event_is_answered_within_forty_megabytes", |town| Box::pin(largest(town))),
    ("processes_side_by_side_keep_one_row_and_send_once", |town| Box::pin(side_by_side(town))),
    ("a_run_that_is_cut_off_after_the_send_sends_nothing_twice", |town| Box::pin(cut_off(town))),
    ("an_event_that_makes_no_sense_is_answered_and_the_next_one_works", |town| Box::pin(nonsense(town))),
    ("a_panic_is_answered_and_the_process_lives_on", |town| Box::pin(panic(town))),
    ("the_slow_schedule_answers_with_counts", |town| Box::pin(tick(town))),
    ("the_console_answers_with_cookies", |town| Box::pin(console(town))),
    ("a_reminder_leaves_by_mail_and_its_link_opens", |town| Box::pin(reminder(town))),
    ("a_mailed_link_signs_its_browser_in", |town| Box::pin(login(town))),
    ("no_call_to_aws_was_beyond_a_role", |town| Box::pin(roles(town))),
];

const LINES: &[(&str, u32)] = &[("MUG-BLUE", 2), ("CAP-RED", 1)];
const NUMBERS: [&str; 3] = ["9310215860339224995564", "9400111899223818214409", "9205590164917312751089"];

fn shipped(order: u64, tiktok: &str, number: &str) -> Value {
    let version = "2026-11-21T09:00:00Z";
    shopify_order(order, tiktok, version, &[fulfilment(order, order, version, "USPS", &[number], LINES)])
}

async fn push(town: &Town, sandbox: &Sandbox) -> Result<u64> {
    let mut pushed = 0;
    for event in town.push_events() {
        let summary = sandbox.invoke(&event).await?;
        pushed += summary["pushed"].as_u64().with_context(|| format!("no summary: {summary}"))?;
    }
    Ok(pushed)
}

async fn rows(town: &Town, store: &Added, order: &str) -> Result<usize> {
    let order = StoreOrderId::parse(order).map_err(|e| anyhow::anyhow!("{e}"))?;
    Ok(town.app.table.order_rows(&store.store.id, &order, true).await?.parcels.len())
}

async fn carries(town: &Town) -> Result<()> {
    let (shop, order) = ("7494049642642441621", "576000000000000101");
    let store = town.connect(shop, "tiny-mugs.myshopify.com").await?;
    town.tiktok.order(shop, order).lines(LINES).place();
    let webhook = town.sandbox("store-webhook", None).await?;
    let pusher = town.sandbox("tracking-push", None).await?;
    let body = shipped(1042, order, NUMBERS[0]).to_string();
    let delivery = town.delivery(&store, body.as_bytes(), HOOK_SECRET, true)?;
    let answer = webhook.invoke(&delivery).await?;
    ensure!(answer["statusCode"] == 200, "the delivery is answered {answer}");
    ensure!(push(town, &pusher).await? == 1, "one number is sent");
    ensure!(town.at_tiktok(shop, order) == [NUMBERS[0]; 3], "TikTok holds {:?}", town.at_tiktok(shop, order));
    // Once more, and as text; and through the HTTP API, whose addresses stay: nothing is new, nothing is due.
    let again = town.delivery(&store, body.as_bytes(), HOOK_SECRET, false)?;
    ensure!(webhook.invoke(&again).await?["statusCode"] == 200, "the repeat is answered");
    let former = event::through_api(delivery);
    ensure!(webhook.invoke(&former).await?["statusCode"] == 200, "the repeat at the other address is answered");
    ensure!(push(town, &pusher).await? == 0, "the repeat sends nothing");
    ensure!(rows(town, &store, "1042").await? == 1, "the repeat makes no row");
    println!("    peak memory: webhook {} kB, push {} kB", webhook.peak_memory()?, pusher.peak_memory()?);
    Ok(())
}

async fn refuses(town: &Town) -> Result<()> {
    let store = town.connect("7494049642642441622", "wrong-key.myshopify.com").await?;
    let webhook = town.sandbox("store-webhook", None).await?;
    let body = shipped(1, "576000000000000201", NUMBERS[0]).to_string();
    let answer = webhook.invoke(&town.delivery(&store, body.as_bytes(), "another secret", true)?).await?;
    ensure!(answer["statusCode"] == 401, "{answer}");
    ensure!(rows(town, &store, "1").await? == 0, "nothing is stored");
    Ok(())
}

/// Lambda takes events of 6 MB; base64 leaves 4.5 MB for the body.
async fn largest(town: &Town) -> Result<()> {
    let store = town.connect("7494049642642441623", "long-orders.myshopify.com").await?;
    let webhook = town.sandbox("store-webhook", None).await?;
    let mut order = shipped(2, "576000000000000301", NUMBERS[0]);
    order["note"] = json!("x".repeat(4_400_000));
    let event = town.delivery(&store, order.to_string().as_bytes(), HOOK_SECRET, true)?;
    let bytes = event.to_string().len();
    ensure!((5_500_000..6_291_556).contains(&bytes), "{bytes} bytes");
    let answer = webhook.invoke(&event).await?;
    ensure!(answer["statusCode"] == 200, "{answer}");
    let small = town.delivery(&store, b"{}", HOOK_SECRET, true)?;
    ensure!(webhook.invoke(&small).await?["statusCode"] == 200, "the next one works");
    println!("    peak memory with {bytes} bytes: {} kB", webhook.peak_memory()?);
    Ok(())
}

async fn side_by_side(town: &Town) -> Result<()> {
    let (shop, order) = ("7494049642642441624", "576000000000000401");
    let store = town.connect(shop, "busy-mugs.myshopify.com").await?;
    town.tiktok.order(shop, order).lines(LINES).place();
    let mut webhooks = Vec::new();
    for _ in 0..3 {
        webhooks.push(town.sandbox("store-webhook", None).await?);
    }
    let body = shipped(3, order, NUMBERS[1]).to_string();
    let delivery = town.delivery(&store, body.as_bytes(), HOOK_SECRET, true)?;
    for _ in 0..5 {
        for answer in join_all(webhooks.iter().map(|webhook| webhook.invoke(&delivery))).await {
            let answer = answer?;
            // A process that lost the race to write may ask the sender to try again.
            ensure!(answer["statusCode"] == 200 || answer["statusCode"] == 503, "{answer}");
        }
    }
    ensure!(rows(town, &store, "3").await? == 1, "one row");
    let (one, two) = (town.sandbox("tracking-push", None).await?, town.sandbox("tracking-push", None).await?);
    let (one, two) = futures_util::future::join(push(town, &one), push(town, &two)).await;
    let (one, two) = (one?, two?);
    ensure!(one + two == 1, "one of the two sends: {one} and {two}");
    let sent = town.tiktok.with_journal(|journal| journal.changes_of(order).count());
    ensure!(sent == 1, "TikTok accepted {sent} changes");
    Ok(())
}

/// Lambda ends a sandbox when its time is up. Here that is just after TikTok has the number, and before we know.
async fn cut_off(town: &Town) -> Result<()> {
    let (shop, order) = ("7494049642642441625", "576000000000000501");
    let store = town.connect(shop, "cut-mugs.myshopify.com").await?;
    town.tiktok.order(shop, order).lines(LINES).place();
    let webhook = town.sandbox("store-webhook", None).await?;
    let body = shipped(4, order, NUMBERS[2]).to_string();
    let answer = webhook.invoke(&town.delivery(&store, body.as_bytes(), HOOK_SECRET, true)?).await?;
    ensure!(answer["statusCode"] == 200, "{answer}");
    let writes = [Call::MarkPackage];
    town.tiktok.inject(FaultRule::new(Fault::HangAfter).on(&writes).shop(shop).times(1));
    let first = town.sandbox("tracking-push", Some(4)).await?;
    let cut = first.invoke(&town.push_events().first().context("a schedule")?.clone()).await?;
    ensure!(cut["pushed"].is_null(), "time should have been up: {cut}");
    first.kill().await?;
    ensure!(town.at_tiktok(shop, order) == [NUMBERS[2]; 3], "TikTok has it already");
    // The lease of the dead owner ends by itself; until then nobody works on this shard.
    let next = town.sandbox("tracking-push", None).await?;
    let id = StoreOrderId::parse("4").map_err(|e| anyhow::anyhow!("{e}"))?;
    let mut state = ParcelState::Received;
    for _ in 0..25 {
        push(town, &next).await?;
        let rows = town.app.table.order_rows(&store.store.id, &id, true).await?.parcels;
        state = rows.first().context("the row")?.state;
        if state == ParcelState::Accepted {
            break;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    ensure!(state == ParcelState::Accepted, "the next owner finds it at TikTok: {state:?}");
    let sent = town.tiktok.with_journal(|journal| journal.changes_of(order).count());
    ensure!(sent == 1, "TikTok accepted {sent} changes");
    Ok(())
}

async fn nonsense(town: &Town) -> Result<()> {
    let pusher = town.sandbox("tracking-push", None).await?;
    for event in [json!({"shards": [64]}), json!({"shards": "all"}), json!({}), json!(null)] {
        let answer = pusher.invoke(&event).await?;
        ensure!(answer["errorType"].is_string(), "{event} is answered {answer}");
    }
    push(town, &pusher).await?;
    let webhook = town.sandbox("store-webhook", None).await?;
    for (method, path) in [("POST", "/hooks/etsy/1"), ("GET", "/hooks/shopify"), ("POST", "/%ff%fe"), ("PUT", "//")] {
        let answer = webhook.invoke(&event::http(method, path, &[], b"\xff\xfe\x00", true)).await?;
        ensure!(answer["statusCode"].as_u64().is_some_and(|status| status < 500), "{method} {path}: {answer}");
    }
    Ok(())
}

/// Asked of a function that panics on demand: ours have no such event. It is built as they are.
async fn panic(town: &Town) -> Result<()> {
    let floor = town.floor().await?;
    ensure!(floor.invoke(&json!({})).await?["statusCode"] == 200, "it works");
    let answer = floor.invoke(&json!({"panic": true})).await?;
    ensure!(answer["errorType"].is_string(), "{answer}");
    ensure!(floor.invoke(&json!({})).await?["statusCode"] == 200, "it still works");
    Ok(())
}

async fn tick(town: &Town) -> Result<()> {
    let reminder = town.sandbox("reauth-reminder", None).await?;
    let event = town.template.resource("ReminderSchedule")["Target"]["Input"].clone();
    let event: Value = serde_json::from_str(event.as_str().unwrap_or_default())?;
    let summary = reminder.invoke(&event).await?;
    ensure!(summary["refresh_failed"] == 0, "{summary}");
    Ok(())
}

async fn console(town: &Town) -> Result<()> {
    let console = town.sandbox("console", None).await?;
    let answer = console.invoke(&event::http("GET", "/healthz", &[], b"", false)).await?;
    ensure!(answer["statusCode"] == 200, "{answer}");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
    ensure!(body["version"].is_string(), "{body}");
    let lost = console.invoke(&event::http("GET", "/no/such/page", &[], b"", false)).await?;
    ensure!(lost["statusCode"].as_u64().is_some_and(|status| status < 500), "{lost}");
    Ok(())
}

/// A consent of 76 days ago: the tick mails that 14 days are left, and the mail's link opens the page that reconnects.
async fn reminder(town: &Town) -> Result<()> {
    let shop = "7494049642642441627";
    town.connect(shop, "consented-long-ago.myshopify.com").await?;
    town.consented(shop, 76).await?;
    let reminder = town.sandbox("reauth-reminder", None).await?;
    let summary = reminder.invoke(&json!({"job": "tick"})).await?;
    let mails = town.cloud.mails().await?;
    let mail = mails.iter().find(|mail| mail.subject.contains(shop)).with_context(|| format!("{summary} {mails:?}"))?;
    ensure!(mail.to == "owner@tiny-mugs.example" && mail.subject.contains("14 days left"), "{mail:?}");
    reminder.invoke(&json!({"job": "tick"})).await?;
    ensure!(town.cloud.mails().await?.len() == mails.len(), "the same step was mailed twice");
    let console = town.sandbox("console", None).await?;
    let opened = console.invoke(&event::visit("GET", mail.link("https://")?, "", &town.origin(), &[])).await?;
    ensure!(opened["statusCode"] == 303 && opened["headers"]["location"] == "/reconnect", "{opened}");
    let page = console.invoke(&event::visit("GET", "/reconnect", "", &town.origin(), &cookies(&opened))).await?;
    let shown = page["body"].as_str().unwrap_or_default();
    ensure!(page["statusCode"] == 200 && shown.contains("Reconnect"), "{page}");
    Ok(())
}

/// Ask for a link, read the mail, press the button: the browser that asked is in, and another one is not.
async fn login(town: &Town) -> Result<()> {
    let (console, origin) = (town.sandbox("console", None).await?, town.origin());
    let visit = async |method, address: &str, form, cookies: &[String]| {
        console.invoke(&event::visit(method, address, form, &origin, cookies)).await
    };
    let before = town.cloud.mails().await?.len();
    let asked = visit("POST", "/login", "email=owner%40tiny-mugs.example", &[]).await?;
    ensure!(asked["statusCode"] == 200, "{asked}");
    let mails = town.cloud.mails().await?;
    let link = mails.get(before).context("no mail left")?.link(&format!("{origin}/login/"))?;
    let stranger = visit("POST", link, "", &[]).await?;
    ensure!(cookies(&stranger).is_empty(), "{stranger}");
    let entered = visit("POST", link, "", &cookies(&asked)).await?;
    ensure!(entered["statusCode"] == 303 && entered["headers"]["location"] == "/", "{entered}");
    let page = visit("GET", "/shops", "", &cookies(&entered)).await?;
    ensure!(page["statusCode"] == 200, "{page}");
    ensure!(visit("GET", "/shops", "", &[]).await?["statusCode"] == 303, "without its cookie nobody is in");
    Ok(())
}

/// The cookies of an answer, as API Gateway hands them to a browser.
fn cookies(answer: &Value) -> Vec<String> {
    let set = answer["cookies"].as_array().into_iter().flatten().filter_map(Value::as_str);
    set.filter_map(|cookie| cookie.split(';').next()).filter(|pair| !pair.ends_with('=')).map(str::to_owned).collect()
}

async fn roles(town: &Town) -> Result<()> {
    for (function, gate) in &town.gates {
        let denied = gate.denied();
        ensure!(denied.is_empty(), "{function} was refused: {denied:?}");
        ensure!(!gate.allowed().is_empty(), "{function} never spoke to AWS");
    }
    Ok(())
}
