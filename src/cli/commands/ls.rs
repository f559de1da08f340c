//! `worpen commands ls`: lists what was asked of the nodes.

use std::num::NonZeroU32;

use jiff::Timestamp;

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        listing::{Listing, Shown},
        session::Session,
        table::{Cell, Column, Row, several},
        watch::watch,
        words,
    },
    cell,
};
use crate::{
    client::{ClientError, Pages},
    core::selector::{
        Fault, Order, Selector,
        command::{CommandRow, FIELDS},
        compile, select,
    },
    proto::{
        command::{Command, CommandStatus, ListCommands, ListCommandsRequest},
        page::{DEFAULT_LIMIT, MAX_LIMIT},
    },
};

const EXAMPLES: &str = "\
Examples:
  worpen commands ls --status failed --limit 20
  worpen commands ls --where 'actor == \"user:ada\" && age < 3600' --sort -duration
  worpen commands ls --watch";

/// Arguments of `worpen commands ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
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
    /// Only commands for which this expression holds.
    #[arg(long = "where", value_name = "EXPRESSION")]
    selector: Option<String>,
    /// Fields to sort by, a minus before those that go downwards; the newest first unless told.
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    shown: Shown,
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
    let Args { status, node, verb, selector, sort, mut shown } = args;
    shown.limit.get_or_insert(NonZeroU32::MIN.saturating_add(DEFAULT_LIMIT - 1));
    let chosen = Chosen::new(selector.as_deref(), sort.as_deref(), &shown)?;
    let limit = if chosen.is_plain() { shown.page() } else { Some(MAX_LIMIT) };
    let request = ListCommandsRequest { status, agent: node, verb, limit, cursor: None };
    let listing = Listing::new(session, shown.columns.as_deref())?;
    let client = session.client()?;
    let read = async || chosen.read(client.pages::<ListCommands, _>(&request)?).await;
    if shown.watch {
        return watch(session, &client, shown.columns.as_deref(), "command.*", read).await;
    }
    let mut listing = listing;
    listing.add(&read().await?)?;
    listing.end()?;
    Ok(ExitStatus::Done)
}

/// Which commands are shown and in which order. The server keeps commands on disk and knows no fields of them, so they
/// are chosen here, by the rules by which it chooses other things.
struct Chosen {
    selector: Option<Selector<CommandRow>>,
    order: Option<Order<CommandRow>>,
    most: usize,
}

impl Chosen {
    fn new(selector: Option<&str>, sort: Option<&str>, shown: &Shown) -> Result<Self, CliError> {
        let wrong = |flag: &'static str| move |Fault(words)| CliError::usage(format!("{flag}: {words}"));
        Ok(Self {
            selector: selector.map(|text| compile(text, FIELDS)).transpose().map_err(wrong("--where"))?,
            order: sort.map(|text| Order::parse(text, FIELDS)).transpose().map_err(wrong("--sort"))?,
            most: shown.most(),
        })
    }

    /// Whether the first commands of the list are those that are wanted.
    fn is_plain(&self) -> bool {
        self.selector.is_none() && self.order.is_none()
    }

    /// Reads as many pages as are needed: a sort needs all.
    async fn read(&self, mut pages: Pages<Command>) -> Result<Vec<Command>, ClientError> {
        let mut wanted = Vec::new();
        let now = Timestamp::now();
        while (wanted.len() < self.most || self.order.is_some())
            && let Some(page) = pages.next().await?
        {
            wanted.extend(page.into_iter().map(|command| CommandRow { command, now }).filter(|row| {
                // A command that the expression cannot be applied to is none that it finds.
                self.selector.as_ref().is_none_or(|selector| selector.matches(row).unwrap_or(false))
            }));
        }
        if let Some(order) = &self.order {
            let sorted = select(wanted.into_iter(), None, order, None, self.most, || false);
            wanted = sorted.map(|selected| selected.rows).unwrap_or_default();
        }
        wanted.truncate(self.most);
        Ok(wanted.into_iter().map(|row| row.command).collect())
    }
}

impl Row for Command {
    const COLUMNS: &'static [Column] = &[
        Column::words("ID"),
        Column::words("VERB"),
        Column::words("NODE"),
        Column::words("STATUS"),
        Column::words("BY"),
        Column::number("GIVEN"),
        Column::number("ENDED"),
        Column::words("ARGUMENTS").wide(),
        Column::words("ERROR").wide(),
    ];
    const INSIDE: &'static [&'static str] = &["args"];

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        vec![
            self.id.to_string().into(),
            self.verb.as_str().into(),
            nodes(self),
            cell(self.status),
            self.actor.as_str().into(),
            Cell::age(Some(self.created_at), now),
            Cell::age(self.ended_at, now),
            Cell::told(self.args.to_string(), &self.args),
            several(&errors(self), "; "),
        ]
    }
}

/// Why it failed on its targets.
fn errors(command: &Command) -> Vec<&str> {
    command.executions.iter().filter_map(|execution| execution.error_message.as_deref()).collect()
}

/// The target, and how many more there are.
fn nodes(command: &Command) -> Cell {
    let all: Vec<&str> = command.executions.iter().map(|execution| execution.node.as_str()).collect();
    match all.as_slice() {
        [] => Cell::nothing(),
        [one] => (*one).into(),
        [first, more @ ..] => Cell::told(format!("{first} +{}", more.len()), all.join(" ")),
    }
}
