//! A TikTok authorisation: its tokens, when they are due, and the two ways to keep them.

use super::key_ring::KeyRing;
use super::seal::{self, NotSealed, OpenError, Place, Purpose, SealError, Sealed};
use super::store::{BadName, SecretName, SecretStore, SecretVersion, StoreFault};
use crate::domain::clock::Entropy;
use crate::domain::ids::{AccountId, OpenId};
use crate::domain::region::{AppRegion, Region};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use zeroize::Zeroizing;

/// The field of the row that the tokens are sealed for.
const FIELD: &str = "tokens";
/// A token that ends sooner than this is not used for another call: it would end on the way. TikTok's clock may also
/// be ahead of ours.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// The tokens of one authorisation, which may cover several shops.
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// Whose: names the authorising user for one of our apps.
    pub open_id: OpenId,
    /// Goes with every call.
    pub access_token: SecretString,
    /// Buys the next set.
    pub refresh_token: SecretString,
    /// When TikTok gave us this set.
    pub issued: Timestamp,
    /// End of the access token; TikTok says about seven days after `issued`.
    pub access_expires: Timestamp,
    /// End of the refresh token, and with it of the authorisation. May be almost a century away.
    pub refresh_expires: Timestamp,
    /// What the seller allowed; may be less than asked.
    pub scopes: Vec<String>,
    /// The seller's name at TikTok, as shown to people of this account.
    pub seller_name: String,
    /// The seller's home market.
    pub seller_region: Region,
    /// Grows by one with every set that is stored; the fence against a second refresher.
    pub version: u64,
}

impl TokenSet {
    /// When to refresh: at 80 % of the life, give or take a twentieth so that shops connected together do not refresh
    /// together. `spread` is a fraction from `0.0` to `1.0`.
    #[must_use]
    pub fn refresh_due(&self, spread: f64) -> Timestamp {
        // A refresh token that ends before the access token must be used before that.
        let end = self.access_expires.min(self.refresh_expires);
        let life = end.duration_since(self.issued).max(SignedDuration::ZERO);
        let part = 0.75 + 0.10 * spread.clamp(0.0, 1.0);
        let wait = SignedDuration::try_from_secs_f64(life.as_secs_f64() * part).unwrap_or_default();
        self.issued.checked_add(wait).unwrap_or(end)
    }

    /// Whether a call may still start with this access token.
    #[must_use]
    pub fn usable(&self, now: Timestamp) -> bool {
        now.duration_since(self.access_expires) < -MARGIN
    }
}

/// The authorisation as the table keeps it: nothing in it opens anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Which of our apps.
    pub app: AppRegion,
    /// Whose.
    pub open_id: OpenId,
    /// The account it belongs to; part of the key that seals it.
    pub account: AccountId,
    /// The tokens, or where they are.
    pub kept: Kept,
    /// See [`TokenSet::version`].
    pub version: u64,
    /// See [`TokenSet::issued`].
    pub issued: Timestamp,
    /// See [`TokenSet::access_expires`].
    pub access_expires: Timestamp,
    /// See [`TokenSet::refresh_expires`].
    pub refresh_expires: Timestamp,
    /// When to refresh, with its spread.
    pub refresh_due: Timestamp,
    /// See [`TokenSet::scopes`].
    pub scopes: Vec<String>,
    /// See [`TokenSet::seller_name`].
    pub seller_name: String,
    /// See [`TokenSet::seller_region`].
    pub seller_region: Region,
}

/// Where the tokens of a [`Grant`] are. As text, a pointer starts with `secret:`, which no sealed value does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Kept {
    /// In the row, sealed.
    Sealed(Sealed),
    /// In a secret of its own. Only the version named here counts, so the row's condition decides between two writers.
    Secret {
        /// The store's name of the value.
        version: String,
    },
}

const POINTER: &str = "secret:";

impl TryFrom<String> for Kept {
    type Error = NotSealed;
    fn try_from(text: String) -> Result<Self, NotSealed> {
        match text.strip_prefix(POINTER) {
            Some("") => Err(NotSealed),
            Some(version) => Ok(Self::Secret { version: version.to_owned() }),
            None => Sealed::from_text(&text).map(Self::Sealed),
        }
    }
}

impl From<Kept> for String {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Sealed(sealed) => sealed.to_text(),
            Kept::Secret { version } => format!("{POINTER}{version}"),
        }
    }
}

/// A grant as three attributes of its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// The token version.
    pub version: u64,
    /// [`Kept`] as text.
    pub sealed: String,
    /// All else as JSON text; nothing in it is secret.
    pub facts: String,
}

impl Grant {
    /// For the table.
    ///
    /// # Errors
    /// [`GrantError::Corrupt`] never happens to a grant of this crate.
    pub fn to_row(&self) -> Result<GrantRow, GrantError> {
        let mut facts = serde_json::to_value(self).map_err(|_| GrantError::Corrupt)?;
        if let Some(facts) = facts.as_object_mut() {
            facts.remove("kept");
        }
        Ok(GrantRow { version: self.version, sealed: self.kept.clone().into(), facts: facts.to_string() })
    }

    /// From the table.
    ///
    /// # Errors
    /// [`GrantError::Corrupt`] when the attributes do not make a grant, or not one of that version.
    pub fn from_row(row: &GrantRow) -> Result<Self, GrantError> {
        let mut facts: Value = serde_json::from_str(&row.facts).map_err(|_| GrantError::Corrupt)?;
        let fields = facts.as_object_mut().ok_or(GrantError::Corrupt)?;
        fields.insert("kept".to_owned(), row.sealed.as_str().into());
        let grant: Self = serde_json::from_value(facts).map_err(|_| GrantError::Corrupt)?;
        if grant.version == row.version { Ok(grant) } else { Err(GrantError::Corrupt) }
    }
}

/// The row a grant stands in.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The table's name.
    pub table: &'a str,
    /// Partition key.
    pub pk: &'a str,
    /// Sort key.
    pub sk: &'a str,
}

/// Whose tokens they are, beside TikTok's own name for the user.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Which of our apps.
    pub app: AppRegion,
}

/// Why a grant cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The key ring is of no use.
    #[error("the tokens cannot be sealed")]
    Seal(#[from] SealError),
    /// The store of secrets has no usable answer.
    #[error("the tokens cannot be put into the store of secrets")]
    Store(#[from] StoreFault),
    /// The open id cannot be part of a secret's name.
    #[error("the tokens' secret cannot be named")]
    Name(#[from] BadName),
}

/// Why a grant's tokens cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// Altered, moved, or an unknown key: for the latter reload the ring once.
    #[error("the tokens do not open")]
    Open(#[from] OpenError),
    /// The store of secrets has no usable answer. `Missing` after a newer write: read the row again.
    #[error("the tokens cannot be read from the store of secrets")]
    Store(#[from] StoreFault),
    /// The prefix of secrets does not fit.
    #[error("the tokens' secret cannot be named")]
    Name(#[from] BadName),
    /// What opened is not a pair of tokens of this grant.
    #[error("what is kept for this grant are not its tokens")]
    Corrupt,
    /// The grant keeps its tokens in the other way: `TOKEN_STORE` was changed without reconnecting.
    #[error("the tokens are kept in another token store than the one that is set")]
    OtherStore,
}

/// The secret half of a grant, as JSON text. Number and owner are in it too, for in a store of secrets nothing else ties
/// the text to its row.
#[derive(Serialize, Deserialize)]
struct Pair<'a> {
    open_id: &'a str,
    version: u64,
    access_token: &'a str,
    refresh_token: &'a str,
}

/// Seals tokens for their row.
///
/// # Errors
/// [`KeepError::Seal`].
pub fn seal_grant(
    ring: &KeyRing,
    row: Row<'_>,
    owner: Owner<'_>,
    tokens: &TokenSet,
    entropy: &Entropy,
) -> Result<Grant, KeepError> {
    let place = place(row, owner.account, tokens.version);
    let sealed = seal::seal(ring, Purpose::TikTokTokens, &place, &pair(tokens), entropy)?;
    Ok(grant(owner, tokens, Kept::Sealed(sealed), entropy))
}

/// Opens the tokens of a row.
///
/// # Errors
/// [`GrantError`].
pub fn open_grant(ring: &KeyRing, row: Row<'_>, grant: &Grant) -> Result<TokenSet, GrantError> {
    let Kept::Sealed(sealed) = &grant.kept else { return Err(GrantError::OtherStore) };
    let place = place(row, &grant.account, grant.version);
    let plain = seal::open(ring, Purpose::TikTokTokens, &place, sealed)?;
    token_set(grant, &plain)
}

/// Puts tokens into a secret of their own. They count only once the row names the version in the returned grant.
///
/// # Errors
/// [`KeepError`].
pub async fn store_grant(
    store: &dyn SecretStore,
    prefix: &str,
    owner: Owner<'_>,
    tokens: &TokenSet,
    entropy: &Entropy,
) -> Result<Grant, KeepError> {
    let name = secret_name(prefix, owner.app, &tokens.open_id)?;
    let plain = pair(tokens);
    let text = SecretString::from(String::from_utf8_lossy(&plain).into_owned());
    let version = store.put(&name, &text).await?;
    Ok(grant(owner, tokens, Kept::Secret { version: version.as_str().to_owned() }, entropy))
}

/// Fetches the tokens that a row points to.
///
/// # Errors
/// [`GrantError`].
pub async fn fetch_grant(store: &dyn SecretStore, prefix: &str, grant: &Grant) -> Result<TokenSet, GrantError> {
    let Kept::Secret { version } = &grant.kept else { return Err(GrantError::OtherStore) };
    let name = secret_name(prefix, grant.app, &grant.open_id)?;
    let stored = store.get(&name, Some(&SecretVersion::new(version.as_str()))).await?;
    token_set(grant, stored.text.expose_secret().as_bytes())
}

/// Removes the secret of a grant; a grant that is sealed in its row has none, and a missing one is fine.
///
/// # Errors
/// [`GrantError`].
pub async fn erase_grant(store: &dyn SecretStore, prefix: &str, grant: &Grant) -> Result<(), GrantError> {
    match grant.kept {
        Kept::Sealed(_) => Ok(()),
        Kept::Secret { .. } => Ok(store.remove(&secret_name(prefix, grant.app, &grant.open_id)?).await?),
    }
}

fn place<'a>(row: Row<'a>, account: &'a AccountId, version: u64) -> Place<'a> {
    Place { tenant: account.as_str(), table: row.table, pk: row.pk, sk: row.sk, field: FIELD, version }
}

fn pair(tokens: &TokenSet) -> Zeroizing<Vec<u8>> {
    let pair = Pair {
        open_id: tokens.open_id.as_str(),
        version: tokens.version,
        access_token: tokens.access_token.expose_secret(),
        refresh_token: tokens.refresh_token.expose_secret(),
    };
    // Four plain members always serialise; an empty text would not open as a pair.
    Zeroizing::new(serde_json::to_vec(&pair).unwrap_or_default())
}

fn grant(owner: Owner<'_>, tokens: &TokenSet, kept: Kept, entropy: &Entropy) -> Grant {
    Grant {
        app: owner.app,
        open_id: tokens.open_id.clone(),
        account: owner.account.clone(),
        kept,
        version: tokens.version,
        issued: tokens.issued,
        access_expires: tokens.access_expires,
        refresh_expires: tokens.refresh_expires,
        refresh_due: tokens.refresh_due(entropy.fraction()),
        scopes: tokens.scopes.clone(),
        seller_name: tokens.seller_name.clone(),
        seller_region: tokens.seller_region.clone(),
    }
}

fn token_set(grant: &Grant, plain: &[u8]) -> Result<TokenSet, GrantError> {
    #[derive(Deserialize)]
    struct Owned {
        open_id: String,
        version: u64,
        access_token: String,
        refresh_token: String,
    }
    // The parser's own error may cite the text.
    let pair: Owned = serde_json::from_slice(plain).map_err(|_| GrantError::Corrupt)?;
    if pair.open_id != grant.open_id.as_str() || pair.version != grant.version {
        return Err(GrantError::Corrupt);
    }
    Ok(TokenSet {
        open_id: grant.open_id.clone(),
        access_token: pair.access_token.into(),
        refresh_token: pair.refresh_token.into(),
        issued: grant.issued,
        access_expires: grant.access_expires,
        refresh_expires: grant.refresh_expires,
        scopes: grant.scopes.clone(),
        seller_name: grant.seller_name.clone(),
        seller_region: grant.seller_region.clone(),
        version: grant.version,
    })
}

/// `{prefix}/grant/{app}/{open id}`. Open ids have characters that names of secrets do not have; those, and `=` itself,
/// become `=` and two hex digits. A leading dot, which no part of a name may have, is such a character too.
fn secret_name(prefix: &str, app: AppRegion, open_id: &OpenId) -> Result<SecretName, BadName> {
    use fmt::Write as _;
    let mut name = format!("{prefix}/grant/{app}/");
    for byte in open_id.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(name, "={byte:02x}");
        }
    }
    SecretName::parse(name)
}
