//! Commands that no deployed stack has a part in: with `--aws` they would seem to speak of one.

use super::{Command, MailCommand};

impl Command {
    /// Whether it works on this machine alone, so that `--aws` is a mistake.
    pub(super) fn is_of_this_machine(&self) -> bool {
        match self {
            Self::Demo { .. } | Self::Serve { .. } | Self::Decode { .. } | Self::Carrier { .. } | Self::Cost(_) => true,
            Self::Identify { shop, .. } => shop.is_none(),
            Self::Carriers { region, .. } => region.is_some(),
            Self::Proof(args) => args.check.is_some(),
            Self::Mail(MailCommand::Preview { .. }) | Self::Completions { .. } | Self::Restore { .. } => true,
            _ => false,
        }
    }
}
