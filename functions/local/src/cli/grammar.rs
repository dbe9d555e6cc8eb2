//! Whether a printed command line is one, and whether every command says what it does.

use super::*;

/// Whether the grammar knows a printed command line.
pub(crate) fn understands(line: &str) -> bool {
    words(line).is_some_and(|words| Cli::try_parse_from(words).is_ok())
}

/// A command line as a shell splits it: blanks, single quotes and backslashes.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quoted, mut escaped) = (Vec::new(), None::<String>, false, false);
    for c in line.chars() {
        match c {
            _ if escaped => {
                word.get_or_insert_default().push(c);
                escaped = false;
            }
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if !quoted => escaped = true,
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (!quoted && !escaped).then_some(words)
}

#[test]
fn every_command_is_well_formed_and_says_what_it_does() {
    let command = Cli::command();
    command.clone().debug_assert();
    let mut open: Vec<&clap::Command> = command.get_subcommands().collect();
    while let Some(sub) = open.pop() {
        assert!(sub.get_about().is_some(), "{}", sub.get_name());
        open.extend(sub.get_subcommands());
    }
}

#[test]
fn every_shell_is_given_completions_that_name_the_commands() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let out = commands::testing::Shared::default();
        commands::completions::run(shell, Cli::command(), &mut Output::to(false, out.clone())).expect("written");
        assert!(out.text().contains("login-link"), "{shell}");
    }
}
