//! What the map in `shared/src/lib.rs` promises, asked of the source itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Each room of the shared crate and the rooms it may name. Arrows only go right, and adapters never import each other:
/// a flow hands on what one returned.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("telemetry", &["domain"]),
    ("outbound", &["domain"]),
    ("aws", &["domain"]),
    ("stores", &["domain", "outbound"]),
    ("tiktok", &["domain", "outbound"]),
    ("tokens", &["domain", "outbound", "aws"]),
    ("table", &["domain", "outbound", "aws"]),
    ("carriers", &["domain", "outbound"]),
    ("mail", &["domain", "outbound", "aws", "config"]),
    ("web", &["domain", "tokens"]), // signs links and cookies with the keys of `tokens`
    ("app", ADAPTERS),
    ("flows", WITH_APP),
];
const WITH_APP: &[&str] = &[
    "app",
    "domain",
    "config",
    "telemetry",
    "outbound",
    "aws",
    "stores",
    "tiktok",
    "tokens",
    "table",
    "carriers",
    "mail",
    "web",
];
const ADAPTERS: &[&str] = match WITH_APP.split_first() {
    Some((_, below)) => below,
    None => &[],
};

/// Longer files are split by task, tests too: as `wc -l` counts.
const LONGEST: usize = 400;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Rust files below a folder: path from the repository's root, and text.
fn files(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read_to_string(&path).expect("text"));
            }
        }
    }
    found
}

/// The code of a file: no comments, and not the tests at its end.
fn code(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(name: &str) -> bool {
    name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("tests.rs") || name.contains("/testing")
}

/// The rooms that a text names, as `crate::room`.
fn named(text: &str) -> BTreeSet<String> {
    let after = text.split("crate::").skip(1);
    after.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn arrows_only_go_right_and_adapters_never_import_each_other() {
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, text) in files("shared/src") {
        let inside = name.strip_prefix("shared/src/").expect("the crate");
        let room = inside.split(['/', '.']).next().expect("a room");
        if room == "lib" || is_test(&name) {
            continue;
        }
        let Some(may) = rooms.get(room) else { panic!("{name}: the room {room} has no rule here yet") };
        let code = code(&text);
        assert!(!code.contains("crate::{"), "{name}: name one room a line");
        for other in named(&code) {
            // What starts with a capital or ends with `!` is an item of the crate's root; there is none.
            if other != room && !may.contains(&other.as_str()) {
                wrong.push(format!("{name} imports {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "against the arrows:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_local_program_and_tests_see_the_local_program() {
    for folder in std::fs::read_dir(root().join("functions")).expect("functions") {
        let folder = folder.expect("entry").path();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let deployed = !folder.ends_with("local");
        let uses = |what: &str| manifest.lines().any(|line| line.starts_with(what));
        assert!(!(deployed && (uses("waybill-local") || uses("dynoxide"))), "{}", folder.display());
        let others = ["store-webhook", "tracking-push", "reauth-reminder", "console"];
        assert!(!deployed || !others.iter().any(|other| uses(other)), "{}: a function of its own", folder.display());
    }
}

#[test]
fn a_function_starts_in_twenty_lines() {
    for (name, text) in files("functions") {
        if name.ends_with("/src/main.rs") {
            assert!(text.lines().count() <= 20, "{name}");
        }
    }
}

#[test]
fn keys_are_spelled_in_one_place() {
    const PARTITIONS: &[&str] = &[
        "STORE#",
        "SHOP#",
        "HOOK#",
        "TOKEN#",
        "ACCOUNT#",
        "EMAIL#",
        "ONCE#",
        "SESSION#",
        "LEASE#",
        "BREAKER#",
        "PUSH#",
        "HELD#",
        "AUTH#",
        "POLL#",
        "CLOCK#",
        "LATE#",
        "ORDER#",
        "PARCEL#",
        "NOTICE#",
        "FIELDS#",
        "MAP#",
        "PROVIDERS#",
        "SEEN#",
        "MAIL#",
    ];
    for (name, text) in files("shared/src").into_iter().chain(files("functions")) {
        if name.starts_with("shared/src/table/keys/") || is_test(&name) {
            continue;
        }
        let code = code(&text);
        for partition in PARTITIONS {
            assert!(!code.contains(&format!("\"{partition}")), "{name} spells the key {partition}");
        }
    }
}

#[test]
fn only_config_reads_the_environment() {
    for (name, text) in files("shared/src").into_iter().chain(files("functions")) {
        if name.starts_with("shared/src/config/") || is_test(&name) {
            continue;
        }
        for reader in ["env::var(", "env::vars(", "env::var_os(", "env::vars_os("] {
            assert!(!code(&text).contains(reader), "{name} reads the environment");
        }
    }
}

#[test]
fn only_the_ports_read_the_clock() {
    // The lint knows these too; this also sees what was excused from it.
    for (name, text) in files("shared/src").into_iter().chain(files("functions")) {
        if is_test(&name) || name == "shared/src/app/mod.rs" {
            continue;
        }
        for reader in ["Timestamp::now()", "SystemTime::now()", "Zoned::now()"] {
            assert!(!code(&text).contains(reader), "{name} reads the clock: {reader}");
        }
    }
}

#[test]
fn a_parcel_is_moved_in_one_file() {
    // These write the due time of other rows: grants, connections.
    const OTHER_ROWS: &[&str] = &["flows/tick/", "flows/access/", "flows/connect/", "flows/intake/store_webhook.rs"];
    let mut wrong = Vec::new();
    for (name, text) in files("shared/src").into_iter().chain(files("functions")) {
        if name.starts_with("shared/src/domain/moves") || is_test(&name) || name.ends_with("samples.rs") {
            continue;
        }
        let other = OTHER_ROWS.iter().any(|part| name.contains(part)) || !code(&text).contains("domain::parcel");
        let fields: &[&str] =
            if other { &["waits_for", "crashes"] } else { &["due", "waits_for", "attempts", "crashes"] };
        for line in code(&text).lines() {
            // A notice is not a parcel, and has a due time of its own.
            let parcels = !line.contains("notice.");
            let written = |field: &&&str| [" = ", " += "].iter().any(|sign| line.contains(&format!(".{field}{sign}")));
            if let Some(field) = fields.iter().find(written).filter(|_| parcels) {
                wrong.push(format!("{name} writes {field}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "moves belong in domain/moves.rs:\n{}", wrong.join("\n"));
}

/// Code without blanks, so that a chain of calls over several lines is one text.
fn compact(text: &str) -> String {
    code(text).split_whitespace().collect()
}

#[test]
fn tiktok_is_called_by_one_machine() {
    // A consent is asked for before there is a shop with a pace; the doctor neither renews a token nor writes a row.
    const BEFORE_A_SHOP: &[&str] = &[
        "flows/access/shop.rs",
        "flows/connect/shop.rs",
        "flows/connect/shop_in_browser.rs",
        "flows/views/inspect.rs",
    ];
    let mut wrong = Vec::new();
    for (name, text) in files("shared/src/flows").into_iter().chain(files("functions")) {
        let machine = name.contains("flows/calls/") || BEFORE_A_SHOP.iter().any(|file| name.ends_with(file));
        if machine || is_test(&name) || name.starts_with("functions/local/") {
            continue;
        }
        // What the clock of TikTok says is known already.
        let calls = compact(&text).replace("app.tiktok.clock_offset(", "");
        if calls.contains("app.tiktok") {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "calls belong in flows/calls, which knows paces, tokens and time: {wrong:?}");
}

#[test]
fn pages_and_commands_write_no_rows() {
    // Signing out, the invented account of the demo, and how far the import of a whole table has come.
    const OWN: &[&str] = &["session_delete", "account_create", "import_mark_put", "import_mark_delete"];
    const WRITES: &[&str] = &["_put", "_delete", "_change", "_create", "_rename", "_erase", "_claim", "_take", "_add"];
    let mut wrong = Vec::new();
    for (name, text) in files("functions") {
        if is_test(&name) || name.contains("/tests/") || name.contains("local/src/stack") {
            continue;
        }
        for call in compact(&text).split(".table.").skip(1) {
            let method: String = call.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if WRITES.iter().any(|write| method.ends_with(write)) && !OWN.contains(&method.as_str()) {
                wrong.push(format!("{name}: {method}"));
            }
        }
    }
    assert!(wrong.is_empty(), "acts belong in flows/acts and flows/connect, with an audit: {wrong:?}");
}

#[test]
fn what_platforms_do_not_share_is_asked_in_one_place() {
    // OAuth has a round of its own for each platform that has one; credentials are sealed in the form of each; our apps
    // have a secret of their own at two platforms; TikTok has words of its own for them.
    const OWN_ROUNDS: &[&str] = &[
        "flows/connect/store_in_browser/mod.rs",
        "flows/access/store.rs",
        "src/tokens/app.rs",
        "src/tiktok/orders.rs",
        // How a custom field is written says which platforms have it.
        "src/domain/custom_fields.rs",
    ];
    let mut wrong = Vec::new();
    for (name, text) in files("shared/src") {
        let home = name.contains("src/stores/") || name == "shared/src/domain/platform.rs";
        if home || is_test(&name) || OWN_ROUNDS.iter().any(|file| name.ends_with(file)) {
            continue;
        }
        for line in code(&text).lines().filter(|line| line.contains("Platform::") && line.contains("=>")) {
            // A route names the one platform that has it.
            if !line.contains("Route::ShopifyApp") {
                wrong.push(format!("{name}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "belongs in stores/platforms.rs:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let mut long = Vec::new();
    for folder in ["shared", "functions", "tests"] {
        for (name, text) in files(folder) {
            let lines = text.lines().count();
            if lines > LONGEST {
                long.push(format!("{name}: {lines}"));
            }
        }
    }
    assert!(long.is_empty(), "split by task:\n{}", long.join("\n"));
}

#[test]
fn what_a_build_leaves_behind_stays_out_of_the_tree() {
    let ignored = std::fs::read_to_string(root().join(".gitignore")).expect(".gitignore");
    assert!(ignored.lines().any(|line| line == "target/"), "at any depth, not only at the top");
    let index = std::fs::read(root().join(".git/index"));
    // A copy without history has nothing to look at; a linked work tree has its index elsewhere.
    let index = index.unwrap_or_default();
    let text = String::from_utf8_lossy(&index);
    for built in ["target/debug/", "target/release/", "target/tmp/"] {
        assert!(!text.contains(built), "{built} is committed");
    }
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    let (ignored, later) = (["#[", "ignore"].concat(), ["todo", "!("].concat());
    for folder in ["shared", "functions", "tests"] {
        for (name, text) in files(folder) {
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            assert!(!code.iter().any(|line| line.contains(&ignored) || line.contains(&later)), "{name}");
        }
    }
}

#[test]
fn the_readme_shows_the_settings_as_the_code_has_them() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let table = waybill::config::settings_table();
    let missing: Vec<&str> = table.lines().filter(|line| !text.contains(line)).collect();
    assert!(missing.is_empty(), "these lines of the settings table are not in the README:\n{}", missing.join("\n"));
}
