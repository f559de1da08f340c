//! `worpen ca prepare`, `activate`, `retire`: the steps of a rotation.

use clap::ValueEnum;

use super::{
    super::{error::CliError, exit::ExitStatus, session::Session},
    show::shown,
};
use crate::proto::certificate::{AnchorKind, TrustStep, TurnTrust, TurnTrustRequest};

/// Which key.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// The authority, which certifies the server and its agents.
    Authority,
    /// The key that signs commands.
    Signing,
}

/// Arguments of `worpen ca prepare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which key.
    pub(crate) kind: Kind,
}

/// Arguments of `worpen ca activate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Sure {
    /// Which key.
    pub(crate) kind: Kind,
    /// Go on although agents do not know the new key yet; they follow when they link.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `worpen ca retire`.
#[derive(Debug, clap::Args)]
pub(crate) struct Retire {
    /// Which key.
    pub(crate) kind: Kind,
    /// Go on although agents do not know the new key yet, or use a certificate of the old authority.
    #[arg(long)]
    pub(crate) force: bool,
    /// The old key may have been stolen: it vouches for its successor no more. Agents that were away must be replaced
    /// (worpen agents replace).
    #[arg(long)]
    pub(crate) compromised: bool,
}

pub(super) async fn run(
    kind: Kind,
    step: TrustStep,
    (force, compromised): (bool, bool),
    session: &Session,
) -> Result<ExitStatus, CliError> {
    let kind = match kind {
        Kind::Authority => AnchorKind::Authority,
        Kind::Signing => AnchorKind::Signing,
    };
    let request = TurnTrustRequest { kind, step, force, compromised };
    let trust = session.client()?.call::<TurnTrust>(&request).await?.body;
    shown(&trust, session)?;
    for word in follows(step) {
        session.printer.note(word);
    }
    Ok(ExitStatus::Done)
}

/// What has to be done after a step.
const fn follows(step: TrustStep) -> &'static [&'static str] {
    match step {
        TrustStep::Prepare => &[],
        TrustStep::Activate => &[
            "open invitations are void, since they name the key before: invite those nodes anew",
            "take a backup now (worpen backup create): once the key before is retired, none from before brings the fleet back",
        ],
        TrustStep::Retire => &[
            "take a backup now (worpen backup create): none from before this rotation brings the fleet back, since agents do \
             not go back to a key that is retired",
        ],
    }
}
