//! `worpen commands ls`: lists what was asked of the nodes.

use std::num::NonZeroU32;

use jiff::Timestamp;

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        measure,
        session::Session,
        table::{Cell, Column, Row},
        words,
    },
    cell,
};
use crate::proto::{
    command::{Command, CommandStatus, ListCommands, ListCommandsRequest},
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};

/// Arguments of `worpen commands ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only commands in this state, over all their nodes.
    #[arg(long, value_parser = words::<CommandStatus>(&STATUSES), ignore_case = true)]
    status: Option<CommandStatus>,
    /// Only commands with this node among their targets, by its name or id.
    #[arg(long)]
    node: Option<String>,
    /// Only commands of this verb, such as docker.stop.
    #[arg(long)]
    verb: Option<String>,
    /// The most lines to show.
    #[arg(long, default_value_t = NonZeroU32::MIN.saturating_add(DEFAULT_LIMIT - 1))]
    limit: NonZeroU32,
}

const STATUSES: [&str; 10] = [
    "queued",
    "started",
    "succeeded",
    "failed",
    "timed_out",
    "cancelled",
    "expired",
    "refused",
    "unknown",
    "partial",
];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { status, node, verb, limit } = args;
    let most = limit.get();
    let request =
        ListCommandsRequest { status, agent: node, verb, limit: Some(most.min(MAX_LIMIT)), cursor: None };
    let commands = session.client()?.pages::<ListCommands, _>(&request)?.first(most as usize).await?;
    session.list(&commands)?;
    Ok(ExitStatus::Done)
}

impl Row for Command {
    const COLUMNS: &'static [Column] = &[
        Column::Words("ID"),
        Column::Words("VERB"),
        Column::Words("NODE"),
        Column::Words("STATUS"),
        Column::Words("BY"),
        Column::Number("GIVEN"),
        Column::Number("ENDED"),
    ];

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        vec![
            self.id.to_string().into(),
            self.verb.as_str().into(),
            nodes(self).into(),
            cell(self.status),
            self.actor.as_str().into(),
            measure::age(self.created_at, now).into(),
            measure::age_or_dash(self.ended_at, now).into(),
        ]
    }
}

/// The target, and how many more there are.
fn nodes(command: &Command) -> String {
    match command.executions.as_slice() {
        [] => measure::dash(),
        [one] => one.node.clone(),
        [first, more @ ..] => format!("{} +{}", first.node, more.len()),
    }
}
