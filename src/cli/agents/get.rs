//! `worpen agents get`: shows one node.

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        measure,
        session::Session,
        table::{Cell, labels, several},
    },
    engine, status,
};
use crate::proto::agent::{AgentRef, GetAgent};

/// Arguments of `worpen agents get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the node.
    node: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let detail = session.client()?.call::<GetAgent>(&AgentRef { id: args.node }).await?.body;
    let agent = &detail.agent;
    let host = &agent.host;
    let containers: Vec<_> =
        detail.containers.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let load = detail.telemetry.as_ref().map(|telemetry| {
        let (cpu, memory) = (telemetry.cpu_usage, telemetry.memory_usage.percent);
        format!("cpu {}, memory {}", measure::percent(cpu), measure::percent(memory))
    });
    session.one(
        &detail,
        &agent.agent_id,
        [
            ("Name", agent.agent_id.as_str().into()),
            ("Id", agent.id.to_string().into()),
            ("Site", agent.site.as_str().into()),
            ("Status", status(agent.status).raw(agent.status.as_str())),
            ("Since", Cell::age(Some(agent.status_since), session.now)),
            ("Seen", Cell::age(agent.last_seen_at, session.now)),
            ("Address", Cell::of(agent.address.as_ref())),
            ("Version", Cell::of(agent.version.as_ref())),
            ("OS", Cell::of(host.os.as_ref())),
            ("Kernel", Cell::of(host.kernel.as_ref())),
            ("Memory", Cell::bytes(host.memory_total_bytes)),
            ("Engine", engine(agent)),
            ("Containers", several(&containers, ", ")),
            ("Load", Cell::of(load)),
            ("Labels", labels(&agent.labels)),
            ("Verbs", several(&agent.capabilities, ", ")),
        ],
    )?;
    Ok(ExitStatus::Done)
}
