//! Questions that are answered once.

use serde::Serialize;

use super::{pause, told};
use crate::{
    client::{Client, ClientError},
    proto::{
        agent::{AgentRef, GetAgent, GetAgentHealth},
        auth::WhoAmI,
        command::{GetCommand, GetCommandRequest, ListCommands, ListCommandsRequest},
        container::{ContainerRef, GetContainer, GetContainerStats, InspectContainer},
        endpoint::{Empty, Endpoint},
        event::{EventHistory, EventHistoryRequest},
        telemetry::{TelemetryHistory, TelemetryHistoryRequest},
    },
    tui::{effect::Query, event::Answer},
};

/// Asks the server.
pub(super) async fn ask(client: &Client, query: Query) -> Answer {
    match query {
        Query::Caller => Answer::Caller(call::<WhoAmI>(client, &Empty {}).await),
        Query::Agent(name) => {
            let reference = AgentRef { id: name.clone() };
            let (detail, health) = tokio::join!(
                call::<GetAgent>(client, &reference),
                call::<GetAgentHealth>(client, &reference)
            );
            let found = detail.and_then(|detail| Ok(Box::new((detail, health?))));
            Answer::Agent { name, found }
        }
        Query::Container(name) => {
            let found = call::<GetContainer>(client, &ContainerRef { id: name.clone() }).await.map(Box::new);
            Answer::Container { name, found }
        }
        Query::Stats { name, turn, pause_s } => {
            pause(pause_s).await;
            let found =
                call::<GetContainerStats>(client, &ContainerRef { id: name.clone() }).await.map(Box::new);
            Answer::Stats { name, turn, found }
        }
        Query::Inspect(name) => {
            let found =
                call::<InspectContainer>(client, &ContainerRef { id: name.clone() }).await.map(Box::new);
            Answer::Inspected { name, found }
        }
        Query::Commands(cursor) => {
            let request = ListCommandsRequest { cursor: cursor.clone(), ..ListCommandsRequest::default() };
            Answer::Commands { cursor, found: call::<ListCommands>(client, &request).await }
        }
        Query::Command(id) => {
            let request = GetCommandRequest { id, wait: None };
            Answer::Command { id, found: call::<GetCommand>(client, &request).await.map(Box::new) }
        }
        Query::Events { from, limit, node } => {
            let request = EventHistoryRequest {
                from: Some(from),
                limit: Some(limit),
                node,
                ..EventHistoryRequest::default()
            };
            Answer::Events(call::<EventHistory>(client, &request).await)
        }
        Query::History(of) => {
            let request = TelemetryHistoryRequest {
                metric: Some(of.metric),
                agent: of.node.clone(),
                range: Some(of.range.clone()),
                ..TelemetryHistoryRequest::default()
            };
            Answer::History { of, found: call::<TelemetryHistory>(client, &request).await.map(Box::new) }
        }
    }
}

/// Makes a call whose failure is told in one line.
async fn call<E: Endpoint>(client: &Client, request: &E::Request) -> Result<E::Response, String>
where
    E::Request: Serialize,
{
    client.call::<E>(request).await.map(|reply| reply.body).map_err(|error: ClientError| told(&error))
}
