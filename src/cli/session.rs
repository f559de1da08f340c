//! [`Session`]: what every command that talks to a server works with.

use std::{
    cell::{self, RefCell},
    io::{self, BufRead, IsTerminal},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    act::Sure,
    error::CliError,
    exit::ExitStatus,
    form::{Form, Format, csv_fields, csv_line, yaml},
    listing::Listing,
    printer::{Canvas, Printer},
    table::{self, Cell, Row},
};
use crate::{
    client::Client,
    config::{
        context::{Contexts, Environment, Flags, Target},
        secret::Secret,
    },
    id::CommandId,
};

/// A run of a command: its output, its server, and the moment it began.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) printer: Printer,
    pub(crate) form: Form,
    pub(crate) flags: Flags,
    pub(crate) environment: Environment,
    pub(crate) now: Timestamp,
    unanswered: cell::Cell<usize>,
    going: RefCell<Vec<CommandId>>,
    hears_interrupts: cell::Cell<bool>,
}

impl Session {
    pub(crate) fn new(printer: Printer, form: Form, flags: Flags) -> Self {
        let (environment, now) = (Environment::read(), Timestamp::now());
        Self {
            printer,
            form,
            flags,
            environment,
            now,
            unanswered: cell::Cell::default(),
            going: RefCell::default(),
            hears_interrupts: cell::Cell::default(),
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
        self.client_with(None)
    }

    /// The same with another token than the context's.
    pub(crate) fn client_with(&self, other: Option<Secret>) -> Result<Client, CliError> {
        let Target { server, server_from, token, token_from, authority, .. } =
            self.contexts()?.resolve(&self.flags, &self.environment)?;
        let proof = token_from.map_or_else(|| "no token".to_owned(), |from| format!("a token from {from}"));
        self.printer.detail(&format!("server {server} from {server_from}, {proof}"));
        Ok(Client::trusting(&server, other.or(token), authority.as_deref())?)
    }

    /// What tables are drawn on; wide ones are never cut.
    pub(crate) fn canvas(&self) -> Canvas {
        let canvas = self.printer.canvas();
        if self.form.format == Format::Wide { Canvas { width: None, ..canvas } } else { canvas }
    }

    /// Prints a list that is at hand.
    pub(crate) fn list<T: Row>(&self, items: &[T]) -> Result<(), CliError> {
        let mut listing = Listing::new(self, None)?;
        listing.add(items)?;
        listing.end()
    }

    /// Prints one thing, for people a fact a line.
    pub(crate) fn one<const N: usize>(
        &self,
        item: &impl Serialize,
        name: &str,
        facts: [(&str, Cell); N],
    ) -> Result<(), CliError> {
        let facts = Vec::from(facts);
        let drawn = || table::facts(facts.iter().map(|(name, cell)| (*name, cell)), self.canvas());
        match self.form.format {
            Format::Table | Format::Wide => self.printer.page(&drawn()),
            Format::Csv => {
                let names = facts.iter().map(|(name, _)| table::name_of(name));
                let values = facts.iter().map(|(_, cell)| cell.value());
                self.printer.raw(&[csv_line(names), csv_line(values)].concat())
            }
            _ => self.record(item, name, String::new),
        }
    }

    /// Prints one thing, for people as a sentence or two.
    pub(crate) fn record(
        &self,
        item: &impl Serialize,
        name: &str,
        words: impl FnOnce() -> String,
    ) -> Result<(), CliError> {
        match self.form.format {
            Format::Table | Format::Wide => self.printer.data(&words()),
            Format::Json => self.printer.raw(&self.form.pretty(item)?),
            Format::Ndjson => self.printer.raw(&self.form.line(item)?),
            Format::Yaml => self.printer.raw(&yaml(item)),
            Format::Csv => self.printer.raw(&csv_fields(item)),
            Format::Name => self.printer.data(name),
        }
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

    /// Says whether Ctrl-C is heard by what runs, and does not end it from outside.
    pub(crate) fn hear_interrupts(&self, heard: bool) {
        self.hears_interrupts.set(heard);
    }

    pub(crate) fn hears_interrupts(&self) -> bool {
        self.hears_interrupts.get()
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

    /// Says no to what is destroyed where nobody is sure and nobody can be asked; to be called before anything is done.
    pub(crate) fn refuse_unsure(&self, sure: Sure, act: &str) -> Result<(), CliError> {
        if sure.yes || self.printer.can_ask() {
            return Ok(());
        }
        Err(CliError::usage(format!("will not {act} without being sure")).hint("add --yes"))
    }

    /// Asks before something is destroyed; what goes beyond one node needs its number typed.
    pub(crate) async fn confirm(&self, sure: Sure, act: &str, reach: Reach) -> Result<(), CliError> {
        self.refuse_unsure(sure, act)?;
        if sure.yes {
            return Ok(());
        }
        let printer = self.printer.clone();
        let (question, wanted) = match reach {
            Reach::OneNode => (format!("{act}? [y/N]"), None),
            Reach::Several(count) => (format!("{act}. Type {count} to go on:"), Some(count.to_string())),
        };
        let answer = aside(move || printer.ask(&question)).await?;
        let answer = answer.trim().to_lowercase();
        let agreed = wanted.map_or(matches!(answer.as_str(), "y" | "yes"), |wanted| answer == wanted);
        if agreed { Ok(()) } else { Err(CliError::new(ExitStatus::Failed, "nothing was done")) }
    }
}

/// How far something reaches that is destroyed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach {
    /// One node at most.
    OneNode,
    /// So many things, on several nodes.
    Several(usize),
}

/// Names from the command line; `-` stands for those on stdin, one a line.
pub(crate) async fn names(given: Vec<String>) -> Result<Vec<String>, CliError> {
    if !given.iter().any(|name| name == "-") {
        return Ok(given);
    }
    if io::stdin().is_terminal() {
        return Err(CliError::usage("'-' reads names from a pipe, and there is none")
            .hint("worpen containers ls -o name | worpen containers stop - --yes"));
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
