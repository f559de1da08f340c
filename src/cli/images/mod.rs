//! `worpen images`: what the nodes hold to make containers of.

mod ls;
mod prune;
mod pull;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    form::Format,
    session::Session,
    table::{Cell, Column, Row, several},
};
use crate::proto::{
    command::{Command, Execution},
    image::Image,
};

/// Verbs of `worpen images`.
#[derive(Debug, Subcommand)]
pub(crate) enum Images {
    /// List the images.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Pull an image on nodes.
    Pull(pull::Args),
    /// Remove images and networks that no container uses, and the build cache.
    Prune(prune::Args),
}

/// The nodes that something is for.
#[derive(Debug, clap::Args)]
pub(crate) struct On {
    /// Name or id of each node; every linked node with a container engine unless told.
    #[arg(long = "on", value_name = "NODE", num_args = 1.., value_delimiter = ',')]
    nodes: Vec<String>,
}

pub(crate) async fn run(verb: Images, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Images::Ls(args) => ls::run(args, session).await,
        Images::Pull(args) => pull::run(args, session).await,
        Images::Prune(args) => prune::run(args, session).await,
    }
}

/// Tells what became of a command, for people node by node.
fn told(session: &Session, command: &Command, line: impl Fn(&Execution) -> String) -> Result<(), CliError> {
    if session.form.format.is_for_people() {
        return session.lines(command.executions.iter().map(line));
    }
    if session.form.format == Format::Csv {
        return session.list(&command.executions);
    }
    session.record(command, &command.id.to_string(), String::new)
}

impl Row for Image {
    const COLUMNS: &'static [Column] = &[
        Column::words("NODE"),
        Column::words("IMAGE"),
        Column::number("SIZE"),
        Column::number("AGE"),
        Column::words("ID"),
        Column::words("DIGEST").wide(),
        Column::number("STALE").wide(),
    ];

    fn name(&self) -> String {
        self.facts.tags.first().unwrap_or(&self.facts.id).to_string()
    }

    fn key(&self) -> String {
        format!("{}/{}", self.agent, self.facts.id)
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        let facts = &self.facts;
        let id = facts.id.trim_start_matches("sha256:").chars().take(12).collect::<String>();
        let tags = several(&facts.tags, " ");
        vec![
            (&*self.node).into(),
            if facts.tags.is_empty() { Cell::told("<none>", "") } else { tags },
            Cell::bytes(Some(facts.size_bytes)),
            Cell::age(facts.created_at, now),
            Cell::told(id, &facts.id),
            several(&facts.digests, " "),
            Cell::age(self.stale_since, now),
        ]
    }
}
