//! Digests, as the store, entity tags and cursors have them, and their hexadecimal text.

use sha2::{Digest, Sha256};

/// The hexadecimal SHA-256. It is what the store keeps of a secret too: a secret is 32 random bytes, so no slow hash is
/// due.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same, added to bytes of a text.
pub fn push_hex(into: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    into.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)]));
}

/// Reads `2 * N` lower-case hexadecimal digits.
#[must_use]
pub fn from_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_digest_is_that_of_fips_180() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256_hex(b"abc"), abc);
    }

    #[test]
    fn digits_are_read_as_they_were_written() {
        let bytes: [u8; 32] = std::array::from_fn(|index| (index * 37) as u8);
        let mut text = Vec::new();
        super::push_hex(&mut text, &bytes);
        assert_eq!(text, super::hex(&bytes).into_bytes());
        assert_eq!(super::from_hex(&text), Some(bytes));
        for wrong in [&text[1..], &text[2..], b"0G", b"AB"] {
            assert_eq!(super::from_hex::<32>(wrong), None);
        }
    }
}
