//! `worpen containers restart`: stops containers, then starts them.

use super::{
    super::{act::Sure, error::CliError, exit::ExitStatus, session::Session},
    deed::{Deed, Targets, Times},
};

const EXAMPLES: &str = "\
Examples:
  worpen containers restart web-1/nginx
  worpen containers restart nginx redis --wait 120 --yes
  worpen containers restart --where 'image.contains(\"nginx\") && health == \"unhealthy\"' --yes";

/// Arguments of `worpen containers restart`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    /// Seconds between the stop signal and the kill; the container's own setting unless told.
    #[arg(long, visible_alias = "timeout-s", value_name = "SECONDS")]
    grace: Option<u32>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    sure: Sure,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { targets, grace, times, sure } = args;
    Deed::Restart { grace }.run(session, targets, sure, times).await
}
