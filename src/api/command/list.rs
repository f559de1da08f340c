//! Commands, page by page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    super::{
        call::{Answer, Call},
        page::{cursor_of, limit_of, not_a_cursor},
        random::random,
        sight::Sight,
    },
    with_reasons,
};
use crate::{
    core::{
        error::Error,
        port::records::{CommandFilter, Commands},
    },
    id::{AgentId, CommandId},
    proto::{
        command::{Command, ListCommands},
        page::Page,
    },
};

/// How many commands are read together, and how often at most, for a caller who is shown a part of them.
const TOGETHER: usize = 250;
const MOST_LOOKS: usize = 8;
/// What a cursor is sealed for.
const CURSOR: &str = "cursor of commands";

pub(in crate::api) async fn list(call: Call<ListCommands>) -> Result<Answer<ListCommands>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let agent = request.agent.as_deref().map(|agent| target(&call.sight, agent)).transpose()?;
    let filter = CommandFilter { status: request.status, agent, verb: request.verb.clone() };
    let (commands, next_cursor) = if call.sight.is_whole() {
        of_all(&call, &filter, limit).await?
    } else {
        of_some(&call, &filter, limit).await?
    };
    let items = commands.into_iter().map(|command| with_reasons(&call.app, command)).collect();
    Ok(Answer::ok(&Page { items, next_cursor }))
}

/// The agent that a list is asked about; one that is removed is known by its id alone.
pub(super) fn target(sight: &Sight, reference: &str) -> Result<AgentId, Error> {
    let known = sight.fleet().read().agent(reference).map(|agent| agent.id);
    known.or_else(|missing| reference.parse().map_err(|_| missing))
}

type Looked = (Vec<Command>, Option<String>);

async fn of_all(call: &Call<ListCommands>, filter: &CommandFilter, limit: usize) -> Result<Looked, Error> {
    let before = call.request.cursor.as_deref().map(cursor_of).transpose()?;
    let Commands { commands, next } = call.app.records.commands(filter, before, limit).await?;
    Ok((commands, next.map(|id| id.to_string())))
}

/// The same of a caller who is shown a part: every command is looked at, whatever is asked for, and the cursor is sealed, so that
/// neither a page nor where the next one begins tells of a command that the caller is not shown.
async fn of_some(call: &Call<ListCommands>, filter: &CommandFilter, limit: usize) -> Result<Looked, Error> {
    let mut before = call.request.cursor.as_deref().map(|cursor| open(call, cursor)).transpose()?;
    let mut items = Vec::new();
    for _ in 0..MOST_LOOKS {
        let everything = CommandFilter::default();
        let Commands { commands, next } = call.app.records.commands(&everything, before, TOGETHER).await?;
        for command in commands {
            if items.len() == limit {
                return Ok((items, before.map(|id| seal(call, id))));
            }
            before = Some(command.id);
            items.extend(call.sight.command(command).filter(|command| wants(filter, command)));
        }
        let Some(next) = next else { return Ok((items, None)) };
        before = Some(next);
    }
    Ok((items, before.map(|id| seal(call, id))))
}

/// Whether a command is wanted, as its caller is shown it.
fn wants(filter: &CommandFilter, command: &Command) -> bool {
    filter.status.is_none_or(|status| command.status == status)
        && filter.verb.as_ref().is_none_or(|verb| command.verb == *verb)
        && filter.agent.is_none_or(|agent| command.executions.iter().any(|one| one.agent == agent))
}

fn seal(call: &Call<ListCommands>, id: CommandId) -> String {
    URL_SAFE_NO_PAD.encode(call.app.sealing.seal(id.to_string().as_bytes(), CURSOR, random()))
}

fn open(call: &Call<ListCommands>, cursor: &str) -> Result<CommandId, Error> {
    let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| not_a_cursor())?;
    let id = call.app.sealing.open(&sealed, CURSOR).ok_or_else(not_a_cursor)?;
    cursor_of(str::from_utf8(&id).map_err(|_| not_a_cursor())?)
}
