//! `worpen users create`: creates a user.

use super::{
    super::{error::CliError, exit::ExitStatus, measure, password, session::Session, words},
    in_person,
};
use crate::proto::user::{CreateUser, CreateUserRequest, Role};

const EXAMPLES: &str = "\
Examples:
  worpen users create ada --role operator
  pass show worpen/nightly | worpen users create nightly --role viewer --password-stdin";

/// The roles, the least first.
pub(crate) const ROLES: [&str; 3] = ["viewer", "operator", "admin"];

/// Arguments of `worpen users create`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name to sign in with: small letters, digits, dot, dash and underscore.
    name: String,
    /// What the user may do.
    #[arg(long, value_parser = words::<Role>(&ROLES), ignore_case = true)]
    role: Role,
    /// Read the password from stdin instead of asking twice.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { name, role, password_stdin } = args;
    // Whoever cannot call the server need not think of a password first.
    drop(session.client()?);
    let password = password::fresh(session, password_stdin).await?;
    let request = CreateUserRequest { username: name, password: password.expose().to_owned(), role };
    let user = in_person::<CreateUser>(session, &request).await?;
    session.one(
        &user,
        &user.username,
        [
            ("Name", user.username.as_str().into()),
            ("Role", user.role.as_str().into()),
            ("Id", user.id.to_string().into()),
            ("Created", measure::moment(user.created_at).into()),
        ],
    )?;
    Ok(ExitStatus::Done)
}
