//! `worpen containers rm`: removes containers.

use super::{
    super::{
        act::{self, Wait, Words},
        error::CliError,
        exit::ExitStatus,
        session::{Session, names},
    },
    Targets,
};
use crate::proto::container::{RemoveContainer, RemoveContainerRequest};

/// Arguments of `worpen containers rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    /// Kill running containers first.
    #[arg(long, short)]
    force: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    wait: Wait,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { targets, force, yes, wait } = args;
    let words = Words { verb: "remove", done: "removed" };
    let targets = names(targets.containers).await?;
    session.confirm(yes, &format!("remove {}", targets.join(", "))).await?;
    act::run::<RemoveContainer>(session, words, targets, wait, |id| RemoveContainerRequest {
        id,
        wait: Some(0),
        force,
    })
    .await
}
