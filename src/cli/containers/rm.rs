//! `worpen containers rm`: removes containers.

use super::{
    super::{act::Sure, error::CliError, exit::ExitStatus, session::Session},
    deed::{Deed, Targets, Times},
};

const EXAMPLES: &str = "\
Examples:
  worpen containers rm web-1/nginx
  worpen containers rm --where 'state == \"exited\" && finished_age > 86400' --yes";

/// Arguments of `worpen containers rm`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    /// Kill running containers first.
    #[arg(long, short)]
    force: bool,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    sure: Sure,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { targets, force, times, sure } = args;
    Deed::Remove { force }.run(session, targets, sure, times).await
}
