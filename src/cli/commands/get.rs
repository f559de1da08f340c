//! `worpen commands get`: shows one command.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    super::{
        act,
        error::CliError,
        exit::ExitStatus,
        measure,
        session::{Format, Session},
        table::{Cell, Column, Row},
    },
    cell,
};
use crate::{
    id::CommandId,
    proto::command::{Execution, GetCommand, GetCommandRequest},
};

/// Arguments of `worpen commands get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of the command.
    id: CommandId,
    /// Seconds to wait for the end; then the exit code tells what became of it.
    #[arg(long, value_name = "SECONDS", value_parser = measure::seconds)]
    wait: Option<u32>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { id, wait } = args;
    let client = session.client()?;
    let mut command = client.call::<GetCommand>(&GetCommandRequest { id, wait: None }).await?.body;
    if let Some(wait) = wait {
        let waiting = session.printer.waiting(&format!("{} {id}", command.verb));
        command = act::follow(session, &client, command, Duration::from_secs(wait.into())).await?;
        drop(waiting);
    }
    session.one(
        &command,
        &id.to_string(),
        [
            ("Id", id.to_string().into()),
            ("Verb", command.verb.as_str().into()),
            ("Arguments", command.args.to_string().into()),
            ("Status", cell(command.status)),
            ("By", command.actor.as_str().into()),
            ("Given", measure::age(command.created_at, session.now).into()),
            ("Ended", measure::age_or_dash(command.ended_at, session.now).into()),
            ("Correlation", command.correlation_id.as_str().into()),
        ],
    )?;
    if session.format == Format::Table && !command.executions.is_empty() {
        session.printer.data("\n")?;
        session.list(&command.executions)?;
    }
    Ok(wait.map_or(ExitStatus::Done, |wait| act::status(&command, wait)))
}

impl Row for Execution {
    const COLUMNS: &'static [Column] = &[
        Column::Words("NODE"),
        Column::Number("ATTEMPT"),
        Column::Words("STATUS"),
        Column::Number("STARTED"),
        Column::Number("ENDED"),
        Column::Words("ERROR"),
    ];

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        vec![
            self.node.as_str().into(),
            self.attempt.to_string().into(),
            cell(self.status),
            measure::age_or_dash(self.started_at, now).into(),
            measure::age_or_dash(self.ended_at, now).into(),
            self.error_message.clone().unwrap_or_else(measure::dash).into(),
        ]
    }
}
