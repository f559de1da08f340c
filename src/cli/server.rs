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
        transport::Tls,
        value::{LogOutput, Value},
    },
    infra::{log, store::OpenError},
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
    let (server, listener, places) = open(&config, shutdown()?).await?;
    let ready = json!({
        "server": places.server,
        "agents": places.agents,
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

/// Where an open server is reached.
pub(super) struct Places {
    /// The address of the API.
    pub(super) address: SocketAddr,
    /// The same as people write it.
    pub(super) server: String,
    /// Where agents join and link.
    pub(super) agents: String,
}

/// Opens the server and its listeners; nothing is served yet.
pub(super) async fn open(
    config: &ServerConfig,
    shutdown: CancellationToken,
) -> Result<(Server, TcpListener, Places), CliError> {
    let listener = listen(config.listen, "choose a free port: --listen 127.0.0.1:0").await?;
    let agents = listen(
        config.agents,
        "choose a free port for agents: agent_management.port, or WORPEN_AGENT_MANAGEMENT_PORT=0",
    )
    .await?;
    let address = listener.local_addr().map_err(CliError::input)?;
    let scheme = if config.tls == Tls::Off { "http" } else { "https" };
    let places = Places {
        address,
        server: format!("{scheme}://{address}"),
        agents: format!("https://{}", agents.local_addr().map_err(CliError::input)?),
    };
    let server = Server::open(config, shutdown).await.map_err(failed)?.managing_agents_at(agents);
    Ok((server, listener, places))
}

async fn listen(address: SocketAddr, hint: &'static str) -> Result<TcpListener, CliError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| CliError::new(ExitStatus::Failed, Unheard { address, source }).hint(hint))
}

/// What went wrong in a server.
pub(super) fn failed(error: ServerError) -> CliError {
    let is_damaged = matches!(&error, ServerError::Store { source: OpenError::Corrupt { .. }, .. });
    let status =
        if matches!(error, ServerError::PlainHttp(_)) { ExitStatus::Usage } else { ExitStatus::Failed };
    let error = CliError::new(status, error);
    if is_damaged {
        return error.hint("restore the latest backup: worpen restore FILE --force --data DIR");
    }
    error
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
