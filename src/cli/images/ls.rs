//! `worpen images ls`: lists the images of the fleet.

use super::super::{error::CliError, exit::ExitStatus, session::Session};
use crate::proto::image::{ListImages, ListImagesRequest};

/// Arguments of `worpen images ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only images of this node.
    #[arg(long)]
    node: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let request = ListImagesRequest { node: args.node, ..ListImagesRequest::default() };
    let images = session.client()?.pages::<ListImages, _>(&request)?.all().await?;
    session.list(&images)?;
    Ok(ExitStatus::Done)
}
