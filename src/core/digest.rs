//! Digests, as the store, entity tags and cursors have them.

use sha2::{Digest, Sha256};

/// The hexadecimal SHA-256. It is what the store keeps of a secret too: a secret is 32 random bytes, so no slow hash is
/// due.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_digest_is_that_of_fips_180() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256_hex(b"abc"), abc);
    }
}
