//! Whether the keys that are here are those which sealed what is in the table. Found out at the start: later, each row
//! that does not open would look like a fault of its own.

use crate::app::App;
use crate::table::error::TableError;
use crate::tokens::{KeyRing, SecretFault, SecretName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The keys cannot be those of the table.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    /// A ring cannot be had or read.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// A key has the number of another one.
    #[error("{0} holds another key than the one that sealed this table")]
    Foreign(SecretName),
    /// None of the keys that the table knows is here.
    #[error("{0} holds none of the keys that sealed this table")]
    Gone(SecretName),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// What the keys look like: by ring, then by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Marks {
    token: BTreeMap<u32, String>,
    hook: BTreeMap<u32, String>,
    web: BTreeMap<u32, String>,
}

/// Compares the keys with what the table knows of them, and writes down new ones. A table of an earlier version learns
/// them here.
///
/// # Errors
/// [`KeyProblem`].
pub async fn check(app: &App) -> Result<(), KeyProblem> {
    let known: Marks = app.table.key_marks_get().await?.unwrap_or_default();
    let (secrets, names) = (&app.secrets, app.secrets.names());
    let now = Marks {
        token: compared(&names.token, &known.token, &*secrets.token_keys().get().await?)?,
        hook: compared(&names.hook, &known.hook, &*secrets.hook_keys().get().await?)?,
        web: compared(&names.web, &known.web, &*secrets.web_keys().get().await?)?,
    };
    if now != known {
        app.table.key_marks_put(&now).await?;
    }
    Ok(())
}

/// Forgets what the keys looked like, so that the next start takes those which are here then: rows and keys of another
/// installation have just been read in.
///
/// # Errors
/// [`TableError`].
pub async fn forget(app: &App) -> Result<(), TableError> {
    app.table.key_marks_put(&Marks::default()).await
}

fn compared(
    name: &SecretName,
    known: &BTreeMap<u32, String>,
    ring: &KeyRing,
) -> Result<BTreeMap<u32, String>, KeyProblem> {
    let mut marks = ring.marks();
    let alike: Vec<bool> = marks.iter().filter_map(|(id, mark)| Some(known.get(id)? == mark)).collect();
    if alike.contains(&false) {
        return Err(KeyProblem::Foreign(name.clone()));
    }
    if alike.is_empty() && !known.is_empty() {
        return Err(KeyProblem::Gone(name.clone()));
    }
    // A number that was taken out is never given to another key.
    for (id, mark) in known {
        marks.entry(*id).or_insert_with(|| mark.clone());
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Entropy;
    use std::sync::atomic::{AtomicU8, Ordering};

    fn entropy(start: u8) -> Entropy {
        let next = AtomicU8::new(start);
        Entropy::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed)))
    }

    #[test]
    fn keys_of_another_installation_are_told_from_keys_that_were_changed() {
        let name = SecretName::parse("waybill/kek/hook").expect("a name");
        let ours = KeyRing::generate(&entropy(1));
        let marks = compared(&name, &BTreeMap::new(), &ours).expect("the first look");
        let newer = ours.rotated(&entropy(50));
        let both = compared(&name, &marks, &newer).expect("a key more");
        assert_eq!(both.len(), 2);
        // Rotated until the first key is gone: the last known one is still there.
        let later = (0..3).fold(newer, |ring, n| ring.rotated(&entropy(100 + n)));
        assert_eq!(compared(&name, &both, &later).expect("older keys may go").len(), 5);
        let foreign = KeyRing::generate(&entropy(9));
        assert!(matches!(compared(&name, &marks, &foreign), Err(KeyProblem::Foreign(_))));
        let far = (0..4).fold(foreign, |ring, n| ring.rotated(&entropy(150 + n)));
        assert!(matches!(compared(&name, &marks, &far), Err(KeyProblem::Gone(_))));
    }
}
