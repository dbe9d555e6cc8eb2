//! How a command ends: 0 done, 1 something needs attention, 2 wrong use. Errors say the next step.

use crate::printable::printable;
use std::fmt;
use std::io::Write as _;
use waybill::table::error::TableError;

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failure {
    message: String,
    next: Option<String>,
    end: End,
}

/// Our own line ends stay; nothing else acts on the terminal.
fn lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Which exit status a failure ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Attention,
    Usage,
    /// Whoever read our output has enough: that is no error.
    Unread,
}

impl Failure {
    /// Wrong use: exit status 2.
    pub fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { message: message.into(), next: Some(next.into()), end: End::Usage }
    }

    /// Something needs attention: exit status 1.
    pub fn attention(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { message: message.into(), next: Some(next.into()), end: End::Attention }
    }

    /// What cannot happen unless the program is wrong.
    pub fn bug(message: impl fmt::Display) -> Self {
        Self::attention(message.to_string(), "This is a fault of the program.")
    }

    /// Output that could not be written; a reader that went away (`waybill held | head`) is no error.
    #[must_use]
    pub fn output(error: &std::io::Error) -> Self {
        let end = if error.kind() == std::io::ErrorKind::BrokenPipe { End::Unread } else { End::Attention };
        Self { message: format!("the output cannot be written: {error}"), next: None, end }
    }

    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// The exit status.
    #[must_use]
    pub fn status(&self) -> u8 {
        match self.end {
            End::Unread => 0,
            End::Attention => 1,
            End::Usage => 2,
        }
    }

    /// Says on standard error what went wrong and what to do.
    pub fn print(&self) {
        if self.end == End::Unread {
            return;
        }
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "waybill: {}", lines(&self.message));
        if let Some(next) = &self.next {
            let _ = writeln!(stderr, "  {}", lines(next));
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

macro_rules! failures {
    ($($error:ty => $next:literal),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::attention(error.to_string(), $next)
            }
        })*
    };
}

failures! {
    std::io::Error => "Check the file and its rights.",
    waybill::tokens::SecretFault => "See waybill app list.",
    waybill::tokens::StoreFault => "Check the folder secrets and its rights; restore it from a backup when it is gone.",
    waybill::flows::connect::store::StoreAddError => "See waybill store add --help.",
    waybill::flows::carriers::map::MapError => "See waybill map list.",
    waybill::flows::carriers::lists::RefreshError => "Try again in a minute; waybill shop list shows whether the shop must be reconnected.",
    waybill::flows::access::shop::AccessError => "See waybill shop list.",
    waybill::flows::views::proof::ProofError => "Try again in a minute; waybill doctor looks at keys and rights.",
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        let next = match &error {
            TableError::Unavailable(_) | TableError::Throttled => {
                "Try again in a minute; with --aws, check the usual AWS settings (credentials, region)."
            }
            TableError::Conflict => "Somebody changed it at the same moment: try again.",
            TableError::Corrupt { .. } => "Restore a backup, or import an export.",
            TableError::Refused(_) => {
                "With --aws: check that the table exists (TABLE_NAME, waybill init --aws) and the rights on it."
            }
        };
        Self::attention(error.to_string(), next)
    }
}

impl From<crate::stack::StackError> for Failure {
    fn from(error: crate::stack::StackError) -> Self {
        use crate::stack::StackError as E;
        let next = error.next_step();
        let wrong_use = matches!(&error, E::Start(waybill::app::StartError::Config(_)));
        if wrong_use { Self::usage(error.to_string(), next) } else { Self::attention(error.to_string(), next) }
    }
}

impl From<waybill::flows::connect::shop::ConnectError> for Failure {
    fn from(error: waybill::flows::connect::shop::ConnectError) -> Self {
        use waybill::flows::connect::shop::ConnectError as E;
        let next = match &error {
            E::TikTok(error) if error.http_status.is_none() => {
                "TikTok cannot be reached from here: try again in a minute."
            }
            E::TikTok(_) => "Check the app credentials (waybill app list) and the token answer.",
            E::Secret(_) => "Store the app first: waybill app set.",
            E::MissingScopes(_) => {
                "Switch these scopes on for the app in TikTok's Partner Center, then authorise the shop again."
            }
            E::NoShop => "Authorise with the account that owns the shop.",
            E::OtherAccount(_) => "Name the account that the shop belongs to: waybill shop list.",
            E::WrongShop { .. } => "Authorise the shop that is named.",
            E::Access(_) | E::Table(_) => "Try again in a minute.",
        };
        Self::attention(error.to_string(), next)
    }
}
