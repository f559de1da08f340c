//! The log of a container, line by line, each with the time at which the engine took it.

use std::collections::VecDeque;

use bollard::{container::LogOutput, query_parameters::LogsOptionsBuilder};
use futures_util::{Stream, StreamExt, stream};
use jiff::Timestamp;

use super::{Engine, EngineError};
use crate::{core::output::Line, proto::output::LogStream};

/// The engine cuts what a process writes after so many bytes, and ends only the last cut with a line feed.
const CUT_BYTES: usize = 16 * 1024;
/// A line that is longer is told in several: so much is held of one that has no end.
const LONGEST_LINE_BYTES: usize = 128 * 1024;

/// Which part of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The last so many lines; all unless told.
    pub tail: Option<u32>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Up to this moment.
    pub until: Option<Timestamp>,
    /// Whether to go on with what comes.
    pub follow: bool,
}

impl Span {
    fn holds(&self, line: &Line) -> bool {
        self.since.is_none_or(|since| line.time >= since) && self.until.is_none_or(|until| line.time <= until)
    }
}

impl Engine {
    /// Reads a container's log; dropping the stream ends the engine's work on it. It ends when everything was said, or,
    /// following, when the container ends.
    pub fn logs(
        &self,
        container: &str,
        span: Span,
    ) -> impl Stream<Item = Result<Line, EngineError>> + Send + Unpin + use<> {
        let mut options =
            LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).follow(span.follow);
        if let Some(tail) = span.tail {
            options = options.tail(&tail.to_string());
        }
        // The engine is asked in whole seconds; the rest is ours. A second more, so that a line of several cuts that
        // began before the moment is not taken for one that begins with its second cut.
        if let Some(since) = span.since {
            options = options.since(i32::try_from(since.as_second() - 1).unwrap_or(i32::MAX).max(0));
        }
        if let Some(until) = span.until {
            options = options.until(i32::try_from(until.as_second() + 1).unwrap_or(i32::MAX).max(1));
        }
        let messages = Box::pin(self.docker.logs(container, Some(options.build())));
        let reading = Reading { messages, joiner: Joiner::default(), ready: VecDeque::new(), over: false };
        Box::pin(stream::unfold(reading, move |mut reading| async move {
            loop {
                match reading.ready.pop_front() {
                    Some(line) if span.holds(&line) => return Some((Ok(line), reading)),
                    Some(_) => continue,
                    None if reading.over => return None,
                    None => {}
                }
                match reading.messages.next().await {
                    Some(Ok(message)) => match reading.joiner.take(message) {
                        Ok(lines) => reading.ready.extend(lines),
                        Err(error) => {
                            reading.over = true;
                            return Some((Err(error), reading));
                        }
                    },
                    Some(Err(error)) => {
                        reading.over = true;
                        return Some((Err(error.into()), reading));
                    }
                    None => {
                        reading.over = true;
                        reading.ready.extend(reading.joiner.rest());
                    }
                }
            }
        }))
    }
}

struct Reading<S> {
    messages: S,
    joiner: Joiner,
    ready: VecDeque<Line>,
    over: bool,
}

/// Puts the engine's cuts together again.
#[derive(Default)]
struct Joiner {
    stdout: Option<Line>,
    stderr: Option<Line>,
}

impl Joiner {
    fn take(&mut self, message: LogOutput) -> Result<Vec<Line>, EngineError> {
        match message {
            LogOutput::StdOut { message } => self.cut(LogStream::Stdout, &message),
            LogOutput::StdErr { message } => self.cut(LogStream::Stderr, &message),
            // A container with a terminal has one stream, in which cuts follow each other without a border.
            LogOutput::Console { message } => {
                let (mut lines, mut rest) = (Vec::new(), &message[..]);
                while let Some(next) = border(rest) {
                    lines.extend(self.cut(LogStream::Stdout, &rest[..next])?);
                    rest = &rest[next..];
                }
                lines.extend(self.cut(LogStream::Stdout, rest)?);
                lines.iter_mut().filter(|line| line.bytes.last() == Some(&b'\r')).for_each(|line| {
                    line.bytes.pop();
                });
                Ok(lines)
            }
            LogOutput::StdIn { .. } => Ok(Vec::new()),
        }
    }

    /// Takes one cut: its time, a blank, what was written.
    fn cut(&mut self, stream: LogStream, cut: &[u8]) -> Result<Vec<Line>, EngineError> {
        let (time, written) = timed(cut).ok_or(EngineError::Unreadable("a line of the log has no time"))?;
        let (written, ends) = written.strip_suffix(b"\n").map_or((written, false), |line| (line, true));
        let open = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let mut line =
            open.take().unwrap_or_else(|| Line { time, stream, bytes: Vec::new(), continues: false });
        line.bytes.extend(written);
        let mut lines = Vec::new();
        if line.bytes.len() > LONGEST_LINE_BYTES {
            let whole = std::mem::take(&mut line.bytes);
            let last = (whole.len() - 1) / LONGEST_LINE_BYTES * LONGEST_LINE_BYTES;
            let pieces = whole[..last].chunks(LONGEST_LINE_BYTES);
            lines.extend(pieces.map(|piece| Line { bytes: piece.into(), continues: true, ..line.clone() }));
            line.bytes.extend(&whole[last..]);
        }
        if ends {
            lines.push(line);
        } else {
            *open = Some(line);
        }
        Ok(lines)
    }

    /// What was written without an end.
    fn rest(&mut self) -> impl Iterator<Item = Line> {
        self.stdout.take().into_iter().chain(self.stderr.take())
    }
}

/// Where the next cut begins, when there is one after this.
fn border(cuts: &[u8]) -> Option<usize> {
    let (_, written) = timed(cuts)?;
    let next = written.get(CUT_BYTES..)?;
    timed(next)?;
    Some(cuts.len() - next.len())
}

/// Parts a cut into its time and what was written.
fn timed(cut: &[u8]) -> Option<(Timestamp, &[u8])> {
    let blank = cut.iter().take(40).position(|byte| *byte == b' ')?;
    let time = std::str::from_utf8(&cut[..blank]).ok()?.parse().ok()?;
    Some((time, &cut[blank + 1..]))
}

#[cfg(test)]
mod tests;
