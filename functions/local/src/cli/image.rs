//! The image's steps, one by one: a container is not built in tests, so each line of the Dockerfile is held to what it names.

use super::{Cli, Command};
use clap::Parser as _;
use std::path::Path;

const DOCKERFILE: &str = include_str!("../../Dockerfile");

/// The words after an instruction, one entry for each time it stands there.
fn each(instruction: &str) -> Vec<Vec<String>> {
    let joined = DOCKERFILE.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' '));
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// The words of an instruction that stands there once, as a JSON list.
fn list(instruction: &str) -> Vec<String> {
    let lines = each(instruction);
    assert_eq!(lines.len(), 1, "{instruction}");
    serde_json::from_str(&lines[0].join(" ")).expect("a list of words")
}

#[test]
fn everything_that_the_image_is_built_from_is_in_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copied: Vec<String> = each("COPY")
        .into_iter()
        .filter(|words| !words[0].starts_with("--from"))
        .flat_map(|words| words[..words.len() - 1].to_vec())
        .collect();
    for path in &copied {
        assert!(root.join(path).exists(), "{path}");
    }
    for needed in ["Cargo.toml", "Cargo.lock", ".cargo", "shared", "functions", "tests"] {
        assert!(copied.iter().any(|path| path == needed), "{needed}");
    }
    let built_with = format!("docker.io/library/rust:{}-alpine", env!("CARGO_PKG_RUST_VERSION"));
    assert_eq!(each("FROM")[0][0], built_with, "the compiler of the workspace; musl makes the program static");
}

#[test]
fn the_image_holds_one_program_that_is_not_root_and_one_volume_that_it_owns() {
    let stages = each("FROM");
    assert_eq!(stages.last().map(|words| words[0].as_str()), Some("scratch"), "no shell, no package manager");
    let user = each("USER").concat();
    let [user] = user.as_slice() else { panic!("one user: {user:?}") };
    let ids: Vec<u32> = user.split(':').map(|id| id.parse().expect("a number: there is no list of users")).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| *id != 0), "{user}");
    let volume = list("VOLUME");
    let [volume] = volume.as_slice() else { panic!("one volume: {volume:?}") };
    let kept: Vec<Vec<String>> = each("COPY").into_iter().filter(|words| words[0] == "--from=build").collect();
    let owned = kept.iter().find(|words| words.last() == Some(volume)).expect("the volume's folder");
    assert!(owned.contains(&format!("--chown={user}")), "{owned:?}");
    assert_eq!(kept.len(), 2, "the program and the volume's folder, nothing else");
    assert!(kept.iter().any(|words| words.last() == list("ENTRYPOINT").first()), "the program that is started");
}

#[test]
fn the_image_starts_serve_on_its_volume_and_on_the_port_that_it_names() {
    let words: Vec<String> = list("ENTRYPOINT").into_iter().chain(list("CMD")).collect();
    let args = Cli::try_parse_from(&words).expect("a command line of this program");
    assert_eq!(Some(&args.place.data.display().to_string()), list("VOLUME").first(), "what is kept is on the volume");
    let Some(Command::Serve { port, bind, open_metrics }) = args.command else { panic!("{words:?}") };
    assert_eq!(vec![vec![port.to_string()]], each("EXPOSE"));
    assert!(bind.is_unspecified(), "the container's own network must reach it");
    assert!(!open_metrics, "numbers are for this machine unless a person opens them");
}
