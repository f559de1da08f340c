//! `worpen containers start`: starts containers.

use super::{
    super::{
        act::{self, Wait, Words},
        error::CliError,
        exit::ExitStatus,
        session::{Session, names},
    },
    Targets,
};
use crate::proto::container::{ActOnContainer, StartContainer};

/// Arguments of `worpen containers start`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    wait: Wait,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let words = Words { verb: "start", done: "started" };
    let targets = names(args.targets.containers).await?;
    act::run::<StartContainer>(session, words, targets, args.wait, |id| ActOnContainer { id, wait: Some(0) })
        .await
}
