//! [`Deed`]: what is done to containers, and on which of them.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::super::{
    act::{self, Sure, Wait, Words},
    error::CliError,
    exit::ExitStatus,
    measure::{self, shortened},
    session::{Reach, Session, names},
    table::Row,
};
use crate::{
    client::{Client, ClientError},
    proto::{
        command::{Command, GiveCommand, GiveCommandRequest},
        container::{
            ActOnContainer, Container, ContainerRef, GetContainer, ListContainers, ListContainersRequest,
            RemoveContainer, RemoveContainerRequest, RestartContainer, StartContainer, StopContainer,
            StopContainerRequest,
        },
    },
};

/// Containers that are looked up at the same time.
const AT_ONCE: usize = 16;

/// The containers that a verb is for.
#[derive(Debug, clap::Args)]
pub(crate) struct Targets {
    /// Id, name, or NODE/NAME of each container; `-` reads them from stdin.
    #[arg(required_unless_present = "selector", value_name = "CONTAINER")]
    pub(crate) containers: Vec<String>,
    /// All containers for which this expression holds, instead of names.
    #[arg(id = "selector", long = "where", value_name = "EXPRESSION", conflicts_with = "containers")]
    pub(crate) selector: Option<String>,
}

impl Targets {
    /// The names, and those that the expression finds.
    pub(super) async fn names(self, client: &Client) -> Result<Vec<String>, CliError> {
        let Some(selector) = self.selector else { return names(self.containers).await };
        Ok(select(client, selector).await?.iter().map(Row::name).collect())
    }
}

/// The containers that an expression finds.
async fn select(client: &Client, selector: String) -> Result<Vec<Container>, ClientError> {
    let request = ListContainersRequest { selector: Some(selector), ..ListContainersRequest::default() };
    client.pages::<ListContainers, _>(&request)?.all().await
}

/// How long an act may take, and how long it is waited for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Times {
    #[command(flatten)]
    wait: Wait,
    /// Seconds that the node may take; what the server is set to unless told.
    #[arg(long, value_name = "SECONDS", value_parser = measure::seconds)]
    timeout: Option<u32>,
}

/// What is done to a container.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Start,
    Stop { grace: Option<u32> },
    Restart { grace: Option<u32> },
    Remove { force: bool },
}

impl Deed {
    const fn words(self) -> Words {
        match self {
            Self::Start => Words { verb: "start", done: "started" },
            Self::Stop { .. } => Words { verb: "stop", done: "stopped" },
            Self::Restart { .. } => Words { verb: "restart", done: "restarted" },
            Self::Remove { .. } => Words { verb: "remove", done: "removed" },
        }
    }

    /// Whether somebody has to be sure: of a removal always, of what interrupts service when it is several.
    const fn needs_care(self, several: bool) -> bool {
        match self {
            Self::Start => false,
            Self::Stop { .. } | Self::Restart { .. } => several,
            Self::Remove { .. } => true,
        }
    }

    /// Does it to all targets.
    pub(crate) async fn run(
        self,
        session: &Session,
        targets: Targets,
        sure: Sure,
        times: Times,
    ) -> Result<ExitStatus, CliError> {
        let words = self.words();
        let Times { wait, timeout } = times;
        let (client, targets) = self.choose(session, targets, sure).await?;
        let act = |target: String| {
            let client = &client;
            async move {
                match timeout {
                    None => self.give(session, client, target, wait).await,
                    Some(seconds) => self.give_within(session, client, target, wait, seconds).await,
                }
            }
        };
        let told = |target: &str, command: &Command| {
            (act::line(words, target, command), act::status(command, wait.wait))
        };
        act::each(session, words, targets, act, told).await
    }

    /// The names of the targets, once whoever gave them is sure.
    async fn choose(
        self,
        session: &Session,
        targets: Targets,
        sure: Sure,
    ) -> Result<(Client, Vec<String>), CliError> {
        let verb = self.words().verb;
        let Some(selector) = targets.selector else {
            let names = names(targets.containers).await?;
            let care = self.needs_care(names.len() > 1);
            if care {
                session.refuse_unsure(sure, &format!("{verb} {}", counted(&names)))?;
            }
            let client = session.client()?;
            if care && !sure.yes && !names.is_empty() {
                let known = look_up(&client, &names).await?;
                ask(session, verb, &known).await?;
            }
            return Ok((client, names));
        };
        let care = self.needs_care(true);
        if care {
            session.refuse_unsure(sure, &format!("{verb} every container where {selector}"))?;
        }
        let client = session.client()?;
        let known = select(&client, selector).await?;
        if care && !sure.yes && !known.is_empty() {
            ask(session, verb, &known).await?;
        }
        Ok((client, known.iter().map(Row::name).collect()))
    }

    /// Gives the command that the API has for it.
    async fn give(
        self,
        session: &Session,
        client: &Client,
        id: String,
        wait: Wait,
    ) -> Result<Command, ClientError> {
        let duration = wait.duration();
        let wait = Some(0);
        match self {
            Self::Start => {
                act::give::<StartContainer>(session, client, ActOnContainer { id, wait }, duration).await
            }
            Self::Stop { grace } => {
                let request = StopContainerRequest { id, wait, timeout_s: grace };
                act::give::<StopContainer>(session, client, request, duration).await
            }
            Self::Restart { grace } => {
                let request = StopContainerRequest { id, wait, timeout_s: grace };
                act::give::<RestartContainer>(session, client, request, duration).await
            }
            Self::Remove { force } => {
                let request = RemoveContainerRequest { id, wait, force };
                act::give::<RemoveContainer>(session, client, request, duration).await
            }
        }
    }

    /// Gives the same with a time that the node may take, which only the general command has.
    async fn give_within(
        self,
        session: &Session,
        client: &Client,
        id: String,
        wait: Wait,
        seconds: u32,
    ) -> Result<Command, ClientError> {
        let container = client.call::<GetContainer>(&ContainerRef { id }).await?.body;
        let grace = |grace: Option<u32>| grace.map_or(Value::Null, Value::from);
        let (verb, args) = match self {
            Self::Start => ("docker.start", json!({})),
            Self::Stop { grace: seconds } => ("docker.stop", json!({ "timeout_s": grace(seconds) })),
            Self::Restart { grace: seconds } => ("docker.restart", json!({ "timeout_s": grace(seconds) })),
            Self::Remove { force } => ("docker.rm", json!({ "force": force })),
        };
        let mut args = match args {
            Value::Object(args) => args,
            _ => serde_json::Map::new(),
        };
        args.retain(|_, value| !value.is_null());
        args.insert("container".to_owned(), container.facts.id.into());
        let request = GiveCommandRequest {
            verb: verb.to_owned(),
            args,
            agent_targets: vec![container.agent.to_string()],
            timeout_s: Some(seconds),
            wait: Some(0),
            ..GiveCommandRequest::default()
        };
        act::give::<GiveCommand>(session, client, request, wait.duration()).await
    }
}

/// The containers behind names.
pub(super) async fn look_up(client: &Client, names: &[String]) -> Result<Vec<Container>, CliError> {
    let known: Result<Vec<Container>, ClientError> = stream::iter(names)
        .map(async |name| Ok(client.call::<GetContainer>(&ContainerRef { id: name.clone() }).await?.body))
        .buffered(AT_ONCE)
        .try_collect()
        .await;
    Ok(known?)
}

/// Asks, with what it reaches.
async fn ask(session: &Session, verb: &str, known: &[Container]) -> Result<(), CliError> {
    let nodes: BTreeSet<&str> = known.iter().map(|container| &*container.node).collect();
    let act = match (known, nodes.len()) {
        ([one], _) => format!("{verb} {}", one.name()),
        (several, 1) => {
            let names: Vec<&str> = several.iter().map(|container| container.facts.name.as_str()).collect();
            let node = nodes.first().copied().unwrap_or_default();
            format!("{verb} {} containers on {node}: {}", several.len(), shortened(&names))
        }
        (several, count) => {
            let nodes: Vec<&str> = nodes.iter().copied().collect();
            format!("{verb} {} containers on {count} nodes: {}", several.len(), shortened(&nodes))
        }
    };
    let reach = if nodes.len() > 1 { Reach::Several(known.len()) } else { Reach::OneNode };
    session.confirm(Sure { yes: false }, &act, reach).await
}

fn counted(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        several => format!("{} containers", several.len()),
    }
}
