//! The AWS SDK's settings: one TLS stack with embedded roots, short limits, and a way to run against something local.
//!
//! Endpoints, region and credentials of real AWS come from the SDK's own variables and files.

use crate::domain::clock::Clock;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Once;
use std::time::{Duration, SystemTime};

/// One try of one call.
pub const TRY: Duration = Duration::from_secs(1);
/// All tries of one call with the pauses between them. Who must go on longer, repeats the call.
pub const CALL: Duration = Duration::from_secs(3);
/// To open a connection; within a region it takes a few milliseconds.
const CONNECT: Duration = Duration::from_millis(800);
/// Tries of one call: a third one still fits in [`CALL`].
const TRIES: u32 = 3;
/// Pause before the second try, at most; it doubles.
const PAUSE: Duration = Duration::from_millis(50);
/// What the SDK does where it leaves a choice. Named, so that an update changes nothing by itself.
fn behaviour() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// What the subject of a root certificate says, of those that AWS's services use.
/// Source: Amazon Trust Services repository: Amazon Root CA 1 to 4 and Starfield Services Root CA G2.
const AMAZON: [&[u8]; 2] = [b"Amazon Root CA", b"Starfield Services Root"];

/// AWS's own TLS roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The embedded roots are not what TLS takes.
    #[error("the embedded certificates cannot be used")]
    Roots(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Settings of a client of the table, with a retry quota of its own: by default all clients of one name in a process
/// share one, and what one of them suffers keeps another from trying again.
#[must_use]
pub fn table_settings(aws: &SdkConfig) -> aws_sdk_dynamodb::config::Builder {
    let own = aws_sdk_dynamodb::config::retry::RetryPartition::custom("table").build();
    aws_sdk_dynamodb::config::Builder::from(aws).retry_partition(own)
}

/// A client of the table.
#[must_use]
pub fn table_client(aws: &SdkConfig) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(table_settings(aws).build())
}

/// Something that speaks AWS's protocols on this machine: the embedded table, or an emulator.
#[derive(Clone, Debug)]
pub struct LocalAws {
    /// Where it is. With an own transport only the host header shows it.
    pub endpoint_url: String,
    /// Any text, unless it checks.
    pub access_key_id: String,
    /// Any text, unless it checks.
    pub secret_access_key: SecretString,
}

impl LocalAws {
    /// For something that does not look at credentials.
    #[must_use]
    pub fn at(endpoint_url: impl Into<String>) -> Self {
        let access_key_id = "local".to_owned();
        Self { endpoint_url: endpoint_url.into(), access_key_id, secret_access_key: SecretString::from("local") }
    }
}

/// Settings for real AWS, or for what the SDK's `AWS_ENDPOINT_URL…` variables name.
///
/// # Errors
/// [`AwsError::Roots`], which a test rules out for the built version.
pub async fn sdk_config(clock: &Clock) -> Result<SdkConfig, AwsError> {
    let loader = aws_config::defaults(behaviour())
        .http_client(http_client()?)
        .time_source(WallClock(clock.clone()))
        .sleep_impl(TokioSleep::new())
        .retry_config(retries())
        .timeout_config(limits())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    Ok(loader.load().await)
}

/// Settings for something local. Neither variables nor files of the SDK are read, so a developer's own AWS account is out
/// of reach. `transport` replaces the network, for tests in one process.
///
/// # Errors
/// [`AwsError::Roots`] as above, only without an own transport.
pub fn local_config(
    local: &LocalAws,
    clock: &Clock,
    transport: Option<SharedHttpClient>,
) -> Result<SdkConfig, AwsError> {
    let secret = local.secret_access_key.expose_secret();
    let credentials = Credentials::new(&local.access_key_id, secret, None, None, "local");
    let http = transport.map_or_else(http_client, Ok)?;
    let config = SdkConfig::builder()
        .behavior_version(behaviour())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(&local.endpoint_url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .time_source(WallClock(clock.clone()))
        .sleep_impl(TokioSleep::new())
        .retry_config(retries())
        .timeout_config(limits())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    Ok(config.build())
}

/// Makes ring the process's TLS provider; harmless when repeated. Libraries that do not name one need it before their
/// first client.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    // An error only says that somebody was first.
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// TLS by ring, with Amazon's roots only: reading the system's store would cost more than the rest of a cold start.
fn http_client() -> Result<SharedHttpClient, AwsError> {
    install_crypto();
    let tls = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(amazon_roots()))
        .build()
        .map_err(|e| AwsError::Roots(e.into()))?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https())
}

fn amazon_roots() -> String {
    let mut pem = String::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        if AMAZON.iter().any(|name| memchr::memmem::find(root, name).is_some()) {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            pem.push_str(&BASE64.encode(root));
            pem.push_str("\n-----END CERTIFICATE-----\n");
        }
    }
    pem
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(PAUSE).with_max_backoff(TRY)
}

fn limits() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(TRY).operation_timeout(CALL).build()
}

/// The handed-in clock, as the SDK asks for it.
#[derive(Debug)]
struct WallClock(Clock);

impl TimeSource for WallClock {
    fn now(&self) -> SystemTime {
        SystemTime::from(self.0.now())
    }
}

#[cfg(test)]
mod tests;
