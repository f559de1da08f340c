//! `worpen dev`: a server, this machine's agent and the dashboard in one process, over the real link with the real
//! enrolment.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    config::resolve,
    error::CliError,
    exit::ExitStatus,
    form::Form,
    printer::Printer,
    server::{failed, open, start_log},
    session::Session,
    signal::shutdown,
    top,
};
use crate::{
    agent::{self, Identity, IdentityError, RunError},
    api::{app::App, clock},
    config::{
        agent::AgentConfig,
        context::{self, Context, Contexts, Environment},
        folder::default_data,
        layer::Flags,
        private,
        server::ServerConfig,
        transport::Tls,
        value::LogOutput,
    },
    core::{trust::AnchorKind, usecase::key},
    id::AgentId,
    proto::agent::AgentStatus,
    server::{invite_locally, issue_key_locally},
};

/// The name of the context that is saved.
const CONTEXT: &str = "dev";
/// How long the agent may take to link before the start is told as done without it.
const LINK_TIMEOUT: Duration = Duration::from_secs(10);

/// Arguments of `worpen dev`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of settings [env: WORPEN_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; 127.0.0.1:3000 unless told [env: WORPEN_LISTEN].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Directory to keep; a second start goes on with the same data [env: WORPEN_DATA].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Name of the node; the host's own unless told.
    #[arg(long)]
    pub name: Option<String>,
    /// Show no dashboard, even on a terminal; say where the server is instead.
    #[arg(long)]
    pub headless: bool,
}

/// Shows the dashboard until it is left, or off a terminal serves until it is told to stop.
pub async fn run(args: Args, printer: &Printer) -> Result<ExitStatus, CliError> {
    let flags = Flags { listen: args.listen, data: args.data };
    let mut resolved = resolve("dev", args.config, flags, printer)?;
    let shows = printer.is_interactive() && !args.headless && top::can_draw();
    let logging = &mut resolved.settings.logging;
    if shows && logging.output == LogOutput::Stderr {
        // The terminal is the dashboard's.
        let data = resolved.settings.server.data.clone().unwrap_or_else(|| default_data("dev"));
        private::folder(&data).map_err(CliError::output)?;
        logging.output = LogOutput::File(data.join("dev.log"));
    }
    start_log(&resolved.settings.logging, printer)?;
    let mut config = ServerConfig::of(resolved.settings, "dev");
    if is_taken(config.agents) {
        printer.warning(&format!(
            "port {} is another program's; agents join at a free one",
            config.agents.port()
        ));
        config.agents.set_port(0);
    }
    let shutdown = shutdown()?;
    let (server, listener, places) = open(&config, shutdown.clone()).await?;
    let app = server.app().clone();
    let scheme = if config.tls == Tls::Off { "http" } else { "https" };
    let url = format!("{scheme}://{}", reachable(places.address));
    let authority =
        (config.tls == Tls::Authority).then(|| app.trust.current().set.materials(AnchorKind::Authority));
    let authority = authority.and_then(|authorities| authorities.into_iter().next());
    let serving = tokio::spawn(server.serve(listener));
    // What this machine's agent says does not leave the machine. Where callers need TLS it joins as others do.
    let linked_to = if config.tls == Tls::Off { url.clone() } else { places.agents.clone() };
    let agent_config = AgentConfig::new(linked_to, config.data.join("agent"));
    let name = args.name.unwrap_or_else(host_name);
    let identity = enroll(&app, &agent_config, &name).await?;
    let agent = identity.agent();
    let running: JoinHandle<Result<(), RunError>> = tokio::spawn(agent::run(agent_config, shutdown.clone()));
    let token_file = config.data.join("token");
    keep_token(&app, &token_file).await?;
    save_context(&url, &token_file, authority)?;
    let linked = async {
        let mut changes = app.feed.changes();
        while !is_online(&app, agent) && changes.changed().await.is_ok() {}
    };
    if timeout(LINK_TIMEOUT, linked).await.is_err() {
        printer.warning("this machine's agent has not linked yet; its log lines say why");
    }
    let ready = json!({ "server": url, "agents": places.agents, "data": config.data, "context": CONTEXT, "token_file": token_file });
    drop(app);
    if shows {
        let flags = context::Flags { server: None, context: Some(CONTEXT.to_owned()) };
        let session = Session::new(printer.clone(), Form::default(), flags);
        let left = top::run(top::Args::default(), &session).await;
        shutdown.cancel();
        let stayed = stay(serving, running, &shutdown, printer).await;
        return left.and(stayed);
    }
    printer.data(&format!("{ready}\n"))?;
    stay(serving, running, &shutdown, printer).await
}

fn is_online(app: &App, agent: AgentId) -> bool {
    app.fleet.read().agent_by_id(agent).is_some_and(|agent| agent.status == AgentStatus::Online)
}

/// Stays until the server ends; an agent that ends earlier is told of.
async fn stay(
    serving: JoinHandle<Result<(), crate::server::ServerError>>,
    running: JoinHandle<Result<(), RunError>>,
    shutdown: &CancellationToken,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    let watched = async {
        if let Ok(Err(error)) = running.await {
            printer.warning(&format!("this machine's agent ended: {error}"));
        }
    };
    let (served, ()) = tokio::join!(
        async {
            let served = serving.await;
            shutdown.cancel();
            served
        },
        watched
    );
    served.map_err(|error| CliError::new(ExitStatus::Failed, error))?.map_err(failed)?;
    Ok(ExitStatus::Done)
}

/// Whether another program listens there.
fn is_taken(address: SocketAddr) -> bool {
    std::net::TcpListener::bind(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// The address under which this machine reaches a listener.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    }
    address
}

/// The host's name as a node's name may be.
fn host_name() -> String {
    let facts = crate::infra::telemetry::host_facts();
    let name: String = facts
        .hostname
        .unwrap_or_default()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .take(63)
        .collect();
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// The identity of this machine's agent; it joins when it has none, or one that the server no longer knows.
async fn enroll(app: &App, config: &AgentConfig, name: &str) -> Result<Identity, CliError> {
    let cannot = |error: IdentityError| CliError::new(ExitStatus::Failed, error);
    match Identity::load(&config.data) {
        Ok(known) if app.fleet.read().agent_by_id(known.agent()).is_some() => return Ok(known),
        Ok(_) => {
            // The server forgot it: what the folder holds is of no more use to anybody.
            fs::remove_dir_all(&config.data).map_err(CliError::input)?;
        }
        Err(IdentityError::NotJoined) => {}
        Err(error) => return Err(cannot(error)),
    }
    let invitation = invite_locally(app, name).await.map_err(|error| {
        CliError::new(ExitStatus::Conflict, error).hint("choose another name: worpen dev --name NAME")
    })?;
    agent::join(config, &invitation.token).await.map_err(|error| CliError::new(ExitStatus::Failed, error))
}

/// Keeps an API key for this machine's terminals in a file of its owner: the one that is there while it holds.
async fn keep_token(app: &App, path: &Path) -> Result<(), CliError> {
    let failed = |error| CliError::new(ExitStatus::Failed, error);
    match fs::read_to_string(path) {
        Ok(known) => {
            let holder = key::recognize(&*app.records, known.trim(), clock::now()).await.map_err(failed)?;
            if holder.is_some() {
                return Ok(());
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(CliError::input(error)),
    }
    let issued = issue_key_locally(app, "dev").await.map_err(failed)?;
    private::replace(path, format!("{}\n", issued.secret).as_bytes()).map_err(CliError::output)
}

/// Saves the context that the next terminal uses.
fn save_context(url: &str, token_file: &Path, authority: Option<String>) -> Result<(), CliError> {
    let mut contexts = Contexts::load(&Environment::read())?;
    let token_file = fs::canonicalize(token_file).map_err(CliError::input)?;
    let context = Context { server: url.to_owned(), key: None, token_file: Some(token_file), authority };
    Ok(contexts.save_context(CONTEXT, context, true)?)
}
