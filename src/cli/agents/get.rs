//! `worpen agents get`: shows one node.

use super::{
    super::{error::CliError, exit::ExitStatus, measure, session::Session},
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
    let or_dash = |fact: Option<&str>| fact.map_or_else(measure::dash, str::to_owned);
    let join = |facts: Vec<String>| if facts.is_empty() { measure::dash() } else { facts.join(", ") };
    let labels = agent.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let containers = detail.containers.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let load = detail.telemetry.as_ref().map_or_else(measure::dash, |telemetry| {
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
            ("Status", status(agent.status)),
            ("Since", measure::age(agent.status_since, session.now).into()),
            ("Seen", measure::age_or_dash(agent.last_seen_at, session.now).into()),
            ("Address", or_dash(agent.address.as_deref()).into()),
            ("Version", or_dash(agent.version.as_deref()).into()),
            ("OS", or_dash(host.os.as_deref()).into()),
            ("Kernel", or_dash(host.kernel.as_deref()).into()),
            ("Memory", host.memory_total_bytes.map_or_else(measure::dash, measure::bytes).into()),
            ("Engine", engine(agent).into()),
            ("Containers", join(containers).into()),
            ("Load", load.into()),
            ("Labels", join(labels).into()),
            ("Verbs", join(agent.capabilities.iter().map(ToString::to_string).collect()).into()),
        ],
    )?;
    Ok(ExitStatus::Done)
}
