//! `worpen containers get`: shows one container.

use super::{
    super::{error::CliError, exit::ExitStatus, measure, session::Session, table::Row},
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
    let join = |facts: Vec<String>| if facts.is_empty() { measure::dash() } else { facts.join(", ") };
    let labels = facts.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    session.one(
        &container,
        &container.name(),
        [
            ("Name", facts.name.as_str().into()),
            ("Node", (&*container.node).into()),
            ("Id", facts.id.as_str().into()),
            ("State", state(&container, session.now)),
            ("Since", measure::age_or_dash(since(&container), session.now).into()),
            ("Health", health(&container)),
            ("Exit code", facts.exit_code.map_or_else(measure::dash, |code| code.to_string()).into()),
            ("Image", (&*facts.image).into()),
            ("Command", facts.command.as_deref().map_or_else(measure::dash, str::to_owned).into()),
            ("Created", measure::age_or_dash(facts.created_at, session.now).into()),
            ("Ports", join(facts.ports.iter().map(ToString::to_string).collect()).into()),
            ("Labels", join(labels).into()),
        ],
    )?;
    Ok(ExitStatus::Done)
}
