//! `worpen login`: signs in and remembers the server under an API key of its own.

use std::net::IpAddr;

use super::{
    error::CliError,
    exit::ExitStatus,
    measure, password,
    session::{Session, aside},
};
use crate::{
    client::Client,
    config::{context::Context, secret::Secret},
    proto::auth::{IssueKey, IssueKeyRequest, Login, LoginRequest},
};

/// The most characters that a key's name has.
const NAME_CHARS: usize = 64;

/// Arguments of `worpen login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of the server, as https://HOST; the current context's unless told.
    #[arg(value_name = "SERVER")]
    address: Option<String>,
    /// Name to sign in with; asked for unless told.
    #[arg(long, short)]
    username: Option<String>,
    /// Read the password from stdin.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { address, username, password_stdin } = args;
    let mut contexts = session.contexts()?;
    let server = match address {
        Some(address) => address,
        None => contexts.resolve(&session.flags, &session.environment)?.server,
    };
    let client = Client::new(&server, None)?;
    let server = client.server().to_owned();
    if is_heard_by_others(&server) {
        session.printer.warning("this address is not encrypted; others on the way can read the password");
    }
    let username = match username {
        Some(username) => username,
        None => ask_username(session, password_stdin).await?,
    };
    let password = read_password(session, password_stdin).await?;
    let request = LoginRequest { username, password: password.expose().to_owned() };
    let login =
        client.call::<Login>(&request).await.map_err(|error| CliError::from(error).without_hint())?.body;
    let token = Secret::new(login.token);

    let request = IssueKeyRequest { name: key_name(), role: None, expires_in: None };
    let issued = Client::new(&server, Some(token))?.call::<IssueKey>(&request).await?.body;
    let wanted = session.flags.context.as_ref().or(session.environment.context.as_ref());
    let name = wanted.cloned().unwrap_or_else(|| host(&server).to_owned());
    let context = Context { server: server.clone(), key: Some(Secret::new(issued.secret)), token_file: None };
    contexts.save_context(&name, context, true)?;
    session.printer.note(&format!(
        "signed in to {server} as {} until {}; context '{name}' is current",
        login.user.username,
        measure::moment(issued.key.expires_at),
    ));
    Ok(ExitStatus::Done)
}

async fn ask_username(session: &Session, password_stdin: bool) -> Result<String, CliError> {
    if password_stdin || !session.printer.can_ask() {
        return Err(CliError::usage("nobody can be asked for the name").hint("add --username NAME"));
    }
    let printer = session.printer.clone();
    aside(move || printer.ask("Username:")).await
}

async fn read_password(session: &Session, password_stdin: bool) -> Result<Secret, CliError> {
    if password_stdin {
        return aside(password::piped).await;
    }
    if !session.printer.can_ask() {
        return Err(CliError::usage("nobody can be asked for the password")
            .hint("pipe it in and add --password-stdin"));
    }
    let printer = session.printer.clone();
    aside(move || password::ask(&printer, "Password:")).await
}

/// Says in the list of keys where this one is kept.
fn key_name() -> String {
    let host = sysinfo::System::host_name().unwrap_or_else(|_| "unknown".to_owned());
    format!("cli@{host}").chars().take(NAME_CHARS).collect()
}

/// The host and port of an address: the name of a context that nobody named.
fn host(server: &str) -> &str {
    server.split_once("://").map_or(server, |(_, host)| host)
}

/// Whether an address is neither encrypted nor this very machine.
fn is_heard_by_others(server: &str) -> bool {
    let Ok(address) = server.parse::<http::Uri>() else { return true };
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    address.scheme_str() == Some("http") && !here
}
