//! `worpen containers start`: starts containers.

use super::{
    super::{act::Sure, error::CliError, exit::ExitStatus, session::Session},
    deed::{Deed, Targets, Times},
};

/// Arguments of `worpen containers start`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    times: Times,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    // What starts interrupts nothing.
    Deed::Start.run(session, args.targets, Sure { yes: true }, args.times).await
}
