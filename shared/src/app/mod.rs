//! App: the built adapters, once per cold start. Flows get it by reference; nothing in it is per request.

mod errands;
mod heard;
pub(crate) mod pace;
mod remembered;
mod runs;

use crate::aws;
use crate::config::{Config, ConfigError};
use crate::domain::clock::{Clock, Entropy};
use crate::domain::connection::StoreConnection;
use crate::domain::ids::StoreId;
use crate::mail::Mailer;
use crate::outbound::Outbound;
use crate::outbound::guard::AllowList;
use crate::table::Table;
use crate::table::connections::Hook;
use crate::telemetry::{self, Sink, Style};
use crate::tiktok::TikTok;
use crate::tokens::{BadName, SecretNames, SecretStore, Secrets, SecretsManager};
use aws_config::SdkConfig;
pub use errands::Errands;
pub use heard::Ears;
pub use pace::Paces;
pub use remembered::Remembered;
pub use runs::Runs;
use std::sync::Arc;
use std::time::Duration;

/// What is known about a store is at most this old when a webhook is judged by it.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Adobe asks to keep its keys for no longer.
const KEYS: Duration = Duration::from_secs(24 * 60 * 60);
/// Everything that warms up does so at once, and a cold start does not wait longer for it.
const WARM_UP: Duration = Duration::from_secs(2);

/// Everything a flow needs from outside.
#[derive(Debug)]
pub struct App {
    /// Settings.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The one table.
    pub table: Table,
    /// Credentials of our apps, and the keys that seal tokens.
    pub secrets: Secrets,
    /// The only sender of HTTP.
    pub outbound: Outbound,
    /// TikTok Shop.
    pub tiktok: TikTok,
    /// Mails to merchants.
    pub mailer: Mailer,
    /// Work that nobody waits for.
    pub errands: Errands,
    /// Runs that people left to us.
    pub runs: Runs,
    /// Where metric lines go.
    pub metrics: Sink,
    /// Webhook addresses seen lately.
    pub hooks: Remembered<String, Hook>,
    /// Store connections seen lately.
    pub stores: Remembered<StoreId, StoreConnection>,
    /// What stores' webhook addresses heard lately.
    pub ears: Ears,
    /// Adobe's public keys by path.
    pub adobe_keys: Remembered<String, String>,
    /// How fast each shop may be talked to, as learnt so far in this process.
    pub paces: Paces,
}

/// What an [`App`] is built from. Everything that differs between AWS, one machine and a test is here.
#[derive(Debug)]
pub struct Parts {
    /// Settings.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// For DynamoDB.
    pub aws: SdkConfig,
    /// Where secrets are.
    pub secrets: Arc<dyn SecretStore>,
    /// The transport.
    pub outbound: Outbound,
    /// Where metric lines go.
    pub metrics: Sink,
}

/// Why an [`App`] cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The AWS client cannot be built.
    #[error(transparent)]
    Aws(#[from] aws::AwsError),
    /// The prefix of the secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] BadName),
}

impl App {
    /// Puts the parts together. No I/O.
    ///
    /// # Errors
    /// [`StartError::Secrets`].
    pub fn new(parts: Parts) -> Result<Self, StartError> {
        let Parts { config, clock, entropy, aws, secrets, outbound, metrics } = parts;
        let names = SecretNames::new(config.secrets_prefix.as_str())?;
        Ok(Self {
            table: Table::new(aws::table_client(&aws), config.table.as_str()),
            secrets: Secrets::new(secrets, names, &clock, &entropy),
            tiktok: TikTok::new(outbound.clone(), &config.tiktok_api, &config.tiktok_auth, clock.clone()),
            hooks: Remembered::new(REMEMBERED, clock.clone()),
            stores: Remembered::new(REMEMBERED, clock.clone()),
            ears: Ears::default(),
            adobe_keys: Remembered::new(KEYS, clock.clone()),
            paces: Default::default(),
            mailer: smtp_mailer(&config),
            errands: Errands::default(),
            runs: Runs::default(),
            config,
            clock,
            entropy,
            outbound,
            metrics,
        })
    }

    /// The same with another way to send mails: SES in AWS, a folder on one machine.
    #[must_use]
    pub fn with_mailer(self, mailer: Mailer) -> Self {
        Self { mailer, ..self }
    }

    /// The same for a process that may do things after its answer.
    #[must_use]
    pub fn with_errands(self, errands: Errands) -> Self {
        Self { errands, ..self }
    }

    /// Starts a function on AWS: settings, logs, clients, and the first connections, before the first event.
    ///
    /// # Errors
    /// [`StartError`]; a bad setting stops the cold start, never a delivery.
    pub async fn from_env() -> Result<Self, StartError> {
        let clock = system_clock();
        let config = Config::from_env()?;
        telemetry::init(config.log_level.filter(), Style::Json, clock.clone());
        let entropy = system_entropy();
        let aws = aws::sdk_config(&clock).await?;
        let outbound = Outbound::over_network(allow_list(&config));
        let client = aws_sdk_secretsmanager::Client::new(&aws);
        let secrets = Arc::new(SecretsManager::new(client, entropy.clone()));
        let mailer = config.smtp.is_none().then(|| Mailer::ses(&aws, config.mail_from.clone()));
        let app = Self::new(Parts { config, clock, entropy, aws, secrets, outbound, metrics: Sink::stdout() })?;
        let app = match mailer {
            Some(ses) => app.with_mailer(ses),
            None => app,
        };
        app.warm_up().await;
        Ok(app)
    }

    /// Opens connections and loads secrets. What fails here is tried again when it is needed.
    pub async fn warm_up(&self) {
        let table = async { drop(self.table.breaker_get().await) };
        let secrets = async { drop(self.secrets.app().get().await) };
        let both = async { futures_util::future::join(table, secrets).await };
        drop(tokio::time::timeout(WARM_UP, both).await);
    }
}

/// The mail server of the settings, if there is one.
fn smtp_mailer(config: &Config) -> Mailer {
    let Some(url) = &config.smtp else { return Mailer::off() };
    Mailer::smtp(url, config.mail_from.clone()).unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "mails cannot be sent");
        Mailer::off()
    })
}

/// The hosts that a person exempted from the guard.
#[must_use]
pub fn allow_list(config: &Config) -> AllowList {
    AllowList::of(config.outbound_allow.iter().map(|host| (host.host.clone(), host.port)))
}

/// The machine's clocks; the steady one counts the time in which the process was frozen.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the clock port itself")]
pub fn system_clock() -> Clock {
    let steady = || {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let (seconds, nanos) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
        Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
    };
    Clock::new(jiff::Timestamp::now, steady)
}

/// The system's randomness.
#[must_use]
pub fn system_entropy() -> Entropy {
    use ring::rand::SecureRandom as _;
    let random = ring::rand::SystemRandom::new();
    Entropy::new(move |bytes| {
        // Without randomness nothing may be sealed or signed; there is no safe way on.
        #[expect(clippy::panic, reason = "a system without randomness cannot run this program")]
        if random.fill(bytes).is_err() {
            panic!("the system gives no random bytes");
        }
    })
}
