//! `worpen server`: runs a server.

use std::{net::SocketAddr, path::PathBuf};

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{config::resolve, error::CliError, exit::ExitStatus, printer::Printer, signal::shutdown};
use crate::{
    config::{
        layer::Flags,
        server::ServerConfig,
        settings::Logging,
        value::{LogOutput, Value},
    },
    infra::log,
    server::{Server, ServerError},
};

/// Arguments of `worpen server`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of settings; /etc/worpen/worpen.toml unless told [env: WORPEN_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; 127.0.0.1:3000 unless told [env: WORPEN_LISTEN].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Directory for the store and the server's keys [env: WORPEN_DATA].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Serves until it is told to stop.
pub async fn run(args: Args, printer: &Printer) -> Result<ExitStatus, CliError> {
    let flags = Flags { listen: args.listen, data: args.data };
    let resolved = resolve("server", args.config, flags, printer)?;
    start_log(&resolved.settings.logging, printer)?;
    let config = ServerConfig::of(resolved.settings, "server");
    let (server, listener, address) = open(&config, shutdown()?).await?;
    let ready = json!({
        "server": format!("http://{address}"),
        "data": config.data,
        "admin_password_file": server.admin_password(),
    });
    printer.data(&format!("{ready}\n"))?;
    server.serve(listener).await.map_err(failed)?;
    Ok(ExitStatus::Done)
}

/// Starts the log of a long-running part.
pub(super) fn start_log(logging: &Logging, printer: &Printer) -> Result<(), CliError> {
    log::start(logging, printer.can_ask()).map_err(|source| {
        let error = Unlogged { output: logging.output.clone(), source };
        CliError::new(ExitStatus::Failed, error).hint("see where logging.output is set: worpen config show")
    })
}

/// Opens the server and its listener; nothing is served yet.
pub(super) async fn open(
    config: &ServerConfig,
    shutdown: CancellationToken,
) -> Result<(Server, TcpListener, SocketAddr), CliError> {
    let listener = TcpListener::bind(config.listen).await.map_err(|source| {
        CliError::new(ExitStatus::Failed, Unheard { address: config.listen, source })
            .hint("choose a free port: --listen 127.0.0.1:0")
    })?;
    let address = listener.local_addr().map_err(CliError::input)?;
    let server = Server::open(config, shutdown).await.map_err(failed)?;
    Ok((server, listener, address))
}

/// What went wrong in a server.
pub(super) fn failed(error: ServerError) -> CliError {
    CliError::new(ExitStatus::Failed, error)
}

/// No listener, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
struct Unheard {
    address: SocketAddr,
    source: std::io::Error,
}

/// No log, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the log to {}", output.shown().unwrap_or_else(|| "nothing".into()))]
struct Unlogged {
    output: LogOutput,
    source: std::io::Error,
}
