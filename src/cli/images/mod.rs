//! `worpen images`: what the nodes hold to make containers of.

mod ls;
mod prune;
mod pull;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::proto::image::Image;

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

impl Row for Image {
    const COLUMNS: &'static [Column] = &[
        Column::Words("NODE"),
        Column::Words("IMAGE"),
        Column::Number("SIZE"),
        Column::Number("AGE"),
        Column::Words("ID"),
    ];

    fn name(&self) -> String {
        self.facts.tags.first().unwrap_or(&self.facts.id).to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        let facts = &self.facts;
        vec![
            (&*self.node).into(),
            if facts.tags.is_empty() { "<none>".to_owned() } else { facts.tags.join(" ") }.into(),
            measure::bytes(facts.size_bytes).into(),
            measure::age_or_dash(facts.created_at, now).into(),
            facts.id.trim_start_matches("sha256:").chars().take(12).collect::<String>().into(),
        ]
    }
}
