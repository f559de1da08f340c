//! `worpen audit`: who did what, and whether somebody changed it since.

mod export;
mod ls;
mod verify;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    printer::Tone,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::{
    client::{ClientError, RawReply, RawRequest},
    proto::{
        audit::{AuditRecord, ExportAudit, Outcome},
        endpoint::Endpoint,
    },
};

/// Verbs of `worpen audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List entries, the newest first.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Print the whole log with all that its verification needs.
    Export,
    /// Find out whether somebody changed the log.
    Verify(verify::Args),
}

pub(crate) async fn run(verb: Audit, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Audit::Ls(args) => ls::run(args, session).await,
        Audit::Export => export::run(session).await,
        Audit::Verify(args) => verify::run(args, session).await,
    }
}

/// Asks for the export, which comes as fast as it is read.
async fn open_export(session: &Session) -> Result<RawReply, CliError> {
    let request = RawRequest {
        method: ExportAudit::METHOD,
        path: ExportAudit::PATH.to_owned(),
        query: Vec::new(),
        body: None,
    };
    let reply = session.client()?.raw(&request).await?;
    let status = reply.status();
    if status.is_success() {
        return Ok(reply);
    }
    let body = reply.bytes().await?;
    Err(ClientError::Problem(Box::new(RawReply::refusal(status, &body))).into())
}

impl Row for AuditRecord {
    const COLUMNS: &'static [Column] = &[
        Column::number("NUMBER"),
        Column::words("TIME"),
        Column::words("ACTOR"),
        Column::words("ACTION"),
        Column::words("TARGET"),
        Column::words("OUTCOME"),
        Column::words("ADDRESS").wide(),
        Column::words("CORRELATION").wide(),
        Column::words("DETAIL").wide(),
        Column::words("HASH").wide(),
    ];
    const INSIDE: &'static [&'static str] = &["detail"];

    fn name(&self) -> String {
        self.number.to_string()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let tone = match self.outcome {
            Outcome::Done => Tone::Plain,
            Outcome::Denied => Tone::Bad,
        };
        vec![
            self.number.to_string().into(),
            Cell::moment(self.time),
            self.actor.as_str().into(),
            self.action.as_str().into(),
            self.target.as_str().into(),
            Cell::toned(self.outcome.as_str(), tone),
            Cell::of(self.address.as_ref()),
            Cell::of(self.correlation.as_ref()),
            self.detail.to_string().into(),
            self.hash.as_str().into(),
        ]
    }
}
