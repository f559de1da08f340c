//! `worpen context`: the servers that this terminal knows, and which one is meant.

mod ls;
mod rename;
mod rm;
mod show;
mod switch;

use clap::Subcommand;
use serde::Serialize;

use super::{error::CliError, exit::ExitStatus, session::Session};
use crate::config::context::Context;

/// Verbs of `worpen context`.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the contexts.
    #[command(visible_alias = "list")]
    Ls,
    /// Make a context the current one.
    Use(switch::Args),
    /// Show a context, the one in use unless told.
    Show(show::Args),
    /// Forget contexts and their keys.
    Rm(rm::Args),
    /// Give a context another name.
    Rename(rename::Args),
}

pub(crate) fn run(verb: Verb, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Verb::Ls => ls::run(session),
        Verb::Use(args) => switch::run(&args, session),
        Verb::Show(args) => show::run(&args, session),
        Verb::Rm(args) => rm::run(&args, session),
        Verb::Rename(args) => rename::run(&args, session),
    }
}

/// A context without its secret.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    server: String,
    current: bool,
    credentials: Credentials,
}

/// What a context signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Credentials {
    Key,
    TokenFile,
    None,
}

impl Credentials {
    const fn words(self) -> &'static str {
        match self {
            Self::Key => "a key",
            Self::TokenFile => "a token's file",
            Self::None => "nothing; sign in",
        }
    }
}

impl Shown {
    fn new(name: &str, context: &Context, current: Option<&str>) -> Self {
        let credentials = match context {
            Context { token_file: Some(_), .. } => Credentials::TokenFile,
            Context { key: Some(_), .. } => Credentials::Key,
            _ => Credentials::None,
        };
        Self {
            name: name.to_owned(),
            server: context.server.clone(),
            current: current == Some(name),
            credentials,
        }
    }
}
