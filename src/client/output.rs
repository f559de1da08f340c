//! [`OutputReader`]: what a command prints, across broken links, every byte once.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::time::{Instant, sleep_until};

use super::{Client, ClientError, lines::Lines, socket::pause, stream::LONGEST_PAUSE};
use crate::{
    id::ExecutionId,
    proto::{
        command::{CommandOutputRequest, CommandStatus, GetCommandOutput},
        output::OutputItem,
    },
};

/// A command's output; a broken link is mended from the last byte of each execution.
#[derive(Debug)]
pub struct OutputReader {
    client: Client,
    request: CommandOutputRequest,
    place: Place,
    link: Link,
    failures: u32,
    was_lost: bool,
    ended: bool,
}

/// What the output of a command tells.
#[derive(Debug)]
pub enum OutputNews {
    /// The next item; nothing of it came before.
    Item(OutputItem),
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
    Up(Box<Lines<OutputItem>>),
}

impl Client {
    /// Reads what a command prints; connects at the first [`OutputReader::next`].
    #[must_use]
    pub fn output(&self, request: CommandOutputRequest) -> OutputReader {
        let place = Place { base: request.from.unwrap_or(0), ..Place::default() };
        let link = Link::Down { until: Instant::now() };
        OutputReader {
            client: self.clone(),
            request,
            place,
            link,
            failures: 0,
            was_lost: false,
            ended: false,
        }
    }
}

impl OutputReader {
    /// The next news; fails only for what no new attempt can mend. May be dropped at any point without a loss.
    pub async fn next(&mut self) -> Result<OutputNews, ClientError> {
        loop {
            if self.ended {
                return Ok(OutputNews::End);
            }
            let step = match &mut self.link {
                Link::Down { until } => {
                    sleep_until(*until).await;
                    self.connect().await.map(|()| Some(OutputNews::Linked))
                }
                Link::Up(lines) => match lines.next().await {
                    Ok(Some(item)) => self.take(item),
                    Ok(None) if self.request.follow == Some(false) => {
                        self.ended = true;
                        Ok(None)
                    }
                    Ok(None) => Err(self.broken("it ended before the command did")),
                    Err(error) => Err(error),
                },
            };
            match step {
                Ok(Some(news)) => return Ok(news),
                Ok(None) => {}
                Err(cause) if cause.is_passing() => return Ok(self.lost(cause)),
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Opens the link, from the first byte that is missing of any execution.
    pub async fn connect(&mut self) -> Result<(), ClientError> {
        let from = self.place.open();
        let request = CommandOutputRequest { from: (from > 0).then_some(from), ..self.request.clone() };
        self.link = Link::Up(Box::new(self.client.lines::<GetCommandOutput>(&request).await?));
        Ok(())
    }

    /// How many bytes of an execution were read or are known not to be kept, from its beginning.
    #[must_use]
    pub fn position(&self, execution: ExecutionId) -> u64 {
        self.place.known.get(&execution).map_or(self.place.base, |known| known.next)
    }

    fn take(&mut self, item: OutputItem) -> Result<Option<OutputNews>, ClientError> {
        self.failures = 0;
        match self.place.take(item) {
            Taken::New(item) => {
                self.ended = matches!(item, OutputItem::Ended { .. });
                Ok(Some(OutputNews::Item(item)))
            }
            Taken::Seen => Ok(None),
            Taken::TooLate => {
                self.link = Link::Down { until: Instant::now() };
                Ok(None)
            }
            Taken::Unreadable => {
                Err(self.client.protocol("output is text or base64", "an item that is neither"))
            }
        }
    }

    /// Whether the link ever broke.
    #[must_use]
    pub const fn was_lost(&self) -> bool {
        self.was_lost
    }

    fn lost(&mut self, cause: ClientError) -> OutputNews {
        self.was_lost = true;
        let retry_in = pause(self.failures, LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { until: Instant::now() + retry_in };
        OutputNews::Lost { cause, retry_in }
    }

    fn broken(&self, cause: &'static str) -> ClientError {
        ClientError::Broken { server: self.client.server().to_owned(), cause: cause.into() }
    }
}

/// The bytes of an output item; `None` where it holds none that can be read.
#[must_use]
pub fn printed<'a>(text: Option<&'a str>, base64: Option<&str>) -> Option<Cow<'a, [u8]>> {
    match (text, base64) {
        (Some(text), _) => Some(Cow::Borrowed(text.as_bytes())),
        (None, Some(base64)) => BASE64_STANDARD.decode(base64).ok().map(Cow::Owned),
        (None, None) => None,
    }
}

/// What was read of each execution, so that a new link neither repeats a byte nor leaves one out.
#[derive(Debug, Default)]
struct Place {
    /// Where each execution's output begins for this reader.
    base: u64,
    /// Where the link that stands began.
    opened: u64,
    known: BTreeMap<ExecutionId, Known>,
}

#[derive(Debug)]
struct Known {
    /// The first byte that was not read.
    next: u64,
    told: Option<(CommandStatus, Option<String>)>,
}

enum Taken {
    New(OutputItem),
    Seen,
    /// It belongs to an execution of which the beginning was not asked for.
    TooLate,
    Unreadable,
}

impl Place {
    /// Where a new link has to begin: one byte is asked for of all executions alike.
    fn open(&mut self) -> u64 {
        self.opened = self.known.values().map(|known| known.next).min().unwrap_or(self.base);
        self.opened
    }

    fn take(&mut self, item: OutputItem) -> Taken {
        let execution = match &item {
            OutputItem::Output { execution, .. }
            | OutputItem::Gap { execution, .. }
            | OutputItem::Status { execution, .. } => *execution,
            OutputItem::Ended { .. } => return Taken::New(item),
        };
        let base = self.base;
        let is_unknown = !self.known.contains_key(&execution);
        let known = self.known.entry(execution).or_insert(Known { next: base, told: None });
        if is_unknown && self.opened > base {
            return Taken::TooLate;
        }
        known.take(item)
    }
}

impl Known {
    fn take(&mut self, item: OutputItem) -> Taken {
        match item {
            OutputItem::Output { node, execution, stream, offset, time, text, base64 } => {
                let Some(bytes) = printed(text.as_deref(), base64.as_deref()) else {
                    return Taken::Unreadable;
                };
                let end = offset.saturating_add(bytes.len() as u64);
                let seen = self.next.saturating_sub(offset);
                if end <= self.next {
                    return Taken::Seen;
                }
                self.next = end;
                let (text, base64) = match usize::try_from(seen) {
                    Ok(0) | Err(_) => (text, base64),
                    Ok(seen) => spelled(&bytes[seen..]),
                };
                Taken::New(OutputItem::Output {
                    node,
                    execution,
                    stream,
                    offset: offset + seen,
                    time,
                    text,
                    base64,
                })
            }
            OutputItem::Gap { node, execution, offset, bytes } => {
                let (begin, end) = (offset.max(self.next), offset.saturating_add(bytes));
                if end <= begin {
                    return Taken::Seen;
                }
                self.next = end;
                Taken::New(OutputItem::Gap { node, execution, offset: begin, bytes: end - begin })
            }
            OutputItem::Status { status, ref waits_for, .. } => {
                let told = Some((status, waits_for.clone()));
                if self.told == told {
                    return Taken::Seen;
                }
                self.told = told;
                Taken::New(item)
            }
            OutputItem::Ended { .. } => Taken::New(item),
        }
    }
}

/// Bytes as an item spells them.
fn spelled(bytes: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(BASE64_STANDARD.encode(bytes))),
    }
}

#[cfg(test)]
mod tests;
