//! `worpen schedules pause` and `resume`: lets schedules rest, or go on.

use super::super::{
    act::{self, Words},
    error::CliError,
    exit::ExitStatus,
    measure,
    session::{Session, names},
};
use crate::proto::schedule::{PauseSchedule, PauseScheduleRequest, Schedule};

/// Arguments of `worpen schedules pause` and `resume`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of each schedule; `-` reads them from stdin.
    #[arg(required = true, value_name = "SCHEDULE")]
    schedules: Vec<String>,
}

pub(crate) async fn run(args: Args, session: &Session, paused: bool) -> Result<ExitStatus, CliError> {
    let schedules = names(args.schedules).await?;
    let client = session.client()?;
    let words = match paused {
        true => Words { verb: "pause", done: "paused" },
        false => Words { verb: "resume", done: "resumed" },
    };
    let act = |id: String| {
        let client = &client;
        async move { Ok(client.call::<PauseSchedule>(&PauseScheduleRequest { id, paused }).await?.body) }
    };
    let told = |_: &str, schedule: &Schedule| {
        let next =
            schedule.next_at.map_or_else(String::new, |next| format!(", next at {}", measure::moment(next)));
        (format!("{}: {}{next}", schedule.name, words.done), ExitStatus::Done)
    };
    act::each(session, words, schedules, act, told).await
}
