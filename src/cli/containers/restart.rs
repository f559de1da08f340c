//! `worpen containers restart`: stops containers, then starts them.

use super::{
    super::{
        act::{self, Wait, Words},
        error::CliError,
        exit::ExitStatus,
        session::{Session, names},
    },
    Targets,
};
use crate::proto::container::{RestartContainer, StopContainerRequest};

/// Arguments of `worpen containers restart`.
#[derive(Debug, clap::Args)]
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
    let words = Words { verb: "restart", done: "restarted" };
    let targets = names(targets.containers).await?;
    act::run::<RestartContainer>(session, words, targets, wait, |id| StopContainerRequest {
        id,
        wait: Some(0),
        timeout_s,
    })
    .await
}
