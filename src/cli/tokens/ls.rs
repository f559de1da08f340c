//! `worpen tokens ls`: lists the API keys.

use super::super::{error::CliError, exit::ExitStatus, session::Session};
use crate::proto::{auth::ListKeys, page::PageRequest};

pub(crate) async fn run(session: &Session) -> Result<ExitStatus, CliError> {
    let keys = session.client()?.pages::<ListKeys, _>(&PageRequest::default())?.all().await?;
    session.list(&keys)?;
    Ok(ExitStatus::Done)
}
