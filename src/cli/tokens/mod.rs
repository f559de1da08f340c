//! `worpen tokens`: the API keys that terminals and scripts hold.

mod issue;
mod ls;
mod revoke;
mod rotate;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    measure, password,
    printer::Tone,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::{
    client::Client,
    config::secret::Secret,
    proto::{
        auth::{ApiKey, IssuedKey, Login, LoginRequest, Scope, WhoAmI},
        endpoint::Empty,
    },
};

/// Verbs of `worpen tokens`.
#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// List the API keys: your own, an admin everybody's.
    #[command(visible_alias = "list")]
    Ls,
    /// Issue an API key, and print it once.
    #[command(visible_alias = "create")]
    Issue(issue::Args),
    /// Give an API key of yours another secret, and print it once.
    Rotate(rotate::Args),
    /// Revoke API keys.
    Revoke(revoke::Args),
}

pub(crate) async fn run(verb: Tokens, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Tokens::Ls => ls::run(session).await,
        Tokens::Issue(args) => issue::run(args, session).await,
        Tokens::Rotate(args) => rotate::run(args, session).await,
        Tokens::Revoke(args) => revoke::run(args, session).await,
    }
}

/// A client of somebody who signed in: with a key in this terminal, its user's password is asked for.
pub(super) async fn signed_in(session: &Session, password_stdin: bool) -> Result<Client, CliError> {
    let client = session.client()?;
    let identity = client.call::<WhoAmI>(&Empty {}).await?.body;
    if identity.key.is_none() {
        return Ok(client);
    }
    let password = password::known(session, password_stdin).await?;
    let request = LoginRequest { username: identity.username, password: password.expose().to_owned() };
    let login =
        client.call::<Login>(&request).await.map_err(|error| CliError::from(error).without_hint())?.body;
    session.client_with(Some(Secret::new(login.token)))
}

/// Prints a secret, which is shown once.
fn tell(session: &Session, issued: &IssuedKey) -> Result<(), CliError> {
    // A table of one secret would have to be taken apart again.
    if session.form.format.is_for_people() {
        session.printer.data(&issued.secret)
    } else {
        session.one(issued, &issued.secret, [])
    }
}

/// A scope in words: `docker.* at eu on web-*`.
fn words_of(scope: &Scope) -> String {
    let kinds = [("", &scope.verbs), ("at ", &scope.sites), ("on ", &scope.nodes)];
    let told = kinds.into_iter().filter_map(|(word, patterns)| {
        patterns.as_ref().map(|patterns| format!("{word}{}", patterns.join(",")))
    });
    told.collect::<Vec<_>>().join(" ")
}

impl Row for ApiKey {
    const COLUMNS: &'static [Column] = &[
        Column::words("NAME"),
        Column::words("USER"),
        Column::words("ROLE"),
        Column::number("AGE"),
        Column::words("EXPIRES"),
        Column::words("SCOPE"),
        Column::words("ID"),
    ];

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        let expires = measure::moment(self.expires_at);
        let expires = if self.expires_at <= now {
            Cell::toned(format!("{expires}, over"), Tone::Dim)
        } else {
            expires.into()
        };
        vec![
            self.name.as_str().into(),
            self.username.as_str().into(),
            self.role.as_str().into(),
            measure::age(self.created_at, now).into(),
            expires,
            self.scope.as_ref().map_or_else(String::new, words_of).into(),
            self.id.to_string().into(),
        ]
    }
}
