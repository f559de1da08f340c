//! `worpen ca show`: what the fleet trusts.

use jiff::Timestamp;

use super::super::{
    error::CliError,
    exit::ExitStatus,
    printer::Tone,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::proto::{
    certificate::{AnchorKind, AnchorState, GetTrust, Trust, TrustedKey},
    endpoint::Empty,
};

/// Arguments of `worpen ca show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the certificates of the authorities that hold, PEM; for `curl --cacert` and `worpen login --ca`.
    #[arg(long)]
    pem: bool,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<ExitStatus, CliError> {
    let trust = session.client()?.call::<GetTrust>(&Empty {}).await?.body;
    if !args.pem {
        shown(&trust, session)?;
        return Ok(ExitStatus::Done);
    }
    let holds = trust.keys.iter().filter(|key| key.state != AnchorState::Retired);
    let pem: String = holds.filter_map(|key| key.certificate.as_deref()).collect();
    session.printer.raw(&pem)?;
    Ok(ExitStatus::Done)
}

/// Shows what is trusted, and what comes next.
pub(super) fn shown(trust: &Trust, session: &Session) -> Result<(), CliError> {
    session.list(&trust.keys)?;
    if session.form.format.is_for_people() {
        let agents = trust.agents;
        let of = |kind: AnchorKind, state: AnchorState| {
            trust.keys.iter().find(|key| key.kind == kind && key.state == state)
        };
        for kind in AnchorKind::ALL {
            let noun = kind.as_str();
            if let Some(key) = of(kind, AnchorState::Prepared) {
                session.printer.note(&format!(
                    "{} of {agents} agents know the prepared key; next: worpen ca activate {noun}",
                    key.known_by
                ));
            } else if of(kind, AnchorState::Retiring).is_some() {
                session
                    .printer
                    .note(&format!("the key before is trusted still; next: worpen ca retire {noun}"));
            }
        }
    }
    Ok(())
}

impl Row for TrustedKey {
    const COLUMNS: &'static [Column] = &[
        Column::words("KIND"),
        Column::words("STATE"),
        Column::number("SINCE"),
        Column::number("KNOWN BY"),
        Column::number("CERTIFIED"),
        Column::words("FINGERPRINT"),
        Column::number("MADE").wide(),
    ];
    const INSIDE: &'static [&'static str] = &["certificate"];

    fn name(&self) -> String {
        self.id.clone()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        let tone = match self.state {
            AnchorState::Active => Tone::Good,
            AnchorState::Prepared | AnchorState::Retiring => Tone::Warning,
            AnchorState::Retired => Tone::Dim,
        };
        vec![
            self.kind.as_str().into(),
            Cell::toned(self.state.as_str(), tone),
            Cell::age(Some(self.since), now),
            self.known_by.to_string().into(),
            Cell::of(self.certified),
            self.id.as_str().into(),
            Cell::age(Some(self.created_at), now),
        ]
    }
}
