//! `worpen containers`: what runs on the nodes.

mod deed;
mod get;
mod inspect;
mod logs;
mod ls;
mod restart;
mod rm;
mod start;
mod stats;
mod stop;

use clap::Subcommand;
use jiff::Timestamp;

use super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    printer::Tone,
    session::Session,
    table::{Cell, Column, Row, labels, several},
};
use crate::proto::container::{Container, ContainerState};

/// Verbs of `worpen containers`.
#[derive(Debug, Subcommand)]
pub(crate) enum Containers {
    /// List the containers.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Show one container.
    Get(get::Args),
    /// Start containers.
    Start(start::Args),
    /// Stop containers.
    Stop(stop::Args),
    /// Stop containers, then start them.
    Restart(restart::Args),
    /// Remove containers.
    Rm(rm::Args),
    /// Read a container's log, and follow it.
    Logs(logs::Args),
    /// Show what a running container uses.
    Stats(stats::Args),
    /// Show everything that the engine knows of a container.
    Inspect(inspect::Args),
}

pub(crate) async fn run(verb: Containers, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Containers::Ls(args) => ls::run(args, session).await,
        Containers::Get(args) => get::run(args, session).await,
        Containers::Start(args) => start::run(args, session).await,
        Containers::Stop(args) => stop::run(args, session).await,
        Containers::Restart(args) => restart::run(args, session).await,
        Containers::Rm(args) => rm::run(args, session).await,
        Containers::Logs(args) => logs::run(args, session).await,
        Containers::Stats(args) => stats::run(args, session).await,
        Containers::Inspect(args) => inspect::run(args, session).await,
    }
}

impl Row for Container {
    const COLUMNS: &'static [Column] = &[
        Column::words("NODE"),
        Column::words("NAME"),
        Column::words("STATE"),
        Column::number("SINCE"),
        Column::words("HEALTH"),
        Column::words("IMAGE"),
        Column::words("PORTS"),
        Column::words("ID"),
        Column::number("EXIT CODE").wide(),
        Column::number("CREATED").wide(),
        Column::words("COMMAND").wide(),
        Column::words("IMAGE ID").wide(),
        Column::number("STALE").wide(),
        Column::words("LABELS").wide(),
    ];
    const INSIDE: &'static [&'static str] = &["labels"];

    fn name(&self) -> String {
        format!("{}/{}", self.node, self.facts.name)
    }

    fn key(&self) -> String {
        format!("{}/{}", self.agent, self.facts.id)
    }

    fn cells(&self, now: Timestamp) -> Vec<Cell> {
        let facts = &self.facts;
        vec![
            (&*self.node).into(),
            facts.name.as_str().into(),
            state(self, now).raw(facts.state.as_str()),
            Cell::age(since(self), now),
            health(self),
            (&*facts.image).into(),
            several(&facts.ports, " "),
            Cell::told(short(&facts.id), &facts.id),
            Cell::of(facts.exit_code),
            Cell::age(facts.created_at, now),
            Cell::of(facts.command.as_ref()),
            Cell::told(short(&facts.image_id), &facts.image_id),
            Cell::age(self.stale_since, now),
            labels(&facts.labels),
        ]
    }
}

/// As much of an engine's id as tells it from others.
fn short(id: &str) -> String {
    id.trim_start_matches("sha256:").chars().take(12).collect()
}

/// The state, and for how long nobody could confirm it.
fn state(container: &Container, now: Timestamp) -> Cell {
    let facts = &container.facts;
    let (word, tone) = match facts.state {
        ContainerState::Created => ("created".to_owned(), Tone::Dim),
        ContainerState::Running => ("running".to_owned(), Tone::Good),
        ContainerState::Paused => ("paused".to_owned(), Tone::Warning),
        ContainerState::Restarting => ("restarting".to_owned(), Tone::Warning),
        ContainerState::Removing => ("removing".to_owned(), Tone::Dim),
        ContainerState::Exited => match facts.exit_code {
            Some(code) if code != 0 => (format!("exited {code}"), Tone::Bad),
            _ => ("exited".to_owned(), Tone::Dim),
        },
        ContainerState::Dead => ("dead".to_owned(), Tone::Bad),
    };
    match container.stale_since {
        Some(since) => Cell::toned(format!("{word} ({} ago)", measure::age(since, now)), Tone::Dim),
        None => Cell::toned(word, tone),
    }
}

/// Since when it is in its state, as far as the engine tells.
fn since(container: &Container) -> Option<Timestamp> {
    let facts = &container.facts;
    match facts.state {
        ContainerState::Running | ContainerState::Paused => facts.started_at,
        ContainerState::Exited | ContainerState::Dead => facts.finished_at,
        ContainerState::Created | ContainerState::Restarting | ContainerState::Removing => facts.created_at,
    }
}

fn health(container: &Container) -> Cell {
    let Some(word) = container.facts.health.as_deref() else { return Cell::nothing() };
    let tone = match word {
        "healthy" => Tone::Good,
        "unhealthy" => Tone::Bad,
        _ => Tone::Warning,
    };
    Cell::toned(word, tone)
}
