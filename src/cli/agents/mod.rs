//! `worpen agents`: the nodes, and who may become one.

mod describe;
mod get;
mod invite;
mod ls;
mod maintenance;
mod replace;
mod revoke;
mod rm;
mod sync;
mod telemetry;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    printer::Tone,
    session::Session,
    table::{Cell, Column, Row, labels},
};
use crate::proto::agent::{Agent, AgentStatus};

/// Verbs of `worpen agents`.
#[derive(Debug, Subcommand)]
pub(crate) enum Agents {
    /// List the nodes.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Show one node.
    Get(get::Args),
    /// Show everything about one node: health and why, usage, what happened.
    Describe(describe::Args),
    /// Show what a node measured.
    Telemetry(telemetry::Args),
    /// Ask nodes to report everything now.
    Sync(sync::Args),
    /// Begin or end the maintenance of nodes.
    Maintenance(maintenance::Args),
    /// Invite a node to join.
    Invite(invite::Args),
    /// Let a machine that was built anew take a node's place.
    Replace(replace::Args),
    /// Withdraw the identity of nodes for good; they stay in the list until they are removed.
    Revoke(revoke::Args),
    /// Remove nodes for good.
    Rm(rm::Args),
}

pub(crate) async fn run(verb: Agents, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Agents::Ls(args) => ls::run(args, session).await,
        Agents::Get(args) => get::run(args, session).await,
        Agents::Describe(args) => describe::run(args, session).await,
        Agents::Telemetry(args) => telemetry::run(args, session).await,
        Agents::Sync(args) => sync::run(args, session).await,
        Agents::Maintenance(args) => maintenance::run(args, session).await,
        Agents::Invite(args) => invite::run(args, session).await,
        Agents::Replace(args) => replace::run(args, session).await,
        Agents::Revoke(args) => revoke::run(args, session).await,
        Agents::Rm(args) => rm::run(args, session).await,
    }
}

impl Row for Agent {
    const COLUMNS: &'static [Column] = &[
        Column::words("NAME"),
        Column::words("SITE"),
        Column::words("STATUS"),
        Column::number("SINCE"),
        Column::number("SEEN"),
        Column::words("VERSION"),
        Column::words("OS"),
        Column::words("ENGINE"),
        Column::words("ADDRESS").wide(),
        Column::words("HOSTNAME").wide(),
        Column::words("KERNEL").wide(),
        Column::words("ARCH").wide(),
        Column::number("CPUS").wide(),
        Column::number("MEMORY").wide(),
        Column::number("UP").wide(),
        Column::number("JOINED").wide(),
        Column::words("LABELS").wide(),
        Column::words("ID").wide(),
    ];
    const INSIDE: &'static [&'static str] = &["labels", "host", "container_engine"];
    const FLEETING: &'static [&'static str] = &["last_seen_at"];

    fn name(&self) -> String {
        self.agent_id.clone()
    }

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        let host = &self.host;
        vec![
            self.agent_id.as_str().into(),
            self.site.as_str().into(),
            status(self.status).raw(self.status.as_str()),
            Cell::age(Some(self.status_since), now),
            Cell::age(self.last_seen_at, now),
            Cell::of(self.version.as_ref()),
            Cell::of(host.os.as_ref()),
            engine(self),
            Cell::of(self.address.as_ref()),
            Cell::of(host.hostname.as_ref()),
            Cell::of(host.kernel.as_ref()),
            Cell::of(host.arch.as_ref()),
            Cell::of(host.cpu_count),
            Cell::bytes(host.memory_total_bytes),
            Cell::age(host.booted_at, now),
            Cell::age(Some(self.created_at), now),
            labels(&self.labels),
            self.id.to_string().into(),
        ]
    }
}

/// How a node is, as a cell.
pub(crate) fn status(status: AgentStatus) -> Cell {
    let (word, tone) = match status {
        AgentStatus::Online => ("online", Tone::Good),
        AgentStatus::Degraded => ("degraded", Tone::Warning),
        AgentStatus::Unknown => ("unknown", Tone::Warning),
        AgentStatus::Offline => ("offline", Tone::Bad),
        AgentStatus::Maintenance => ("maintenance", Tone::Dim),
        AgentStatus::Quarantined => ("quarantined", Tone::Bad),
        AgentStatus::Revoked => ("revoked", Tone::Dim),
    };
    Cell::toned(word, tone)
}

fn engine(agent: &Agent) -> Cell {
    Cell::of(agent.container_engine.as_ref().map(|engine| format!("{} {}", engine.name, engine.version)))
}
