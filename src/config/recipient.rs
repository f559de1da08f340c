//! [`Recipient`]: whom a backup is encrypted for, as `age` spells it (C2SP age.md, "The X25519 recipient type").

use std::{fmt, str::FromStr};

use bech32::{Bech32, Hrp};

use super::{
    network::listed,
    value::{Raw, Value},
};

/// What the text of a recipient begins with.
const PREFIX: &str = "age";

/// A public X25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient(pub [u8; 32]);

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spell(PREFIX, &self.0))
    }
}

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(PREFIX, text)
            .map(Self)
            .ok_or_else(|| "expected a public key like age1...; 'worpen backup key' makes a pair".to_owned())
    }
}

/// 32 bytes as Bech32 (BIP 173).
///
/// # Panics
/// Never: the prefixes are constants and the text is short.
#[must_use]
pub fn spell(prefix: &str, key: &[u8; 32]) -> String {
    let prefix = Hrp::parse(prefix).expect("the prefixes are Bech32's");
    bech32::encode::<Bech32>(prefix, key).expect("52 characters are within Bech32's bound")
}

/// The 32 bytes of a text in Bech32 under a prefix.
#[must_use]
pub fn read(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32>(text.trim()).ok()?;
    if !checked.hrp().as_str().eq_ignore_ascii_case(prefix) {
        return None;
    }
    checked.byte_iter().collect::<Vec<u8>>().try_into().ok()
}

/// Whom backups are encrypted for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients(Vec<Recipient>);

impl Recipients {
    /// The public keys; any of their owners can open a backup.
    #[must_use]
    pub fn list(&self) -> &[Recipient] {
        &self.0
    }
}

impl Value for Recipients {
    fn expected() -> String {
        "a list of public keys, each like age1...; 'worpen backup key' makes a pair".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let texts = match raw {
            Raw::Untyped(text) => listed(text),
            Raw::Strings(texts) => texts.clone(),
            Raw::String(_) | Raw::Integer(_) | Raw::Boolean(_) | Raw::Table(_) | Raw::Other(_) => {
                return Err(Self::expected());
            }
        };
        let keys: Result<Vec<_>, _> = texts.iter().map(|text| text.parse()).collect();
        keys.map(Self).map_err(|_| Self::expected())
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.iter().map(ToString::to_string).collect::<Vec<_>>().into())
    }
}

#[cfg(test)]
mod tests;
