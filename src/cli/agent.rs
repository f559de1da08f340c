//! `worpen agent`: runs the agent of this node, and looks at the files that its operator writes.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    config::resolve, error::CliError, exit::ExitStatus, printer::Printer, server::start_log, signal::shutdown,
};
use crate::{
    agent::{self, IdentityError, JoinError, RunError},
    config::{agent::AgentConfig, folder::default_data, layer::Flags},
};

/// Arguments of `worpen agent`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// File of settings, of which the section logging is the agent's; /etc/worpen/worpen.toml unless told
    /// [env: WORPEN_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The server to link to; the one it joined unless told.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Join with this invitation first; `-` reads it from stdin, where no other user sees it.
    #[arg(long, value_name = "INVITATION", requires = "server")]
    pub join: Option<String>,
    /// Directory for the agent's key, journal and spool [env: WORPEN_DATA].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A name and value that selectors can use; may be given several times.
    #[arg(long, value_name = "K=V", value_parser = label)]
    pub label: Vec<(String, String)>,
    /// Folder of verbs that this site defines, an executable and a manifest each; `verbs` in the data directory unless
    /// told [env: WORPEN_VERBS].
    #[arg(long, value_name = "DIR")]
    pub verbs: Option<PathBuf>,
    /// This node's own policy, which wins over any order; without the file none is obeyed. Unless told, policy.toml in
    /// the data directory, if there is one [env: WORPEN_POLICY].
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Join and link also where somebody shows a certificate that this system trusts instead of the server's own: a TLS proxy
    /// before the server, or a certificate that was bought. Such a node goes on so after it has joined.
    #[arg(long)]
    pub trust_system_roots: bool,
    /// What to do instead of running.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What `worpen agent` does besides running.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// The node's own policy.
    #[command(subcommand)]
    Policy(PolicyVerb),
}

/// What can be done with a policy.
#[derive(Debug, clap::Subcommand)]
pub enum PolicyVerb {
    /// Read a policy as the agent would, and say whether it can be used.
    Check {
        /// The policy.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Works for the node until it is told to stop.
pub async fn run(args: Args, printer: &Printer) -> Result<ExitStatus, CliError> {
    if let Some(Verb::Policy(PolicyVerb::Check { file })) = args.verb {
        return check_policy(&file, printer);
    }
    let resolved = resolve("agent", args.config, Flags::default(), printer)?;
    start_log(&resolved.settings.logging, printer)?;
    let data = args.data.or_else(|| place("WORPEN_DATA"));
    let mut config =
        AgentConfig::new(args.server.unwrap_or_default(), data.unwrap_or_else(|| default_data("agent")));
    config.labels = args.label.into_iter().collect();
    config.verbs = args.verbs.or_else(|| place("WORPEN_VERBS"));
    config.policy = args.policy.or_else(|| place("WORPEN_POLICY"));
    config.trust_system_roots = args.trust_system_roots;
    if let Some(token) = args.join {
        let token = if token == "-" { read_token()? } else { token };
        let identity = agent::join(&config, token.trim()).await.map_err(not_joined)?;
        printer.note(&format!("joined as {}", identity.name()));
    }
    agent::run(config, shutdown()?).await.map_err(ended)?;
    Ok(ExitStatus::Done)
}

fn check_policy(file: &Path, printer: &Printer) -> Result<ExitStatus, CliError> {
    let rules = agent::check_policy(file)
        .map_err(|why| CliError::new(ExitStatus::Failed, format!("an agent would obey nobody: {why}")))?;
    let rules = if rules == 1 { "1 rule".to_owned() } else { format!("{rules} rules") };
    printer.note(&format!("the policy is good: {}, {rules}", file.display()));
    Ok(ExitStatus::Done)
}

fn place(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|place| !place.is_empty()).map(PathBuf::from)
}

fn read_token() -> Result<String, CliError> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).map_err(CliError::input)?;
    Ok(text)
}

fn not_joined(error: JoinError) -> CliError {
    let status = match &error {
        JoinError::NotAToken | JoinError::NotAnAddress(_) => ExitStatus::Usage,
        JoinError::AlreadyJoined { .. } => ExitStatus::Conflict,
        JoinError::Unreachable { .. } | JoinError::NotNow { .. } => ExitStatus::Unreachable,
        JoinError::Refused { .. } | JoinError::OtherServer { .. } | JoinError::OtherAuthority { .. } => {
            ExitStatus::NotAllowed
        }
        JoinError::Tls(_) | JoinError::NoKey(_) | JoinError::Identity(_) => ExitStatus::Failed,
    };
    CliError::new(status, error)
}

fn ended(error: RunError) -> CliError {
    match &error {
        RunError::Identity(IdentityError::NotJoined) => CliError::new(ExitStatus::NotAllowed, error)
            .hint("make an invitation (worpen agents invite NAME), then: worpen agent --server URL --join -"),
        RunError::NotAnAddress(_) => CliError::new(ExitStatus::Usage, error),
        RunError::Revoked { .. } => CliError::new(ExitStatus::NotAllowed, error),
        RunError::AlreadyRunning(_) => CliError::new(ExitStatus::Conflict, error),
        _ => CliError::new(ExitStatus::Failed, error),
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
