//! `worpen commands watch`: follows commands by their events until they are over.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        act,
        error::CliError,
        exit::ExitStatus,
        form::Format,
        listing::Listing,
        printer::{Bars, calm},
        session::{Session, names},
    },
    words,
};
use crate::{
    client::{Client, News},
    id::{CommandId, ExecutionId},
    proto::{
        command::{Command, CommandStatus, GetCommand, GetCommandRequest},
        event::{StreamItem, SubscribeRequest},
    },
};

const EXAMPLES: &str = "\
Examples:
  worpen commands watch 0198c0de-0000-7000-8000-00000000000c
  worpen commands ls --status started -o name | worpen commands watch -
  worpen containers restart web-1/nginx --wait 0 -o name | worpen commands watch -";

/// Arguments of `worpen commands watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of each command; `-` reads them from stdin.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let ids = super::ids(&names(args.ids).await?)?;
    let mut listing = Listing::new(session, None)?;
    let client = session.client()?;
    let (types, live) = (Some("command.*".to_owned()), Some("progress".to_owned()));
    let mut stream = client.stream(SubscribeRequest { types, live, ..SubscribeRequest::default() });
    stream.begin().await?;
    let mut watched = Watched::new(session);
    for id in &ids {
        watched.look(&client, *id).await?;
    }
    while ids.iter().any(|id| watched.goes_on(*id)) {
        match stream.next().await? {
            News::Item(StreamItem::Events { event }) => {
                let about = event.data.get("command").and_then(|command| command.get("id"));
                let about = about.and_then(|id| id.as_str()).and_then(|id| id.parse::<CommandId>().ok());
                if let Some(id) = about.filter(|id| ids.contains(id)) {
                    watched.look(&client, id).await?;
                }
            }
            News::Item(StreamItem::Live { progress: Some(progress), .. })
                if ids.contains(&progress.command) =>
            {
                watched.bars.set(&progress.node, progress.done_bytes, progress.total_bytes);
            }
            News::Item(StreamItem::Gap { .. }) => {
                for id in &ids {
                    watched.look(&client, *id).await?;
                }
            }
            News::Linked => session.printer.note("linked again"),
            News::Lost { cause, retry_in } => {
                let pause = retry_in.as_secs_f64();
                session.printer.warning(&format!("{cause}; trying again in {pause:.1} s"));
            }
            News::Item(_) => {}
        }
    }
    let ended: Vec<Command> = ids.iter().filter_map(|id| watched.known.remove(id)).collect();
    let statuses: Vec<ExitStatus> = ended.iter().map(|command| act::status(command, 1)).collect();
    match (session.form.format, ended.as_slice()) {
        // Each was told when it ended.
        (Format::Table | Format::Wide | Format::Ndjson, _) => {}
        (Format::Json | Format::Yaml, [one]) => session.record(one, "", String::new)?,
        _ => {
            listing.add(&ended)?;
            listing.end()?;
        }
    }
    Ok(ExitStatus::of_all(&statuses))
}

/// What is known of the commands, and was told.
struct Watched<'a> {
    session: &'a Session,
    known: BTreeMap<CommandId, Command>,
    told: BTreeMap<ExecutionId, CommandStatus>,
    over: BTreeSet<CommandId>,
    bars: Bars,
}

impl<'a> Watched<'a> {
    fn new(session: &'a Session) -> Self {
        Self {
            session,
            known: BTreeMap::new(),
            told: BTreeMap::new(),
            over: BTreeSet::new(),
            bars: session.printer.bars(),
        }
    }

    fn goes_on(&self, id: CommandId) -> bool {
        !self.over.contains(&id)
    }

    /// Looks at a command and tells what is new of it.
    async fn look(&mut self, client: &Client, id: CommandId) -> Result<(), CliError> {
        let command = client.call::<GetCommand>(&GetCommandRequest { id, wait: None }).await;
        let command = match command {
            Ok(reply) => reply.body,
            // The stream goes on where it was, and what it tells leads here again.
            Err(error) if error.is_passing() && self.known.contains_key(&id) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if act::has_ended(&command) && !self.over.insert(id) {
            return Ok(());
        }
        let told: Vec<String> = self.news(&command);
        let (session, format) = (self.session, self.session.form.format);
        let is_new = self.known.get(&id) != Some(&command);
        self.bars.aside(|| match format {
            Format::Ndjson if is_new => session.printer.raw(&session.form.line(&command)?),
            format if format.is_for_people() => session.lines(told.into_iter()),
            _ => Ok(()),
        })?;
        self.known.insert(id, command);
        Ok(())
    }

    /// A line for each execution that stands otherwise than was told, and one for the end of several.
    fn news(&mut self, command: &Command) -> Vec<String> {
        let mut lines = Vec::new();
        for execution in &command.executions {
            if self.told.insert(execution.id, execution.status) == Some(execution.status) {
                continue;
            }
            lines.push(match execution.status {
                CommandStatus::Succeeded => format!("{}: {} succeeded", execution.node, command.verb),
                _ => act::outcome(&command.verb, execution),
            });
        }
        if act::has_ended(command) && command.executions.len() != 1 {
            lines.push(format!("{} {}", command.verb, words(command.status)));
        }
        lines.iter().map(|line| calm(line)).collect()
    }
}
