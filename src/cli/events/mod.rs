//! `worpen events`: what happens.

mod history;
mod line;
mod tail;

use clap::Subcommand;

use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::{client::summary, proto::event::Event};

pub(super) use self::line::Lines;

/// Verbs of `worpen events`.
#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Follow the events.
    Tail(tail::Args),
    /// Read events of the past, the newest last.
    History(history::Args),
}

pub(crate) async fn run(verb: Events, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Events::Tail(args) => tail::run(args, session).await,
        Events::History(args) => history::run(args, session).await,
    }
}

impl Row for Event {
    const COLUMNS: &'static [Column] = &[
        Column::words("TIME"),
        Column::number("SEQUENCE"),
        Column::words("NODE"),
        Column::words("TYPE"),
        Column::words("ACTOR"),
        Column::words("ABOUT"),
        Column::words("DATA").wide(),
        Column::words("CORRELATION").wide(),
        Column::words("CAUSE").wide(),
        Column::words("ID").wide(),
    ];
    const INSIDE: &'static [&'static str] = &["data"];

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let number = self.sequence.trim_start_matches('0');
        vec![
            Cell::moment(self.time),
            number.into(),
            Cell::of(self.subject.as_ref()),
            self.kind.as_str().into(),
            self.actor.as_str().into(),
            summary(self).into(),
            self.data.to_string().into(),
            Cell::of(self.correlationid.as_ref()),
            Cell::of(self.causationid),
            self.id.to_string().into(),
        ]
    }
}
