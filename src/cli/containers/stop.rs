//! `worpen containers stop`: stops containers.

use super::{
    super::{act::Sure, error::CliError, exit::ExitStatus, session::Session},
    deed::{Deed, Targets, Times},
};

const EXAMPLES: &str = "\
Examples:
  worpen containers stop web-1/nginx
  worpen containers stop nginx redis --wait 120 --yes
  worpen containers stop --where 'node == \"web-1\" && image.contains(\"nginx\")' --yes
  worpen containers ls --node web-1 -o name | worpen containers stop - --yes";

/// Arguments of `worpen containers stop`.
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
    Deed::Stop { grace }.run(session, targets, sure, times).await
}
