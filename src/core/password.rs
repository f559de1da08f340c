//! Passwords: argon2id (RFC 9106) with the cost that OWASP recommends, 19 MiB, two passes, one lane.

use std::fmt;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq;

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

/// The memory that passwords are hashed in: 19 MiB once it was used, and used again for the next.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} KiB)", self.0.len())
    }
}

impl Memory {
    fn hash(
        &mut self,
        argon2: &Argon2<'_>,
        password: &str,
        salt: &[u8],
        out: &mut [u8],
    ) -> argon2::Result<()> {
        let blocks = argon2.params().block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::default());
        }
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut self.0[..blocks])
    }
}

/// Hashes a password with a fresh random salt into a PHC string. Takes tens of milliseconds of one core.
///
/// # Errors
/// When the hash function refuses its input, which [`check`]ed passwords never cause.
pub fn hash(password: &str, salt: &[u8; 16], memory: &mut Memory) -> Result<String, Error> {
    let refused = |error: &dyn fmt::Display| Error::Internal(format!("argon2 refused a password: {error}"));
    let (argon2, mut out) = (Argon2::default(), [0; Params::DEFAULT_OUTPUT_LEN]);
    memory.hash(&argon2, password, salt, &mut out).map_err(|error| refused(&error))?;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params()).map_err(|error| refused(&error))?,
        salt: Some(Salt::new(salt).map_err(|error| refused(&error))?),
        hash: Some(Output::new(&out).map_err(|error| refused(&error))?),
    };
    Ok(hash.to_string())
}

/// Whether a password has this hash; `None` (no such user) takes as long and never holds.
#[must_use]
pub fn verify(password: &str, hash: Option<&str>, memory: &mut Memory) -> bool {
    let holds = PasswordHash::new(hash.unwrap_or(NOBODY)).is_ok_and(|known| has(password, &known, memory));
    holds && hash.is_some()
}

/// Whether a password has a hash that was read, by the cost that the hash itself names.
fn has(password: &str, known: &PasswordHash, memory: &mut Memory) -> bool {
    let (Some(salt), Some(wanted)) = (&known.salt, &known.hash) else { return false };
    let algorithm = Algorithm::try_from(known.algorithm.as_str());
    let version = known.version.map_or(Ok(Version::default()), Version::try_from);
    let (Ok(algorithm), Ok(version), Ok(params)) = (algorithm, version, Params::try_from(known)) else {
        return false;
    };
    let argon2 = Argon2::new(algorithm, version, params);
    let mut out = vec![0; wanted.len()];
    memory.hash(&argon2, password, salt, &mut out).is_ok() && out.ct_eq(wanted.as_bytes()).into()
}

#[cfg(test)]
mod tests;
