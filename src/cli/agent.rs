//! `worpen agent`: runs the agent of this node.

use std::path::PathBuf;

use super::{error::CliError, exit::ExitStatus, printer::Printer};

/// Arguments of `worpen agent`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server to link to.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// Join with this invitation first; `-` reads it from stdin, where no other user sees it.
    #[arg(long, value_name = "INVITATION")]
    pub join: Option<String>,
    /// Directory for the agent's key, journal and spool.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A name and value that selectors can use; may be given several times.
    #[arg(long, value_name = "K=V", value_parser = label)]
    pub label: Vec<(String, String)>,
}

/// Works for the node until it is told to stop.
#[expect(clippy::unused_async, reason = "the agent is not wired in yet")]
pub async fn run(args: Args, _printer: &Printer) -> Result<ExitStatus, CliError> {
    Err(CliError::new(ExitStatus::Failed, format!("no agent in this build ({})", args.server)))
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
