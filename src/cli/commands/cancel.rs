//! `worpen commands cancel`: stops commands.

use super::super::{
    act::{self, Wait, Words},
    error::CliError,
    exit::ExitStatus,
    session::{Session, names},
};
use crate::{
    client::ClientError,
    id::CommandId,
    proto::command::{CancelCommand, CancelCommandRequest, Command, CommandStatus},
};

const EXAMPLES: &str = "\
Examples:
  worpen commands cancel 0198c0de-0000-7000-8000-00000000000c
  worpen commands cancel 0198c0de-0000-7000-8000-00000000000c --on web-1,web-2
  worpen commands ls --status queued -o name | worpen commands cancel -";

/// Arguments of `worpen commands cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of each command; `-` reads them from stdin.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Only on these nodes, by name or id, separated by commas.
    #[arg(long, value_name = "NODES", value_delimiter = ',')]
    on: Vec<String>,
    #[command(flatten)]
    wait: Wait,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { ids, on, wait } = args;
    let ids: Vec<CommandId> = super::ids(&names(ids).await?)?;
    let client = session.client()?;
    let words = Words { verb: "cancel", done: "cancelled" };
    let act = |name: String| {
        let (client, on) = (&client, on.clone());
        let id = ids.iter().find(|id| id.to_string() == name).copied();
        async move {
            let id = id.ok_or_else(|| ClientError::Name { name })?;
            let request = CancelCommandRequest { id, agent_targets: on, wait: Some(0) };
            let command = client.call::<CancelCommand>(&request).await?.body;
            act::follow(session, client, command, wait.duration()).await
        }
    };
    let told = |id: &str, command: &Command| (line(id, command), status(command, wait));
    act::each(session, words, ids.iter().map(CommandId::to_string).collect(), act, told).await
}

/// The targets on which it was stopped, and those on which it is about to be.
fn stopped(command: &Command) -> (usize, usize) {
    let executions = &command.executions;
    let done = executions.iter().filter(|execution| execution.status == CommandStatus::Cancelled).count();
    let asked = executions.iter().filter(|execution| {
        execution.cancelled_at.is_some()
            && matches!(execution.status, CommandStatus::Queued | CommandStatus::Started)
    });
    (done, asked.count())
}

fn line(id: &str, command: &Command) -> String {
    let count = command.executions.len();
    match stopped(command) {
        (0, 0) if act::has_ended(command) => format!("{id}: it was over: {}", super::words(command.status)),
        (0, 0) => format!("{id}: nothing was stopped; look with: worpen commands get {id}"),
        (done, 0) => format!("{id}: cancelled on {done} of {count}"),
        (done, asked) => {
            format!(
                "{id}: cancelled on {done} of {count}, {asked} are told; look with: worpen commands get {id}"
            )
        }
    }
}

/// Done when somebody stopped something; what was over before cannot be stopped.
fn status(command: &Command, wait: Wait) -> ExitStatus {
    match stopped(command) {
        (0, 0) => ExitStatus::Conflict,
        (_, 0) => ExitStatus::Done,
        _ if wait.wait == 0 => ExitStatus::Done,
        _ => ExitStatus::TimedOut,
    }
}
