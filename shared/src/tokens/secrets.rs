//! The four secrets, read through a cache that outlives an outage of the store.

use super::app::AppSecrets;
use super::key_ring::KeyRing;
use super::store::{BadName, SecretName, SecretStore, SecretVersion, StoreFault};
use crate::domain::clock::{Clock, Entropy};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// A value is asked for again after this, give or take a fifth, so that processes do not ask together.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// A value still counts this long while the store cannot answer.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// Shortest time between two reloads on suspicion, and between two tries while the store cannot answer.
const RELOAD: Duration = Duration::from_secs(30);

/// A secret that cannot be used, by its name and field.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    /// The store has no usable answer.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The text is no JSON object.
    #[error("secret {name} is not a JSON object")]
    NotJson {
        /// Which.
        name: SecretName,
    },
    /// A field is missing or wrong.
    #[error("secret {name}: field `{field}` {problem}")]
    Field {
        /// Which.
        name: SecretName,
        /// Its path, with dots.
        field: String,
        /// What it must be. Never its value.
        problem: &'static str,
    },
}

/// The names of our secrets, below one prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretNames {
    /// Credentials of our apps at TikTok and at store platforms.
    pub app: SecretName,
    /// What seals TikTok and store tokens. The webhook function must not read it.
    pub token: SecretName,
    /// What seals webhook secrets.
    pub hook: SecretName,
    /// What signs links, sessions and forms.
    pub web: SecretName,
    prefix: String,
}

impl SecretNames {
    /// `{prefix}/app`, `{prefix}/kek/token`, `{prefix}/kek/hook`, `{prefix}/web`.
    ///
    /// # Errors
    /// [`BadName`] when the prefix has characters that names do not have.
    pub fn new(prefix: &str) -> Result<Self, BadName> {
        let name = |rest: &str| SecretName::parse(format!("{prefix}/{rest}"));
        Ok(Self {
            app: name("app")?,
            token: name("kek/token")?,
            hook: name("kek/hook")?,
            web: name("web")?,
            prefix: prefix.to_owned(),
        })
    }

    /// The prefix they share.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// The four secrets of a process.
#[derive(Debug)]
pub struct Secrets {
    names: SecretNames,
    store: Arc<dyn SecretStore>,
    app: Cached<AppSecrets>,
    token: Cached<KeyRing>,
    hook: Cached<KeyRing>,
    web: Cached<KeyRing>,
}

impl Secrets {
    /// Reads through this store; nothing is read yet.
    #[must_use]
    pub fn new(store: Arc<dyn SecretStore>, names: SecretNames, clock: &Clock, entropy: &Entropy) -> Self {
        let ring = |name: &SecretName| Cached::new(&store, name, KeyRing::parse, clock, entropy);
        Self {
            app: Cached::new(&store, &names.app, AppSecrets::parse, clock, entropy),
            token: ring(&names.token),
            hook: ring(&names.hook),
            web: ring(&names.web),
            names,
            store,
        }
    }

    /// Credentials of our apps.
    #[must_use]
    pub fn app(&self) -> &Cached<AppSecrets> {
        &self.app
    }

    /// Keys that seal tokens.
    #[must_use]
    pub fn token_keys(&self) -> &Cached<KeyRing> {
        &self.token
    }

    /// Keys that seal webhook secrets.
    #[must_use]
    pub fn hook_keys(&self) -> &Cached<KeyRing> {
        &self.hook
    }

    /// Keys that sign links, sessions and forms.
    #[must_use]
    pub fn web_keys(&self) -> &Cached<KeyRing> {
        &self.web
    }

    /// The names they are read by.
    #[must_use]
    pub fn names(&self) -> &SecretNames {
        &self.names
    }

    /// The store behind, for those who write.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn SecretStore> {
        &self.store
    }
}

type Parse<T> = fn(&SecretName, &SecretString) -> Result<T, SecretFault>;

/// One secret, kept in the process.
pub struct Cached<T> {
    store: Arc<dyn SecretStore>,
    name: SecretName,
    parse: Parse<T>,
    clock: Clock,
    entropy: Entropy,
    // Held while loading, so that a burst of requests asks the store once.
    kept: Mutex<Option<Kept<T>>>,
}

struct Kept<T> {
    value: Arc<T>,
    version: SecretVersion,
    /// When the store last confirmed it, by the clock that counts suspension.
    confirmed: Duration,
    /// When it is asked for again.
    next: Duration,
    /// When it was last asked for on suspicion.
    suspected: Option<Duration>,
}

impl<T> Cached<T> {
    fn new(store: &Arc<dyn SecretStore>, name: &SecretName, parse: Parse<T>, clock: &Clock, entropy: &Entropy) -> Self {
        Self {
            store: Arc::clone(store),
            name: name.clone(),
            parse,
            clock: clock.clone(),
            entropy: entropy.clone(),
            kept: Mutex::new(None),
        }
    }

    /// The value; at most six minutes old while the store answers, at most a day while it does not.
    ///
    /// # Errors
    /// [`SecretFault`] when there is nothing that may still be used.
    pub async fn get(&self) -> Result<Arc<T>, SecretFault> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.steady();
        match &mut *kept {
            Some(known) if now < known.next => Ok(Arc::clone(&known.value)),
            Some(known) => match self.load(now).await {
                Ok(loaded) => Ok(Arc::clone(&known.replace(loaded).value)),
                Err(fault) => {
                    if now.saturating_sub(known.confirmed) >= STALE || gone(&fault) {
                        *kept = None;
                        return Err(fault);
                    }
                    known.next = now + RELOAD;
                    tracing::warn!(
                        secret.name = %self.name,
                        error = &fault as &dyn std::error::Error,
                        "secret not reloaded, the one in memory is used"
                    );
                    Ok(Arc::clone(&known.value))
                }
            },
            None => Ok(Arc::clone(&kept.insert(self.load(now).await?).value)),
        }
    }

    /// A newer value, when what [`get`](Self::get) gave did not fit: a signature failed, or a key number is unknown.
    /// `None` means that there is none, or that this was asked within the last 30 seconds: then the first judgement
    /// stands. So a flood of wrong signatures costs two calls a minute.
    ///
    /// # Errors
    /// [`SecretFault`] when the store cannot answer.
    pub async fn newer_than(&self, used: &Arc<T>) -> Result<Option<Arc<T>>, SecretFault> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.steady();
        let Some(known) = &mut *kept else { return Ok(Some(Arc::clone(&kept.insert(self.load(now).await?).value))) };
        if !Arc::ptr_eq(&known.value, used) {
            // Somebody else reloaded meanwhile.
            return Ok(Some(Arc::clone(&known.value)));
        }
        if known.suspected.is_some_and(|last| now.saturating_sub(last) < RELOAD) {
            return Ok(None);
        }
        known.suspected = Some(now);
        let loaded = self.load(now).await?;
        let changed = loaded.version != known.version;
        let value = Arc::clone(&known.replace(loaded).value);
        Ok(changed.then_some(value))
    }

    async fn load(&self, now: Duration) -> Result<Kept<T>, SecretFault> {
        let stored = self.store.get(&self.name, None).await?;
        let value = Arc::new((self.parse)(&self.name, &stored.text)?);
        let fresh = FRESH.mul_f64(0.8 + 0.4 * self.entropy.fraction());
        Ok(Kept { value, version: stored.version, confirmed: now, next: now + fresh, suspected: None })
    }
}

impl<T> Kept<T> {
    /// Takes what was loaded. The same version keeps its `Arc`, so that users can tell that nothing changed.
    fn replace(&mut self, loaded: Self) -> &Self {
        let value = if loaded.version == self.version { Arc::clone(&self.value) } else { loaded.value };
        *self = Self { value, suspected: self.suspected, ..loaded };
        self
    }
}

impl<T> fmt::Debug for Cached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Somebody removed the secret on purpose: memory must not keep it alive.
fn gone(fault: &SecretFault) -> bool {
    matches!(fault, SecretFault::Store(StoreFault::Missing { .. }))
}

/// A secret's JSON object.
pub(super) fn parsed(name: &SecretName, text: &SecretString) -> Result<Map<String, Value>, SecretFault> {
    // The parser's own error may cite the text.
    serde_json::from_str(text.expose_secret()).map_err(|_| SecretFault::NotJson { name: name.clone() })
}

/// Makes those of the four secrets that do not exist: fresh keys, and no credentials yet. Safe to repeat.
///
/// # Errors
/// [`StoreFault`]; what was made before stays.
pub async fn init(
    store: &dyn SecretStore,
    names: &SecretNames,
    entropy: &Entropy,
) -> Result<Vec<(SecretName, bool)>, StoreFault> {
    let mut made = Vec::new();
    for (name, text) in [
        (&names.app, AppSecrets::empty_text()),
        (&names.token, KeyRing::generate(entropy).to_text()),
        (&names.hook, KeyRing::generate(entropy).to_text()),
        (&names.web, KeyRing::generate(entropy).to_text()),
    ] {
        made.push((name.clone(), store.create(name, &text).await?));
    }
    Ok(made)
}
