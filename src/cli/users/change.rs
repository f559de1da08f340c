//! `worpen users disable`, `enable` and `sign-out`: what is done to users by their names.

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        session::{Session, names},
    },
    in_person,
};
use crate::proto::{
    endpoint::Endpoint,
    user::{User, UserRef},
};

/// Arguments of such a verb.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of each user; `-` reads them from stdin.
    #[arg(required = true, value_name = "USER")]
    users: Vec<String>,
}

pub(crate) async fn run<E>(args: Args, session: &Session, done: &str) -> Result<ExitStatus, CliError>
where
    E: Endpoint<Request = UserRef, Response = User>,
{
    let named = names(args.users).await?;
    let alone = named.len() == 1;
    let mut statuses = Vec::new();
    for name in named {
        match in_person::<E>(session, &UserRef { id: name.clone() }).await {
            Ok(_) => {
                statuses.push(ExitStatus::Done);
                session.printer.note(&format!("{name}: {done}"));
            }
            Err(error) if alone => return Err(error),
            Err(error) => {
                statuses.push(error.status());
                if let CliError::Failure(failure) = &error {
                    session.printer.failure_of(&name, failure);
                }
            }
        }
    }
    Ok(ExitStatus::of_all(&statuses))
}
