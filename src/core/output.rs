//! The binary frames of the link: what an answer gives, in bounded pieces, each a small header and zstd.
//!
//! A frame is 24 bytes and a payload. The bytes: version (1), kind, flags (bit 0: the payload is zstd), a zero, the
//! execution's id (16), and how many bytes the payload has once it is plain (big-endian). What a peer says of sizes is
//! checked before anything is unpacked, and nothing is unpacked beyond it.

mod screen;

pub use self::screen::{Place, Screen};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    id::ExecutionId,
    proto::output::{Ended, LogStream, Piece},
};

/// The most bytes that a frame's payload may have once it is plain.
pub const MAX_PIECE_BYTES: usize = 256 * 1024;
/// Bytes that an agent may send of one answer before the server asks for more; one piece always fits.
pub const WINDOW_BYTES: u32 = 1024 * 1024;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 24;
const COMPRESSED: u8 = 1;
/// The kind of the last piece of an answer.
const ENDED: u8 = 3;
/// The kind of what an execution printed; the last kind.
const PRINTED: u8 = 4;
/// Stream, offset and time before the bytes of a piece.
const PIECE_HEADER_BYTES: usize = 17;
/// Smaller payloads are not worth it.
const WORTH_IT_BYTES: usize = 256;
/// The fastest level that still finds the repetitions of logs.
const LEVEL: i32 = 1;
/// Stream, flags, time and length before each line.
const LINE_HEADER_BYTES: usize = 14;
/// What a frame costs beyond its payload, so that empty ones are not free.
const FRAME_COST: usize = 64;

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The execution or question that it belongs to.
    pub execution: ExecutionId,
    /// What it holds.
    pub body: Body,
}

/// What a piece holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The answer begins; the node's time right before it asked.
    Begun(Timestamp),
    /// The next lines.
    Lines(Vec<Line>),
    /// The next bytes of a document.
    Document(Vec<u8>),
    /// The answer is over.
    Ended(Ended),
    /// What an execution printed.
    Printed(Piece),
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was written, by the node's clock.
    pub time: Timestamp,
    /// Where it was written.
    pub stream: LogStream,
    /// What was written, without the end of the line.
    pub bytes: Vec<u8>,
    /// Whether it goes on in the next line of its stream, being longer than one may be.
    pub continues: bool,
}

impl Line {
    /// Bytes that it takes of a piece.
    #[must_use]
    pub const fn weight(&self) -> usize {
        LINE_HEADER_BYTES + self.bytes.len()
    }
}

/// What is wrong with a binary frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It has no whole header.
    #[error("a binary frame has a header of {HEADER_BYTES} bytes")]
    Short,
    /// Its version is unknown.
    #[error("a binary frame begins with the version {VERSION}")]
    Version,
    /// Its kind or its flags are unknown.
    #[error("a binary frame has a kind of 0 to 4 and the flags 0 or 1")]
    Kind,
    /// It says that it is larger than it may be.
    #[error("a binary frame holds at most {MAX_PIECE_BYTES} bytes")]
    TooLarge,
    /// It does not unpack to what it says.
    #[error("the payload of a binary frame is not what its header says")]
    Payload,
    /// Its payload is not of its kind.
    #[error("the payload of a binary frame is not of its kind")]
    Content,
}

impl Frame {
    /// What it costs its sender's credit: its plain payload and a little.
    #[must_use]
    pub fn cost(&self) -> u32 {
        cost_of(self.body.plain().len())
    }

    /// Writes it, and says what it costs.
    #[must_use]
    pub fn encode(&self) -> (Vec<u8>, u32) {
        let plain = self.body.plain();
        let packed =
            if plain.len() < WORTH_IT_BYTES { None } else { zstd::bulk::compress(&plain, LEVEL).ok() };
        let packed = packed.filter(|packed| packed.len() < plain.len());
        let (flags, payload) = packed.as_ref().map_or((0, &plain), |packed| (COMPRESSED, packed));
        let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
        bytes.extend([VERSION, self.body.kind(), flags, 0]);
        bytes.extend(self.execution.as_bytes());
        bytes.extend(u32::try_from(plain.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(payload);
        (bytes, cost_of(plain.len()))
    }

    /// Reads one. Nothing is unpacked beyond what a piece may hold, whatever it says.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let header = Header::read(bytes)?;
        let payload = &bytes[HEADER_BYTES..];
        let unpacked;
        let plain = if header.compressed {
            unpacked = zstd::bulk::decompress(payload, header.plain_bytes).map_err(|_| Malformed::Payload)?;
            &unpacked
        } else {
            payload
        };
        if plain.len() != header.plain_bytes {
            return Err(Malformed::Payload);
        }
        Ok(Self { execution: header.execution, body: Body::read(header.kind, plain)? })
    }
}

/// What the header of a frame says, without a look into its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peek {
    /// The execution or question that it belongs to.
    pub execution: ExecutionId,
    /// What it costs.
    pub cost: u32,
    /// Whether the answer is over with it.
    pub ends: bool,
}

/// Reads the header of a frame.
///
/// # Errors
/// Says what is wrong with it.
pub fn peek(bytes: &[u8]) -> Result<Peek, Malformed> {
    let header = Header::read(bytes)?;
    let (execution, cost) = (header.execution, cost_of(header.plain_bytes));
    Ok(Peek { execution, cost, ends: header.kind == ENDED })
}

/// Whether a frame holds what an execution printed, as far as its header tells.
#[must_use]
pub fn is_printed(bytes: &[u8]) -> bool {
    bytes.get(..2) == Some(&[VERSION, PRINTED])
}

/// The execution or question that a frame belongs to, also of one that is malformed otherwise.
#[must_use]
pub fn execution_of(bytes: &[u8]) -> Option<ExecutionId> {
    let header: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
    let id = header[4..20].try_into().ok()?;
    Uuid::from_bytes(id).to_string().parse().ok().filter(|_| header[0] == VERSION)
}

/// What a payload of so many bytes costs.
fn cost_of(plain_bytes: usize) -> u32 {
    u32::try_from(plain_bytes + FRAME_COST).unwrap_or(u32::MAX)
}

struct Header {
    kind: u8,
    compressed: bool,
    execution: ExecutionId,
    plain_bytes: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let header: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(Malformed::Short)?;
        let [version, kind, flags, zero, rest @ ..] = header;
        if *version != VERSION {
            return Err(Malformed::Version);
        }
        if *kind > PRINTED || *flags > COMPRESSED || *zero != 0 {
            return Err(Malformed::Kind);
        }
        let (id, size) = rest.split_at(16);
        let id: [u8; 16] = id.try_into().map_err(|_| Malformed::Short)?;
        let size: [u8; 4] = size.try_into().map_err(|_| Malformed::Short)?;
        let plain_bytes = usize::try_from(u32::from_be_bytes(size)).map_err(|_| Malformed::TooLarge)?;
        if plain_bytes > MAX_PIECE_BYTES || bytes.len() > HEADER_BYTES + MAX_PIECE_BYTES {
            return Err(Malformed::TooLarge);
        }
        // Nothing is packed that grows by it: so no frame is larger than what it costs.
        if bytes.len() > HEADER_BYTES + plain_bytes {
            return Err(Malformed::Payload);
        }
        let execution = Uuid::from_bytes(id).to_string().parse().map_err(|_| Malformed::Content)?;
        Ok(Self { kind: *kind, compressed: *flags == COMPRESSED, execution, plain_bytes })
    }
}

impl Body {
    const fn kind(&self) -> u8 {
        match self {
            Self::Begun(_) => 0,
            Self::Lines(_) => 1,
            Self::Document(_) => 2,
            Self::Ended(_) => ENDED,
            Self::Printed(_) => PRINTED,
        }
    }

    fn plain(&self) -> Vec<u8> {
        match self {
            Self::Begun(time) => nanoseconds(*time).to_be_bytes().to_vec(),
            Self::Lines(lines) => {
                let mut bytes = Vec::with_capacity(lines.iter().map(Line::weight).sum());
                lines.iter().for_each(|line| write(line, &mut bytes));
                bytes
            }
            Self::Document(bytes) => bytes.clone(),
            Self::Ended(ended) => {
                serde_json::to_vec(ended).expect("an end is plain data and always serializes")
            }
            Self::Printed(piece) => {
                let mut bytes = Vec::with_capacity(PIECE_HEADER_BYTES + piece.bytes.len());
                bytes.push(number(piece.stream));
                bytes.extend(piece.offset.to_be_bytes());
                bytes.extend(nanoseconds(piece.time).to_be_bytes());
                bytes.extend(&piece.bytes);
                bytes
            }
        }
    }

    fn read(kind: u8, plain: &[u8]) -> Result<Self, Malformed> {
        match kind {
            0 => {
                let nanoseconds = plain.try_into().map_err(|_| Malformed::Content)?;
                Ok(Self::Begun(moment(nanoseconds)?))
            }
            1 => lines(plain).map(Self::Lines),
            2 => Ok(Self::Document(plain.to_vec())),
            PRINTED => piece(plain).map(Self::Printed),
            _ => serde_json::from_slice(plain).map(Self::Ended).map_err(|_| Malformed::Content),
        }
    }
}

fn write(line: &Line, bytes: &mut Vec<u8>) {
    bytes.push(number(line.stream));
    bytes.push(u8::from(line.continues));
    bytes.extend(nanoseconds(line.time).to_be_bytes());
    bytes.extend(u32::try_from(line.bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(&line.bytes);
}

fn lines(mut plain: &[u8]) -> Result<Vec<Line>, Malformed> {
    let mut lines = Vec::new();
    while let Some((header, rest)) = plain.split_first_chunk::<LINE_HEADER_BYTES>() {
        let [stream, continues, more @ ..] = header;
        let (time, length) = more.split_at(8);
        let stream = stream_of(*stream)?;
        let time = moment(time.try_into().map_err(|_| Malformed::Content)?)?;
        let length = u32::from_be_bytes(length.try_into().map_err(|_| Malformed::Content)?);
        let length = usize::try_from(length).map_err(|_| Malformed::Content)?;
        let (bytes, rest) = rest.split_at_checked(length).ok_or(Malformed::Content)?;
        lines.push(Line { time, stream, bytes: bytes.to_vec(), continues: *continues != 0 });
        plain = rest;
    }
    if plain.is_empty() { Ok(lines) } else { Err(Malformed::Content) }
}

fn piece(plain: &[u8]) -> Result<Piece, Malformed> {
    let (header, bytes) = plain.split_first_chunk::<PIECE_HEADER_BYTES>().ok_or(Malformed::Content)?;
    let [stream, rest @ ..] = header;
    let (offset, time) = rest.split_at(8);
    Ok(Piece {
        stream: stream_of(*stream)?,
        offset: u64::from_be_bytes(offset.try_into().map_err(|_| Malformed::Content)?),
        time: moment(time.try_into().map_err(|_| Malformed::Content)?)?,
        bytes: bytes.to_vec(),
    })
}

const fn number(stream: LogStream) -> u8 {
    match stream {
        LogStream::Stdout => 1,
        LogStream::Stderr => 2,
    }
}

const fn stream_of(number: u8) -> Result<LogStream, Malformed> {
    match number {
        1 => Ok(LogStream::Stdout),
        2 => Ok(LogStream::Stderr),
        _ => Err(Malformed::Content),
    }
}

/// Nanoseconds since 1970; 64 bits last from 1677 to 2262.
fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

fn moment(nanoseconds: [u8; 8]) -> Result<Timestamp, Malformed> {
    Timestamp::from_nanosecond(i64::from_be_bytes(nanoseconds).into()).map_err(|_| Malformed::Content)
}

#[cfg(test)]
mod tests;
