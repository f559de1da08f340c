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
};
use crate::proto::user::{DisableUser, EnableUser, SignOutUser, User};

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
