//! Every page and button of the console, and the least role that it asks for.

use super::{OPERATOR, OWNER, READER, join, parcel, plain, rows};
use waybill::domain::people::Role;
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::{SHOP, World};

const ORDER: &str = "576000000000000001";

/// As the router spells it, an address of it, the button, the least role.
type Route = (&'static str, String, &'static str, Role);

fn routes(store: &str) -> Vec<Route> {
    use Role::{Operator, Owner, Reader};
    let mut routes: Vec<Route> = Vec::new();
    let mut add = |spelled, path: &str, word, least| routes.push((spelled, path.to_owned(), word, least));
    for (spelled, path) in [
        ("\"GET\", [\"\"]", "/"),
        ("\"GET\", [\"orders\"]", "/orders"),
        ("\"GET\", [\"orders.csv\"]", "/orders.csv"),
        ("\"GET\", [\"deadlines\"]", "/deadlines"),
        ("\"GET\", [\"deadlines.csv\"]", "/deadlines.csv"),
        ("\"GET\", [\"audit\"]", "/audit"),
        ("\"GET\", [\"audit.csv\"]", "/audit.csv"),
        ("\"GET\", [\"mapping\"]", "/mapping"),
        ("\"GET\", [\"mapping.csv\"]", "/mapping.csv"),
        ("\"GET\", [\"mapping\", \"copy\"]", "/mapping/copy"),
        ("\"GET\", [\"carriers\"]", "/carriers"),
        ("\"GET\", [\"backfill\"]", "/backfill"),
        ("\"GET\", [\"backfill.csv\"]", "/backfill.csv"),
        ("\"GET\", [\"shops\"]", "/shops"),
        ("\"GET\", [\"report\"]", "/report"),
        ("\"GET\", [\"report.csv\"]", "/report.csv"),
        ("\"GET\", [\"health\"]", "/health"),
        ("\"GET\", [\"attention\"]", "/attention"),
        ("\"GET\", [\"attention.csv\"]", "/attention.csv"),
        ("\"GET\", [\"people\"]", "/people"),
        ("\"GET\", [\"accounts\"]", "/accounts"),
    ] {
        add(spelled, path, "", Reader);
    }
    add("\"GET\", [\"shops\", id]", &format!("/shops/{SHOP}"), "", Reader);
    add("\"GET\", [\"stores\", id]", &format!("/stores/{store}"), "", Reader);
    add("\"GET\", [\"orders\", id]", &format!("/orders/{ORDER}"), "", Reader);
    add("\"GET\", [\"orders\", id, \"proof.json\"]", &format!("/orders/{ORDER}/proof.json"), "", Reader);
    add("\"GET\", [\"orders\", id, \"proof.csv\"]", &format!("/orders/{ORDER}/proof.csv"), "", Reader);
    add("\"GET\", [\"orders\", id, \"proof.html\"]", &format!("/orders/{ORDER}/proof.html"), "", Reader);
    add("\"GET\", [\"orders\", id, \"explain\"]", &format!("/orders/{ORDER}/explain"), "", Reader);
    add("\"GET\", [\"orders\", id, \"delay.txt\"]", &format!("/orders/{ORDER}/delay.txt"), "", Reader);
    add("\"GET\", [\"runs\", token]", "/runs/unknown", "", Reader);
    add("\"POST\", [\"runs\", token]", "/runs/unknown", "go-on", Operator);
    add("\"GET\", [\"connect\"]", "/connect", "", Owner);
    add("\"GET\", [\"connect\", \"tiktok\", word]", "/connect/tiktok/us", "", Owner);
    add("\"GET\", [\"connect\", \"bigcommerce\", \"claim\"]", "/connect/bigcommerce/claim?t=x", "", Owner);
    add("\"GET\", [\"connect\", \"woocommerce\", \"return\"]", "/connect/woocommerce/return", "", Owner);
    add("\"GET\" | \"POST\", [\"connect\", word]", "/connect/generic", "", Owner);
    // What is pressed. Words that change nothing here stand for the address: the gate asks the address first.
    add("\"GET\" | \"POST\", [\"connect\", word]", "/connect/magento", "add", Owner);
    add("\"POST\", [\"connect\", \"bigcommerce\", \"claim\"]", "/connect/bigcommerce/claim", "claim", Owner);
    for word in [
        "retry", "dismiss", "confirm", "correct", "link", "choose", "map", "note", "evidence", "hold", "release",
        "fields",
    ] {
        add("\"POST\", [\"orders\", id]", &format!("/orders/{ORDER}"), word, Operator);
    }
    for word in ["preview", "run"] {
        add("\"POST\", [\"attention\"]", "/attention", word, Operator);
    }
    for word in ["map", "remove"] {
        add("\"POST\", [\"mapping\"]", "/mapping", word, Operator);
    }
    add("\"POST\", [\"mapping\", \"copy\"]", "/mapping/copy", "copy", Operator);
    add("\"POST\", [\"carriers\"]", "/carriers", "refresh", Operator);
    for word in ["check", "send"] {
        add("\"POST\", [\"backfill\"]", "/backfill", word, Operator);
    }
    for (word, least) in [("pause", Operator), ("resume", Operator), ("map", Operator)] {
        add("\"POST\", [\"shops\", id]", &format!("/shops/{SHOP}"), word, least);
    }
    for word in ["settings", "reconnect", "another word"] {
        add("\"POST\", [\"shops\", id]", &format!("/shops/{SHOP}"), word, Owner);
    }
    add("\"POST\", [\"stores\", id]", &format!("/stores/{store}"), "secret", Owner);
    for word in ["invite", "again", "revoke", "role", "remove"] {
        add("\"POST\", [\"people\"]", "/people", word, Owner);
    }
    add("\"POST\", [\"accounts\"]", "/accounts", "open", Reader);
    add("\"POST\", [\"logout\"]", "/logout", "out", Reader);
    // Last: they take away what the others are about.
    add("\"POST\", [\"stores\", id]", &format!("/stores/{store}"), "remove", Owner);
    add("\"POST\", [\"shops\", id]", &format!("/shops/{SHOP}"), "remove", Owner);
    routes
}

/// What the router of people who are signed in spells.
fn spelled() -> Vec<String> {
    let text = include_str!("../../../functions/console/src/pages/mod.rs");
    let page = text.split("fn page<'a>").nth(1).and_then(|rest| rest.split("\nfn ").next()).expect("the router");
    let arms = page.lines().filter_map(|line| line.trim().strip_prefix('(')?.split_once(") =>"));
    arms.map(|(arm, _)| arm.to_owned()).collect()
}

#[test]
fn no_address_is_left_out_of_the_table_of_roles() {
    let (known, spelled) = (routes("x"), spelled());
    assert!(spelled.len() > 40, "{spelled:?}");
    for arm in &spelled {
        assert!(known.iter().any(|(name, ..)| name == arm), "{arm} has no line in this test");
    }
    for (name, ..) in &known {
        assert!(spelled.iter().any(|arm| arm == name), "{name} is no address any more");
    }
}

async fn town() -> (World, String, Vec<(Role, &'static str, Browser)>) {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for (n, order) in [(1, ORDER), (2, "576000000000000002"), (3, "576000000000000003")] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        let (carrier, sku) = if n == 3 { ("Our own van", "MUG") } else { ("USPS", "no such code") };
        world.tell(&store, parcel(&world, &format!("W{n}"), Some(order), &usps(n), carrier, sku)).await;
    }
    world.minutes(5).await;
    let mut owner = Browser::default();
    owner.sign_in(&world).await;
    let operator = join(&world, &mut owner, OPERATOR, "operator").await;
    let reader = join(&world, &mut owner, READER, "reader").await;
    let people =
        vec![(Role::Reader, READER, reader), (Role::Operator, OPERATOR, operator), (Role::Owner, OWNER, owner)];
    (world, store.store.id.to_string(), people)
}

fn is_refused(page: &Page) -> bool {
    page.status == 403 && page.text.contains("Your role does not do this")
}

#[tokio::test(start_paused = true)]
async fn every_address_takes_its_role_and_names_who_has_it() {
    let (world, store, mut people) = town().await;
    for (role, email, browser) in &mut people {
        let csrf = browser.get(&world, "/").await.field("csrf");
        for (spelled, path, word, least) in routes(&store) {
            if word == "out" {
                continue;
            }
            let before = rows(&world);
            let page = if word.is_empty() {
                browser.get(&world, &path).await
            } else {
                browser.post(&world, &path, &[("csrf", &csrf), ("do", word)]).await
            };
            let what = format!("{email}: {spelled} {word} {}", page.status);
            assert!(page.status < 500, "{what}: {}", page.text);
            if *role >= least {
                assert!(!is_refused(&page) && page.status != 403, "{what}: {}", page.text);
                continue;
            }
            assert!(is_refused(&page), "{what}: {}", page.text);
            let named = page.text.contains(OWNER) && page.text.contains(OPERATOR) == (least == Role::Operator);
            assert!(named, "{what} names who can: {}", page.text);
            assert_eq!(rows(&world), before, "{what}");
        }
        let page = browser.post(&world, "/logout", &[("csrf", &csrf)]).await;
        assert_eq!((page.status, page.location.as_str()), (303, "/login"), "everybody may leave");
    }
}

/// Forms of a page that act, each with its button's word: `POST /shops/1 pause`.
fn buttons(page: &Page) -> Vec<(String, String)> {
    let text = plain(&page.text);
    let forms = text.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap_or_default());
    let mut found = Vec::new();
    for form in forms.filter(|form| form.contains("method=\"post\"")) {
        let action = form.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an action");
        let words = form.split("name=\"do\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let words: Vec<&str> = words.collect();
        for word in if words.is_empty() { vec![""] } else { words } {
            found.push((action.to_owned(), word.to_owned()));
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn a_page_shows_no_button_and_no_way_that_its_reader_may_not_take() {
    let (world, store, mut people) = town().await;
    let mut counts = Vec::new();
    for (role, email, browser) in &mut people {
        let mut seen = 0;
        for (_, path, word, least) in routes(&store) {
            if !word.is_empty() || *role < least || path == "/connect/tiktok/us" {
                continue;
            }
            let page = browser.get(&world, &path).await;
            for (action, word) in buttons(&page) {
                let operates = !["reconnect", "settings", "secret"].contains(&word.as_str())
                    && (["/orders/", "/attention", "/mapping", "/carriers", "/backfill"]
                        .iter()
                        .any(|at| action.starts_with(at))
                        || (action.starts_with("/shops/") && ["pause", "resume", "map"].contains(&word.as_str())));
                let may = match action.as_str() {
                    "/logout" | "/accounts" => Role::Reader,
                    _ if operates => Role::Operator,
                    _ => Role::Owner,
                };
                assert!(may <= *role, "{email} sees {word:?} to {action} on {path}");
                seen += 1;
            }
            let text = plain(&page.text);
            assert!(*role == Role::Owner || !text.contains("href=\"/connect"), "{email} is led to connect by {path}");
        }
        counts.push(seen);
    }
    assert!(counts[0] < counts[1] && counts[1] < counts[2], "each role sees more: {counts:?}");
}
