//! The token of a signed-in user: a compact JWS (RFC 7515) with the one algorithm `EdDSA` (RFC 8037).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{
    digest::sha256_hex,
    signing::{PublicKey, SigningKey},
};
use crate::{
    id::{ServerId, SessionId, UserId},
    proto::user::Role,
};

/// The only header that is written or accepted, so that no token chooses its own algorithm or key. `kid` names the key by the
/// start of its hash: once the secret was changed, tokens of the one before are refused for that alone.
fn header(key: &PublicKey) -> String {
    let kid = &sha256_hex(key.to_string().as_bytes())[..16];
    URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#))
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The server that issued it.
    pub iss: ServerId,
    /// Whose it is.
    pub sub: UserId,
    /// The user's name.
    pub name: String,
    /// The role at issue, for whoever reads the token; what counts is the user's present one.
    pub role: Role,
    /// The session that began with it: it holds no longer than that.
    pub sid: SessionId,
    /// When it was issued, seconds since 1970.
    pub iat: i64,
    /// When it expires, seconds since 1970.
    pub exp: i64,
}

/// Derives the key that signs tokens from a secret of at least 32 bytes (HKDF-SHA256, RFC 5869).
#[must_use]
pub fn key_from_secret(secret: &[u8]) -> SigningKey {
    let mut seed = [0; 32];
    Hkdf::<Sha256>::new(None, secret)
        .expand(b"worpen-token-v1", &mut seed)
        .expect("32 bytes are within the bound of HKDF-SHA256");
    SigningKey::from_seed(&seed)
}

/// Writes and signs a token.
#[must_use]
pub fn issue(key: &SigningKey, claims: &Claims) -> String {
    let body = serde_json::to_vec(claims).expect("claims are plain data and always serialize");
    let signed = format!("{}.{}", header(&key.public()), URL_SAFE_NO_PAD.encode(body));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Reads a token that this server issued and that has not expired; `None` says no more than that it does not hold.
#[must_use]
pub fn read(key: &PublicKey, server: ServerId, token: &str, now: Timestamp) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, body) = signed.split_once('.')?;
    if head != header(key) {
        return None;
    }
    if !key.verifies(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?) {
        return None;
    }
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    (claims.iss == server && claims.exp > now.as_second()).then_some(claims)
}

#[cfg(test)]
mod tests;
