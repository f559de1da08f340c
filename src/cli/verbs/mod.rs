//! `worpen verbs`: what nodes can be told to do.

mod get;
mod ls;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    printer::Tone,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::proto::verb::{Effect, Verb};

/// Verbs of `worpen verbs`.
#[derive(Debug, Subcommand)]
pub(crate) enum Verbs {
    /// List the verbs that any node knows.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Show a verb and the arguments that it takes.
    Get(get::Args),
}

pub(crate) async fn run(verb: Verbs, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Verbs::Ls(args) => ls::run(args, session).await,
        Verbs::Get(args) => get::run(args, session).await,
    }
}

impl Row for Verb {
    const COLUMNS: &'static [Column] = &[
        Column::words("VERB"),
        Column::words("EFFECT"),
        Column::number("NODES"),
        Column::words("ABOUT"),
        Column::words("FROM").wide(),
        Column::number("TIMEOUT").wide(),
        Column::words("AGENTS").wide(),
    ];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        vec![
            self.name.as_str().into(),
            effect(self.effect),
            self.agents.len().to_string().into(),
            self.about.as_str().into(),
            origin(self).into(),
            Cell::of(self.timeout_s),
            self.agents.join(" ").into(),
        ]
    }
}

/// What it does to a node, in words.
fn effect(effect: Effect) -> Cell {
    match effect {
        Effect::Reads => Cell::toned("reads", Tone::Good),
        Effect::Idempotent => Cell::toned("idempotent", Tone::Plain),
        Effect::Acts => Cell::toned("acts", Tone::Warning),
    }
}

const fn origin(verb: &Verb) -> &'static str {
    if verb.is_built_in { "built in" } else { "site" }
}
