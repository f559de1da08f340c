//! `worpen ca`: what the fleet trusts, and its rotation.

mod show;
mod turn;

use clap::Subcommand;

use super::{error::CliError, exit::ExitStatus, session::Session};
use crate::proto::certificate::TrustStep;

/// Verbs of `worpen ca`.
#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// Show the authorities and the keys that sign commands, and how many agents know each.
    Show(show::Args),
    /// Make a key, which agents learn beside the one that signs.
    Prepare(turn::Args),
    /// Sign with the prepared key; the one before is still trusted.
    Activate(turn::Sure),
    /// Trust the key before no more.
    Retire(turn::Retire),
}

pub(crate) async fn run(verb: Ca, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Ca::Show(args) => show::run(&args, session).await,
        Ca::Prepare(args) => turn::run(args.kind, TrustStep::Prepare, (false, false), session).await,
        Ca::Activate(args) => turn::run(args.kind, TrustStep::Activate, (args.force, false), session).await,
        Ca::Retire(args) => {
            turn::run(args.kind, TrustStep::Retire, (args.force, args.compromised), session).await
        }
    }
}
