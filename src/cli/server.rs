//! `worpen server`: runs a server.

use std::{net::SocketAddr, path::PathBuf};

use super::{error::CliError, exit::ExitStatus, printer::Printer};

/// Arguments of `worpen server`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Directory for the store and the server's keys.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Serves until it is told to stop.
#[expect(clippy::unused_async, reason = "the server is not wired in yet")]
pub async fn run(args: Args, _printer: &Printer) -> Result<ExitStatus, CliError> {
    Err(CliError::new(ExitStatus::Failed, format!("no server in this build ({})", args.listen)))
}
