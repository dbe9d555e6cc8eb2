//! What a person types, and which command answers. A new command is a file in `commands`, a line here, and a line in the
//! dispatch below.

use crate::commands::account::AccountCommand;
use crate::commands::acts::{ChooseArgs, CorrectArgs, DismissArgs, LinkArgs, RetryArgs, WhichArgs};
use crate::commands::app::AppCommand;
use crate::commands::field::FieldCommand;
use crate::commands::held::HeldArgs;
use crate::commands::map::MapCommand;
use crate::commands::serve::Listening;
use crate::commands::shop::ShopCommand;
use crate::commands::store::StoreCommand;
use crate::commands::{self, Failure, Output, Place};
use crate::open::{Open, make, open};
use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Carries tracking numbers from a merchant's store to TikTok Shop: on time, under the right carrier, once.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, about, long_about = None)]
#[command(
    after_help = "Exit status: 0 done, 1 something needs attention, 2 wrong use. With --json, one object a line."
)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tells the whole story on loopback: embedded table, a model TikTok Shop, a demo store. The default.
    Demo {
        /// End after the story instead of serving on.
        #[arg(long)]
        exit: bool,
        /// Port of the webhooks and the console; 0 takes a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Runs everything on this machine against the real TikTok Shop.
    Serve {
        /// Port to listen on; 0 takes a free one.
        #[arg(long, default_value_t = 8787)]
        port: u16,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1")]
        bind: std::net::IpAddr,
        /// Answer GET /metrics to everybody, not only to this machine.
        #[arg(long)]
        open_metrics: bool,
    },
    /// Makes an installation: the table and empty secrets.
    Init,
    /// May I sleep? Every shop and store, what waits and why, what is missing. Status 1 when something needs attention.
    Status,
    /// Asks the outside whether everything is as it must be, changing nothing.
    Doctor {
        /// Only this TikTok shop.
        #[arg(long, value_name = "ID")]
        shop: Option<String>,
    },
    /// Our apps at TikTok and at store platforms.
    #[command(subcommand)]
    App(AppCommand),
    /// Accounts and their people.
    #[command(subcommand)]
    Account(AccountCommand),
    /// A link that signs one browser in to the console, once.
    LoginLink {
        /// Mail address of the account.
        email: String,
    },
    /// TikTok shops.
    #[command(subcommand)]
    Shop(ShopCommand),
    /// Stores that send shipments.
    #[command(subcommand)]
    Store(StoreCommand),
    /// What a store's carrier names mean.
    #[command(subcommand)]
    Map(MapCommand),
    /// What of TikTok's orders is written into the stores' orders.
    #[command(subcommand)]
    Field(FieldCommand),
    /// The carriers that TikTok takes: each shop's own list, else the bundled one; and what left it.
    Carriers {
        /// Only this shop.
        #[arg(long)]
        shop: Option<String>,
        /// The bundled list of a market instead, for example US or UK.
        #[arg(long, conflicts_with_all = ["shop", "refresh"])]
        region: Option<String>,
        /// Read the lists from TikTok now.
        #[arg(long)]
        refresh: bool,
    },
    /// What waits for a hand, most urgent deadline first, each with the command that settles it.
    Held(HeldArgs),
    /// What happened to one order: its parcels, a timeline, TikTok's answers.
    Order {
        /// A TikTok order, a store order (id or name), a tracking number, or a shipment.
        #[arg(value_name = "X")]
        order: String,
    },
    /// What the next push would do with an order or a parcel, and why; nothing is written or sent.
    Explain {
        /// A TikTok order, a store order (id or name), a tracking number, or a shipment.
        #[arg(value_name = "X")]
        order: String,
    },
    /// Judges again at once what waits or was left out.
    Retry(RetryArgs),
    /// Closes parcels with a note: they leave the list and are never sent.
    Dismiss(DismissArgs),
    /// Keeps parcels here until they are released; their deadlines go on.
    Hold(commands::hold::HoldArgs),
    /// Lets parcels go that a person holds here.
    Release(WhichArgs),
    /// Says that number and carrier are right as they stand: a doubt about them only warns.
    Confirm(WhichArgs),
    /// Says which items travel under a number.
    Choose(ChooseArgs),
    /// Says which TikTok order a store order is.
    Link(LinkArgs),
    /// Gives a parcel another number or carrier; TikTok takes one correction, within 72 hours.
    Correct(CorrectArgs),
    /// Sends the trackings of a CSV file; says each row's verdict first, as CSV.
    Backfill(commands::backfill::BackfillArgs),
    /// Reads a store again for a time and decides anew; says first what differs.
    Replay(commands::replay::ReplayArgs),
    /// Adds words to an order; they may go into its proof.
    Note(commands::note::NoteArgs),
    /// Adds a link to evidence to an order; it stands in its proof.
    Evidence(commands::note::EvidenceArgs),
    /// What happened to orders, signed, as JSON, CSV and a page; or the check of such a file.
    Proof(commands::proof::ProofArgs),
    /// Late dispatch, valid tracking, on time, cancelled by us; each with its orders.
    Report(commands::report::ReportArgs),
    /// Who did what, when, from where.
    Audit(commands::audit::AuditArgs),
    /// One run of the push schedule, now.
    Push {
        /// Only these shards (0 to 63).
        #[arg(long, value_name = "N", num_args = 1..)]
        shard: Vec<u8>,
    },
    /// One tick of the slow schedule, now: token refresh, reminders, repairs.
    Remind,
    /// Reads the stores now for what their webhooks did not tell.
    Poll {
        /// Only this store.
        id: Option<String>,
    },
    /// Writes everything of a one-machine installation into a new file, while it serves.
    Backup {
        /// A file that is not there yet.
        file: PathBuf,
    },
    /// Puts a backup in the place of what is here; says first what would be lost.
    Restore {
        /// What `backup` wrote.
        file: PathBuf,
        /// Do it although something would be lost.
        #[arg(long)]
        yes: bool,
    },
    /// TikTok's orders as last seen; `orders refresh` reads TikTok now.
    Orders(commands::orders::Orders),
    /// Late, today, tomorrow, later: each order's clock, who says so, and what would settle it.
    Deadlines(commands::deadlines::Deadlines),
    /// Writes the whole installation into one file, to be imported elsewhere.
    Export {
        /// A file that is not there yet.
        file: PathBuf,
        /// With our keys and app credentials: without them the tokens open only where the same keys are.
        #[arg(long)]
        with_secrets: bool,
    },
    /// Reads an export into a new, empty installation.
    Import {
        /// What `export` wrote.
        file: PathBuf,
    },
    /// Carriers that numbers can belong to, and what the check before a push says.
    Identify {
        /// Tracking numbers; `-` reads JSON lines {"number","region","carrier"} from standard input.
        #[arg(required = true)]
        numbers: Vec<String>,
        /// The shop's market, for example US or UK.
        #[arg(long)]
        region: Option<String>,
        /// The store's word for the carrier.
        #[arg(long)]
        carrier: Option<String>,
        /// What a push of this shop would do: its own carrier list, mapping and setting.
        #[arg(long, conflicts_with = "region")]
        shop: Option<String>,
    },
    /// The carrier that a store's words mean, how it was matched, and the alternatives.
    Carrier {
        /// Carrier names; `-` reads JSON lines {"name","region","platform"} from standard input.
        #[arg(required = true)]
        names: Vec<String>,
        /// The shop's market, for example US or UK.
        #[arg(long)]
        region: Option<String>,
        /// Where the words come from.
        #[arg(long)]
        platform: Option<String>,
    },
    /// What captured store deliveries say, with no effect.
    Decode {
        /// Captures, as deliveries to one store, oldest first.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Adobe's public keys and our client id.
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
    },
    /// What an installation in AWS costs a month.
    Cost(commands::cost::CostArgs),
    /// What the mails look like.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Prints what a shell needs to complete commands and options.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: Shell,
    },
}

/// Mails.
#[derive(Debug, Subcommand)]
enum MailCommand {
    /// Writes every mail with invented facts as files, to look at.
    Preview {
        /// Where to.
        #[arg(long, default_value = "mail-preview")]
        folder: PathBuf,
    },
}

/// Runs a command line.
pub async fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let mut output = Output::stdout(cli.place.json);
    match dispatch(cli, &mut output).await {
        Ok(attention) => ExitCode::from(u8::from(attention)),
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.status())
        }
    }
}

/// `true`: done, and something needs attention.
async fn dispatch(cli: Cli, output: &mut Output) -> Result<bool, Failure> {
    let place = cli.place;
    let command = cli.command.unwrap_or(Command::Demo { exit: false, port: 0 });
    if place.aws && command.is_of_this_machine() {
        let help = "Leave --aws out, or name a command that works on an installation.";
        return Err(Failure::usage("--aws: this command works on this machine alone", help));
    }
    match command {
        Command::Demo { exit, port } => crate::demo::run(exit, port, output).await,
        Command::Serve { port, bind, open_metrics } => {
            commands::serve::run(&place, Listening { bind, port, open_metrics }, output).await
        }
        Command::Init => {
            let new = !place.aws && crate::open::installed(&place.data).is_err();
            let made = make(&place).await?;
            let folder = (!place.aws).then(|| place.data.display().to_string());
            commands::init::run(&made.app, new, folder.as_deref(), output).await
        }
        Command::Decode { files, keys } => commands::decode::run(&files, keys.as_deref(), output),
        Command::Identify { numbers, region, carrier, shop: None } => {
            let input = std::io::stdin().lock();
            commands::identify::identify(&numbers, region.as_deref(), carrier.as_deref(), input, output)
        }
        Command::Carrier { names, region, platform } => {
            let input = std::io::stdin().lock();
            commands::carrier::carrier(&names, region.as_deref(), platform.as_deref(), input, output)
        }
        Command::Carriers { region: Some(region), .. } => commands::carriers::of_market(&region, output),
        Command::Cost(args) => commands::cost::run(&args, output),
        Command::Mail(MailCommand::Preview { folder }) => commands::mail::preview(&folder, output),
        Command::Completions { shell } => commands::completions::run(shell, Cli::command(), output),
        Command::Proof(args) if args.check.is_some() => commands::proof::check(&args, output),
        Command::Restore { file, yes } => commands::backup::restore(&place, &file, yes, output).await,
        command => {
            let open = open(&place).await?;
            let progress = output.progress().clone();
            progress.while_waiting("still at work", with_installation(command, &open, output)).await
        }
    }
}

/// Runs a command that works on an installation, given as a person types it behind `waybill`: for tests, which have an
/// app and no folder.
///
/// # Errors
/// What the command would print on standard error; words that are no command are wrong use.
pub async fn on_app(app: &waybill::app::App, words: &[&str], output: &mut Output) -> Result<bool, Failure> {
    let cli = Cli::try_parse_from(std::iter::once(&"waybill").chain(words))
        .map_err(|error| Failure::usage(error.to_string(), "See waybill --help."))?;
    match cli.command {
        Some(command) => with_app(command, app, output).await,
        None => Err(Failure::usage("no command", "See waybill --help.")),
    }
}

async fn with_installation(command: Command, open: &Open, output: &mut Output) -> Result<bool, Failure> {
    match command {
        Command::Status => commands::status::run(open, output).await,
        Command::Doctor { shop } => commands::doctor::run(open, shop.as_deref(), output).await,
        Command::Backup { file } => commands::backup::backup(open, &file, output).await,
        command => with_app(command, &open.app, output).await,
    }
}

async fn with_app(command: Command, app: &waybill::app::App, output: &mut Output) -> Result<bool, Failure> {
    use commands::{
        account, acts, app as apps, audit, carriers, held, login, map, order, schedule, shop, store, transfer,
    };
    match command {
        Command::App(command) => apps::run(app, &command, output).await,
        Command::Account(command) => account::run(app, command, output).await,
        Command::LoginLink { email } => login::run(app, &email, output).await,
        Command::Shop(command) => shop::run(app, command, output).await,
        Command::Store(command) => store::run(app, command, output).await,
        Command::Map(command) => map::run(app, command, output).await,
        Command::Field(command) => commands::field::run(app, &command, output).await,
        Command::Carriers { shop, refresh, .. } => carriers::run(app, shop.as_deref(), refresh, output).await,
        Command::Held(args) => held::run(app, &args, output).await,
        Command::Order { order } => order::run(app, &order, output).await,
        Command::Explain { order } => commands::explain::run(app, &order, output).await,
        Command::Retry(args) => acts::retry(app, &args, output).await,
        Command::Dismiss(args) => acts::dismiss(app, &args, output).await,
        Command::Hold(args) => commands::hold::hold(app, &args, output).await,
        Command::Release(args) => commands::hold::release(app, &args, output).await,
        Command::Confirm(args) => acts::confirm(app, &args, output).await,
        Command::Choose(args) => acts::choose(app, &args, output).await,
        Command::Link(args) => acts::link(app, &args, output).await,
        Command::Correct(args) => acts::correct(app, &args, output).await,
        Command::Backfill(args) => commands::backfill::run(app, &args, output).await,
        Command::Replay(args) => commands::replay::run(app, &args, output).await,
        Command::Note(args) => commands::note::note(app, &args, output).await,
        Command::Evidence(args) => commands::note::evidence(app, &args, output).await,
        Command::Proof(args) => commands::proof::run(app, &args, output).await,
        Command::Report(args) => commands::report::run(app, &args, output).await,
        Command::Audit(args) => audit::run(app, &args, output).await,
        Command::Identify { numbers, carrier, shop: Some(shop), .. } => {
            let input = std::io::BufReader::new(std::io::stdin());
            commands::identify::identify_shop(app, &numbers, &shop, carrier.as_deref(), input, output).await
        }
        Command::Push { shard } => schedule::push(app, &shard, output).await,
        Command::Remind => schedule::remind(app, output).await,
        Command::Poll { id } => store::poll(app, id.as_deref(), output).await,
        Command::Export { file, with_secrets } => transfer::export(app, &file, with_secrets, output).await,
        Command::Import { file } => transfer::import(app, &file, output).await,
        Command::Orders(orders) => commands::orders::run(app, &orders, output).await,
        Command::Deadlines(deadlines) => commands::deadlines::run(app, &deadlines, output).await,
        // Answered before, or asked of a folder.
        Command::Status
        | Command::Doctor { .. }
        | Command::Backup { .. }
        | Command::Demo { .. }
        | Command::Serve { .. }
        | Command::Init
        | Command::Restore { .. }
        | Command::Decode { .. }
        | Command::Identify { .. }
        | Command::Carrier { .. }
        | Command::Cost(_)
        | Command::Mail(_)
        | Command::Completions { .. } => Ok(false),
    }
}

#[cfg(test)]
pub(crate) mod grammar;
#[cfg(test)]
pub(crate) use grammar::understands;
mod here;
#[cfg(test)]
mod image;
