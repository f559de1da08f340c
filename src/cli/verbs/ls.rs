//! `worpen verbs ls`: lists the verbs.

use super::super::{error::CliError, exit::ExitStatus, listing::Listing, session::Session};
use crate::proto::{endpoint::Empty, verb::ListVerbs};

/// Arguments of `worpen verbs ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Columns to show, by their names, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Only verbs that this node knows.
    #[arg(long)]
    node: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { columns, node } = args;
    let mut listing = Listing::new(session, columns.as_deref())?;
    let mut verbs = session.client()?.call::<ListVerbs>(&Empty {}).await?.body.items;
    verbs.retain(|verb| node.as_ref().is_none_or(|node| verb.agents.contains(node)));
    listing.add(&verbs)?;
    listing.end()?;
    Ok(ExitStatus::Done)
}
