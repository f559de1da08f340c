//! `worpen users passwd`: sets a password.

use super::{
    super::{error::CliError, exit::ExitStatus, password, session::Session},
    in_person,
};
use crate::proto::{
    auth::WhoAmI,
    endpoint::Empty,
    user::{SetUserPassword, SetUserPasswordRequest},
};

const EXAMPLES: &str = "\
Examples:
  worpen users passwd               # your own: the present one is asked for first
  worpen users passwd ada           # as an admin

Every session and key of the user ends, but the key of this terminal when it is your own password. With --password-stdin the
lines are read in the order in which they would be asked for: the present password where it is your own, then the new one.";

/// Arguments of `worpen users passwd`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the user; yourself unless told.
    #[arg(value_name = "USER")]
    user: Option<String>,
    /// Read the passwords from stdin, a line each, instead of asking.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { user, password_stdin } = args;
    let client = session.client()?;
    let me = client.call::<WhoAmI>(&Empty {}).await?.body;
    let id = user.unwrap_or_else(|| me.username.clone());
    let is_own = id == me.username || id == me.id.to_string();
    let (current, password) = if password_stdin {
        let lines = password::known(session, true).await?;
        let mut lines = lines.expose().lines().map(str::to_owned);
        let current = if is_own { lines.next() } else { None };
        (current, lines.next().unwrap_or_default())
    } else {
        let current = if is_own { Some(password::present(session).await?.expose().to_owned()) } else { None };
        (current, password::fresh(session, false).await?.expose().to_owned())
    };
    let request = SetUserPasswordRequest { id, password, current };
    let user = if is_own {
        client.call::<SetUserPassword>(&request).await?.body
    } else {
        in_person::<SetUserPassword>(session, &request).await?
    };
    session.record(&user, &user.username, || {
        let stays = if is_own { ", but for what this terminal holds" } else { "" };
        format!("{}: the password is set; every session and key before it has ended{stays}", user.username)
    })?;
    Ok(ExitStatus::Done)
}
