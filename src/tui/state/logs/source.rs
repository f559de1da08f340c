//! [`Source`]: a container whose log is open.

use super::{
    level::Level,
    line::{Line, clean},
};
use crate::proto::{container::LogLine, output::LogStream};

/// A container whose log is open, and how its log stands.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Source {
    /// `node/name`.
    pub(in crate::tui) name: String,
    pub(in crate::tui) standing: Standing,
    /// Its place among the sources.
    index: u16,
    /// The latest level of each stream.
    levels: [Option<Level>; 2],
    /// Whether the latest line of each stream goes on.
    continues: [bool; 2],
    /// How many lines may still belong far before the end: what the log had before it was opened or linked again.
    pub(super) backlog: usize,
}

/// How a log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Standing {
    /// It was asked for.
    Linking,
    /// Lines come as they are written.
    Live,
    /// The link broke; it is tried again.
    Lost(String),
    /// There is no more, with the cause when that is no end of its own.
    Ended(Option<String>),
}

impl Source {
    /// A source that was asked for.
    pub(super) fn new(name: String, index: u16, backlog: usize) -> Self {
        let standing = Standing::Linking;
        Self { name, standing, index, levels: [None; 2], continues: [false; 2], backlog }
    }

    /// A line as it is kept. The rest of one that was cut is left out, its beginning being longer than what is kept.
    ///
    /// A line that says no level has that of the line before it in its stream, so that a stack trace stays with its error.
    pub(super) fn read(&mut self, line: LogLine) -> Option<Line> {
        let stream = match line.stream {
            LogStream::Stdout => 0,
            LogStream::Stderr => 1,
        };
        if std::mem::replace(&mut self.continues[stream], line.continues) {
            return None;
        }
        let text = clean(line.line);
        let level = Level::of(&text).or(self.levels[stream]);
        self.levels[stream] = level;
        Some(Line { time: line.time, text, source: self.index, level, is_mark: false })
    }
}
