//! Access to a store that no account has taken yet.

use crate::app::App;
use crate::flows::access::store::{ACCESS, AccessText, Bound, VaultError, json, open_with};
use crate::table::keys::{self, Key};
use crate::tokens::{Place, Purpose, seal};
use secrecy::{ExposeSecret, SecretString};

/// The first row of a claim has no account yet: only its own secret token names it.
const UNCLAIMED: &str = "unclaimed";

/// Seals an access token that no account has taken yet, for the one-time row of this hash, with the store it opens.
pub(in crate::flows) async fn seal_claim(
    app: &App,
    hash: &str,
    address: &str,
    token: &SecretString,
) -> Result<String, VaultError> {
    let key = keys::once(hash);
    let place = claim_place(app, &key);
    let ring = app.secrets.token_keys().get().await?;
    let access = AccessText::Token(token.expose_secret().to_owned());
    let text = json(&Bound { address: address.to_owned(), access }, ACCESS)?;
    Ok(seal(&ring, Purpose::StoreAccess, &place, &text, &app.entropy)?.to_text())
}

/// Opens it again, for the same store.
pub(in crate::flows) async fn open_claim(
    app: &App,
    hash: &str,
    address: &str,
    sealed: &str,
) -> Result<SecretString, VaultError> {
    let key = keys::once(hash);
    let place = claim_place(app, &key);
    let plain = open_with(app.secrets.token_keys(), Purpose::StoreAccess, &place, sealed, ACCESS).await?;
    match serde_json::from_slice::<Bound>(&plain) {
        Ok(Bound { address: given, access: AccessText::Token(token) }) if given == address => Ok(token.into()),
        Ok(_) => Err(VaultError::OtherAddress),
        Err(_) => Err(VaultError::Unreadable(ACCESS)),
    }
}

fn claim_place<'a>(app: &'a App, key: &'a Key) -> Place<'a> {
    Place { tenant: UNCLAIMED, table: app.table.name(), pk: &key.pk, sk: &key.sk, field: "claim", version: 1 }
}
