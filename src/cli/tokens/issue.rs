//! `worpen tokens issue`: issues an API key.

use super::{
    super::{error::CliError, exit::ExitStatus, measure, session::Session, users::ROLES, words},
    signed_in, tell,
};
use crate::proto::{
    auth::{IssueKey, IssueKeyRequest, IssuedKey, Scope},
    user::Role,
};

const EXAMPLES: &str = "\
Examples:
  worpen tokens issue nightly --role viewer --expires-in 30d
  worpen tokens issue deploy --role operator > deploy.token
  worpen tokens issue restart-eu --verbs 'docker.restart,docker.logs' --sites eu --nodes 'web-*'

A key cannot issue keys, so the password is asked for when this terminal holds a key.";

/// Arguments of `worpen tokens issue`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What the key is for.
    name: String,
    /// What the key may do; as much as you unless told, never more.
    #[arg(long, value_parser = words::<Role>(&ROLES), ignore_case = true)]
    role: Option<Role>,
    /// How long it holds, such as 12h or 30d, at most a year; 30 days unless told.
    #[arg(long, visible_alias = "expires", value_name = "SECONDS", value_parser = measure::seconds)]
    expires_in: Option<u32>,
    /// Narrow it to verbs, by name or pattern, separated by commas, such as docker.*,exec.
    #[arg(long, value_name = "VERBS", value_delimiter = ',')]
    verbs: Option<Vec<String>>,
    /// Narrow it to nodes of these sites, by name or pattern; others are not there for it.
    #[arg(long, value_name = "SITES", value_delimiter = ',')]
    sites: Option<Vec<String>>,
    /// Narrow it to these nodes, by name or pattern, such as web-*.
    #[arg(long, value_name = "NODES", value_delimiter = ',')]
    nodes: Option<Vec<String>>,
    /// Read your password from stdin.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { name, role, expires_in, verbs, sites, nodes, password_stdin } = args;
    let client = signed_in(session, password_stdin).await?;
    let is_narrowed = verbs.is_some() || sites.is_some() || nodes.is_some();
    let scope = is_narrowed.then_some(Scope { verbs, sites, nodes });
    let request = IssueKeyRequest { name, role, expires_in: expires_in.map(u64::from), scope };
    let issued: IssuedKey = client.call::<IssueKey>(&request).await?.body;
    tell(session, &issued)?;
    let key = &issued.key;
    let within =
        key.scope.as_ref().map_or_else(String::new, |scope| format!(" to {}", super::words_of(scope)));
    session.printer.note(&format!(
        "the key '{}' of {} may do what the role {} may{within}, until {}; it is shown this once",
        key.name,
        key.username,
        key.role.as_str(),
        measure::moment(key.expires_at),
    ));
    session.printer.note(&format!("its end before that: worpen tokens revoke {}", key.id));
    Ok(ExitStatus::Done)
}
