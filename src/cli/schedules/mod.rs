//! `worpen schedules`: commands that are given again and again, by the clock.

mod create;
mod get;
mod ls;
mod pause;
mod rm;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    printer::Tone,
    run::told,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::proto::{command::GiveCommandRequest, schedule::Schedule};

/// Verbs of `worpen schedules`.
#[derive(Debug, Subcommand)]
pub(crate) enum Schedules {
    /// List the schedules.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Show one schedule.
    Get(get::Args),
    /// Make a schedule.
    Create(Box<create::Args>),
    /// Let schedules rest.
    Pause(pause::Args),
    /// Let schedules that rest go on.
    Resume(pause::Args),
    /// Remove schedules; commands that they gave stay.
    Rm(rm::Args),
}

pub(crate) async fn run(verb: Schedules, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Schedules::Ls(args) => ls::run(args, session).await,
        Schedules::Get(args) => get::run(args, session).await,
        Schedules::Create(args) => create::run(*args, session).await,
        Schedules::Pause(args) => pause::run(args, session, true).await,
        Schedules::Resume(args) => pause::run(args, session, false).await,
        Schedules::Rm(args) => rm::run(args, session).await,
    }
}

impl Row for Schedule {
    const COLUMNS: &'static [Column] = &[
        Column::words("NAME"),
        Column::words("CRON"),
        Column::words("TIME ZONE"),
        Column::words("STATUS"),
        Column::words("NEXT"),
        Column::number("LAST"),
        Column::words("WHERE"),
        Column::words("COMMAND"),
        Column::words("BY").wide(),
        Column::words("LAST COMMAND").wide(),
        Column::words("ERROR").wide(),
        Column::words("ID").wide(),
    ];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        vec![
            self.name.as_str().into(),
            self.cron.as_str().into(),
            self.time_zone.as_str().into(),
            status(self),
            self.next_at.map_or_else(Cell::nothing, Cell::moment),
            Cell::age(self.last_at, now),
            place(&self.command).into(),
            told(&self.command.verb, &self.command.args).into(),
            self.actor.as_str().into(),
            Cell::of(self.last_command),
            Cell::of(self.last_error.as_ref()),
            self.id.to_string().into(),
        ]
    }
}

/// Whether it goes, rests, or gave nothing the last time.
fn status(schedule: &Schedule) -> Cell {
    match (schedule.paused, &schedule.last_error) {
        (true, _) => Cell::toned("paused", Tone::Dim),
        (false, Some(_)) => Cell::toned("failed", Tone::Bad),
        (false, None) => Cell::toned("active", Tone::Good),
    }
}

/// On which nodes, in words.
fn place(request: &GiveCommandRequest) -> String {
    let place = match (&request.selector, request.agent_targets.as_slice()) {
        (Some(selector), _) => selector.clone(),
        (None, []) => "all".to_owned(),
        (None, nodes) => nodes.join(" "),
    };
    match request.any {
        Some(any) => format!("any {any} of {place}"),
        None => place,
    }
}
