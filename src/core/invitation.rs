//! The invitation's token, and what a node signs to spend it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::signing::PublicKey;
use crate::id::InvitationId;

/// What an invitation's token starts with.
pub const PREFIX: &str = "wpi_";

/// An invitation's token, read: `wpi_` and base64url of id, secret and fingerprint, 16 + 32 + 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The invitation's id.
    pub id: InvitationId,
    /// What proves that it was given.
    pub secret: [u8; 32],
    /// The fingerprint of the key that signs the server's commands.
    pub server: [u8; 32],
}

impl Token {
    /// Writes the token.
    #[must_use]
    pub fn encode(&self) -> String {
        let bytes = [self.id.as_bytes().as_slice(), &self.secret, &self.server].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(PREFIX)?).ok()?;
        let bytes: [u8; 80] = bytes.try_into().ok()?;
        let (id, rest) = bytes.split_at(16);
        let (secret, server) = rest.split_at(32);
        Some(Self {
            id: InvitationId::from_uuid(Uuid::from_slice(id).ok()?),
            secret: secret.try_into().ok()?,
            server: server.try_into().ok()?,
        })
    }
}

/// What a node signs with its key to join. Who signs it knows the secret and holds the key; who hears the signature learns
/// neither, so that a false server cannot spend the invitation in the node's place.
#[must_use]
pub fn join_message(id: InvitationId, secret_hash: &str, key: &PublicKey) -> Vec<u8> {
    [b"worpen-join-v2\0", id.as_bytes().as_slice(), secret_hash.as_bytes(), key.to_string().as_bytes()]
        .concat()
}
