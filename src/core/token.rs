//! The token of a signed-in user: a compact JWS (RFC 7515) with the one algorithm `EdDSA` (RFC 8037).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::signing::{PublicKey, SigningKey};
use crate::{
    id::{ServerId, UserId},
    proto::user::Role,
};

/// The only header that is written or accepted, so that no token chooses its own algorithm.
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The server that issued it.
    pub iss: ServerId,
    /// Whose it is.
    pub sub: UserId,
    /// The user's name.
    pub name: String,
    /// The role at issue; the user's present role counts when it is less.
    pub role: Role,
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
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(body));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Reads a token that this server issued and that has not expired; `None` says no more than that it does not hold.
#[must_use]
pub fn read(key: &PublicKey, server: ServerId, token: &str, now: Timestamp) -> Option<Claims> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, body) = signed.split_once('.')?;
    if header != URL_SAFE_NO_PAD.encode(HEADER) {
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
