//! [`fragments`]: a long message in pieces (RFC 6455, section 5.4), so that whoever reads it never holds a buffer as
//! large as the largest message, for as long as the link lasts.

use bytes::Bytes;

use crate::proto::link::FRAGMENT_BYTES;

/// One piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Whether the message begins with it; any other continues.
    pub first: bool,
    /// Whether the message ends with it.
    pub last: bool,
    /// Its bytes; a character may be cut in two.
    pub bytes: Bytes,
}

/// A message in pieces of at most [`FRAGMENT_BYTES`]; an empty one is one empty piece.
pub fn fragments(mut message: Bytes) -> impl Iterator<Item = Fragment> {
    let mut first = true;
    std::iter::from_fn(move || {
        if message.is_empty() && !first {
            return None;
        }
        let bytes = message.split_to(message.len().min(FRAGMENT_BYTES));
        Some(Fragment { first: std::mem::replace(&mut first, false), last: message.is_empty(), bytes })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_message() {
        for length in [0, 1, FRAGMENT_BYTES, FRAGMENT_BYTES + 1, 5 * FRAGMENT_BYTES + 7] {
            let message: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let pieces: Vec<_> = fragments(message.clone().into()).collect();
            let whole: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
            assert_eq!(whole, message);
            assert!(pieces.iter().all(|piece| piece.bytes.len() <= FRAGMENT_BYTES));
            let firsts: Vec<bool> = pieces.iter().map(|piece| piece.first).collect();
            let lasts: Vec<bool> = pieces.iter().map(|piece| piece.last).collect();
            assert_eq!(firsts.iter().position(|first| *first), Some(0));
            assert_eq!(firsts.iter().filter(|first| **first).count(), 1);
            assert_eq!(lasts.iter().position(|last| *last), Some(pieces.len() - 1));
        }
    }
}
