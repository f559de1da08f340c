//! `worpen users role`: gives a user another role.

use super::{
    super::{error::CliError, exit::ExitStatus, session::Session, words},
    ROLES, in_person,
};
use crate::proto::user::{Role, SetUserRole, SetUserRoleRequest};

/// Arguments of `worpen users role`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the user.
    #[arg(value_name = "USER")]
    user: String,
    /// What the user may do from now on.
    #[arg(value_parser = words::<Role>(&ROLES), ignore_case = true)]
    role: Role,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { user: id, role } = args;
    let user = in_person::<SetUserRole>(session, &SetUserRoleRequest { id, role }).await?;
    session
        .record(&user, &user.username, || format!("{}: {} from now on", user.username, user.role.as_str()))?;
    Ok(ExitStatus::Done)
}
