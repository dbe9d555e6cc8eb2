//! [`SecretStore`] on AWS Secrets Manager.
//!
//! Limits that matter here (AWS Secrets Manager User Guide, "quotas"): 64 KB a secret; about one write in ten minutes
//! per secret sustained. Versions without a label are deleted some time after a day, so the value that counts must be
//! the current or the previous one.

use super::store::{SecretName, SecretStore, SecretVersion, StoreFault, Stored};
use crate::domain::clock::Entropy;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use std::error::Error;

/// AWS Secrets Manager.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
    entropy: Entropy,
}

impl SecretsManager {
    /// A store on this client; `entropy` names new versions, which makes a repeated request harmless.
    #[must_use]
    pub fn new(client: Client, entropy: Entropy) -> Self {
        Self { client, entropy }
    }

    /// A version's name: 32 to 64 characters, ours to choose.
    fn token(&self) -> String {
        HEXLOWER.encode(&self.entropy.bytes::<16>())
    }

    async fn made(&self, name: &SecretName, text: &SecretString) -> Result<Option<SecretVersion>, StoreFault> {
        let token = self.token();
        let sent = self
            .client
            .create_secret()
            .name(name.as_str())
            .client_request_token(&token)
            .secret_string(text.expose_secret())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Some(SecretVersion::new(token))),
            Err(e) if e.code() == Some("ResourceExistsException") => Ok(None),
            Err(e) => Err(fault(name, e)),
        }
    }
}

impl SecretStore for SecretsManager {
    fn get<'a>(
        &'a self,
        name: &'a SecretName,
        version: Option<&'a SecretVersion>,
    ) -> BoxFuture<'a, Result<Stored, StoreFault>> {
        Box::pin(async move {
            let request = self.client.get_secret_value().secret_id(name.as_str());
            let request = request.set_version_id(version.map(|version| version.as_str().to_owned()));
            let answer = request.send().await.map_err(|e| fault(name, e))?;
            let (Some(text), Some(version)) = (answer.secret_string, answer.version_id) else {
                return Err(StoreFault::Refused { name: name.clone(), problem: "it holds no text".to_owned() });
            };
            Ok(Stored { text: SecretString::from(text), version: SecretVersion::new(version) })
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a SecretName,
        text: &'a SecretString,
    ) -> BoxFuture<'a, Result<SecretVersion, StoreFault>> {
        Box::pin(async move {
            // Twice: somebody may make the secret between our two calls.
            for _ in 0..2 {
                let token = self.token();
                let sent = self
                    .client
                    .put_secret_value()
                    .secret_id(name.as_str())
                    .client_request_token(&token)
                    .secret_string(text.expose_secret())
                    .send()
                    .await;
                match sent {
                    Ok(_) => return Ok(SecretVersion::new(token)),
                    Err(e) if e.code() == Some("ResourceNotFoundException") => {}
                    Err(e) => return Err(fault(name, e)),
                }
                if let Some(version) = self.made(name, text).await? {
                    return Ok(version);
                }
            }
            Err(StoreFault::Missing { name: name.clone() })
        })
    }

    fn create<'a>(&'a self, name: &'a SecretName, text: &'a SecretString) -> BoxFuture<'a, Result<bool, StoreFault>> {
        Box::pin(async move { Ok(self.made(name, text).await?.is_some()) })
    }

    fn remove<'a>(&'a self, name: &'a SecretName) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            // Without the recovery window: a merchant who disconnects wants the tokens gone.
            let request = self.client.delete_secret().secret_id(name.as_str()).force_delete_without_recovery(true);
            match request.send().await {
                Err(e) if e.code() != Some("ResourceNotFoundException") => Err(fault(name, e)),
                _ => Ok(()),
            }
        })
    }
}

/// Sorts an answer by what a caller can do. Codes from the service's API reference, "Common errors" included.
fn fault<E>(name: &SecretName, error: SdkError<E>) -> StoreFault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let name = name.clone();
    // Only codes reach a text: a message could cite the request.
    let code = error.code().unwrap_or_default().to_owned();
    match code.as_str() {
        "ResourceNotFoundException" => StoreFault::Missing { name },
        "AccessDeniedException" | "AccessDenied" => StoreFault::Refused {
            name,
            problem: "the function's role lacks a permission on it (AccessDeniedException)".to_owned(),
        },
        "InvalidRequestException" => StoreFault::Refused {
            name,
            problem: "it is marked for deletion (InvalidRequestException); restore it or choose another prefix"
                .to_owned(),
        },
        "DecryptionFailure" | "EncryptionFailure" | "InvalidParameterException" | "LimitExceededException" => {
            StoreFault::Refused { name, problem: format!("Secrets Manager answers {code}") }
        }
        "UnrecognizedClientException" | "InvalidSignatureException" | "ExpiredTokenException" => {
            StoreFault::Refused { name, problem: format!("AWS does not take our credentials ({code})") }
        }
        _ => StoreFault::Unavailable { name, source: Box::new(Unanswered::of(error, code)) },
    }
}

/// Why there was no usable answer, without any part of the request.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("Secrets Manager answered {0}")]
    Code(String),
    #[error("no answer in time")]
    TimedOut,
    #[error("Secrets Manager cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
}

impl Unanswered {
    fn of<E: Error + Send + Sync + 'static>(error: SdkError<E>, code: String) -> Self {
        if !code.is_empty() {
            return Self::Code(code);
        }
        match error {
            SdkError::TimeoutError(_) => Self::TimedOut,
            other => Self::Unreachable(other.into_source().unwrap_or_else(|e| Box::new(e))),
        }
    }
}
