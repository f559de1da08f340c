//! [`Recorder`]: takes what one execution prints. The first of it is kept piece by piece, what is beyond is counted, and
//! the last of that is kept too.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Lane, redact::Redactor, weight};
use crate::{
    agent::verbs::LastLine,
    core::command::OUTPUT_TAIL_BYTES,
    id::ExecutionId,
    proto::{
        command::OutputSize,
        output::{LogStream, Piece},
    },
};

/// What is printed waits for more until it weighs so much,
const PIECE_BYTES: usize = 32 * 1024;
/// or for so long.
const PIECE_TIME: Duration = Duration::from_millis(10);
/// The most pieces that wait: streams that take turns make small ones.
const PIECES: usize = 256;
/// From here on a write to disk is worth a thread.
const WORTH_A_THREAD_BYTES: usize = 8 * 1024;
/// The most pieces of the end: streams that take turns leave a shorter one.
const TAIL_PIECES: usize = 4 * PIECES;

/// What is left to write of an output that is over.
#[derive(Debug, Default)]
pub(in crate::agent) struct Printed {
    /// The last pieces; there is room for them in the lane.
    pub(in crate::agent) last: Vec<Piece>,
    /// How much it is in all; `None` when nothing was printed.
    pub(in crate::agent) size: Option<OutputSize>,
}

/// Takes what one execution prints.
pub(in crate::agent) struct Recorder {
    lane: Arc<Lane>,
    execution: ExecutionId,
    /// Bytes to keep of the beginning.
    head: u64,
    /// Bytes that were printed, without what is held back.
    printed: u64,
    kept: u64,
    pending: Vec<Piece>,
    pending_bytes: usize,
    due: Option<Instant>,
    tail: Tail,
    redactors: Option<[Redactor; 2]>,
    /// The last line, where it may be a result.
    last: Option<LastLine>,
}

impl Recorder {
    /// A recorder that keeps so many bytes of the beginning and shows none of the secrets.
    pub(in crate::agent) fn new(
        lane: Arc<Lane>,
        execution: ExecutionId,
        head: u32,
        secrets: &[&str],
    ) -> Self {
        let redactor = Redactor::new(secrets);
        Self {
            lane,
            execution,
            head: head.into(),
            printed: 0,
            kept: 0,
            pending: Vec::new(),
            pending_bytes: 0,
            due: None,
            tail: Tail::default(),
            redactors: redactor.map(|redactor| [redactor.clone(), redactor]),
            last: None,
        }
    }

    /// Keeps the last line of the standard output as it is, secrets included, from now on.
    pub(in crate::agent) fn note_last_line(&mut self) {
        self.last = Some(LastLine::default());
    }

    /// The last line of the standard output, if it was to be kept.
    pub(in crate::agent) const fn last_line(&self) -> Option<&LastLine> {
        self.last.as_ref()
    }

    /// Takes what was printed. It is on disk after [`flush`](Self::flush).
    pub(in crate::agent) fn take(&mut self, stream: LogStream, bytes: &[u8]) {
        let place = usize::from(stream == LogStream::Stderr);
        if let Some(last) = self.last.as_mut().filter(|_| stream == LogStream::Stdout) {
            last.push(bytes);
        }
        match self.redactors.as_mut().map(|redactors| redactors[place].feed(bytes)) {
            Some(shown) => self.record(stream, &shown),
            None => self.record(stream, bytes),
        }
    }

    /// Whether so much waits that it should be flushed before more is taken.
    pub(in crate::agent) const fn is_full(&self) -> bool {
        self.pending_bytes >= PIECE_BYTES || self.pending.len() >= PIECES
    }

    /// Waits until what was taken should be flushed; for ever when nothing was.
    pub(in crate::agent) fn due(&self) -> impl Future<Output = ()> + use<> {
        let due = self.due;
        async move {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Writes what waits.
    pub(in crate::agent) async fn flush(&mut self) {
        self.due = None;
        if self.pending.is_empty() {
            return;
        }
        let (pieces, bytes) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.pending_bytes));
        let is_kept = if bytes < WORTH_A_THREAD_BYTES {
            self.lane.keep(self.execution, &pieces)
        } else {
            let (lane, execution) = (Arc::clone(&self.lane), self.execution);
            tokio::task::spawn_blocking(move || lane.keep(execution, &pieces)).await.unwrap_or(false)
        };
        if is_kept {
            self.kept += bytes as u64;
        }
    }

    /// Ends it, and makes room for the last of it.
    pub(in crate::agent) fn finish(mut self) -> Printed {
        for (place, stream) in [LogStream::Stdout, LogStream::Stderr].into_iter().enumerate() {
            if let Some(rest) = self.redactors.as_mut().map(|redactors| redactors[place].finish()) {
                self.record(stream, &rest);
            }
        }
        if self.printed == 0 {
            return Printed::default();
        }
        let mut last = std::mem::take(&mut self.pending);
        last.extend(self.tail.pieces(self.printed));
        let bytes = weight(&last);
        if self.lane.reserve(bytes) {
            self.kept += bytes;
        } else {
            last.clear();
        }
        Printed { last, size: Some(OutputSize { bytes: self.printed, kept: self.kept }) }
    }

    fn record(&mut self, stream: LogStream, bytes: &[u8]) {
        let room = usize::try_from(self.head.saturating_sub(self.printed)).unwrap_or(usize::MAX);
        let (head, beyond) = bytes.split_at(bytes.len().min(room));
        if !head.is_empty() {
            let time = Timestamp::now();
            for part in head.chunks(PIECE_BYTES) {
                append(&mut self.pending, stream, self.printed, time, part);
                self.printed += part.len() as u64;
            }
            self.pending_bytes += head.len();
            self.due.get_or_insert_with(|| Instant::now() + PIECE_TIME);
        }
        if !beyond.is_empty() {
            self.tail.take(stream, beyond);
            self.printed += beyond.len() as u64;
        }
    }
}

/// Adds bytes to the last piece, where that is of the same stream and small, or as a piece of their own.
fn append(pieces: &mut Vec<Piece>, stream: LogStream, offset: u64, time: Timestamp, bytes: &[u8]) {
    match pieces.last_mut() {
        Some(piece) if piece.stream == stream && piece.bytes.len() + bytes.len() <= PIECE_BYTES => {
            piece.bytes.extend(bytes);
        }
        _ => pieces.push(Piece { stream, offset, time, bytes: bytes.to_vec() }),
    }
}

/// The last bytes of what is beyond the head.
#[derive(Default)]
struct Tail {
    chunks: VecDeque<(LogStream, Timestamp, Vec<u8>)>,
    bytes: usize,
}

impl Tail {
    fn take(&mut self, stream: LogStream, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(OUTPUT_TAIL_BYTES)..];
        if bytes.len() == OUTPUT_TAIL_BYTES {
            // Nothing before it counts any more: its memory is used again.
            let mut chunk = self.chunks.pop_back().map(|(_, _, chunk)| chunk).unwrap_or_default();
            chunk.clear();
            chunk.extend(bytes);
            self.chunks.clear();
            self.bytes = bytes.len();
            self.chunks.push_back((stream, Timestamp::now(), chunk));
            return;
        }
        match self.chunks.back_mut() {
            Some((of, _, chunk)) if *of == stream && chunk.len() + bytes.len() <= PIECE_BYTES => {
                chunk.extend(bytes);
            }
            _ => self.chunks.push_back((stream, Timestamp::now(), bytes.to_vec())),
        }
        self.bytes += bytes.len();
        while let Some((_, _, first)) = self.chunks.front()
            && (self.bytes - first.len() >= OUTPUT_TAIL_BYTES || self.chunks.len() > TAIL_PIECES)
        {
            self.bytes -= first.len();
            self.chunks.pop_front();
        }
    }

    /// What is held, at its place before the end.
    fn pieces(&mut self, end: u64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut offset = end - self.bytes as u64;
        for (place, (stream, time, mut bytes)) in std::mem::take(&mut self.chunks).into_iter().enumerate() {
            if place == 0 {
                let surplus = self.bytes.saturating_sub(OUTPUT_TAIL_BYTES);
                bytes.drain(..surplus);
                offset += surplus as u64;
            }
            for part in bytes.chunks(PIECE_BYTES) {
                pieces.push(Piece { stream, offset, time, bytes: part.to_vec() });
                offset += part.len() as u64;
            }
        }
        self.bytes = 0;
        pieces
    }
}

#[cfg(test)]
mod tests;
