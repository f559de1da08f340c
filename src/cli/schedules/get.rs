//! `worpen schedules get`: shows one schedule.

use super::{
    super::{error::CliError, exit::ExitStatus, run::told, session::Session, table::Cell},
    place, status,
};
use crate::proto::schedule::{GetSchedule, Overlap, Schedule, ScheduleRef};

/// Arguments of `worpen schedules get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the schedule.
    #[arg(value_name = "SCHEDULE")]
    schedule: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let schedule = client.call::<GetSchedule>(&ScheduleRef { id: args.schedule }).await?.body;
    show(session, &schedule)?;
    Ok(ExitStatus::Done)
}

pub(super) fn show(session: &Session, schedule: &Schedule) -> Result<(), CliError> {
    let overlap = match schedule.overlap {
        Overlap::Skip => "left out while the last one runs",
        Overlap::Allow => "given while the last one runs",
    };
    session.one(
        schedule,
        &schedule.name,
        [
            ("Name", schedule.name.as_str().into()),
            ("Status", status(schedule)),
            ("Cron", schedule.cron.as_str().into()),
            ("Time zone", schedule.time_zone.as_str().into()),
            ("Where", place(&schedule.command).into()),
            ("Command", told(&schedule.command.verb, &schedule.command.args).into()),
            ("Overlap", overlap.into()),
            ("By", schedule.actor.as_str().into()),
            ("Next", schedule.next_at.map_or_else(Cell::nothing, Cell::moment)),
            ("Last", Cell::age(schedule.last_at, session.now)),
            ("Last command", Cell::of(schedule.last_command)),
            ("Last error", Cell::of(schedule.last_error.as_ref())),
            ("Made", Cell::age(Some(schedule.created_at), session.now)),
            ("Id", schedule.id.to_string().into()),
        ],
    )
}
