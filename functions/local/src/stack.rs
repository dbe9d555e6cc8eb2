//! One machine: the table as a file or in memory behind DynamoDB's own wire protocol, secrets in a folder, and the app.

use crate::embedded::socket::{self, Beside};
use crate::embedded::{ADDRESS, Embedded};
use crate::private;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use waybill::app::{App, Errands, Parts, StartError, allow_list, system_clock, system_entropy};
use waybill::aws::{self, LocalAws};
use waybill::config::Config;
use waybill::domain::clock::{Clock, Entropy};
use waybill::flows::access::key_marks::{self, KeyProblem};
use waybill::mail::Mailer;
use waybill::outbound::Outbound;
use waybill::telemetry::{self, Sink, Style};
use waybill::tokens::{SecretFolder, SecretNames, SecretStore, SecretsManager, StoreFault};

/// Held by the process that has the table open; says which one that is.
const LOCK: &str = "lock";
/// The table's file: what tells an installation from any other folder.
pub const TABLE: &str = "table.db";
/// Where earlier versions wrote down the port of the table.
const FORMER_ENDPOINT: &str = "endpoint";
/// A command may hold the folder for a moment: a server waits that long for it.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A running local installation. Dropping it stops the table.
#[derive(Debug)]
pub struct Stack {
    /// The app on it.
    pub app: Arc<App>,
    /// Files and folders that were open to others, and are not any more.
    pub closed: usize,
    /// Another process has the folder, and its table is used: `waybill serve`.
    pub served: bool,
    _tasks: JoinSet<()>,
    _access: Access,
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
    /// Rights of others cannot be taken away.
    #[error("{folder} is open to other people, and its rights cannot be changed: {source}")]
    Open {
        /// Which folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another process has the folder.
    #[error("{folder} is in use by {holder}")]
    InUse {
        /// Which folder.
        folder: PathBuf,
        /// Who has it, in words.
        holder: String,
    },
    /// The embedded table.
    #[error("the table in {0} cannot be opened: {1}")]
    Table(PathBuf, String),
    /// The keys that belong to the table are not here.
    #[error("the table in {folder} was sealed with keys that are not here: {problem}")]
    Keys {
        /// Which folder.
        folder: PathBuf,
        /// What is wrong with which one. Never a value.
        problem: String,
    },
    /// Settings, clients.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Secrets.
    #[error(transparent)]
    Secrets(#[from] StoreFault),
    /// The table over the wire.
    #[error(transparent)]
    Wire(#[from] waybill::table::error::TableError),
}

impl StackError {
    /// What a person does next.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            Self::Open { folder, .. } => {
                format!("Mails that sign people in lie there. Run: chmod -R go= {}, as its owner.", folder.display())
            }
            Self::InUse { .. } => {
                "One `waybill serve` a folder. Stop that one first, or give another folder: --data DIR.".to_owned()
            }
            Self::Table(..) => {
                "Restore a backup (waybill restore FILE), or import an export into a new folder; the file was not changed."
                    .to_owned()
            }
            Self::Keys { .. } => {
                "Restore a backup (waybill restore FILE) or the folder `secrets` that belongs to this table, or import an export into a new folder."
                    .to_owned()
            }
            Self::Io { .. } => "Check that the folder is yours and that there is room.".to_owned(),
            Self::Start(_) | Self::Secrets(_) | Self::Wire(_) => {
                "Check the folder and the settings (README, Settings).".to_owned()
            }
        }
    }
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

/// A folder that is ours until this is dropped.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
    closed: usize,
}

impl Claim {
    /// Takes the folder and closes it to others; `None` when another process has it.
    ///
    /// # Errors
    /// [`StackError::Io`], [`StackError::Open`].
    pub fn take(folder: &Path) -> Result<Option<Self>, StackError> {
        private::make(folder).map_err(io(format!("folder {}", folder.display())))?;
        let open = |source| StackError::Open { folder: folder.to_owned(), source };
        let closed = private::close(folder).map_err(open)?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(&path);
        let mut lock = lock.map_err(io(format!("lock {}", path.display())))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(None);
        }
        let noted = lock.set_len(0).and_then(|()| lock.rewind());
        noted.and_then(|()| write!(lock, "{}", std::process::id())).map_err(io(format!("lock {}", path.display())))?;
        Ok(Some(Self { _lock: lock, closed }))
    }

    /// The folder for a server, which shares it with nobody.
    ///
    /// # Errors
    /// As [`take`](Self::take), and [`StackError::InUse`] naming the process that has it.
    pub async fn alone(folder: &Path) -> Result<Self, StackError> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(claim) = Self::take(folder)? {
                return Ok(claim);
            }
            if waited >= PATIENCE {
                return Err(in_use(folder));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
    }
}

/// How a process gets at a folder's table.
#[derive(Debug)]
enum Access {
    /// It holds the folder.
    Ours(Claim),
    /// Another one does, most likely `waybill serve`: this one goes through that one's table.
    Beside(Beside),
}

impl Access {
    /// The folder, or the table of who has it. Somebody may be just starting, or just ending.
    async fn get(folder: &Path) -> Result<Self, StackError> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(claim) = Claim::take(folder)? {
                return Ok(Self::Ours(claim));
            }
            match Beside::find(folder).await {
                Ok(beside) => return Ok(Self::Beside(beside)),
                Err(_) if waited >= PATIENCE => return Err(in_use(folder)),
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
            waited += LOOK_AGAIN;
        }
    }
}

/// Who has a folder, as far as its lock says.
fn in_use(folder: &Path) -> StackError {
    let mut text = String::new();
    let read = File::open(folder.join(LOCK)).and_then(|lock| lock.take(20).read_to_string(&mut text));
    let pid = read.ok().and_then(|_| text.trim().parse::<u32>().ok());
    let holder = match pid {
        Some(pid) => format!("another waybill (pid {pid})"),
        None => "another process".to_owned(),
    };
    StackError::InUse { folder: folder.to_owned(), holder }
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
    /// The folder, when the caller has taken it already.
    pub claim: Option<Claim>,
}

impl Options {
    /// The usual ones for a folder: the system's clock and randomness.
    #[must_use]
    pub fn with(config: Config, folder: &Path) -> Self {
        Self {
            config,
            clock: system_clock(),
            entropy: system_entropy(),
            folder: folder.to_owned(),
            in_memory: false,
            metrics: Sink::new(|_| {}),
            outbound: None,
            claim: None,
        }
    }
}

impl Stack {
    /// Opens the folder and its table, creates what is missing.
    ///
    /// # Errors
    /// [`StackError`] with the next step.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        let Options { config, clock, entropy, metrics, outbound, folder, in_memory, claim } = options;
        let access = match claim {
            Some(claim) => Access::Ours(claim),
            None => Access::get(&folder).await?,
        };
        let secrets: Arc<dyn SecretStore> = Arc::new(SecretFolder::new(folder.join(private::SECRETS), entropy.clone()));
        let names = SecretNames::new(config.secrets_prefix.as_str()).map_err(StartError::Secrets)?;
        // The keys come before the table: a table without keys is then never half a beginning, but half a restore.
        if in_memory || is_new(&folder.join(TABLE)) {
            waybill::tokens::init(secrets.as_ref(), &names, &entropy).await?;
        } else {
            keys_are_here(&folder, secrets.as_ref(), &names).await?;
        }
        let mut tasks = JoinSet::new();
        let transport = match &access {
            Access::Ours(_) => held_here(&folder, in_memory, &mut tasks)?.client(),
            Access::Beside(beside) => beside.client(),
        };
        let aws = aws::local_config(&LocalAws::at(ADDRESS), &clock, Some(transport)).map_err(StartError::Aws)?;
        let outbound = outbound.unwrap_or_else(|| Outbound::over_network(allow_list(&config)));
        let mailer = config.smtp.is_none().then(|| Mailer::folder(folder.join("mail"), config.mail_from.clone()));
        let app = App::new(Parts { config, clock, entropy, aws, secrets, outbound, metrics })?;
        let app = match mailer {
            Some(files) => app.with_mailer(files),
            None => app,
        };
        // This process lives on after an answer.
        let app = app.with_errands(Errands::after_the_answer());
        app.table.create_if_missing().await?;
        if !in_memory {
            key_marks::check(&app).await.map_err(|problem| match problem {
                KeyProblem::Table(error) => StackError::Wire(error),
                other => StackError::Keys { folder: folder.clone(), problem: other.to_string() },
            })?;
        }
        let closed = match &access {
            Access::Ours(claim) => claim.closed,
            Access::Beside(_) => 0,
        };
        let served = matches!(access, Access::Beside(_));
        Ok(Self { app: Arc::new(app), closed, served, _tasks: tasks, _access: access })
    }
}

/// Opens the table, and answers commands that come while we have it.
fn held_here(folder: &Path, in_memory: bool, tasks: &mut JoinSet<()>) -> Result<Embedded, StackError> {
    if in_memory {
        return Embedded::open(None).map_err(|e| StackError::Table(folder.to_owned(), e.to_string()));
    }
    let file = folder.join(TABLE);
    // SQLite gives its other files the rights of this one.
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&file);
    made.map_err(io(format!("table {}", file.display())))?;
    let table =
        Embedded::open(Some(&file)).map_err(|e| StackError::Table(folder.to_owned(), damage(&e.to_string())))?;
    let _ = std::fs::remove_file(folder.join(FORMER_ENDPOINT));
    let listener = socket::bind(folder).map_err(io(format!("socket {}", folder.join(socket::NAME).display())))?;
    tasks.spawn(socket::serve(listener, table.clone()));
    Ok(table)
}

/// What the embedded table says of a file that is none, in words that lead somewhere.
fn damage(said: &str) -> String {
    let said_more = ["encrypt", "not a database", "malformed", "corrupt"].iter().any(|word| said.contains(word));
    if said_more { "the file is damaged, or it is no table of Waybill".to_owned() } else { said.to_owned() }
}

/// Whether no table was made here yet.
fn is_new(file: &Path) -> bool {
    std::fs::metadata(file).map_or(true, |about| about.len() == 0)
}

/// A table that exists has keys that exist; new ones would open nothing of it.
async fn keys_are_here(folder: &Path, store: &dyn SecretStore, names: &SecretNames) -> Result<(), StackError> {
    for name in [&names.token, &names.hook, &names.web] {
        match store.get(name, None).await {
            Err(StoreFault::Missing { name }) => {
                let problem = format!("{} is missing", folder.join(private::SECRETS).join(name.as_str()).display());
                return Err(StackError::Keys { folder: folder.to_owned(), problem });
            }
            other => drop(other?),
        }
    }
    Ok(())
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
