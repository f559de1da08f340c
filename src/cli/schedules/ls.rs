//! `worpen schedules ls`: lists the schedules.

use std::num::NonZeroU32;

use super::super::{error::CliError, exit::ExitStatus, listing::Listing, session::Session};
use crate::proto::{page::PageRequest, schedule::ListSchedules};

/// Arguments of `worpen schedules ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Columns to show, by their names, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// The most lines to show.
    #[arg(long, value_name = "NUMBER")]
    limit: Option<NonZeroU32>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { columns, limit } = args;
    let listing = Listing::new(session, columns.as_deref())?;
    let most = limit.map_or(usize::MAX, |limit| limit.get() as usize);
    let client = session.client()?;
    listing.pages(client.pages::<ListSchedules, _>(&PageRequest::default())?, most).await?;
    Ok(ExitStatus::Done)
}
