//! `worpen images ls`: lists the images of the fleet.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    listing::{self, Shown},
    session::Session,
};
use crate::proto::image::{ListImages, ListImagesRequest};

const EXAMPLES: &str = "\
Examples:
  worpen images ls --where 'size > 500000000' --sort -size
  worpen images ls --node web-1 -o csv > images.csv";

/// Arguments of `worpen images ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only images of this node.
    #[arg(long)]
    node: Option<String>,
    /// Only images for which this expression holds.
    #[arg(long = "where", value_name = "EXPRESSION")]
    selector: Option<String>,
    /// Fields to sort by, a minus before those that go downwards.
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { node, selector, sort, shown } = args;
    let request = ListImagesRequest { node, selector, sort, limit: shown.page(), cursor: None };
    listing::list::<ListImages, _>(session, &shown, &request, "image.*,agent.*").await
}
