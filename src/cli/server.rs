//! `worpen server`: runs a server.

use std::{net::SocketAddr, path::PathBuf};

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{error::CliError, exit::ExitStatus, printer::Printer, signal::shutdown};
use crate::{
    config::{
        folder::default_data,
        server::{ServerConfig, SettingError},
    },
    infra::log,
    server::{Server, ServerError},
};

/// Arguments of `worpen server`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on; 127.0.0.1:3000 unless told [env: WORPEN_LISTEN].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Directory for the store and the server's keys [env: WORPEN_DATA].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Serves until it is told to stop.
pub async fn run(args: Args, printer: &Printer) -> Result<ExitStatus, CliError> {
    log::start(!printer.can_ask());
    let config = config(args.listen.as_deref(), args.data, "server")?;
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

/// The settings of flags over environment over defaults.
pub(super) fn config(
    listen: Option<&str>,
    data: Option<PathBuf>,
    part: &str,
) -> Result<ServerConfig, CliError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let data =
        data.or_else(|| variable("WORPEN_DATA").map(PathBuf::from)).unwrap_or_else(|| default_data(part));
    ServerConfig::resolve(listen, data, variable).map_err(|error: SettingError| {
        let origin = error.origin;
        CliError::new(ExitStatus::Usage, error).hint(format!("correct {origin}, or leave it out"))
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
