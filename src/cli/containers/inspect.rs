//! `worpen containers inspect`: everything that the engine knows of a container, as JSON.

use super::super::{error::CliError, exit::ExitStatus, form::json_pretty, session::Session};
use crate::proto::container::{ContainerRef, InspectContainer};

/// Arguments of `worpen containers inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id, name, or NODE/NAME of the container.
    container: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let request = ContainerRef { id: args.container };
    let inspected = session.client()?.call::<InspectContainer>(&request).await?.body;
    if session.form.format.is_for_people() {
        session.printer.page(&json_pretty(&inspected))?;
        return Ok(ExitStatus::Done);
    }
    let name = inspected.0.get("Name").and_then(serde_json::Value::as_str).unwrap_or_default();
    session.record(&inspected, name.trim_start_matches('/'), String::new)?;
    Ok(ExitStatus::Done)
}
