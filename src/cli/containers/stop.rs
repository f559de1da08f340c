//! `worpen containers stop`: stops containers.

use super::{
    super::{
        act::{self, Wait, Words},
        error::CliError,
        exit::ExitStatus,
        session::{Session, names},
    },
    Targets,
};
use crate::proto::container::{StopContainer, StopContainerRequest};

const EXAMPLES: &str = "\
Examples:
  worpen containers stop web-1/nginx
  worpen containers stop nginx redis --wait 120
  worpen containers ls --node web-1 -o name | worpen containers stop -";

/// Arguments of `worpen containers stop`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    /// Seconds between the stop signal and the kill; the container's own setting unless told.
    #[arg(long, value_name = "SECONDS")]
    timeout_s: Option<u32>,
    #[command(flatten)]
    wait: Wait,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { targets, timeout_s, wait } = args;
    let words = Words { verb: "stop", done: "stopped" };
    let targets = names(targets.containers).await?;
    act::run::<StopContainer>(session, words, targets, wait, |id| StopContainerRequest {
        id,
        wait: Some(0),
        timeout_s,
    })
    .await
}
