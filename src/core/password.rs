//! Passwords: argon2id (RFC 9106) with the cost that OWASP recommends, 19 MiB, two passes, one lane.

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};

use super::error::Error;

/// A well-formed hash that no password has: verified for users that do not exist, so that they take as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$d29ycGVuLW5vYm9keS0wMA$q8mNUZ6YuyfcFbqLQRgIsHeydNqAeWKiMuTqjzNDKVM";

/// Checks a new password's length: 12 to 1,024 characters.
///
/// # Errors
/// Names the field and what was expected.
pub fn check(password: &str) -> Result<(), Error> {
    if (12..=1024).contains(&password.chars().count()) {
        return Ok(());
    }
    Err(Error::field("password", "expected 12 to 1,024 characters"))
}

/// Hashes a password with a fresh random salt into a PHC string. Takes tens of milliseconds of one core.
///
/// # Errors
/// When the hash function refuses its input, which [`check`]ed passwords never cause.
pub fn hash(password: &str, salt: &[u8; 16]) -> Result<String, Error> {
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(format!("argon2 refused a password: {error}")))
}

/// Whether a password has this hash; `None` (no such user) takes as long and never holds.
#[must_use]
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let holds = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    holds && hash.is_some()
}

#[cfg(test)]
mod tests;
