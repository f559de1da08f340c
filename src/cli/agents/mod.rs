//! `worpen agents`: the nodes, and who may become one.

mod get;
mod invite;
mod ls;
mod maintenance;
mod rm;
mod sync;
mod telemetry;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    printer::Tone,
    session::Session,
    table::{Cell, Column, Row},
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
    /// Show what a node measured.
    Telemetry(telemetry::Args),
    /// Ask nodes to report everything now.
    Sync(sync::Args),
    /// Begin or end a node's maintenance.
    Maintenance(maintenance::Args),
    /// Invite a node to join.
    Invite(invite::Args),
    /// Remove a node for good.
    Rm(rm::Args),
}

pub(crate) async fn run(verb: Agents, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Agents::Ls(args) => ls::run(args, session).await,
        Agents::Get(args) => get::run(args, session).await,
        Agents::Telemetry(args) => telemetry::run(args, session).await,
        Agents::Sync(args) => sync::run(args, session).await,
        Agents::Maintenance(args) => maintenance::run(args, session).await,
        Agents::Invite(args) => invite::run(args, session).await,
        Agents::Rm(args) => rm::run(args, session).await,
    }
}

impl Row for Agent {
    const COLUMNS: &'static [Column] = &[
        Column::Words("NAME"),
        Column::Words("SITE"),
        Column::Words("STATUS"),
        Column::Number("SINCE"),
        Column::Number("SEEN"),
        Column::Words("VERSION"),
        Column::Words("OS"),
        Column::Words("ENGINE"),
    ];

    fn name(&self) -> String {
        self.agent_id.clone()
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        vec![
            self.agent_id.as_str().into(),
            self.site.as_str().into(),
            status(self.status),
            measure::age(self.status_since, now).into(),
            measure::age_or_dash(self.last_seen_at, now).into(),
            self.version.clone().unwrap_or_else(measure::dash).into(),
            self.host.os.as_deref().map_or_else(measure::dash, str::to_owned).into(),
            engine(self).into(),
        ]
    }
}

fn status(status: AgentStatus) -> Cell {
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

fn engine(agent: &Agent) -> String {
    agent
        .container_engine
        .as_ref()
        .map_or_else(measure::dash, |engine| format!("{} {}", engine.name, engine.version))
}
