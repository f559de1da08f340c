//! `worpen audit export`: prints the whole audit log.

use super::{
    super::{error::CliError, exit::ExitStatus, printer::Side, session::Session},
    open_export,
};

/// Passes the lines on as they come, whatever form was asked for: they are verified byte for byte.
pub(crate) async fn run(session: &Session) -> Result<ExitStatus, CliError> {
    if session.form.jq.is_some() {
        return Err(CliError::usage("an export is verified byte for byte, and cannot be filtered")
            .hint("worpen audit ls --jq ..."));
    }
    let mut reply = open_export(session).await?;
    while let Some(chunk) = reply.chunk().await? {
        session.printer.bytes(Side::Out, &chunk)?;
    }
    Ok(ExitStatus::Done)
}
