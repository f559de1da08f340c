//! `worpen exec`: runs one program on one node or in one container, and ends as it does.

use std::time::Duration;

use serde_json::Map;

use super::{
    act,
    error::CliError,
    exit::ExitStatus,
    follow::{Shape, View, follow},
    measure,
    run::Program,
    session::Session,
};
use crate::{
    core::command::{DOCKER_EXEC, EXEC},
    proto::command::{GiveCommand, GiveCommandRequest},
};

const EXAMPLES: &str = "\
Examples:
  worpen exec web-1 -- journalctl -u nginx -n 20
  worpen exec web-1/nginx -- nginx -t
  worpen exec db-1/postgres -i -- psql -U shop < query.sql
  worpen exec web-1 -- cat /etc/hosts | diff /etc/hosts -

Exit codes:
  Of a program that ran, its own: 128 and the signal where one ended it. Otherwise
  7 not in time, 9 refused by the node, 1 failed before it began, 130 left going.";

/// Arguments of `worpen exec`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The node, or NODE/CONTAINER for a container on it.
    #[arg(value_name = "NODE[/CONTAINER]")]
    place: String,
    #[command(flatten)]
    program: Program,
    /// Seconds that it may take, or such as 5m.
    #[arg(long, value_name = "TIME", value_parser = measure::seconds)]
    timeout: Option<u32>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { place, program, timeout } = args;
    if !program.has_argv() {
        return Err(CliError::usage("it is not said what to run").hint("add -- PROGRAM ARGUMENTS"));
    }
    let mut arguments = Map::new();
    let (node, verb) = match place.split_once('/') {
        Some((node, container)) if !node.is_empty() && !container.is_empty() => {
            arguments.insert("container".into(), container.into());
            (node.to_owned(), DOCKER_EXEC)
        }
        Some(_) => {
            return Err(
                CliError::usage(format!("'{place}' is no place")).hint("write NODE or NODE/CONTAINER")
            );
        }
        None => (place, EXEC),
    };
    program.put(session, &mut arguments).await?;
    let request = GiveCommandRequest {
        verb: verb.to_owned(),
        args: arguments,
        agent_targets: vec![node],
        timeout_s: timeout,
        wait: Some(0),
        ..GiveCommandRequest::default()
    };
    let client = session.client()?;
    let command = act::give::<GiveCommand>(session, &client, request, Duration::ZERO).await?;
    let shape = Shape { exit_code: true, ..Shape::default() };
    follow(session, &client, &command, View { shape, raw: true, ..View::default() }).await
}
