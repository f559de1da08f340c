//! `worpen context show`: shows a context, and where each part of it comes from.

use serde::Serialize;

use super::{
    super::{error::CliError, exit::ExitStatus, measure, session::Session},
    Shown,
};

/// Arguments of `worpen context show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the context; what flags, environment and contexts come to unless told.
    #[arg(value_name = "CONTEXT")]
    name: Option<String>,
}

/// What a call would use.
#[derive(Debug, Serialize)]
struct InUse {
    name: Option<String>,
    server: String,
    server_from: String,
    token_from: Option<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<ExitStatus, CliError> {
    let contexts = session.contexts()?;
    let file = contexts.path().display().to_string();
    if let Some(name) = &args.name {
        let (name, context) = contexts.find(name)?;
        let shown = Shown::new(name, context, contexts.current());
        let current = if shown.current { "yes" } else { "no" };
        session.one(
            &shown,
            name,
            [
                ("Name", name.into()),
                ("Server", shown.server.as_str().into()),
                ("Current", current.into()),
                ("Signed in with", shown.credentials.words().into()),
                ("File", file.into()),
            ],
        )?;
        return Ok(ExitStatus::Done);
    }
    let target = contexts.resolve(&session.flags, &session.environment)?;
    let used = InUse {
        name: target.context,
        server: target.server,
        server_from: target.server_from.to_string(),
        token_from: target.token_from.map(|from| from.to_string()),
    };
    let name = used.name.clone().unwrap_or_else(measure::dash);
    session.one(
        &used,
        &name,
        [
            ("Name", name.as_str().into()),
            ("Server", format!("{} (from {})", used.server, used.server_from).into()),
            ("Token from", used.token_from.clone().unwrap_or_else(|| "nowhere; sign in".to_owned()).into()),
            ("File", file.into()),
        ],
    )?;
    Ok(ExitStatus::Done)
}
