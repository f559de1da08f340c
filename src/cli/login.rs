//! `worpen login`: signs in and remembers the server under an API key of its own.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{
    error::CliError,
    exit::ExitStatus,
    measure, password,
    session::{Session, aside},
};
use crate::{
    client::{self, Client},
    config::{context::Context, secret::Secret, trust},
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
    /// Know the server by the authority in this PEM file (worpen ca show --pem), and by no other.
    #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
    ca: Option<PathBuf>,
    /// Know the server by its own authority, whose certificate has this SHA-256 (worpen ca show).
    #[arg(long, value_name = "SHA256", value_parser = fingerprint)]
    fingerprint: Option<Fingerprint>,
}

/// The SHA-256 of an authority's certificate.
#[derive(Clone, Copy, Debug)]
struct Fingerprint([u8; 32]);

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    let digits: String = text.chars().filter(|digit| *digit != ':').collect();
    let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(Fingerprint)
        .ok_or_else(|| "expected 64 hexadecimal digits, as worpen ca show prints".to_owned())
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { address, username, password_stdin, ca, fingerprint } = args;
    let mut contexts = session.contexts()?;
    let server = match address {
        Some(address) => address,
        None => contexts.resolve(&session.flags, &session.environment)?.server,
    };
    let known = contexts.authority_of(&server).map(str::to_owned);
    let authority = authority(&server, known, ca.as_deref(), fingerprint, session).await?;
    let client = Client::trusting(&server, None, authority.as_deref())?;
    let server = client.server().to_owned();
    if is_heard_by_others(&server) {
        session.printer.warning("this address is not encrypted; others on the way can read the password");
    }
    let username = match username {
        Some(username) => username,
        None => ask_username(session, password_stdin).await?,
    };
    let password = password::known(session, password_stdin).await?;
    let request = LoginRequest { username, password: password.expose().to_owned() };
    let login =
        client.call::<Login>(&request).await.map_err(|error| CliError::from(error).without_hint())?.body;
    let token = Secret::new(login.token);

    let request = IssueKeyRequest { name: key_name(), role: None, expires_in: None, scope: None };
    let issued = client.with_token(&token)?.call::<IssueKey>(&request).await?.body;
    let wanted = session.flags.context.as_ref().or(session.environment.context.as_ref());
    let name = wanted.cloned().unwrap_or_else(|| host(&server).to_owned());
    let key = Some(Secret::new(issued.secret));
    let context = Context { server: server.clone(), key, token_file: None, authority };
    contexts.save_context(&name, context, true)?;
    session.printer.note(&format!(
        "signed in to {server} as {} until {}; context '{name}' is current",
        login.user.username,
        measure::moment(issued.key.expires_at),
    ));
    Ok(ExitStatus::Done)
}

/// By whom the server is known: by the authority that was told, by the one that is known, by those that the system trusts, or
/// by the server's own, once somebody has compared its fingerprint.
async fn authority(
    server: &str,
    known: Option<String>,
    ca: Option<&Path>,
    told: Option<Fingerprint>,
    session: &Session,
) -> Result<Option<String>, CliError> {
    if let Some(path) = ca {
        let read = CertificateDer::from_pem_file(path);
        let der = read.map_err(|error| CliError::usage(format!("{}: {error}", path.display())))?;
        return Ok(Some(STANDARD.encode(der)));
    }
    if !server.starts_with("https://") || (known.is_some() && told.is_none()) {
        return Ok(known);
    }
    let shown = client::look(server).await?;
    if let Some(Fingerprint(told)) = told {
        let found = shown.certificates.iter().find(|der| trust::fingerprint(der) == told);
        let found = found.ok_or_else(|| {
            CliError::new(ExitStatus::NotAllowed, NotShown(server.to_owned()))
                .hint("compare with: worpen ca show (where you are signed in already)")
        })?;
        return Ok(Some(STANDARD.encode(found)));
    }
    if shown.is_trusted {
        return Ok(None);
    }
    let Some(own) = shown.certificates.get(1) else {
        // Nothing that it shows could vouch for its next certificate: the system's word is needed.
        return Ok(None);
    };
    let digits: Vec<String> = trust::fingerprint(own).iter().map(|byte| format!("{byte:02x}")).collect();
    let digits = digits.concat();
    if !session.printer.can_ask() {
        let why = format!("nobody that this system trusts certifies {server}, and nobody can be asked");
        return Err(CliError::usage(why)
            .hint(format!("if worpen ca show prints the same there, add: --fingerprint {digits}")));
    }
    session.printer.warning(&format!(
        "nobody that this system trusts certifies {server}. It shows an authority of its own, SHA-256\n  {digits}\n\
         Compare it with what worpen ca show prints, or ask whoever runs the server."
    ));
    let printer = session.printer.clone();
    let answer = aside(move || printer.ask("Is it the same? [y/N]")).await?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(Some(STANDARD.encode(own)));
    }
    Err(CliError::new(ExitStatus::NotAllowed, NotShown(server.to_owned())))
}

/// The server does not show what it must.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not known by the authority that it shows; nothing was sent")]
struct NotShown(String);

async fn ask_username(session: &Session, password_stdin: bool) -> Result<String, CliError> {
    if password_stdin || !session.printer.can_ask() {
        return Err(CliError::usage("nobody can be asked for the name").hint("add --username NAME"));
    }
    let printer = session.printer.clone();
    aside(move || printer.ask("Username:")).await
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
pub(super) fn is_heard_by_others(server: &str) -> bool {
    let Ok(address) = server.parse::<http::Uri>() else { return true };
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    address.scheme_str() == Some("http") && !here
}
