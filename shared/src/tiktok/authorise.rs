//! Code → tokens, refresh token → tokens. Both are unsigned GETs on a host of their own, with secrets **in the URL**:
//! the URL must never reach a log or an error, which [`crate::outbound`] sees to.
//!
//! Source: TikTok Shop Partner Center, "Authorization overview".

use super::read::{list, text, time, whole};
use super::{Class, Credentials, Effect, TikTok, TikTokError, paths, query_string};
use crate::domain::ids::OpenId;
use crate::domain::reason::Reason;
use crate::domain::region::Region;
use bytes::Bytes;
use http::header::ACCEPT;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

/// What TikTok grants. Store every field at once: whether a refresh ends the older refresh token is not documented.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    /// For calls; about seven days.
    pub access_token: SecretString,
    /// When it ends. The field is named `access_token_expire_in`, yet holds a moment in Unix seconds.
    pub access_expires: Timestamp,
    /// For the next refresh.
    pub refresh_token: SecretString,
    /// When the authorisation ends, as the seller chose on the consent page.
    pub refresh_expires: Timestamp,
    /// Who authorised, for this app.
    pub open_id: OpenId,
    /// Display name; may be empty.
    pub seller_name: String,
    /// The seller's home market, if told.
    pub seller_base_region: Option<Region>,
    /// May be less than asked for.
    pub granted_scopes: Vec<String>,
}

/// No tokens.
#[derive(Debug, thiserror::Error)]
pub enum AuthoriseError {
    /// TikTok refused or did not answer. After [`Class::OutcomeUnknown`] the old refresh token may be dead.
    #[error(transparent)]
    TikTok(#[from] TikTokError),
    /// The account is a creator's (1) or a partner's (3): connect with the seller's main account.
    #[error("the authorising account is not a seller's (user type {user_type})")]
    NotASeller {
        /// TikTok's number for the kind of account.
        user_type: i64,
    },
    /// TikTok said yes, but a field is missing.
    #[error("the token answer has no usable {field}")]
    Incomplete {
        /// TikTok's name of the field.
        field: &'static str,
    },
}

impl TikTok {
    /// Exchanges the consent's code: it lives 30 minutes and works once.
    ///
    /// # Errors
    /// [`AuthoriseError`]; a bad code has the class [`Class::ConsentAgain`].
    pub async fn token_get(
        &self,
        app: &Credentials,
        code: &SecretString,
        limit: Duration,
    ) -> Result<TokenAnswer, AuthoriseError> {
        // `authorized_code` is TikTok's own spelling.
        let query = [("auth_code", code), ("grant_type", &"authorized_code".into())];
        self.ask_token(app, paths::TOKEN_GET, query, limit).await
    }

    /// Refreshes. One try: a second one with a rotated refresh token would end the authorisation.
    ///
    /// # Errors
    /// [`AuthoriseError`]; a dead refresh token has the class [`Class::Park`].
    pub async fn token_refresh(
        &self,
        app: &Credentials,
        refresh_token: &SecretString,
        limit: Duration,
    ) -> Result<TokenAnswer, AuthoriseError> {
        let query = [("refresh_token", refresh_token), ("grant_type", &"refresh_token".into())];
        self.ask_token(app, paths::TOKEN_REFRESH, query, limit).await
    }

    async fn ask_token(
        &self,
        app: &Credentials,
        path: &str,
        own: [(&'static str, &SecretString); 2],
        limit: Duration,
    ) -> Result<TokenAnswer, AuthoriseError> {
        let secret = app.app_secret.expose_secret();
        let mut query = vec![("app_key", app.app_key.clone()), ("app_secret", secret.to_owned())];
        query.extend(own.map(|(key, value)| (key, value.expose_secret().to_owned())));
        let request = http::Request::get(format!("{}{path}?{}", self.auth, query_string(&query)))
            .header(ACCEPT, super::JSON)
            .body(Bytes::new())
            .map_err(|_| super::our_bug("the token request cannot be built"))?;
        let effect = Effect::Write;
        let answer = self.outbound.send(request, limit).await.map_err(|e| TikTokError::unanswered(e, effect))?;
        let secrets = [secret, own[0].1.expose_secret()];
        let answer = self.judge(super::envelope::read(answer.body()), &answer, effect, &secrets)?;
        read_tokens(answer.data.as_ref().unwrap_or(&Value::Null))
    }
}

impl TokenAnswer {
    /// Reads TikTok's answer to a token call as somebody saved it: the whole envelope, or its `data` alone.
    ///
    /// # Errors
    /// [`AuthoriseError`]; its text never holds a token.
    pub fn read(body: &[u8]) -> Result<Self, AuthoriseError> {
        let unreadable = || TikTokError::local("this is not a token answer", Class::Operator(Reason::Internal), None);
        let value: Value = serde_json::from_slice(body.trim_ascii()).map_err(|_| unreadable())?;
        if let Some(code) = whole(&value, "code").filter(|code| *code != 0) {
            let refused = TikTokError::local("this is a refusal, not a token answer", Class::ConsentAgain, None);
            return Err(TikTokError { code: Some(code), ..refused }.into());
        }
        read_tokens(value.get("data").filter(|data| data.is_object()).unwrap_or(&value))
    }
}

fn read_tokens(data: &Value) -> Result<TokenAnswer, AuthoriseError> {
    if let Some(user_type) = whole(data, "user_type").filter(|user_type| *user_type != 0) {
        return Err(AuthoriseError::NotASeller { user_type });
    }
    let needed = |field| text(data, field).ok_or(AuthoriseError::Incomplete { field });
    let moment = |field| time(data, field).ok_or(AuthoriseError::Incomplete { field });
    let open_id = OpenId::parse(needed("open_id")?).map_err(|_| AuthoriseError::Incomplete { field: "open_id" })?;
    Ok(TokenAnswer {
        access_token: needed("access_token")?.into(),
        access_expires: moment("access_token_expire_in")?,
        refresh_token: needed("refresh_token")?.into(),
        refresh_expires: moment("refresh_token_expire_in")?,
        open_id,
        seller_name: text(data, "seller_name").unwrap_or_default(),
        seller_base_region: text(data, "seller_base_region").map(|code| Region::new(&code)),
        granted_scopes: list(data, "granted_scopes").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn data() -> Value {
        json!({"access_token": "TTP_canary-access", "access_token_expire_in": 1764345600,
            "refresh_token": "TTP_canary-refresh", "refresh_token_expire_in": 4884556800i64, "open_id": "7010736057180325637",
            "seller_name": "Tiny Mugs", "seller_base_region": "US", "user_type": 0,
            "granted_scopes": ["seller.order.info", "seller.fulfillment.basic"]})
    }

    #[test]
    fn a_token_answer_is_read_with_or_without_its_envelope() {
        let enveloped = json!({"code": 0, "message": "success", "request_id": "r", "data": data()});
        for body in [data().to_string(), enveloped.to_string(), format!("\n{enveloped}\n")] {
            let answer = TokenAnswer::read(body.as_bytes()).expect("tokens");
            assert_eq!(answer.access_token.expose_secret(), "TTP_canary-access");
            assert_eq!(
                (answer.access_expires.as_second(), answer.refresh_expires.as_second()),
                (1764345600, 4884556800)
            );
            assert_eq!(answer.granted_scopes.len(), 2);
            assert!(!format!("{answer:?}").contains("canary"));
        }
    }

    #[test]
    fn what_is_no_grant_of_a_seller_is_refused_without_quoting_it() {
        for (change, told) in [
            (json!({"user_type": 1}), "the authorising account is not a seller's (user type 1)"),
            (json!({"user_type": "3"}), "the authorising account is not a seller's (user type 3)"),
            (json!({"access_token": ""}), "the token answer has no usable access_token"),
            (json!({"refresh_token": null}), "the token answer has no usable refresh_token"),
            (json!({"access_token_expire_in": 0}), "the token answer has no usable access_token_expire_in"),
            (json!({"refresh_token_expire_in": "soon"}), "the token answer has no usable refresh_token_expire_in"),
            (json!({"open_id": "a b"}), "the token answer has no usable open_id"),
            (json!({"code": 36004004}), "TikTok: 36004004 this is a refusal, not a token answer"),
        ] {
            let mut body = data();
            for (key, value) in change.as_object().into_iter().flatten() {
                body[key] = value.clone();
            }
            let error = TokenAnswer::read(body.to_string().as_bytes()).expect_err("refused");
            assert_eq!(error.to_string(), told);
            assert!(!format!("{error:?}").contains("canary"));
        }
    }

    proptest! {
        #[test]
        fn no_body_breaks_the_reader(body in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(TokenAnswer::read(&body).is_err());
        }
    }
}
