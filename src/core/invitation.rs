//! The invitation's token, and what a node signs to spend it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::{
    certificate::{Binding, TlsKey},
    signing::PublicKey,
};
use crate::id::InvitationId;

/// What an invitation's token starts with.
pub const PREFIX: &str = "wpi_";

/// An invitation's token, read: `wpi_` and base64url of id, secret and fingerprints, 16 + 32 + 32 + 32 bytes. Without the last
/// it is an older server's, which has no authority.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The invitation's id.
    pub id: InvitationId,
    /// What proves that it was given.
    pub secret: [u8; 32],
    /// The fingerprint of the key that signs the server's commands.
    pub server: [u8; 32],
    /// The fingerprint of the authority that certifies the server.
    pub authority: Option<[u8; 32]>,
}

impl Token {
    /// Writes the token.
    #[must_use]
    pub fn encode(&self) -> String {
        let authority = self.authority.as_ref().map_or(&[][..], |authority| authority);
        let bytes = [self.id.as_bytes().as_slice(), &self.secret, &self.server, authority].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(PREFIX)?).ok()?;
        let (id, rest) = bytes.split_at_checked(16)?;
        let (secret, rest) = rest.split_at_checked(32)?;
        let (server, authority) = rest.split_at_checked(32)?;
        let authority = if authority.is_empty() { None } else { Some(authority.try_into().ok()?) };
        Some(Self {
            id: InvitationId::from_uuid(Uuid::from_slice(id).ok()?),
            secret: secret.try_into().ok()?,
            server: server.try_into().ok()?,
            authority,
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

/// The same where agents are managed by certificates: it holds for one key to be certified and on one connection alone, so that
/// whoever stands between node and server has nothing to pass on.
#[must_use]
pub fn join_message_bound(
    id: InvitationId,
    secret_hash: &str,
    key: &PublicKey,
    tls_key: &TlsKey,
    binding: &Binding,
) -> Vec<u8> {
    let (secret_hash, key) = (secret_hash.as_bytes(), key.to_string());
    [b"worpen-join-v3\0", id.as_bytes().as_slice(), secret_hash, key.as_bytes(), tls_key.as_bytes(), binding]
        .concat()
}
