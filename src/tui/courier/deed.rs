//! What is done to one target.

use super::told;
use crate::{
    client::{Client, ClientError},
    proto::{
        agent::{
            AgentRef, AgentStatus, RemoveAgent, SetAgentStatus, SetAgentStatusRequest, SyncAgents,
            SyncAgentsRequest, SyncTarget,
        },
        command::{
            CancelCommand, CancelCommandRequest, Command, CommandStatus, RetryCommand, RetryCommandRequest,
        },
        container::{
            ActOnContainer, RemoveContainer, RemoveContainerRequest, RestartContainer, StartContainer,
            StopContainer, StopContainerRequest,
        },
        image::{PruneDocker, PruneRequest, PullImage, PullImageRequest},
    },
    tui::effect::Deed,
};

/// How long an act is waited for, seconds; what takes longer goes on and is seen among the commands.
const WAIT_S: u32 = 120;

/// Does it; says what was done, or why not.
pub(super) async fn act(client: &Client, deed: Deed, target: &str) -> Result<String, String> {
    let done = match deed {
        Deed::Sync | Deed::BeginMaintenance | Deed::EndMaintenance | Deed::RemoveAgent => {
            to_agent(client, deed, target).await.map(|()| Ok(()))
        }
        Deed::Cancel | Deed::Retry => to_command(client, deed, target).await,
        _ => command(client, deed, target).await.map(|command| outcome(&command)),
    };
    match done {
        Ok(Ok(())) => Ok(format!("{} {target}", deed.done())),
        Ok(Err(cause)) => Err(cause),
        Err(error) => Err(told(&error)),
    }
}

/// Stops a command, or gives it again; what of it was too late is said.
async fn to_command(client: &Client, deed: Deed, target: &str) -> Result<Result<(), String>, ClientError> {
    let Ok(id) = target.parse() else { return Ok(Err("it is no command's id".into())) };
    if deed == Deed::Retry {
        let request = RetryCommandRequest { id, agent_targets: Vec::new(), wait: Some(WAIT_S) };
        return Ok(outcome(&client.call::<RetryCommand>(&request).await?.body));
    }
    let request = CancelCommandRequest { id, agent_targets: Vec::new(), wait: Some(WAIT_S) };
    let command = client.call::<CancelCommand>(&request).await?.body;
    Ok(match command.status {
        CommandStatus::Cancelled | CommandStatus::Partial => Ok(()),
        CommandStatus::Queued | CommandStatus::Started => {
            Err("its nodes are away; they are told when they are back".into())
        }
        status => Err(format!("it had ended: {}", status.as_str().replace('_', " "))),
    })
}

async fn to_agent(client: &Client, deed: Deed, target: &str) -> Result<(), ClientError> {
    let id = target.to_owned();
    match deed {
        Deed::Sync => {
            let request = SyncAgentsRequest { target: SyncTarget::One(id) };
            client.call::<SyncAgents>(&request).await.map(|_| ())
        }
        Deed::RemoveAgent => client.call::<RemoveAgent>(&AgentRef { id }).await.map(|_| ()),
        _ => {
            let begins = deed == Deed::BeginMaintenance;
            let status = if begins { AgentStatus::Maintenance } else { AgentStatus::Online };
            let request = SetAgentStatusRequest { id, status, reason: None };
            client.call::<SetAgentStatus>(&request).await.map(|_| ())
        }
    }
}

async fn command(client: &Client, deed: Deed, target: &str) -> Result<Command, ClientError> {
    let (id, wait) = (target.to_owned(), Some(WAIT_S));
    let reply = match deed {
        Deed::Start => client.call::<StartContainer>(&ActOnContainer { id, wait }).await,
        Deed::Stop => client.call::<StopContainer>(&StopContainerRequest { id, wait, timeout_s: None }).await,
        Deed::Restart => {
            client.call::<RestartContainer>(&StopContainerRequest { id, wait, timeout_s: None }).await
        }
        Deed::Remove => {
            client.call::<RemoveContainer>(&RemoveContainerRequest { id, wait, force: true }).await
        }
        Deed::Pull => {
            let (node, image) = target.split_once('/').unwrap_or((target, target));
            let (image, agents) = (image.to_owned(), vec![node.to_owned()]);
            let request = PullImageRequest { image, agents, node: None, timeout_s: None, wait };
            client.call::<PullImage>(&request).await
        }
        _ => {
            let request = PruneRequest { all: false, agents: vec![id], node: None, wait };
            client.call::<PruneDocker>(&request).await
        }
    };
    reply.map(|reply| reply.body)
}

/// What became of a command, as far as it was waited for.
fn outcome(command: &Command) -> Result<(), String> {
    let error = command.executions.iter().find_map(|execution| execution.error_message.clone());
    match command.status {
        CommandStatus::Succeeded => Ok(()),
        CommandStatus::Queued | CommandStatus::Started => {
            Err(format!("it goes on; command {} tells how it ends", command.id))
        }
        status => Err(error.unwrap_or_else(|| status.as_str().replace('_', " "))),
    }
}
