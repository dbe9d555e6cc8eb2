//! Two accounts, three roles each, thousands of random requests: nobody sees or does what is not theirs, and every change
//! stands in the audit with who and from where.

use super::{parcel, rows, signed_in};
use std::collections::{BTreeMap, BTreeSet};
use waybill::domain::ids::AccountId;
use waybill::domain::people::Role;
use waybill::flows::acts::{Actor, people};
use waybill_model::chance::Chance;
use waybill_model::tiktok::ShopSpec;
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::{SHOP, World};

const CALLS: usize = 5_000;
const OTHER: &str = "7494049642642441639";

/// One of the six who press.
struct Guest {
    email: String,
    role: Role,
    /// Of which of the two accounts.
    home: usize,
    browser: Browser,
    csrf: String,
}

/// One of the two accounts, with what only its people know.
struct Home {
    account: AccountId,
    shop: &'static str,
    store: String,
    orders: [String; 2],
    numbers: [String; 2],
    /// A row's place, as its form names it.
    row: String,
}

impl Home {
    /// Words that stand on no page of the other account.
    fn secrets(&self) -> Vec<String> {
        let all = [&self.store, &self.orders[0], &self.orders[1], &self.numbers[0], &self.numbers[1]];
        all.into_iter().cloned().chain([self.shop.to_owned(), format!("home-of-{}", self.account)]).collect()
    }

    /// Whether a row's place is of this account.
    fn holds(&self, key: &str) -> bool {
        key.contains(&format!("ACCOUNT#{} ", self.account))
            || key.contains(&format!("SHOP#{}", self.shop))
            || key.contains(&format!("STORE#{}", self.store))
    }
}

async fn guests(world: &World, home: usize, account: &AccountId, founder: &str) -> Vec<Guest> {
    let mut emails = vec![(founder.to_owned(), Role::Owner)];
    for role in [Role::Operator, Role::Reader] {
        let email = format!("{role}-at-home-of-{account}@example.com");
        let asked = people::invite(&world.app, &Actor::command_line(), account, &email, role).await.expect("invited");
        let token = asked.link.rsplit('/').next().expect("a token").to_owned();
        people::accept(&world.app, "a mail", account, &token).await.expect("in");
        emails.push((email, role));
    }
    let mut guests = Vec::new();
    for (n, (email, role)) in emails.into_iter().enumerate() {
        let mut browser = signed_in(world, account, &email).await;
        browser.from = Some(format!("203.0.113.{}", 10 * home + n));
        let csrf = browser.get(world, "/").await.field("csrf");
        guests.push(Guest { email, role, home, browser, csrf });
    }
    guests
}

/// What the test itself says a request asks for.
fn least(path: &str, post: bool, word: &str) -> Role {
    let is = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
    if !post {
        return if is(&["/connect"]) { Role::Owner } else { Role::Reader };
    }
    let settles = is(&["/orders/", "/attention", "/mapping", "/carriers", "/backfill"]);
    let settles = settles || (is(&["/shops/"]) && ["pause", "resume", "map"].contains(&word));
    if is(&["/accounts"]) {
        Role::Reader
    } else if settles {
        Role::Operator
    } else {
        Role::Owner
    }
}

/// Rows that differ, by their places.
fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> BTreeSet<String> {
    let keys = before.keys().chain(after.keys());
    keys.filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn five_thousand_random_requests_of_six_people_stay_within_account_and_role() {
    let world = World::everyday("US").await;
    world.tiktok.add_shop(ShopSpec { name: "home-of-b2".into(), ..ShopSpec::new(OTHER, "US") });
    let mut their_owner = Browser::default();
    let theirs = world.another_account(&mut their_owner, "b2", "owner-at-home-of-b2@example.com").await;
    world.tiktok.configure(|settings| settings.consent_seller = Some(format!("Seller {OTHER}")));
    let page = their_owner.get(&world, "/connect/tiktok/us").await;
    assert_eq!(their_owner.consent(&world, &page.location).await.status, 200);
    let mut homes = Vec::new();
    for (n, (account, shop)) in [(world.account.clone(), SHOP), (theirs, OTHER)].into_iter().enumerate() {
        let orders = [0, 1].map(|i| format!("57600000000000{n}00{i}"));
        let numbers = [0, 1].map(|i| usps(u64::try_from(10 * n + i + 1).expect("small")));
        let store = world.warehouse_of(&account, &format!("home-of-{account}"), &[shop]).await;
        for (order, number) in orders.iter().zip(&numbers) {
            world.tiktok.order(shop, order).lines(&[("MUG", 1), ("CAP", 1)]).place();
            let name = format!("W{}", &order[order.len() - 4..]);
            world.tell(&store, parcel(&world, &name, Some(order), number, "Blue van", "no such code")).await;
        }
        world.minutes(5).await;
        let id = store.store.id.clone();
        let row = waybill::table::keys::parcel(
            &world.row(&id, &format!("W{}", &orders[0][orders[0].len() - 4..]), &numbers[0]).await,
        );
        homes.push(Home { account, shop, store: id.to_string(), orders, numbers, row: row.sk });
    }
    let mut all = guests(&world, 0, &homes[0].account, "owner@tiny-mugs.example").await;
    all.extend(guests(&world, 1, &homes[1].account, "owner-at-home-of-b2@example.com").await);
    let mut paths: Vec<String> = [
        "/",
        "/orders",
        "/orders.csv",
        "/deadlines",
        "/deadlines.csv",
        "/audit",
        "/audit.csv",
        "/mapping",
        "/mapping.csv",
        "/carriers",
        "/backfill",
        "/shops",
        "/report",
        "/attention",
        "/attention.csv",
        "/people",
        "/accounts",
        "/mapping/copy",
        "/connect",
        "/connect/generic",
        "/connect/tiktok/us",
        "/health",
    ]
    .map(str::to_owned)
    .to_vec();
    for home in &homes {
        let order = &home.orders[0];
        paths.extend([
            format!("/orders/{order}"),
            format!("/orders/{}", home.orders[1]),
            format!("/shops/{}", home.shop),
        ]);
        paths.extend([
            format!("/stores/{}", home.store),
            format!("/orders/{order}/explain"),
            format!("/orders/{order}/proof.csv"),
        ]);
        paths.extend([format!("/attention?shop={}", home.shop), format!("/mapping/copy?from={SHOP}&to={OTHER}")]);
    }
    let words = [
        "retry",
        "dismiss",
        "confirm",
        "correct",
        "link",
        "choose",
        "map",
        "note",
        "evidence",
        "run",
        "preview",
        "pause",
        "resume",
        "settings",
        "reconnect",
        "secret",
        "remove",
        "invite",
        "again",
        "revoke",
        "role",
        "copy",
        "check",
    ];
    let mut chance = Chance::new(47);
    let mut pick = |most: usize| usize::try_from(chance.bits() % most as u64).expect("small");
    let (mut acts_done, mut refused, mut acts_seen) = (0, 0, BTreeSet::new());
    let mut before = rows(&world);
    for call in 0..CALLS {
        let guest = &mut all[pick(6)];
        let (home, other) = (&homes[guest.home], &homes[1 - guest.home]);
        let mut path = paths[pick(paths.len())].clone();
        let post = pick(3) > 0;
        let mut word = words[pick(words.len())];
        let mut some = &homes[pick(2)];
        // Half of what is pressed has a chance to be an act at all.
        if post && pick(2) == 0 {
            some = home;
            let (order, shop) = (format!("/orders/{}", home.orders[pick(2)]), format!("/shops/{}", home.shop));
            let meant: [(&str, &[&str]); 4] = [
                (&order, &["note", "evidence", "retry", "choose", "correct", "link", "confirm"]),
                (&shop, &["pause", "resume", "settings"]),
                ("/mapping", &["map", "remove"]),
                ("/people", &["invite", "revoke"]),
            ];
            let (at, may) = meant[pick(4)];
            (path, word) = (at.to_owned(), may[pick(may.len())]);
        }
        let path = &path;
        // What would end the world for the calls that follow is pressed by those alone who may not.
        let ends = guest.role == Role::Owner && word == "remove" && !path.starts_with("/mapping");
        let word = if ends { "retry" } else { word };
        let spare = ["spare@example.com", "owner@tiny-mugs.example", "owner-at-home-of-b2@example.com"];
        let email = if guest.role == Role::Owner { spare[0] } else { spare[pick(3)] };
        let page: Page = if post {
            let name = format!("Van {}", pick(4));
            let own = pick(12) > 0;
            let values: [(&str, &str); 18] = [
                ("store", &some.store),
                ("row", &some.row),
                ("note", "settled"),
                ("evidence", "https://files.example/x"),
                ("number", &some.numbers[1]),
                ("carrier", &name),
                ("provider", "UPS"),
                ("order", &some.orders[1]),
                ("line", "CAP"),
                ("act", ["retry", "dismiss", "confirm"][pick(3)]),
                ("shop", some.shop),
                ("reason", "LINES_UNMATCHED"),
                ("email", email),
                ("role", ["reader", "owner"][pick(2)]),
                ("account", some.account.as_str()),
                ("from", some.shop),
                ("to", [SHOP, OTHER][pick(2)]),
                ("digest_hour", ["6", "7", "x"][pick(3)]),
            ];
            let csrf = if own { guest.csrf.clone() } else { "1.AAAA".to_owned() };
            let mut form: Vec<(&str, &str)> = vec![("csrf", &csrf), ("do", word), ("address", &name)];
            form.extend(values.iter().filter(|_| pick(6) > 0));
            let page = guest.browser.post(&world, path, &form).await;
            if !own {
                assert!(matches!(page.status, 403 | 404), "call {call}: a forged form to {path}: {}", page.status);
            }
            page
        } else {
            guest.browser.get(&world, path).await
        };
        let what =
            format!("call {call}: {} {} {path} {word} {}", guest.email, if post { "POST" } else { "GET" }, page.status);
        assert!(page.status < 500, "{what}: {}", page.text);
        let said = format!("{} {:?}", page.text, page.headers).replace("&#x2f;", "/");
        for secret in other.secrets() {
            assert!(!said.contains(&secret), "{what} shows {secret}: {}", page.text);
        }
        let may = guest.role >= least(path, post, word);
        if !may {
            refused += 1;
            assert!(matches!(page.status, 403 | 404), "{what}: {}", page.text);
        }
        let after = rows(&world);
        let moved = changed(&before, &after);
        if !moved.is_empty() {
            assert!(post && may, "{what} moved {moved:?}");
            assert!(!moved.iter().any(|key| other.holds(key)), "{what} moved {moved:?}");
            let audit = format!("ACCOUNT#{} AUDIT#", home.account);
            let lines: Vec<&String> =
                moved.iter().filter(|key| key.starts_with(&audit)).map(|key| &after[key]).collect();
            assert!(!lines.is_empty(), "{what} is not in the audit: {moved:?}");
            let from = guest.browser.from.clone().expect("an address");
            for line in lines {
                assert!(line.contains(&guest.email) && line.contains(&from), "{what}: {line}");
                let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
                acts_seen.insert(row["act"]["S"].as_str().unwrap_or_default().to_owned());
            }
            acts_done += 1;
        }
        before = after;
        // A minute for the paces of invitations; the schedules are at rest.
        if call % 50 == 0 {
            world.time.skip(std::time::Duration::from_secs(61));
        }
    }
    println!("{acts_done} acts, {refused} refused, {acts_seen:?}");
    assert!(acts_done > 200 && refused > 1_000 && acts_seen.len() >= 12, "{acts_done} {refused} {acts_seen:?}");
    assert!(acts_seen.contains("invite") && acts_seen.contains("map") && acts_seen.contains("connect store"));
}
