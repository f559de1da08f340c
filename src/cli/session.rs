//! [`Session`]: what every command that talks to a server works with.

use std::{
    cell::{Cell, RefCell},
    fmt,
    io::{self, BufRead, IsTerminal},
};

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    error::CliError,
    exit::ExitStatus,
    printer::Printer,
    table::{self, Row},
};
use crate::{
    client::Client,
    config::context::{Contexts, Environment, Flags, Target},
    id::CommandId,
};

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON document: an array for a list, an object for one thing.
    Json,
    /// One JSON document a line.
    Ndjson,
    /// One name a line, as other commands take it.
    Name,
}

/// A run of a command: its output, its server, and the moment it began.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) printer: Printer,
    pub(crate) format: Format,
    pub(crate) flags: Flags,
    pub(crate) environment: Environment,
    pub(crate) now: Timestamp,
    unanswered: Cell<usize>,
    going: RefCell<Vec<CommandId>>,
}

impl Session {
    pub(crate) fn new(printer: Printer, format: Format, flags: Flags) -> Self {
        let (environment, now) = (Environment::read(), Timestamp::now());
        Self {
            printer,
            format,
            flags,
            environment,
            now,
            unanswered: Cell::default(),
            going: RefCell::default(),
        }
    }

    /// The contexts, with a warning when others can read them.
    pub(crate) fn contexts(&self) -> Result<Contexts, CliError> {
        let contexts = Contexts::load(&self.environment)?;
        if let Some(warning) = contexts.warning() {
            self.printer.warning(warning);
        }
        Ok(contexts)
    }

    /// A client of the server that flags, environment and contexts name.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let Target { server, server_from, token, token_from, .. } =
            self.contexts()?.resolve(&self.flags, &self.environment)?;
        let proof = token_from.map_or_else(|| "no token".to_owned(), |from| format!("a token from {from}"));
        self.printer.detail(&format!("server {server} from {server_from}, {proof}"));
        Ok(Client::new(&server, token)?)
    }

    /// Prints a list.
    pub(crate) fn list<T: Row>(&self, items: &[T]) -> Result<(), CliError> {
        match self.format {
            Format::Table if items.is_empty() => self.printer.note("nothing to show"),
            Format::Table => self.printer.data(&table::list(items, self.now, self.printer.canvas()))?,
            Format::Json => self.json(items)?,
            Format::Ndjson => self.lines(items.iter().map(|item| json_line(item)))?,
            Format::Name => self.lines(items.iter().map(T::name))?,
        }
        Ok(())
    }

    /// Prints one thing.
    pub(crate) fn one<const N: usize>(
        &self,
        item: &impl Serialize,
        name: &str,
        facts: [(&str, table::Cell); N],
    ) -> Result<(), CliError> {
        match self.format {
            Format::Table => self.printer.data(&table::facts(facts, self.printer.canvas())),
            Format::Json => self.json(item),
            Format::Ndjson => self.printer.data(&json_line(item)),
            Format::Name => self.printer.data(name),
        }
    }

    /// Prints a JSON document.
    pub(crate) fn json(&self, value: &(impl Serialize + ?Sized)) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| unwritable(&error));
        self.printer.data(&text)
    }

    /// Prints lines in one write.
    pub(crate) fn lines(&self, lines: impl Iterator<Item = String>) -> Result<(), CliError> {
        self.printer.data(&lines.map(|line| line + "\n").collect::<String>())
    }

    /// Remembers that a command is about to be given, and nobody knows yet whether it was.
    pub(crate) fn gives(&self) {
        self.unanswered.update(|count| count + 1);
    }

    /// Forgets it, since the server answered.
    pub(crate) fn gave(&self) {
        self.unanswered.update(|count| count - 1);
    }

    /// Remembers that a command goes on whatever becomes of this run.
    pub(crate) fn goes_on(&self, id: CommandId) {
        self.going.borrow_mut().push(id);
    }

    /// Forgets a command whose end, or the lack of one, is told elsewhere.
    pub(crate) fn settled(&self, id: CommandId) {
        self.going.borrow_mut().retain(|other| *other != id);
    }

    /// Tells how to look at commands that this run leaves going.
    pub(crate) fn tell_what_goes_on(&self) {
        if self.unanswered.get() > 0 {
            self.printer.note("the server had not answered yet; what was asked for may still happen");
        }
        for id in self.going.borrow().iter() {
            self.printer.note(&format!("the command goes on; look with: worpen commands get {id}"));
        }
    }

    /// Asks before something is destroyed; off a terminal only `--yes` will do.
    pub(crate) async fn confirm(&self, yes: bool, act: &str) -> Result<(), CliError> {
        if yes {
            return Ok(());
        }
        if !self.printer.can_ask() {
            return Err(CliError::usage(format!("will not {act} without being sure")).hint("add --yes"));
        }
        let printer = self.printer.clone();
        let question = format!("{act}? [y/N]");
        let answer = aside(move || printer.ask(&question)).await?;
        if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        Err(CliError::new(ExitStatus::Failed, "nothing was done"))
    }
}

/// Names from the command line; `-` stands for those on stdin, one a line.
pub(crate) async fn names(given: Vec<String>) -> Result<Vec<String>, CliError> {
    if !given.iter().any(|name| name == "-") {
        return Ok(given);
    }
    if io::stdin().is_terminal() {
        return Err(CliError::usage("'-' reads names from a pipe, and there is none")
            .hint("worpen containers ls -o name | worpen containers stop -"));
    }
    let piped: Vec<String> =
        aside(|| io::stdin().lock().lines().collect::<Result<_, _>>().map_err(CliError::input)).await?;
    let piped = piped.iter().map(|line| line.trim().to_owned()).filter(|name| !name.is_empty());
    Ok(given.into_iter().filter(|name| name != "-").chain(piped).collect())
}

/// Runs what blocks, such as a question, beside the runtime, so that Ctrl-C is heard meanwhile.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CliError> + Send + 'static,
) -> Result<T, CliError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(CliError::new(ExitStatus::Failed, error)))
}

/// JSON on one line.
pub(crate) fn json_line(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| unwritable(&error))
}

/// What is printed of a value that JSON cannot hold; the protocol's types have none.
fn unwritable(error: &impl fmt::Display) -> String {
    serde_json::json!({ "error": error.to_string() }).to_string()
}
