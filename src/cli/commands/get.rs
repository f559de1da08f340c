//! `worpen commands get`: shows commands.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{
    super::{
        act,
        error::CliError,
        exit::ExitStatus,
        measure,
        session::{Session, names},
        table::{Cell, Column, Row},
    },
    cell,
};
use crate::{
    client::{Client, ClientError},
    id::CommandId,
    proto::command::{Command, Execution, GetCommand, GetCommandRequest, Rollout},
};

/// Commands that are looked at, at the same time.
const AT_ONCE: usize = 16;

/// Arguments of `worpen commands get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of each command; `-` reads them from stdin.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Seconds to wait for the end; then the exit code tells what became of it.
    #[arg(long, value_name = "SECONDS", value_parser = measure::seconds)]
    wait: Option<u32>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { ids, wait } = args;
    let ids = super::ids(&names(ids).await?)?;
    let client = session.client()?;
    let commands = stream::iter(ids.iter().copied())
        .map(|id| look(session, &client, id, wait))
        .buffered(AT_ONCE)
        .try_collect::<Vec<Command>>()
        .await?;
    let for_people = session.form.format.is_for_people();
    match commands.as_slice() {
        [one] => show(session, one)?,
        several if for_people => {
            for (at, command) in several.iter().enumerate() {
                if at > 0 {
                    session.printer.data("\n")?;
                }
                show(session, command)?;
            }
        }
        several => session.list(several)?,
    }
    let status = |command: &Command| wait.map_or(ExitStatus::Done, |wait| act::status(command, wait));
    Ok(ExitStatus::of_all(&commands.iter().map(status).collect::<Vec<_>>()))
}

/// A command, as it stands or at its end.
async fn look(
    session: &Session,
    client: &Client,
    id: CommandId,
    wait: Option<u32>,
) -> Result<Command, ClientError> {
    let command = client.call::<GetCommand>(&GetCommandRequest { id, wait: None }).await?.body;
    let Some(wait) = wait else { return Ok(command) };
    let waiting = session.printer.waiting(&format!("{} {id}", command.verb));
    let command = act::follow(session, client, command, Duration::from_secs(wait.into())).await?;
    drop(waiting);
    Ok(command)
}

fn show(session: &Session, command: &Command) -> Result<(), CliError> {
    session.one(
        command,
        &command.id.to_string(),
        [
            ("Id", command.id.to_string().into()),
            ("Verb", command.verb.as_str().into()),
            ("Arguments", command.args.to_string().into()),
            ("Status", cell(command.status)),
            ("By", command.actor.as_str().into()),
            ("Priority", command.priority.as_str().into()),
            ("Given", Cell::age(Some(command.created_at), session.now)),
            ("Starts", command.scheduled_at.map_or_else(Cell::nothing, Cell::moment)),
            ("Expires", Cell::moment(command.expires_at)),
            ("Ended", Cell::age(command.ended_at, session.now)),
            ("Timeout", Cell::told(format!("{} s", command.timeout_s), command.timeout_s)),
            ("Retries", command.max_retries.to_string().into()),
            ("If", Cell::of(command.precondition.as_ref())),
            ("Rollout", Cell::of(command.rollout.map(rollout))),
            ("Plan", Cell::of(command.plan)),
            ("Schedule", Cell::of(command.schedule.as_ref())),
            ("Correlation", command.correlation_id.as_str().into()),
        ],
    )?;
    if session.form.format.is_for_people() && !command.executions.is_empty() {
        session.printer.data("\n")?;
        session.list(&command.executions)?;
    }
    Ok(())
}

/// In which parts, in words.
fn rollout(rollout: Rollout) -> String {
    let Rollout { batch, pause_s, max_failures } = rollout;
    format!("{batch} at once, {pause_s} s between, until {max_failures} failed")
}

impl Row for Execution {
    const COLUMNS: &'static [Column] = &[
        Column::words("NODE"),
        Column::number("ATTEMPT"),
        Column::words("STATUS"),
        Column::words("WAITS FOR"),
        Column::number("STARTED"),
        Column::number("ENDED"),
        Column::number("OUTPUT"),
        Column::words("ERROR"),
        Column::number("PART").wide(),
        Column::number("KEPT").wide(),
        Column::words("RESULT").wide(),
    ];

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        vec![
            self.node.as_str().into(),
            self.attempt.to_string().into(),
            cell(self.status),
            Cell::of(self.waits_for.as_ref()),
            Cell::age(self.started_at, now),
            Cell::age(self.ended_at, now),
            Cell::bytes(self.output.map(|output| output.bytes)),
            Cell::of(self.error_message.as_ref()),
            Cell::of((self.batch > 0).then_some(self.batch)),
            Cell::bytes(self.output.map(|output| output.kept)),
            Cell::of(self.result.as_ref()),
        ]
    }
}
