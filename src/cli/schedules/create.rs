//! `worpen schedules create`: makes a schedule.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    run::{How, Targets, What},
    session::Session,
};
use crate::proto::{
    command::GiveCommandRequest,
    schedule::{CreateSchedule, CreateScheduleRequest, Overlap},
};

const EXAMPLES: &str = "\
Examples:
  worpen schedules create reload --cron '30 4 * * mon-fri' --time-zone Europe/Berlin --all -- systemctl reload nginx
  worpen schedules create backup --cron '0 */6 * * *' --where 'role == \"db\"' --any 1 --timeout 1h -- /usr/local/bin/backup
  worpen schedules create prune --cron '0 3 * * sun' --all --verb docker.prune --batch 10%";

/// Arguments of `worpen schedules create`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What it is called: small letters, digits and . _ -
    #[arg(value_name = "NAME")]
    new_name: String,
    /// When: minute, hour, day of the month, month, day of the week.
    #[arg(long, value_name = "WHEN")]
    cron: String,
    /// Whose clock, such as Europe/Berlin; UTC unless told.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Give it also while the command of the time before still runs.
    #[arg(long)]
    overlap: bool,
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    how: How,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { new_name: name, cron, time_zone, overlap, targets, what, how } = args;
    let mut command = GiveCommandRequest::default();
    targets.put(&mut command).await?;
    how.put(&mut command);
    let work = what.work(session).await?;
    (command.verb, command.args) = (work.verb, work.args);
    let overlap = if overlap { Overlap::Allow } else { Overlap::Skip };
    let request = CreateScheduleRequest { name, cron, time_zone, overlap, command };
    let schedule = session.client()?.call::<CreateSchedule>(&request).await?.body;
    session.record(&schedule, &schedule.name, || {
        let next =
            schedule.next_at.map_or_else(String::new, |next| format!(", next at {}", measure::moment(next)));
        format!("{}: made{next}", schedule.name)
    })?;
    Ok(ExitStatus::Done)
}
