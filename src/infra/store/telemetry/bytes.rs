//! Numbers as bytes: varints (LEB128), zigzag, and a checksum.

/// Appends a varint.
#[expect(clippy::cast_possible_truncation, reason = "the low seven bits are what is meant")]
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A signed number as one that is small when it is near zero.
pub(super) const fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// The number of a zigzag.
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Bytes that are read from the front. Every reading says `None` when they end too early.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl<'b> Bytes<'b> {
    /// Reads a varint.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// Reads a varint of 32 bits.
    pub(super) fn small(&mut self) -> Option<u32> {
        self.number().and_then(|value| u32::try_from(value).ok())
    }

    /// Reads a varint that counts; more than `most` is damage, which must not become an allocation.
    pub(super) fn count(&mut self, most: usize) -> Option<usize> {
        self.number().and_then(|value| usize::try_from(value).ok()).filter(|count| *count <= most)
    }

    /// Reads so many bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Reads four bytes as a number.
    pub(super) fn four(&mut self) -> Option<u32> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*taken))
    }

    /// Reads eight bytes as a number.
    pub(super) fn eight(&mut self) -> Option<u64> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*taken))
    }
}

/// Puts the checksum of what follows in front.
pub(super) fn sealed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 8);
    out.extend_from_slice(&checksum(body).to_le_bytes());
    out.extend_from_slice(body);
    out
}

/// What follows the checksum, when it holds.
pub(super) fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (sum, body) = bytes.split_first_chunk()?;
    (u64::from_le_bytes(*sum) == checksum(body)).then_some(body)
}

/// A checksum against chance, not against intent: each step is a bijection of the state, so that any one damaged
/// word is always found; four lanes keep the multiplier busy.
fn checksum(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |state: u64, word: u64| ((state ^ word).wrapping_mul(ODD)).rotate_left(29);
    let mut lanes = [1_u64, 2, 3, 4].map(|lane| ODD.wrapping_mul(lane));
    let (blocks, rest) = bytes.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = step(*lane, u64::from_le_bytes(*word));
        }
    }
    let mut sum = step(ODD, bytes.len() as u64);
    for lane in lanes {
        sum = step(sum, lane);
    }
    for byte in rest {
        sum = step(sum, u64::from(*byte));
    }
    sum ^ (sum >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        let mut out = Vec::new();
        let numbers = [0, 1, 127, 128, 300, u64::MAX / 3, u64::MAX];
        numbers.into_iter().for_each(|number| put(&mut out, number));
        let mut bytes = Bytes(&out);
        assert_eq!(numbers.map(|_| bytes.number().unwrap()), numbers);
        assert_eq!(bytes.number(), None);
        for number in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(number)), number);
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let bytes: Vec<u8> = (0..100).collect();
        let whole = sealed(&bytes);
        assert_eq!(unsealed(&whole), Some(&bytes[..]));
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unsealed(&damaged), None, "bit {bit}");
        }
        assert_eq!(unsealed(&whole[..50]), None);
    }
}
