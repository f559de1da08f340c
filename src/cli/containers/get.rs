//! `worpen containers get`: shows one container.

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        session::Session,
        table::{Cell, Row, labels, several},
    },
    health, since, state,
};
use crate::proto::container::{ContainerRef, GetContainer};

/// Arguments of `worpen containers get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id, name, or NODE/NAME of the container.
    container: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let container = session.client()?.call::<GetContainer>(&ContainerRef { id: args.container }).await?.body;
    let facts = &container.facts;
    session.one(
        &container,
        &container.name(),
        [
            ("Name", facts.name.as_str().into()),
            ("Node", (&*container.node).into()),
            ("Id", facts.id.as_str().into()),
            ("State", state(&container, session.now).raw(facts.state.as_str())),
            ("Since", Cell::age(since(&container), session.now)),
            ("Health", health(&container)),
            ("Exit code", Cell::of(facts.exit_code)),
            ("Image", (&*facts.image).into()),
            ("Command", Cell::of(facts.command.as_ref())),
            ("Created", Cell::age(facts.created_at, session.now)),
            ("Ports", several(&facts.ports, ", ")),
            ("Labels", labels(&facts.labels)),
        ],
    )?;
    Ok(ExitStatus::Done)
}
