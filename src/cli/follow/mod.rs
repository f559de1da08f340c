//! What follows a command: its output as it comes, how far it is, and what became of it on each node.
//!
//! Ctrl-C leaves a command going and says how to come back to it; a second one soon after stops it.

mod fold;
mod interrupt;
mod kept;
mod line;
mod screen;
mod tally;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until};

use self::{interrupt::Interrupts, screen::Screen, tally::Tally};
use super::{error::CliError, exit::ExitStatus, printer::Waiting, session::Session};
use crate::{
    client::{Client, OutputNews, OutputReader},
    proto::{
        command::{
            CancelCommand, CancelCommandRequest, Command, CommandOutputRequest, GetCommand, GetCommandRequest,
        },
        output::OutputItem,
    },
};

/// How much longer than a command may take a server is waited for that cannot be reached.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// After so long without news it is said what is waited for.
const STALL: Duration = Duration::from_secs(1);

/// Seconds that somebody who stops a command waits for its end.
const STOP_WAIT_S: u32 = 10;

/// In which shape output is shown.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Shape {
    /// Show equal answers once, after the names of the nodes that gave them.
    #[arg(long)]
    pub(crate) fold: bool,
    /// Of one target: end with the program's own exit code.
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// What is shown of a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) shape: Shape,
    /// Whether the bytes of one target are passed on as they are, also to a terminal.
    pub(crate) raw: bool,
    /// From this byte of each target's output.
    pub(crate) from: Option<u64>,
    /// Only of this target.
    pub(crate) node: Option<String>,
    /// Whether to look at what there is and go.
    pub(crate) once: bool,
}

/// Shows what a command prints until it is over, and ends as it does.
pub(crate) async fn follow(
    session: &Session,
    client: &Client,
    command: &Command,
    view: View,
) -> Result<ExitStatus, CliError> {
    let View { shape, raw, from, node, once } = view;
    let mut interrupts = Interrupts::hear(session)?;
    if !once {
        session.goes_on(command.id);
    }
    let mut tally = Tally::new(command, node.as_deref());
    let mut screen = Screen::new(session, shape, raw, &tally)?;
    let follow = once.then_some(false);
    let reader = client.output(CommandOutputRequest { id: command.id, agent: node.clone(), from, follow });
    let mut following = Following {
        session,
        command,
        reader,
        counter: session.printer.counting(),
        over_by: over_by(command),
    };
    following.count(&tally);
    let mut stalls = (!once).then(|| Instant::now() + STALL);
    loop {
        let news = tokio::select! {
            biased;
            () = interrupts.heard() => {
                following.counter.aside(|| screen.end(&tally))?;
                return following.leave(client, &mut interrupts, &tally).await;
            }
            news = following.reader.next() => news?,
            () = stalled(stalls) => {
                stalls = None;
                following.say_what_waits(client, &mut tally, node.as_deref()).await;
                continue;
            }
        };
        stalls = stalls.map(|_| Instant::now() + STALL);
        match news {
            OutputNews::Item(item) => following.show(&item, &mut tally, &mut screen)?,
            OutputNews::Linked => following.linked(),
            OutputNews::Lost { cause, .. } if Timestamp::now() > following.over_by => {
                return Err(cause.into());
            }
            OutputNews::Lost { cause, retry_in } => {
                let pause = retry_in.as_secs_f64();
                let lost = format!("{cause}; the command goes on; trying again in {pause:.1} s");
                following.counter.aside(|| session.printer.warning(&lost));
            }
            OutputNews::End => break,
        }
    }
    drop(following);
    session.settled(command.id);
    screen.end(&tally)?;
    if once {
        return Ok(ExitStatus::Done);
    }
    let status = tally.status(shape.exit_code);
    // A program whose own code is passed on has said what there is to say.
    if let Some(line) = tally.summary(command.id).filter(|_| !matches!(status, ExitStatus::Program(_))) {
        session.printer.note(&line);
    }
    Ok(status)
}

/// Waits until a moment, for ever where there is none.
async fn stalled(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// When nothing can become of a command any more, whatever a server would say.
fn over_by(command: &Command) -> Timestamp {
    let attempts = i64::from(command.max_retries) + 1;
    let rollout = command.rollout.map_or(0, |rollout| {
        let parts = command.executions.len().div_ceil(rollout.batch.of(command.executions.len()));
        i64::try_from(parts).unwrap_or(i64::MAX).saturating_mul(i64::from(rollout.pause_s))
    });
    let running = attempts.saturating_mul(command.timeout_s.into()).saturating_add(rollout);
    let running = SignedDuration::from_secs(running).saturating_add(GRACE);
    command.expires_at.checked_add(running).unwrap_or(Timestamp::MAX)
}

/// A command that is followed.
struct Following<'a> {
    session: &'a Session,
    command: &'a Command,
    reader: OutputReader,
    counter: Waiting,
    over_by: Timestamp,
}

impl Following<'_> {
    /// Says what is waited for where nothing else goes on. Nothing depends on it, so that a failure is none.
    async fn say_what_waits(&self, client: &Client, tally: &mut Tally, only: Option<&str>) {
        if !tally.only_waits() {
            return;
        }
        let request = GetCommandRequest { id: self.command.id, wait: None };
        if let Ok(reply) = client.call::<GetCommand>(&request).await {
            tally.look(&reply.body, only);
        }
        if let Some(line) = tally.waits() {
            self.counter.aside(|| self.session.printer.note(&line));
        }
    }

    fn show(&self, item: &OutputItem, tally: &mut Tally, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let note = tally.take(item);
        self.counter.aside(|| {
            screen.take(item, tally)?;
            note.iter().for_each(|note| self.session.printer.note(note));
            Ok::<(), CliError>(())
        })?;
        if matches!(item, OutputItem::Status { .. }) {
            self.count(tally);
        }
        Ok(())
    }

    fn count(&self, tally: &Tally) {
        if self.counter.is_shown() {
            self.counter.say(&tally.counts());
        }
    }

    /// The first link is as expected; of a later one somebody was told that it was missing.
    fn linked(&mut self) {
        if self.reader.was_lost() {
            self.counter.aside(|| self.session.printer.note("linked again"));
        }
    }

    /// Says how to come back, and stops the command where somebody insists.
    async fn leave(
        self,
        client: &Client,
        interrupts: &mut Interrupts<'_>,
        tally: &Tally,
    ) -> Result<ExitStatus, CliError> {
        let Self { session, command, reader, counter, .. } = self;
        drop(counter);
        let from = tally.alone().map(|execution| reader.position(execution)).filter(|from| *from > 0);
        let from = from.map_or_else(String::new, |from| format!(" --from {from}"));
        session.settled(command.id);
        session.printer.note(&format!("still running; worpen attach {}{from}", command.id));
        if !interrupts.again(session).await {
            return Ok(ExitStatus::Interrupted);
        }
        let request =
            CancelCommandRequest { id: command.id, agent_targets: Vec::new(), wait: Some(STOP_WAIT_S) };
        session.printer.note("stopping it");
        let stopped = tokio::select! {
            biased;
            () = interrupts.heard() => return Ok(ExitStatus::Interrupted),
            stopped = client.call::<CancelCommand>(&request) => stopped?.body,
        };
        let words = if super::act::has_ended(&stopped) {
            format!("the command {}", super::commands::words(stopped.status))
        } else {
            format!("it was told to stop; look with: worpen commands get {}", command.id)
        };
        session.printer.note(&words);
        Ok(ExitStatus::Interrupted)
    }
}
