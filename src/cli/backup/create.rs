//! `worpen backup create`: a backup of a server that runs, by its API or beside it on the same machine.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use super::{
    super::{config::resolve, error::CliError, exit::ExitStatus, printer::Side, session::Session},
    described,
    file::{Draft, used},
};
use crate::{
    client::{ClientError, RawReply, RawRequest},
    config::{layer::Flags, recipient::Recipient},
    core::backup::Besides,
    infra::backup::Snapshot,
    proto::{
        backup::{BackupRequest, CreateBackup},
        endpoint::Endpoint,
    },
};

const EXAMPLES: &str = "\
Examples:
  worpen backup create worpen.backup                      by the server's API; needs the role admin
  worpen backup create - | ssh vault 'cat > worpen.backup'
  worpen backup create --data /var/lib/worpen /backup/worpen-$(date +%F)

A backup holds the control data and the server's keys. It is encrypted for the public keys that
backup.recipients of the server's settings names; 'worpen backup key' makes a pair.";

/// Arguments of `worpen backup create`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// File to write, which must not be there; - for standard output.
    file: PathBuf,
    /// Also what commands printed.
    #[arg(long)]
    with_output: bool,
    /// Also what the nodes measured.
    #[arg(long)]
    with_telemetry: bool,
    /// Copy this data folder of a server on this machine, whether or not it runs.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Encrypt for this public key instead of those of the settings; may be repeated.
    #[arg(long, value_name = "KEY", requires = "data", conflicts_with = "plain")]
    recipient: Vec<Recipient>,
    /// Encrypt for nobody: whoever reads the file can sign commands to every node.
    #[arg(long, requires = "data")]
    plain: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { file, with_output: output, with_telemetry: telemetry, data, recipient, plain } = args;
    if file == Path::new("-") && session.printer.is_terminal() {
        return Err(CliError::usage("a backup is no text for a terminal").hint("name a file, or pipe it on"));
    }
    match data {
        Some(data) => {
            let recipients = whom(recipient, plain, session)?;
            here(&file, data, Besides { output, telemetry }, recipients, session).await
        }
        None => by_the_server(&file, BackupRequest { output, telemetry }, session).await,
    }
}

/// Whom to encrypt for; nobody only where that was said.
fn whom(named: Vec<Recipient>, plain: bool, session: &Session) -> Result<Vec<Recipient>, CliError> {
    if plain || !named.is_empty() {
        return Ok(named);
    }
    let settings = resolve("server", None, Flags { listen: None, data: None }, &session.printer)?.settings;
    let recipients = settings.backup.recipients.list().to_vec();
    if recipients.is_empty() {
        return Err(CliError::usage("nobody is named to encrypt the backup for").hint(
            "make a pair of keys with 'worpen backup key', then --recipient age1... or backup.recipients in the settings",
        ));
    }
    Ok(recipients)
}

/// Copies a data folder of this machine.
async fn here(
    file: &Path,
    data: PathBuf,
    besides: Besides,
    recipients: Vec<Recipient>,
    session: &Session,
) -> Result<ExitStatus, CliError> {
    let now = session.now;
    let mut out = Out::new(file, session)?;
    let taken = tokio::task::spawn_blocking(move || Snapshot::take(&data, besides, now)).await;
    let snapshot = taken.map_err(|error| CliError::new(ExitStatus::Failed, error))??;
    snapshot.write(&recipients, &mut out).map_err(|source| used(file, source))?;
    let words = described(snapshot.manifest());
    out.keep()?;
    if recipients.is_empty() {
        session
            .printer
            .warning("this backup is not encrypted: whoever reads it can sign commands to every node");
    }
    session.printer.note(&words);
    Ok(ExitStatus::Done)
}

/// Has the server take one and writes what comes.
async fn by_the_server(
    file: &Path,
    request: BackupRequest,
    session: &Session,
) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let body = serde_json::to_vec(&request).map_err(|error| CliError::new(ExitStatus::Failed, error))?;
    let path = CreateBackup::PATH.to_owned();
    let request = RawRequest { method: CreateBackup::METHOD, path, query: Vec::new(), body: Some(body) };
    let mut reply = client.raw(&request).await?;
    let status = reply.status();
    if !status.is_success() {
        let body = reply.bytes().await?;
        return Err(ClientError::Problem(Box::new(RawReply::refusal(status, &body))).into());
    }
    let mut out = Out::new(file, session)?;
    let mut bytes = 0;
    while let Some(piece) = reply.chunk().await? {
        bytes += piece.len();
        out.write_all(&piece).map_err(|source| used(file, source))?;
    }
    out.keep()?;
    session
        .printer
        .note(&format!("{bytes} bytes, encrypted; check it where the secret key is: worpen backup verify"));
    Ok(ExitStatus::Done)
}

/// Where a backup goes.
enum Out<'a> {
    File(Draft),
    Stdout(&'a Session),
}

impl<'a> Out<'a> {
    fn new(file: &Path, session: &'a Session) -> Result<Self, CliError> {
        if file == Path::new("-") { Ok(Self::Stdout(session)) } else { Draft::new(file).map(Self::File) }
    }

    fn keep(self) -> Result<(), CliError> {
        match self {
            Self::File(draft) => draft.keep(),
            Self::Stdout(_) => Ok(()),
        }
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::File(draft) => draft.write(bytes),
            Self::Stdout(session) => match session.printer.bytes(Side::Out, bytes) {
                Ok(()) => Ok(bytes.len()),
                Err(_) => Err(std::io::ErrorKind::BrokenPipe.into()),
            },
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
