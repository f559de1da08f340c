//! `worpen schedules rm`: removes schedules.

use super::super::{
    act::Sure,
    error::CliError,
    exit::ExitStatus,
    session::{Reach, Session, names},
};
use crate::proto::schedule::{RemoveSchedule, ScheduleRef};

/// Arguments of `worpen schedules rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of each schedule; `-` reads them from stdin.
    #[arg(required = true, value_name = "SCHEDULE")]
    schedules: Vec<String>,
    #[command(flatten)]
    sure: Sure,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { schedules, sure } = args;
    let schedules = names(schedules).await?;
    let client = session.client()?;
    let reach = if schedules.len() > 1 { Reach::Several(schedules.len()) } else { Reach::OneNode };
    session.confirm(sure, &format!("remove {}", schedules.join(", ")), reach).await?;
    let mut statuses = Vec::new();
    for name in &schedules {
        match client.call::<RemoveSchedule>(&ScheduleRef { id: name.clone() }).await {
            Ok(_) => {
                session.printer.data(&format!("{}: removed", super::super::calm(name)))?;
                statuses.push(ExitStatus::Done);
            }
            Err(error) if schedules.len() == 1 => return Err(error.into()),
            Err(error) => {
                let error = CliError::from(error);
                statuses.push(error.status());
                if let CliError::Failure(failure) = &error {
                    session.printer.failure_of(name, failure);
                }
            }
        }
    }
    Ok(ExitStatus::of_all(&statuses))
}
