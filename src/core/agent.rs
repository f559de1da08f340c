//! Agents: names, and the epoch that tells a reconnection from a copy.

use super::error::Error;

/// Checks a node's name: 1 to 63 of `a-z 0-9 . -`, beginning and ending with a letter or digit (RFC 1123).
///
/// # Errors
/// Names the field and what was expected.
pub fn check_name(name: &str) -> Result<(), Error> {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inside = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'));
    if inside && name.len() <= 63 && ends(name.chars().next()) && ends(name.chars().next_back()) {
        return Ok(());
    }
    Err(Error::field(
        "name",
        "expected 1 to 63 of a-z, 0-9, '.' and '-', beginning and ending with a letter or digit, like 'web-1'",
    ))
}

/// Words that stand in a path where an agent's name does, so that no node may be called so.
const RESERVED: [&str; 1] = ["sync"];

/// Checks that a name can be told from the API's own words.
///
/// # Errors
/// Names the field and the cure.
pub fn check_not_reserved(name: &str) -> Result<(), Error> {
    if RESERVED.contains(&name) {
        return Err(Error::field(
            "name",
            format!("'{name}' is a word of the API; expected another, like '{name}-1'"),
        ));
    }
    Ok(())
}

/// What an agent's epoch says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochVerdict {
    /// It goes on where it was; the next link has this epoch.
    Continues {
        /// The epoch to offer.
        next: u64,
    },
    /// It is ahead: this server was restored from an older copy. The next link has this epoch, above both.
    Ahead {
        /// The epoch to offer.
        next: u64,
    },
    /// It is behind: its state is an old copy.
    Behind,
}

/// No agent links so often; one that says so lies.
const MAX_EPOCH: u64 = 1 << 53;

/// Judges the epoch that an agent presents. `accepted` is that of its last accepted HELLO, `offered` the one that
/// was offered then; a WELCOME may have been lost, so both continue.
#[must_use]
pub const fn judge_epoch(presented: u64, accepted: u64, offered: u64) -> EpochVerdict {
    if presented >= MAX_EPOCH {
        return EpochVerdict::Behind;
    }
    if presented == accepted || presented == offered {
        EpochVerdict::Continues { next: presented + 1 }
    } else if presented > offered {
        EpochVerdict::Ahead { next: presented + 1 }
    } else {
        EpochVerdict::Behind
    }
}

#[cfg(test)]
mod tests;
