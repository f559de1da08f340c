//! Secrets at rest: what must be read again later lies in the store under ChaCha20-Poly1305 (RFC 8439), bound to the
//! record that it belongs to, with a key that only the server's own key leads to.

use std::fmt;

use hkdf::Hkdf;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::{error::Error, signing::SigningKey};

/// The form of what is sealed; it comes first, so that a later form can be told from it.
const FORM: u8 = 1;

/// The bytes of randomness that each seal takes.
pub type SealNonce = [u8; NONCE_LEN];

/// The key that seals and opens. It is never printed.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// The sealing key of a server, derived from the key that signs its commands (HKDF-SHA256, RFC 5869).
    ///
    /// # Panics
    /// Never: the lengths are those of the algorithms.
    #[must_use]
    pub fn of(key: &SigningKey) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, key.seed().as_ref())
            .expand(b"worpen-sealing-v1", bytes.as_mut())
            .expect("32 bytes are within the bound of HKDF-SHA256");
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes.as_ref()).expect("the cipher's key has 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals a text for one record, named by `aad`. The nonce must be fresh randomness: twice the same one would show
    /// what two texts have in common.
    ///
    /// # Panics
    /// Never for what a server takes: only texts above 256 GB are refused.
    #[must_use]
    pub fn seal(&self, plain: &[u8], aad: &str, nonce: SealNonce) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + CHACHA20_POLY1305.tag_len());
        sealed.push(FORM);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let text = &mut sealed[1 + NONCE_LEN..];
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), text)
            .expect("the text is far below the cipher's bound");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what was sealed for this record; `None` when it was sealed for another, with another key, or altered.
    #[must_use]
    pub fn open(&self, sealed: &[u8], aad: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (form, rest) = sealed.split_first()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        if *form != FORM {
            return None;
        }
        let mut plain = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, Aad::from(aad), &mut plain).ok()?.len();
        plain[length..].zeroize();
        plain.truncate(length);
        Some(plain)
    }
}

/// A key with the randomness that one seal takes.
#[derive(Clone, Copy, Debug)]
pub struct Seal<'a> {
    /// The key.
    pub key: &'a SealingKey,
    /// Fresh randomness.
    pub nonce: SealNonce,
}

impl Seal<'_> {
    /// Seals the arguments of a command, a plan or a schedule, which its id names.
    #[must_use]
    pub fn arguments(self, record: impl fmt::Display, args: &Value) -> Vec<u8> {
        let plain = Zeroizing::new(args.to_string());
        self.key.seal(plain.as_bytes(), &record.to_string(), self.nonce)
    }
}

impl SealingKey {
    /// Opens the arguments that were sealed for a record.
    ///
    /// # Errors
    /// They were sealed with another key, or altered.
    pub fn arguments(&self, record: impl fmt::Display, sealed: &[u8]) -> Result<Map<String, Value>, Error> {
        let record = record.to_string();
        let plain = self.open(sealed, &record);
        plain.and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or_else(|| {
            Error::Internal(format!(
                "the sealed arguments of {record} do not open with this server's command.key"
            ))
        })
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

#[cfg(test)]
mod tests;
