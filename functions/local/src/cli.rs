//! What a person types, and which command answers.

use crate::commands::map::MapPlace;
use crate::commands::serve::Listening;
use crate::commands::setup::AppSet;
use crate::commands::store::StoreAdd;
use crate::commands::{self, Failure, Output, Place};
use crate::printable::printable;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Carries tracking numbers from a merchant's store to TikTok Shop: on time, under the right carrier, once.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, about, long_about = None, disable_help_subcommand = true)]
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
    /// Creates the table and empty secrets.
    Init,
    /// Credentials of our TikTok apps.
    #[command(subcommand)]
    App(AppCommand),
    /// The people of this installation.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Stores that send shipments.
    #[command(subcommand)]
    Store(StoreCommand),
    /// TikTok shops.
    #[command(subcommand)]
    Shop(ShopCommand),
    /// What a store's carrier names mean.
    #[command(subcommand)]
    Map(MapCommand),
    /// One run of the push schedule, now.
    Push {
        /// Only these shards (0 to 63).
        #[arg(long, value_name = "N", num_args = 1..)]
        shard: Vec<u8>,
    },
    /// One tick of the slow schedule, now: token refresh, reminders, repairs.
    Remind,
    /// A link that signs one browser in to the console, once.
    LoginLink {
        /// Mail address of the account.
        email: String,
    },
    /// What the mails look like.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Reads the stores now for what their webhooks did not tell.
    Poll {
        /// Only this store.
        id: Option<String>,
    },
    /// What waits for a hand, with the reason and what to do.
    Held,
    /// Queues held parcels again.
    Retry {
        /// A store order or TikTok order; without it, everything of the given reason.
        order: Option<String>,
        /// Only holds of this reason, for example CARRIER_UNMAPPED.
        #[arg(long)]
        reason: Option<String>,
        /// Number and carrier are right as they stand: what was doubted about them only warns.
        #[arg(long)]
        confirm: bool,
    },
    /// Everything about one order: its parcels, what happened, TikTok's answers.
    Order {
        /// The store's order id or name, or TikTok's order id.
        order: String,
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
    /// What captured store deliveries say, with no effect.
    Decode {
        /// Captures, as deliveries to one store, oldest first.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Adobe's public keys and our client id.
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum AppCommand {
    /// Stores an app of yours at TikTok or at a store platform; its secret is read from standard input.
    Set(AppSet),
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Makes an account.
    Add {
        /// What they call themselves.
        #[arg(long)]
        name: String,
        /// Where mails go.
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Connects a store; prints its id and webhook address.
    Add(StoreAdd),
    /// The connected stores.
    List,
    /// Disconnects a store: takes its webhook subscriptions away and erases its rows.
    Remove {
        /// The store's id, as `store list` prints it.
        id: String,
    },
    /// Webhook subscriptions, last delivery and last poll of each store.
    Check {
        /// Only this store.
        id: Option<String>,
        /// Make what is missing.
        #[arg(long)]
        repair: bool,
    },
}

#[derive(Debug, Subcommand)]
enum ShopCommand {
    /// The connected TikTok shops, their state and when they must be authorised again.
    List,
    /// Connects shops whose tokens you hold: TikTok's token answer as JSON on standard input.
    Add {
        /// Mail address of the account.
        #[arg(long)]
        account: String,
        /// us or row.
        #[arg(long)]
        region: String,
    },
    /// What the shop does with a number that does not look like its carrier's.
    Set {
        /// TikTok's shop id.
        id: String,
        /// warn: send it and say so; hold: wait for a person.
        #[arg(long, value_parser = ["warn", "hold"])]
        mismatch: String,
    },
    /// Disconnects a shop and erases its tokens.
    Remove {
        /// TikTok's shop id.
        id: String,
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

#[derive(Debug, Subcommand)]
enum MapCommand {
    /// The entries, and those whose carrier the shop no longer has.
    List {
        /// The names that parcels were held for instead, each with the likeliest carriers.
        #[arg(long)]
        suggestions: bool,
        #[command(flatten)]
        place: MapPlace,
    },
    /// Says which TikTok carrier a store's words mean, and queues every parcel that waits for it.
    Set {
        /// The store's words; blank for "no carrier named".
        store_carrier: String,
        /// TikTok's carrier, as on the shop's list.
        tiktok_carrier: String,
        #[command(flatten)]
        place: MapPlace,
    },
    /// Takes an entry away.
    Remove {
        /// The store's words.
        store_carrier: String,
        #[command(flatten)]
        place: MapPlace,
    },
    /// Writes the entries as JSON lines.
    Export(MapPlace),
    /// Reads entries as JSON lines from standard input, from another shop's export; what is mapped already stays.
    Import(MapPlace),
}

/// Runs a command line.
pub async fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let mut output = Output::stdout(cli.place.json);
    match dispatch(cli, &mut output).await {
        Ok(attention) => ExitCode::from(u8::from(attention)),
        Err(failure) => {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "waybill: {}", printable(&failure.to_string()));
            if let Some(next) = failure.next_step() {
                let _ = writeln!(stderr, "  {}", printable(next));
            }
            ExitCode::from(failure.status())
        }
    }
}

/// `true`: done, and something needs attention.
async fn dispatch(cli: Cli, output: &mut Output) -> Result<bool, Failure> {
    let place = cli.place;
    match cli.command.unwrap_or(Command::Demo { exit: false, port: 0 }) {
        Command::Demo { exit, port } => crate::demo::run(exit, port, output).await,
        Command::Serve { port, bind, open_metrics } => {
            commands::serve::run(&place, Listening { bind, port, open_metrics }, output).await
        }
        Command::Decode { files, keys } => commands::decode(&files, keys.as_deref(), output),
        Command::Identify { numbers, region, carrier } => {
            let input = std::io::stdin().lock();
            commands::identify::identify(&numbers, region.as_deref(), carrier.as_deref(), input, output)
        }
        Command::Carrier { names, region, platform } => {
            let input = std::io::stdin().lock();
            commands::carrier::carrier(&names, region.as_deref(), platform.as_deref(), input, output)
        }
        Command::Carriers { region: Some(region), .. } => commands::carriers::of_market(&region, output),
        command => {
            let open = commands::open(&place).await?;
            with_app(command, &open.app, output).await
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

async fn with_app(command: Command, app: &waybill::app::App, output: &mut Output) -> Result<bool, Failure> {
    use commands::{account, carriers, look, mail, map, setup, shop, store, transfer};
    match command {
        Command::Init => setup::init(app, output).await,
        Command::App(AppCommand::Set(set)) => setup::app_set(app, &set, output).await,
        Command::Account(AccountCommand::Add { name, email }) => account::add(app, &name, &email, output).await,
        Command::Store(StoreCommand::Add(add)) => store::add(app, &add, output).await,
        Command::Store(StoreCommand::List) => store::list(app, output).await,
        Command::Store(StoreCommand::Remove { id }) => store::remove(app, &id, output).await,
        Command::Store(StoreCommand::Check { id, repair }) => store::check(app, id.as_deref(), repair, output).await,
        Command::Poll { id } => store::poll(app, id.as_deref(), output).await,
        Command::Shop(ShopCommand::List) => shop::list(app, output).await,
        Command::Shop(ShopCommand::Add { account, region }) => shop::add(app, &account, &region, output).await,
        Command::Map(MapCommand::List { suggestions: false, place }) => map::list(app, &place, output).await,
        Command::Map(MapCommand::List { suggestions: true, place }) => map::suggestions(app, &place, output).await,
        Command::Map(MapCommand::Export(place)) => map::export(app, &place, output).await,
        Command::Carriers { shop, refresh, .. } => carriers::run(app, shop.as_deref(), refresh, output).await,
        Command::Map(MapCommand::Set { store_carrier, tiktok_carrier, place }) => {
            map::set(app, &place, &store_carrier, &tiktok_carrier, output).await
        }
        Command::Map(MapCommand::Remove { store_carrier, place }) => {
            map::remove(app, &place, &store_carrier, output).await
        }
        Command::Map(MapCommand::Import(place)) => map::import(app, &place, output).await,
        Command::Push { shard } => setup::push(app, &shard, output).await,
        Command::Shop(ShopCommand::Set { id, mismatch }) => shop::set(app, &id, mismatch == "hold", output).await,
        Command::Shop(ShopCommand::Remove { id }) => shop::remove(app, &id, output).await,
        Command::Remind => setup::remind(app, output).await,
        Command::LoginLink { email } => account::login_link(app, &email, output).await,
        Command::Mail(MailCommand::Preview { folder }) => mail::preview(&folder, output),
        Command::Export { file, with_secrets } => transfer::export(app, &file, with_secrets, output).await,
        Command::Import { file } => transfer::import(app, &file, output).await,
        Command::Held => look::held(app, output).await,
        Command::Retry { order, reason, confirm } => {
            look::retry(app, order.as_deref(), reason.as_deref(), confirm, output).await
        }
        Command::Order { order } => look::order(app, &order, output).await,
        Command::Orders(orders) => commands::orders::run(app, &orders, output).await,
        Command::Deadlines(deadlines) => commands::deadlines::run(app, &deadlines, output).await,
        // Answered before an installation is opened.
        Command::Demo { .. }
        | Command::Serve { .. }
        | Command::Decode { .. }
        | Command::Identify { .. }
        | Command::Carrier { .. } => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn every_command_is_well_formed_and_says_what_it_does() {
        let command = Cli::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
        }
    }
}
