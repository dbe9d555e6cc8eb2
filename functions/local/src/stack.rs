//! One machine: the table as a file or in memory behind DynamoDB's own wire protocol, secrets in a folder, and the app.

use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use waybill::app::{App, Parts, StartError, allow_list, system_clock, system_entropy};
use waybill::aws::{self, LocalAws};
use waybill::config::Config;
use waybill::domain::clock::{Clock, Entropy};
use waybill::mail::Mailer;
use waybill::outbound::Outbound;
use waybill::telemetry::{self, Sink, Style};
use waybill::tokens::{SecretFolder, SecretNames, SecretStore, SecretsManager};

/// The folder's file that says where its table is served right now.
const ENDPOINT: &str = "endpoint";
/// Held by the process that has the table open.
const LOCK: &str = "lock";
const TABLE: &str = "table.db";

/// A running local installation. Dropping it stops the table.
#[derive(Debug)]
pub struct Stack {
    /// The app on it.
    pub app: Arc<App>,
    /// Where the table is served.
    pub table: SocketAddr,
    _tasks: JoinSet<()>,
    _lock: Option<File>,
}

/// A local installation cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A file or folder.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Somebody else has the folder open and serves no table.
    #[error("{0} is in use by another process that does not answer: stop it, then try again")]
    InUse(PathBuf),
    /// The embedded table.
    #[error("the table cannot be opened: {0}")]
    Table(String),
    /// Settings, clients.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Secrets.
    #[error(transparent)]
    Secrets(#[from] waybill::tokens::StoreFault),
    /// The table over the wire.
    #[error(transparent)]
    Wire(#[from] waybill::table::error::TableError),
}

impl From<waybill::config::ConfigError> for StackError {
    fn from(error: waybill::config::ConfigError) -> Self {
        Self::Start(error.into())
    }
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> StackError {
    let what = what.into();
    move |source| StackError::Io { what, source }
}

/// What differs between installations on one machine.
#[derive(Debug)]
pub struct Options {
    /// The settings.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The folder; its `secrets` are used also when the table is in memory.
    pub folder: PathBuf,
    /// Keep the table in memory: nothing survives.
    pub in_memory: bool,
    /// Where metric lines go.
    pub metrics: Sink,
    /// The transport; over the network unless a test hands in its own.
    pub outbound: Option<Outbound>,
}

impl Options {
    /// The usual ones for a folder: settings from the environment, the system's clock and randomness.
    ///
    /// # Errors
    /// Faulty settings.
    pub fn from_env(folder: &Path, public_url: &str) -> Result<Self, StackError> {
        let url = public_url.to_owned();
        let config = Config::from_env_or(move |name| (name == "PUBLIC_URL").then(|| url.clone()))?;
        Ok(Self {
            config,
            clock: system_clock(),
            entropy: system_entropy(),
            folder: folder.to_owned(),
            in_memory: false,
            metrics: Sink::new(|_| {}),
            outbound: None,
        })
    }
}

impl Stack {
    /// Opens the folder, serves its table on loopback, creates what is missing.
    ///
    /// # Errors
    /// [`StackError`] with the next step.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        let folder = &options.folder;
        std::fs::create_dir_all(folder).map_err(io(format!("folder {}", folder.display())))?;
        let mut tasks = JoinSet::new();
        let (table, lock) = if options.in_memory {
            (serve_table(None, &mut tasks).await?, None)
        } else {
            match lock(folder)? {
                Some(lock) => {
                    let address = serve_table(Some(&folder.join(TABLE)), &mut tasks).await?;
                    std::fs::write(folder.join(ENDPOINT), address.to_string()).map_err(io("endpoint file"))?;
                    (address, Some(lock))
                }
                // `waybill serve` runs on this folder: commands go through its table.
                None => (served_elsewhere(folder).await?, None),
            }
        };
        let Options { config, clock, entropy, metrics, outbound, folder, .. } = options;
        let aws = aws::local_config(&LocalAws::at(format!("http://{table}")), &clock, None).map_err(StartError::Aws)?;
        let secrets: Arc<dyn SecretStore> = Arc::new(SecretFolder::new(folder.join("secrets"), entropy.clone()));
        let names = SecretNames::new(config.secrets_prefix.as_str()).map_err(StartError::Secrets)?;
        waybill::tokens::init(secrets.as_ref(), &names, &entropy).await?;
        let outbound = outbound.unwrap_or_else(|| Outbound::over_network(allow_list(&config)));
        let mailer = config.smtp.is_none().then(|| Mailer::folder(folder.join("mail"), config.mail_from.clone()));
        let app = App::new(Parts { config, clock, entropy, aws, secrets, outbound, metrics })?;
        let app = match mailer {
            Some(files) => app.with_mailer(files),
            None => app,
        };
        app.table.create_if_missing().await?;
        Ok(Self { app: Arc::new(app), table, _tasks: tasks, _lock: lock })
    }
}

/// Takes the folder; `None` when another process has it.
fn lock(folder: &Path) -> Result<Option<File>, StackError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(io(format!("lock {}", path.display())))?;
    Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(file))
}

async fn served_elsewhere(folder: &Path) -> Result<SocketAddr, StackError> {
    let in_use = || StackError::InUse(folder.to_owned());
    let text = std::fs::read_to_string(folder.join(ENDPOINT)).map_err(|_| in_use())?;
    let address: SocketAddr = text.trim().parse().map_err(|_| in_use())?;
    TcpStream::connect(address).await.map_err(|_| in_use())?;
    Ok(address)
}

async fn serve_table(file: Option<&Path>, tasks: &mut JoinSet<()>) -> Result<SocketAddr, StackError> {
    let opened = match file {
        Some(file) => dynoxide::Database::new(&file.to_string_lossy()),
        None => dynoxide::Database::memory(),
    };
    let database = opened.map_err(|e| StackError::Table(e.to_string()))?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(io("loopback port for the table"))?;
    let address = listener.local_addr().map_err(io("loopback port for the table"))?;
    tasks.spawn(async move {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()).await {
            tracing::error!(error = error, "the table stopped");
        }
    });
    Ok(address)
}

/// The app of a deployed stack, through the usual AWS settings.
///
/// # Errors
/// [`StackError`].
pub async fn on_aws(style: Style) -> Result<Arc<App>, StackError> {
    let clock = system_clock();
    // Commands need no public address of their own.
    let config = Config::from_env_or(|name| (name == "PUBLIC_URL").then(|| "https://localhost".to_owned()))?;
    telemetry::init(config.log_level.filter(), style, clock.clone());
    let entropy = system_entropy();
    let aws = aws::sdk_config(&clock).await.map_err(StartError::Aws)?;
    let client = aws_sdk_secretsmanager::Client::new(&aws);
    let secrets: Arc<dyn SecretStore> = Arc::new(SecretsManager::new(client, entropy.clone()));
    let outbound = Outbound::over_network(allow_list(&config));
    let metrics = Sink::new(|_| {});
    Ok(Arc::new(App::new(Parts { config, clock, entropy, aws, secrets, outbound, metrics })?))
}
