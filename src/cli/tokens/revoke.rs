//! `worpen tokens revoke`: revokes API keys.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    session::{Session, names},
};
use crate::{
    client::Client,
    id::KeyId,
    proto::{
        auth::{ApiKey, KeyRef, ListKeys, RevokeKey},
        page::PageRequest,
    },
};

/// Arguments of `worpen tokens revoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of each key, or its name when only one has it; `-` reads them from stdin.
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let named = names(args.keys).await?;
    let ids = find(&client, &named).await?;
    let alone = ids.len() == 1;
    let mut statuses = Vec::new();
    for (name, id) in named.iter().zip(ids) {
        match client.call::<RevokeKey>(&KeyRef { id }).await {
            Ok(_) => {
                statuses.push(ExitStatus::Done);
                session.printer.note(&format!("{name}: revoked"));
            }
            Err(error) if alone => return Err(error.into()),
            Err(error) => {
                let error = CliError::from(error);
                statuses.push(error.status());
                if let CliError::Failure(failure) = &error {
                    session.printer.failure_of(name, failure);
                }
            }
        }
    }
    Ok(ExitStatus::of_all(&statuses))
}

/// The ids of keys, all before anything is done to the first; names are looked up only when there are any.
pub(super) async fn find(client: &Client, named: &[String]) -> Result<Vec<KeyId>, CliError> {
    let mut listed: Option<Vec<ApiKey>> = None;
    let mut ids = Vec::new();
    for name in named {
        if let Ok(id) = name.parse() {
            ids.push(id);
            continue;
        }
        if listed.is_none() {
            listed = Some(client.pages::<ListKeys, _>(&PageRequest::default())?.all().await?);
        }
        let holders: Vec<&ApiKey> = listed.iter().flatten().filter(|key| key.name == *name).collect();
        match holders.as_slice() {
            [one] => ids.push(one.id),
            [] => {
                return Err(CliError::new(ExitStatus::NotFound, format!("there is no API key '{name}'"))
                    .hint("look with: worpen tokens ls"));
            }
            several => {
                let ids: Vec<String> = several.iter().map(|key| key.id.to_string()).collect();
                return Err(CliError::new(
                    ExitStatus::Conflict,
                    format!("{} API keys are named '{name}'", several.len()),
                )
                .hint(format!("name one by its id: {}", ids.join(", "))));
            }
        }
    }
    Ok(ids)
}
