//! Asks a server for names, for a second at most.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::names::{Name, Noun};
use crate::{
    client::{Client, ClientError, Pages},
    config::context::Target,
    proto::{
        agent::{Agent, ListAgents, ListAgentsRequest},
        auth::{ApiKey, ListKeys},
        command::{Command, ListCommands, ListCommandsRequest},
        container::{Container, ListContainers, ListContainersRequest},
        endpoint::Empty,
        image::{Image, ListImages, ListImagesRequest},
        page::PageRequest,
        schedule::{ListSchedules, Schedule},
        telemetry::ListMetrics,
        verb::ListVerbs,
    },
};

/// The longest that somebody who pressed a key waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// Commands are many and the latest are meant.
const LATEST: u32 = 50;

/// What a server said in time.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) names: Vec<Name>,
    /// Whether that is all of it.
    pub(super) whole: bool,
}

/// Asks for the names of a list; what did not come in time is left out.
pub(super) fn names(target: &Target, noun: Noun) -> Answer {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Answer::default();
    };
    let answer = runtime.block_on(async {
        let (token, authority) = (target.token.clone(), target.authority.as_deref());
        let Ok(client) = Client::trusting(&target.server, token, authority) else { return Answer::default() };
        match noun {
            Noun::Agents => {
                let pages = client.pages::<ListAgents, Agent>(&ListAgentsRequest::default());
                gather(pages, |agent| {
                    Name::about(
                        agent.agent_id,
                        format!("{} in {}", agent.status.as_str().to_lowercase(), agent.site),
                    )
                })
                .await
            }
            Noun::Containers => {
                let pages = client.pages::<ListContainers, Container>(&ListContainersRequest::default());
                gather(pages, |container| {
                    Name::about(
                        format!("{}/{}", container.node, container.facts.name),
                        &*container.facts.image,
                    )
                })
                .await
            }
            Noun::Images => {
                let pages = client.pages::<ListImages, Image>(&ListImagesRequest::default());
                let mut answer = gather_each(pages, |image| {
                    image.facts.tags.iter().map(|tag| Name::new(&**tag)).collect()
                })
                .await;
                answer.names.sort_by(|one, other| one.name.cmp(&other.name));
                answer.names.dedup();
                answer
            }
            Noun::Metrics => metrics(&client).await,
            Noun::Commands => latest_commands(&client).await,
            Noun::Schedules => {
                let pages = client.pages::<ListSchedules, Schedule>(&PageRequest::default());
                gather(pages, |schedule| Name::about(schedule.name, schedule.cron)).await
            }
            Noun::Verbs => verbs(&client).await,
            Noun::Keys => {
                let pages = client.pages::<ListKeys, ApiKey>(&PageRequest::default());
                gather(pages, |key| {
                    Name::about(key.id.to_string(), format!("{} of {}", key.name, key.username))
                })
                .await
            }
            _ => Answer::default(),
        }
    });
    runtime.shutdown_background();
    answer
}

async fn latest_commands(client: &Client) -> Answer {
    let request = ListCommandsRequest { limit: Some(LATEST), ..ListCommandsRequest::default() };
    let asked = client.call::<ListCommands>(&request);
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(reply)) => Answer { names: reply.body.items.iter().map(command).collect(), whole: true },
        _ => Answer::default(),
    }
}

async fn verbs(client: &Client) -> Answer {
    let asked = client.call::<ListVerbs>(&Empty {});
    let Ok(Ok(reply)) = tokio::time::timeout(PATIENCE, asked).await else { return Answer::default() };
    let names = reply.body.items.into_iter().map(|verb| Name::about(verb.name, verb.about));
    Answer { names: names.collect(), whole: true }
}

async fn metrics(client: &Client) -> Answer {
    let asked = client.call::<ListMetrics>(&Empty {});
    let Ok(Ok(reply)) = tokio::time::timeout(PATIENCE, asked).await else { return Answer::default() };
    let names = reply.body.items.iter().filter_map(|info| {
        // The name on the wire is the one that a command line takes.
        let name = serde_json::to_value(info.metric).ok()?;
        Some(Name::about(name.as_str()?, &*info.unit))
    });
    Answer { names: names.collect(), whole: true }
}

fn command(command: &Command) -> Name {
    let node = command.executions.first().map_or("", |execution| &execution.node);
    Name::about(
        command.id.to_string(),
        format!("{} {} {node}", command.verb, crate::cli::commands::words(command.status)),
    )
}

async fn gather<T: DeserializeOwned>(
    pages: Result<Pages<T>, ClientError>,
    name: impl Fn(T) -> Name,
) -> Answer {
    gather_each(pages, |item| vec![name(item)]).await
}

async fn gather_each<T: DeserializeOwned>(
    pages: Result<Pages<T>, ClientError>,
    each: impl Fn(T) -> Vec<Name>,
) -> Answer {
    let mut answer = Answer::default();
    let Ok(mut pages) = pages else { return answer };
    let deadline = Instant::now() + PATIENCE;
    while let Ok(Ok(page)) = timeout_at(deadline, pages.next()).await {
        let Some(page) = page else {
            answer.whole = true;
            break;
        };
        answer.names.extend(page.into_iter().flat_map(&each));
    }
    answer
}
