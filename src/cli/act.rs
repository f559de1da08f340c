//! Acts: something done to each of several targets, at once and within bounds, told in the order of the targets.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};

use super::{
    error::CliError, exit::ExitStatus, form::Format, listing::Listing, measure, printer::calm,
    session::Session, table::Row,
};
use crate::{
    client::{Client, ClientError},
    proto::{
        command::{Command, CommandStatus, Execution, GetCommand, GetCommandRequest},
        endpoint::Endpoint,
    },
};

/// Targets that are acted on at the same time.
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

/// Whether somebody is asked before something is destroyed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Sure {
    /// Do not ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// What an act is called before and after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// `stop`.
    pub(crate) verb: &'static str,
    /// `stopped`.
    pub(crate) done: &'static str,
}

/// Does something to each target, tells what became of it, and ends as all of them together did. `told` says what
/// became of one, in a line and as an exit status.
pub(crate) async fn each<R: Row, F: Future<Output = Result<R, ClientError>>>(
    session: &Session,
    words: Words,
    targets: Vec<String>,
    act: impl Fn(String) -> F,
    told: impl Fn(&str, &R) -> (String, ExitStatus),
) -> Result<ExitStatus, CliError> {
    if targets.is_empty() {
        session.printer.note(&format!("nothing to {}", words.verb));
    }
    let alone = targets.len() == 1;
    let steps = session.printer.steps();
    let mut ends = stream::iter(targets)
        .map(|target| {
            let (given, steps) = (act(target.clone()), steps.clone());
            async move {
                let _step = steps.begin(&format!("{} {target}", words.verb));
                let given = given.await;
                (target, given)
            }
        })
        .buffered(AT_ONCE.get());
    // Of one target the record itself is shown, of several a list of them.
    let mut listing = if alone { None } else { Some(Listing::new(session, None)?) };
    let for_people = session.form.format.is_for_people();
    let mut statuses = Vec::new();
    while let Some((target, end)) = ends.next().await {
        let record = match end {
            Ok(record) => record,
            Err(error) if alone => return Err(error.into()),
            Err(error) => {
                statuses.push(steps.aside(|| complain(session, &target, error)));
                continue;
            }
        };
        let (line, status) = told(&target, &record);
        statuses.push(status);
        steps.aside(|| match &mut listing {
            _ if for_people => session.printer.data(&calm(&line)),
            Some(listing) => listing.add(std::slice::from_ref(&record)),
            None if session.form.format == Format::Csv => session.list(std::slice::from_ref(&record)),
            None => session.record(&record, &record.name(), String::new),
        })?;
    }
    drop(ends);
    if let Some(listing) = listing.filter(|_| !for_people) {
        listing.end()?;
    }
    if statuses.len() > 1 {
        let done = statuses.iter().filter(|status| **status == ExitStatus::Done).count();
        session.printer.note(&format!("{} {done} of {}", words.done, statuses.len()));
    }
    Ok(ExitStatus::of_all(&statuses))
}

/// Asks something of each target and shows the answers as a list; ends as all of them together did.
pub(crate) async fn gather<R: Row, F: Future<Output = Result<R, ClientError>>>(
    session: &Session,
    words: Words,
    targets: Vec<String>,
    ask: impl Fn(String) -> F,
) -> Result<ExitStatus, CliError> {
    let mut listing = Listing::new(session, None)?;
    let steps = session.printer.steps();
    let mut answers = stream::iter(targets)
        .map(|target| {
            let (given, steps) = (ask(target.clone()), steps.clone());
            async move {
                let _step = steps.begin(&format!("{} {target}", words.verb));
                let given = given.await;
                (target, given)
            }
        })
        .buffered(AT_ONCE.get());
    let mut statuses = Vec::new();
    while let Some((target, answer)) = answers.next().await {
        statuses.push(match answer {
            Ok(record) => {
                steps.aside(|| listing.add(std::slice::from_ref(&record)))?;
                ExitStatus::Done
            }
            Err(error) => steps.aside(|| complain(session, &target, error)),
        });
    }
    drop(answers);
    listing.end()?;
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

/// What became of one target's command, in a line.
pub(crate) fn line(words: Words, target: &str, command: &Command) -> String {
    let Words { verb, done } = words;
    let nodes: Vec<&str> = command.executions.iter().map(|execution| execution.node.as_str()).collect();
    let place = if nodes.is_empty() { String::new() } else { format!(" on {}", nodes.join(", ")) };
    let reason = command.executions.iter().find_map(|execution| execution.error_message.as_deref());
    let look = format!("worpen commands get {}", command.id);
    match command.status {
        CommandStatus::Succeeded => format!("{target}: {done}{place}"),
        CommandStatus::Queued => format!("{target}: {verb} is queued{place}; look with: {look}"),
        CommandStatus::Started => format!("{target}: {verb} goes on{place}; look with: {look}"),
        other => {
            let reason =
                reason.map_or_else(|| format!("; look with: {look}"), |reason| format!(": {reason}"));
            format!("{target}: {verb} {}{place}{reason}", super::commands::words(other))
        }
    }
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
