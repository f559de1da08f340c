//! Acts: a command for each of several targets, waited for together.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};

use super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    printer::calm,
    session::{Format, Session, json_line},
};
use crate::{
    client::{Client, ClientError},
    proto::{
        command::{Command, CommandStatus, Execution, GetCommand, GetCommandRequest},
        endpoint::Endpoint,
    },
};

/// Targets that are commanded at the same time.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// The longest that one request waits; a proxy in between would cut a longer silence.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A server that answers at once instead of waiting is not asked more often than this.
const PACE: Duration = Duration::from_secs(1);

/// How long to wait for an end.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Wait {
    /// Seconds to wait for the end; 0 to return at once.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = measure::seconds)]
    pub(crate) wait: u32,
}

impl Wait {
    /// The same as a length of time.
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_secs(self.wait as u64)
    }
}

/// What an act is called before and after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// `stop`.
    pub(crate) verb: &'static str,
    /// `stopped`.
    pub(crate) done: &'static str,
}

/// Gives each target its command, tells what became of it, and ends as all of them together did.
pub(crate) async fn run<E: Endpoint<Response = Command>>(
    session: &Session,
    words: Words,
    targets: Vec<String>,
    Wait { wait }: Wait,
    request: impl Fn(String) -> E::Request,
) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let alone = targets.len() == 1;
    let waiting = session.printer.waiting(&format!("{} {}", words.verb, targets.join(", ")));
    let mut ends = stream::iter(targets)
        .map(|target| {
            let request = request(target.clone());
            let given = give::<E>(session, &client, request, Duration::from_secs(wait.into()));
            async move { (target, given.await) }
        })
        .buffered(AT_ONCE.get());
    let mut statuses = Vec::new();
    let mut commands = Vec::new();
    while let Some((target, end)) = ends.next().await {
        let command = match end {
            Ok(command) => command,
            Err(error) if alone => return Err(error.into()),
            Err(error) => {
                statuses.push(waiting.aside(|| complain(session, &target, error)));
                continue;
            }
        };
        statuses.push(status(&command, wait));
        waiting.aside(|| tell(session, words, &target, &command))?;
        commands.push(command);
    }
    drop(waiting);
    match (session.format, commands.as_slice()) {
        (Format::Json, [command]) if alone => session.json(command)?,
        (Format::Json, commands) => session.json(commands)?,
        _ => {}
    }
    Ok(ExitStatus::of_all(&statuses))
}

/// Waits until a command ended or the time is up; a server that restarts meanwhile is waited for too.
pub(crate) async fn follow(
    session: &Session,
    client: &Client,
    mut command: Command,
    wait: Duration,
) -> Result<Command, ClientError> {
    let deadline = Instant::now() + wait;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if has_ended(&command) || left.is_zero() {
            session.settled(command.id);
            return Ok(command);
        }
        let seconds = left.min(LONGEST_WAIT).as_secs_f64().ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 0 and at most LONGEST_WAIT"
        )]
        let request = GetCommandRequest { id: command.id, wait: Some(seconds as u32) };
        let asked = Instant::now();
        match client.call::<GetCommand>(&request).await {
            Ok(reply) => command = reply.body,
            Err(error) if error.is_passing() && asked < deadline => {}
            Err(error) => return Err(error),
        }
        if !has_ended(&command) {
            let pause = PACE.saturating_sub(asked.elapsed());
            tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
        }
    }
}

/// How a run ends for a command as it stands; one that nobody waits for is done when it is given.
pub(crate) fn status(command: &Command, wait: u32) -> ExitStatus {
    if wait == 0 && !has_ended(command) {
        return ExitStatus::Done;
    }
    ExitStatus::of_command(command.status)
}

/// Whether nothing more will become of a command.
pub(crate) fn has_ended(command: &Command) -> bool {
    !matches!(command.status, CommandStatus::Queued | CommandStatus::Started)
}

/// Gives a command and waits. It is given without waiting, so that its id is known when the wait is interrupted.
pub(crate) async fn give<E: Endpoint<Response = Command>>(
    session: &Session,
    client: &Client,
    request: E::Request,
    wait: Duration,
) -> Result<Command, ClientError> {
    session.gives();
    let given = client.call::<E>(&request).await;
    session.gave();
    let command = given?.body;
    if !has_ended(&command) && !wait.is_zero() {
        session.goes_on(command.id);
    }
    follow(session, client, command, wait).await
}

/// Tells what became of one target's command.
fn tell(session: &Session, words: Words, target: &str, command: &Command) -> Result<(), CliError> {
    match session.format {
        Format::Json => return Ok(()),
        Format::Ndjson => return session.printer.data(&json_line(command)),
        Format::Name => return session.printer.data(&command.id.to_string()),
        Format::Table => {}
    }
    let Words { verb, done } = words;
    let nodes: Vec<&str> = command.executions.iter().map(|execution| execution.node.as_str()).collect();
    let place = if nodes.is_empty() { String::new() } else { format!(" on {}", nodes.join(", ")) };
    let reason = command.executions.iter().find_map(|execution| execution.error_message.as_deref());
    let look = format!("worpen commands get {}", command.id);
    session.printer.data(&calm(&match command.status {
        CommandStatus::Succeeded => format!("{target}: {done}{place}"),
        CommandStatus::Queued => format!("{target}: {verb} is queued{place}; look with: {look}"),
        CommandStatus::Started => format!("{target}: {verb} goes on{place}; look with: {look}"),
        other => {
            let reason =
                reason.map_or_else(|| format!("; look with: {look}"), |reason| format!(": {reason}"));
            format!("{target}: {verb} {}{place}{reason}", super::commands::words(other))
        }
    }))
}

/// What became of an execution that gave nothing, in a line.
pub(crate) fn outcome(verb: &str, execution: &Execution) -> String {
    let reason = execution.error_message.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let line = match execution.status {
        CommandStatus::Queued => format!("{}: {verb} is queued", execution.node),
        CommandStatus::Started => format!("{}: {verb} goes on", execution.node),
        other => format!("{}: {verb} {}{reason}", execution.node, super::commands::words(other)),
    };
    calm(&line).replace('\n', " ")
}

/// Tells why a target of several has no command.
fn complain(session: &Session, target: &str, error: ClientError) -> ExitStatus {
    let error = CliError::from(error);
    if let CliError::Failure(failure) = &error {
        session.printer.failure_of(target, failure);
    }
    error.status()
}
