//! `worpen users`: the people and service accounts that sign in.

mod change;
mod create;
mod ls;
mod passwd;
mod role;

use clap::Subcommand;
use jiff::Timestamp;

pub(crate) use self::create::ROLES;
use super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    session::Session,
    table::{Cell, Column, Row},
    tokens::signed_in,
};
use crate::{
    client::ClientError,
    proto::{
        auth::WhoAmI,
        endpoint::{Empty, Endpoint},
        user::{DisableUser, EnableUser, Role, SignOutUser, User},
    },
};

/// Verbs of `worpen users`.
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// List the users.
    #[command(visible_alias = "list")]
    Ls,
    /// Create a user.
    Create(create::Args),
    /// Set a password: your own, an admin anybody's.
    Passwd(passwd::Args),
    /// Give a user another role.
    Role(role::Args),
    /// Let users sign in no more; their sessions and keys end.
    Disable(change::Args),
    /// Let users sign in again.
    Enable(change::Args),
    /// End every session and key of users.
    SignOut(change::Args),
}

pub(crate) async fn run(verb: Users, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Users::Ls => ls::run(session).await,
        Users::Create(args) => create::run(args, session).await,
        Users::Passwd(args) => passwd::run(args, session).await,
        Users::Role(args) => role::run(args, session).await,
        Users::Disable(args) => change::run::<DisableUser>(args, session, "disabled").await,
        Users::Enable(args) => change::run::<EnableUser>(args, session, "enabled").await,
        Users::SignOut(args) => change::run::<SignOutUser>(args, session, "signed out everywhere").await,
    }
}

/// Calls with what this terminal holds. Where that is an admin's key and the server says that it takes an admin in person, as it
/// does for whatever lets another admin in, the password is asked for and it is called again.
async fn in_person<E: Endpoint>(session: &Session, request: &E::Request) -> Result<E::Response, CliError> {
    let client = session.client()?;
    let refused = match client.call::<E>(request).await {
        Ok(answer) => return Ok(answer.body),
        Err(ClientError::Problem(problem)) if problem.status == 403 => ClientError::Problem(problem),
        Err(error) => return Err(error.into()),
    };
    let identity = client.call::<WhoAmI>(&Empty {}).await?.body;
    if identity.key.is_none() || identity.role < Role::Admin {
        return Err(refused.into());
    }
    if !session.printer.can_ask() {
        return Err(CliError::from(refused)
            .hint("do this in a terminal, where your password is asked for: this one holds an API key"));
    }
    session.printer.note("this terminal holds an API key, and this takes your password");
    Ok(signed_in(session, false).await?.call::<E>(request).await?.body)
}

impl Row for User {
    const COLUMNS: &'static [Column] = &[
        Column::words("NAME"),
        Column::words("ROLE"),
        Column::number("AGE"),
        Column::words("DISABLED"),
        Column::words("ID"),
    ];

    fn name(&self) -> String {
        self.username.clone()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        vec![
            self.username.as_str().into(),
            self.role.as_str().into(),
            measure::age(self.created_at, now).into(),
            self.disabled_at.map_or_else(String::new, measure::moment).into(),
            self.id.to_string().into(),
        ]
    }
}
