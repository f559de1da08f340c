//! `worpen users ls`: lists the users.

use super::super::{error::CliError, exit::ExitStatus, session::Session};
use crate::proto::{page::PageRequest, user::ListUsers};

pub(crate) async fn run(session: &Session) -> Result<ExitStatus, CliError> {
    let users = session.client()?.pages::<ListUsers, _>(&PageRequest::default())?.all().await?;
    session.list(&users)?;
    Ok(ExitStatus::Done)
}
