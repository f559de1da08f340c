//! `worpen logout`: revokes the key of a context at its server, and forgets it here.

use std::time::Duration;

use tokio::time::timeout;

use super::{error::CliError, exit::ExitStatus, session::Session};
use crate::{
    client::{Client, ClientError},
    config::{
        context::{Context, ContextError, Contexts},
        secret::Secret,
    },
    proto::{
        auth::{KeyRef, Logout, RevokeKey, WhoAmI},
        endpoint::Empty,
    },
};

/// A server that is gone must not keep anybody signed in for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Arguments of `worpen logout`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Sign out of every context.
    #[arg(long, conflicts_with = "context")]
    all: bool,
}

/// What became of a key at its server.
enum Revoked {
    /// It no longer holds.
    Done,
    /// It did not hold any more.
    Already,
    /// The server does not tell which key it is: it is older than this program.
    Unknown,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { all } = args;
    let mut contexts = session.contexts()?;
    for name in chosen(all, &contexts, session)? {
        let context = contexts.find(&name)?.1.clone();
        sign_out(&name, &context, &mut contexts, session).await?;
    }
    Ok(ExitStatus::Done)
}

fn chosen(all: bool, contexts: &Contexts, session: &Session) -> Result<Vec<String>, CliError> {
    if all {
        let held = contexts.iter().filter(|(_, context)| context.key.is_some());
        let names: Vec<String> = held.map(|(name, _)| name.to_owned()).collect();
        if names.is_empty() {
            session.printer.note("no context holds a key");
        }
        return Ok(names);
    }
    let named = session.flags.context.as_deref().or(session.environment.context.as_deref());
    let name = named.or(contexts.current()).ok_or(ContextError::NoServer)?;
    Ok(vec![contexts.find(name)?.0.to_owned()])
}

async fn sign_out(
    name: &str,
    context: &Context,
    contexts: &mut Contexts,
    session: &Session,
) -> Result<(), CliError> {
    let printer = &session.printer;
    let server = &context.server;
    let Some(key) = context.key.clone() else {
        printer.note(&match &context.token_file {
            Some(file) => format!(
                "context '{name}' holds no key; its token lies in {}, which stays as it is",
                file.display()
            ),
            None => format!("context '{name}' holds no key; nobody is signed in"),
        });
        return Ok(());
    };
    let revoked = revoke(context, key).await;
    contexts.forget_key(name)?;
    match revoked {
        Ok(Revoked::Done) => printer.note(&format!("signed out of {server}: the key is revoked and forgotten")),
        Ok(Revoked::Already) => {
            printer.note(&format!("signed out of {server}: the key is forgotten; it held no longer"));
        }
        Ok(Revoked::Unknown) => printer.warning(&format!(
            "the key is forgotten here and still holds at {server}, which is too old to say which one it is; \
             revoke it there: worpen tokens ls, worpen tokens revoke"
        )),
        Err(error) => printer.warning(&format!(
            "the key is forgotten here and still holds at {server}: {}; revoke it later: worpen tokens revoke",
            reason(&error),
        )),
    }
    Ok(())
}

async fn revoke(context: &Context, key: Secret) -> Result<Revoked, ClientError> {
    let client = Client::trusting(&context.server, Some(key), context.authority.as_deref())?;
    let asked = async {
        let identity = match client.call::<WhoAmI>(&Empty {}).await {
            Ok(reply) => reply.body,
            Err(ClientError::Problem(problem)) if problem.status == 401 => return Ok(Revoked::Already),
            Err(error) => return Err(error),
        };
        let Some(key) = identity.key else { return Ok(Revoked::Unknown) };
        if key.scope.is_some() {
            // Such a key may end itself, and no other.
            return client.call::<Logout>(&Empty {}).await.map(|_| Revoked::Done);
        }
        client.call::<RevokeKey>(&KeyRef { id: key.id }).await.map(|_| Revoked::Done)
    };
    timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
        Err(ClientError::TimedOut { server: context.server.clone(), seconds: PATIENCE.as_secs() })
    })
}

/// The error and its reasons in one line.
fn reason(error: &ClientError) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
