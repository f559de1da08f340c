//! [`LogReader`]: a container's log, across broken links, every line once.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until};

use super::{Client, ClientError, lines::Lines, socket::pause, stream::LONGEST_PAUSE};
use crate::proto::{
    container::{ContainerLogsRequest, GetContainerLogs, LogBreak, LogItem, LogLine, POSITION_HEADER},
    output::LogStream,
    problem::Problem,
};

/// Lines of the two streams may stand in the log in another order than their times, by less than this.
const OVERLAP: SignedDuration = SignedDuration::from_secs(2);

/// A container's log; a broken link is mended from the last line that was shown.
#[derive(Debug)]
pub struct LogReader {
    client: Client,
    request: ContainerLogsRequest,
    place: Place,
    link: Link,
    failures: u32,
    /// Whether the log was followed to its end, which is read once more.
    looks_again: bool,
}

/// What a log tells.
#[derive(Debug)]
pub enum LogNews {
    /// The next line.
    Line(LogLine),
    /// The link stands, for the first time or again.
    Linked,
    /// The link broke; the next attempt is due after `retry_in`.
    Lost {
        /// Why.
        cause: ClientError,
        /// The pause before the next attempt.
        retry_in: Duration,
    },
    /// Everything was said.
    End,
}

#[derive(Debug)]
enum Link {
    Down { until: Instant },
    Up(Box<Lines<LogItem>>),
}

impl Client {
    /// Reads a container's log; connects at the first [`LogReader::next`].
    #[must_use]
    pub fn log(&self, request: ContainerLogsRequest) -> LogReader {
        let link = Link::Down { until: Instant::now() };
        LogReader {
            client: self.clone(),
            request,
            place: Place::default(),
            link,
            failures: 0,
            looks_again: false,
        }
    }
}

impl LogReader {
    /// The next news; fails only for what no new attempt can mend. May be dropped at any point without a loss.
    pub async fn next(&mut self) -> Result<LogNews, ClientError> {
        loop {
            let step = match &mut self.link {
                Link::Down { until } => {
                    sleep_until(*until).await;
                    self.connect().await.map(|()| (!self.looks_again).then_some(LogNews::Linked))
                }
                Link::Up(lines) => match lines.next().await {
                    Ok(Some(LogItem::Line(line))) => {
                        self.failures = 0;
                        Ok(self.place.is_new(&line).then_some(LogNews::Line(line)))
                    }
                    Ok(Some(LogItem::Break { error })) => Err(self.broken(error)),
                    Ok(None) if self.request.follow => {
                        // An engine may end a log that is followed before it told all of it, when its container ends
                        // meanwhile. So it is read once more from the last line.
                        (self.request.follow, self.looks_again) = (false, true);
                        self.link = Link::Down { until: Instant::now() };
                        Ok(None)
                    }
                    Ok(None) => Ok(Some(LogNews::End)),
                    Err(error) => Err(error),
                },
            };
            match step {
                Ok(Some(news)) => return Ok(news),
                Ok(None) => {}
                Err(cause) if cause.is_passing() => return Ok(self.lost(cause)),
                // What cannot be read once more, as of a container that is gone, was told as far as it can be.
                Err(_) if self.looks_again => return Ok(LogNews::End),
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Opens the link, from the last line that was shown.
    pub async fn connect(&mut self) -> Result<(), ClientError> {
        let request = self.place.resume(&self.request);
        let lines = self.client.lines::<GetContainerLogs>(&request).await?;
        let begun = lines.header(POSITION_HEADER).and_then(|position| position.parse().ok());
        self.place.begun = self.place.begun.or(begun);
        self.link = Link::Up(Box::new(lines));
        Ok(())
    }

    fn lost(&mut self, cause: ClientError) -> LogNews {
        let retry_in = pause(self.failures, LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { until: Instant::now() + retry_in };
        LogNews::Lost { cause, retry_in }
    }

    /// What a stream's last words mean: its link and its server may come back, a refusal stays.
    fn broken(&self, LogBreak { code, detail }: LogBreak) -> ClientError {
        if matches!(code.as_str(), "link_lost" | "server_stopping") {
            return ClientError::Broken { server: self.client.server().to_owned(), cause: detail.into() };
        }
        let status = if code == "not_allowed" { 401 } else { 409 };
        ClientError::Problem(Box::new(Problem {
            kind: "about:blank".into(),
            title: "The log broke off".into(),
            status,
            detail,
            code,
            request_id: String::new(),
            errors: Vec::new(),
        }))
    }
}

/// What was shown last, so that a new link neither repeats a line nor leaves one out: the times of the last lines and
/// how many had each.
#[derive(Debug, Default)]
struct Place {
    /// The node's time when the log was first read.
    begun: Option<Timestamp>,
    first: Option<Timestamp>,
    newest: Option<Timestamp>,
    shown: BTreeMap<(Timestamp, LogStream), u32>,
    /// Lines that this link repeats.
    repeated: BTreeMap<(Timestamp, LogStream), u32>,
}

impl Place {
    /// Whether a line was not shown yet; from now on it was.
    fn is_new(&mut self, line: &LogLine) -> bool {
        let key = (line.time, line.stream);
        if let Some(count) = self.repeated.get_mut(&key).filter(|count| **count > 0) {
            *count -= 1;
            return false;
        }
        self.first = Some(self.first.map_or(line.time, |first| first.min(line.time)));
        self.newest = Some(self.newest.map_or(line.time, |newest| newest.max(line.time)));
        *self.shown.entry(key).or_default() += 1;
        let horizon = self.horizon();
        while self.shown.first_key_value().is_some_and(|((time, _), _)| Some(*time) < horizon) {
            self.shown.pop_first();
        }
        true
    }

    /// Where a new link begins.
    fn horizon(&self) -> Option<Timestamp> {
        let newest = self.newest?;
        newest.checked_sub(OVERLAP).ok().max(self.first)
    }

    /// The request that goes on where this one is.
    fn resume(&mut self, request: &ContainerLogsRequest) -> ContainerLogsRequest {
        self.repeated.clone_from(&self.shown);
        match self.horizon() {
            Some(horizon) => ContainerLogsRequest {
                tail: None,
                since: Some(horizon).max(request.since),
                ..request.clone()
            },
            None if request.tail == Some(0) && self.begun.is_some() => {
                ContainerLogsRequest { tail: None, since: self.begun.max(request.since), ..request.clone() }
            }
            None => request.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
