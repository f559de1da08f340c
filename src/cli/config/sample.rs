//! `worpen config sample`: prints a file of all settings with their defaults.

use super::super::{error::CliError, exit::ExitStatus, session::Session};
use crate::config::sample::sample;

pub(crate) fn run(session: &Session) -> Result<ExitStatus, CliError> {
    session.printer.data(&sample())?;
    Ok(ExitStatus::Done)
}
