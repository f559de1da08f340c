//! Certificates: who they are for, when they are renewed, and what an agent signs to be given one.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::id::{AgentId, ServerId};

pub use crate::proto::certificate::SERVER_NAME;

/// The label of the [`Binding`] (RFC 5705).
pub const BINDING_LABEL: &[u8] = b"EXPORTER-worpen-agent";

/// A secret that both ends of one TLS connection can compute and nobody else (RFC 5705, RFC 9266): what is signed over it
/// holds on that connection alone.
pub type Binding = [u8; 32];

/// The public half of the key that an agent shakes hands with: a point of P-256, uncompressed (SEC 1, section 2.3.3). Its
/// text form is base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TlsKey([u8; 65]);

impl TlsKey {
    /// Takes an uncompressed point.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 65] = bytes.try_into().ok()?;
        (bytes[0] == 4).then_some(Self(bytes))
    }

    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(&URL_SAFE_NO_PAD.decode(text).ok()?)
    }

    /// The point.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }
}

impl fmt::Display for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// What an agent signs with its own key to be given a certificate for another: it holds for one server, one agent, one key
/// and one connection.
#[must_use]
pub fn certify_message(server: ServerId, agent: AgentId, key: &TlsKey, binding: &Binding) -> Vec<u8> {
    [b"worpen-certify-v1\0".as_slice(), server.as_bytes(), agent.as_bytes(), key.as_bytes(), binding].concat()
}

/// When a certificate is renewed: at two thirds of its life.
#[must_use]
pub fn renew_at(from: Timestamp, until: Timestamp) -> Timestamp {
    let life = until.as_millisecond().saturating_sub(from.as_millisecond());
    Timestamp::from_millisecond(from.as_millisecond().saturating_add(life / 3 * 2)).unwrap_or(until)
}

/// How long a certificate is kept that came just now, before it is renewed. It follows from its length alone, so that no clock
/// which is set makes it due at once, again and again. Its ends are whole seconds: one of them may have passed when it came.
#[must_use]
pub fn renew_after(from: Timestamp, until: Timestamp) -> Duration {
    let life = Duration::try_from(until.duration_since(from)).unwrap_or_default();
    life.saturating_sub(Duration::from_secs(1)) / 3 * 2
}

/// The fingerprint of a certificate: the SHA-256 of its DER.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// A certificate in the text form of RFC 7468.
#[must_use]
pub fn pem(certificate: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(renew_at(at(1000), at(1000 + 24 * 3600)), at(1000 + 16 * 3600));
        assert_eq!(renew_at(at(1000), at(1000)), at(1000));
        assert!(renew_at(at(1000), at(0)) < at(1000), "one that ended before it began is due");
        assert_eq!(renew_after(at(1000), at(1000 + 24 * 3600 + 1)).as_secs(), 16 * 3600);
        assert!(renew_after(at(1000), at(0)).is_zero());
    }

    #[test]
    fn only_an_uncompressed_point_is_a_key() {
        assert!(TlsKey::new(&[4; 65]).is_some());
        assert!(TlsKey::new(&[2; 65]).is_none());
        assert!(TlsKey::new(&[4; 64]).is_none());
        let key = TlsKey::new(&[4; 65]).unwrap();
        assert!(TlsKey::parse(&key.to_string()) == Some(key));
    }
}
