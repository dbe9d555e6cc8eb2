//! Promises of this room that span its files.

mod cache;
mod grants;
mod model;
mod stores;

use super::store::SecretName;
use secrecy::SecretString;

fn name(text: &str) -> SecretName {
    SecretName::parse(text).expect("a name")
}

fn text(text: &str) -> SecretString {
    SecretString::from(text)
}
