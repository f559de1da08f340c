//! [`Event`]: all that can happen to the dashboard; nothing else changes its state.

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};

use super::{keymap::Keymap, theme::ThemeName};
use crate::{
    id::CommandId,
    proto::{
        agent::{AgentDetail, AgentHealth},
        auth::Identity,
        command::Command,
        container::{Container, ContainerInspection, ContainerStats, LogLine},
        event::{Event as Happening, EventPage},
        image::PullProgress,
        page::Page,
        telemetry::{Metric, MetricHistory},
        window::WindowTold,
    },
};

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// Text was pasted.
    Pasted(String),
    /// The terminal has another size.
    Resized(u16, u16),
    /// A second has passed.
    Tick,
    /// The process goes on after a stop.
    Continued,
    /// Something about the link to the server.
    Link(LinkNews),
    /// The server says what a window shows.
    Told(Box<WindowTold>),
    /// Where the event log stands: what happens from now on comes after this.
    Position(u64),
    /// An event of the fleet.
    Happened(Box<Happening>),
    /// Events that nobody can tell any more.
    Missed {
        /// How many.
        count: u64,
    },
    /// How far a pull is.
    Progress(Box<PullProgress>),
    /// What was asked for.
    Answered(Box<Answer>),
    /// Lines of logs, or what became of one.
    Log {
        /// What [`Effect::Follow`](super::effect::Effect::Follow) had.
        turn: u64,
        /// The news.
        news: LogNews,
    },
    /// The configuration was changed, well or not.
    Configured(Box<Result<Configured, String>>),
}

/// Something about the link to the server.
#[derive(Clone, Debug)]
pub(super) enum LinkNews {
    /// It stands.
    Up,
    /// It broke.
    Lost {
        /// Why.
        cause: String,
        /// When it is tried again.
        retry_in: Duration,
    },
    /// The server refuses what no new attempt can mend.
    Refused {
        /// Why, and what to do.
        cause: String,
    },
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Who the caller is.
    Caller(Result<Identity, String>),
    /// What became of one target of an act.
    Acted {
        /// The act's number.
        job: u64,
        /// The target's name.
        target: String,
        /// How it ended.
        outcome: Result<String, String>,
    },
    /// An agent with its facts and its health.
    Agent {
        /// Its name.
        name: String,
        /// What is known of it.
        found: Result<Box<(AgentDetail, AgentHealth)>, String>,
    },
    /// A container.
    Container {
        /// Its name.
        name: String,
        /// What is known of it.
        found: Result<Box<Container>, String>,
    },
    /// What a container uses.
    Stats {
        /// Its name.
        name: String,
        /// What the question had.
        turn: u64,
        /// What it uses.
        found: Result<Box<ContainerStats>, String>,
    },
    /// What the engine knows of a container.
    Inspected {
        /// Its name.
        name: String,
        /// What it knows.
        found: Result<Box<ContainerInspection>, String>,
    },
    /// A page of commands, the newest first.
    Commands {
        /// The cursor that was asked for.
        cursor: Option<String>,
        /// The page.
        found: Result<Page<Command>, String>,
    },
    /// One command.
    Command {
        /// Its id.
        id: CommandId,
        /// What is known of it.
        found: Result<Box<Command>, String>,
    },
    /// A stretch of the event log.
    Events(Result<EventPage, String>),
    /// How metrics went.
    History {
        /// What was asked, as a key.
        of: HistoryOf,
        /// How they went.
        found: Result<Box<MetricHistory>, String>,
    },
    /// A file was written, or the clipboard set, or not.
    Done(Result<String, String>),
}

/// A metric of a node or of the fleet over a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HistoryOf {
    /// The node; the whole fleet without one.
    pub(super) node: Option<String>,
    /// The metric.
    pub(super) metric: Metric,
    /// How far back, `1h`.
    pub(super) range: String,
}

/// News of a log that is followed.
#[derive(Clone, Debug)]
pub(super) enum LogNews {
    /// Lines, in the order in which the log has them.
    Lines {
        /// The container, `node/name`.
        source: String,
        /// The lines.
        lines: Vec<LogLine>,
    },
    /// The link stands.
    Linked {
        /// The container.
        source: String,
    },
    /// The link broke; it is tried again.
    Lost {
        /// The container.
        source: String,
        /// Why.
        cause: String,
    },
    /// There is no more.
    Ended {
        /// The container.
        source: String,
        /// Why, when that is no end of its own.
        cause: Option<String>,
    },
}

/// What the configuration says of the dashboard.
#[derive(Clone, Debug, Default)]
pub(super) struct Configured {
    /// The keys.
    pub(super) keymap: Keymap,
    /// The theme.
    pub(super) theme: ThemeName,
    /// Whether glyphs are ASCII; as the locale says unless told.
    pub(super) ascii: Option<bool>,
}
