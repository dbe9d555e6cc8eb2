//! Accounts and their people.

use super::people::{self, Which};
use super::{Failure, Output, account_of};
use crate::output::{Row, counted, local};
use clap::Subcommand;
use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::config::MailAddress;
use waybill::domain::ids::AccountId;
use waybill::domain::private::Private;
use waybill::flows::acts::{self, Actor};
use waybill::table::accounts::Account;
use waybill::table::error::TableError;

/// Accounts and their people.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Makes an account.
    Add {
        /// What they call themselves.
        #[arg(long)]
        name: String,
        /// Where mails go.
        #[arg(long)]
        email: String,
    },
    /// The accounts, with what belongs to each.
    List,
    /// Takes an account away, once nothing is connected for it.
    Remove {
        /// Its mail address.
        email: String,
    },
    /// Gives an account another name.
    Rename {
        /// Its mail address.
        email: String,
        /// The new name.
        name: String,
    },
    /// Who may sign in, as what, and who was asked to.
    People(Which),
    /// Asks somebody by mail to come in; prints the link too, which works once within seven days.
    Invite {
        /// The person's mail address.
        person: String,
        /// reader (sees), operator (settles parcels too) or owner (changes everything).
        #[arg(long, default_value = "reader")]
        role: String,
        /// Which account.
        #[command(flatten)]
        which: Which,
    },
    /// Gives somebody another role.
    Role {
        /// The person's mail address.
        person: String,
        /// reader, operator or owner.
        role: String,
        /// Which account.
        #[command(flatten)]
        which: Which,
    },
    /// Takes somebody out, or an open invitation back.
    RemovePerson {
        /// The person's mail address.
        person: String,
        /// Which account.
        #[command(flatten)]
        which: Which,
    },
}

/// Runs one of the account commands.
///
/// # Errors
/// Wrong use, or the table.
pub async fn run(app: &App, command: AccountCommand, output: &mut Output) -> Result<bool, Failure> {
    match command {
        AccountCommand::Add { name, email } => add(app, &name, &email, output).await,
        AccountCommand::List => list(app, output).await,
        AccountCommand::Remove { email } => remove(app, &email, output).await,
        AccountCommand::Rename { email, name } => rename(app, &email, &name, output).await,
        AccountCommand::People(which) => people::list(app, &which, output).await,
        AccountCommand::Invite { person, role, which } => people::invite(app, &which, &person, &role, output).await,
        AccountCommand::Role { person, role, which } => people::role(app, &which, &person, &role, output).await,
        AccountCommand::RemovePerson { person, which } => people::remove(app, &which, &person, output).await,
    }
}

#[derive(Serialize)]
struct AccountRow {
    account: String,
    name: String,
    email: String,
    shops: usize,
    stores: usize,
    created: Timestamp,
    mail_trouble: Option<&'static str>,
}

impl Row for AccountRow {
    const HEAD: &'static [&'static str] = &["name", "email", "shops", "stores", "since", "mails"];
    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let mails = self.mail_trouble.map_or("arrive", |trouble| trouble).to_owned();
        let counts = [self.shops.to_string(), self.stores.to_string()];
        let [shops, stores] = counts;
        vec![self.name.clone(), self.email.clone(), shops, stores, local(self.created, zone), mails]
    }
}

#[derive(Serialize)]
struct Changed<'a> {
    account: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

/// `waybill account add`.
///
/// # Errors
/// Wrong use, or the address has an account.
pub async fn add(app: &App, name: &str, email: &str, output: &mut Output) -> Result<bool, Failure> {
    let name = named(name)?;
    let plausible = MailAddress::parse(email.trim()).is_ok() && email.contains('.');
    if !plausible {
        return Err(Failure::usage("--email is no mail address", "Give one like owner@shop.example."));
    }
    let id = AccountId::parse(BASE32_NOPAD.encode(&app.entropy.bytes::<10>()).to_lowercase()).map_err(Failure::bug)?;
    let account = Account {
        id: id.clone(),
        name: name.to_owned(),
        email: Private::new(email.to_owned()),
        created: app.clock.now(),
    };
    match acts::add_account(app, &Actor::command_line(), &account).await {
        Err(TableError::Conflict) => {
            return Err(Failure::attention("this mail address has an account already", "See waybill account list."));
        }
        other => other?,
    }
    let changed = Changed { account: id.as_str(), name, removed: false };
    output.done(&changed, format!("{name} has an account. To sign in: waybill login-link {}", email.trim()))?;
    Ok(false)
}

fn named(name: &str) -> Result<&str, Failure> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Failure::usage(
            "a name has 1 to 200 characters",
            "Give the name of the business, like \"Tiny Mugs\".",
        ));
    }
    Ok(name)
}

async fn list(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let (mut rows, mut attention) = (Vec::new(), false);
    for id in app.table.accounts_list().await? {
        let Some(account) = app.table.account_get(&id).await? else { continue };
        let trouble = app.table.mail_troubles(&id).await?.account.map(|trouble| trouble.kind.as_str());
        attention |= trouble.is_some();
        rows.push(AccountRow {
            name: account.name,
            email: account.email.reveal().clone(),
            shops: app.table.account_shops(&id).await?.len(),
            stores: app.table.account_stores(&id).await?.len(),
            created: account.created,
            mail_trouble: trouble,
            account: id.to_string(),
        });
    }
    output.rows(&rows, "There is no account yet: waybill account add --name NAME --email EMAIL.")?;
    Ok(attention)
}

async fn remove(app: &App, email: &str, output: &mut Output) -> Result<bool, Failure> {
    let id = account_of(app, email).await?;
    let shops = app.table.account_shops(&id).await?.len();
    let stores = app.table.account_stores(&id).await?.len();
    if shops + stores > 0 {
        return Err(Failure::attention(
            format!("{} and {} are connected for this account", counted(shops, "shop"), counted(stores, "store")),
            "Take them away first: waybill store remove ID, waybill shop remove ID.",
        ));
    }
    let account = app.table.account_get(&id).await?;
    let name = account.as_ref().map(|account| account.name.clone()).unwrap_or_default();
    acts::remove_account(app, &Actor::command_line(), &id).await?;
    output.done(
        &Changed { account: id.as_str(), name: &name, removed: true },
        format!("{name} has no account any more. What was done in it: waybill audit --account {id}"),
    )?;
    Ok(false)
}

async fn rename(app: &App, email: &str, name: &str, output: &mut Output) -> Result<bool, Failure> {
    let (id, name) = (account_of(app, email).await?, named(name)?);
    acts::rename_account(app, &Actor::command_line(), &id, name).await?;
    output
        .done(&Changed { account: id.as_str(), name, removed: false }, format!("The account is called {name} now."))?;
    Ok(false)
}
