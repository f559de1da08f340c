//! The private halves of what a fleet trusts, which never leave the server's files.

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    core::{
        certificate::TlsKey,
        error::Error,
        signing::SigningKey,
        trust::{Anchor, AnchorKind},
    },
    id::AgentId,
};

/// Makes keys and keeps them. A trait because the rules have no files and no X.509.
pub trait Keys: Send + Sync {
    /// Makes a key whose private half is on disk once this returns; the active one of its kind vouches for it.
    ///
    /// # Errors
    /// The files or the randomness of the system cannot be used.
    fn make(&self, kind: AnchorKind, active: Option<&Anchor>, now: Timestamp) -> Result<Anchor, Error>;

    /// The private half of a key that signs commands.
    ///
    /// # Errors
    /// Its file cannot be read, or is another's.
    fn signing(&self, anchor: &Anchor) -> Result<SigningKey, Error>;

    /// An authority that can certify.
    ///
    /// # Errors
    /// Its file cannot be read, or is another's.
    fn issuer(&self, anchor: &Anchor) -> Result<Box<dyn Issuer>, Error>;
}

/// An authority with its private half.
pub trait Issuer: Send + Sync {
    /// Certifies the key of an agent from now on, for as long as is set.
    ///
    /// # Errors
    /// The certificate cannot be made.
    fn certify_agent(&self, agent: AgentId, key: &TlsKey, now: Timestamp) -> Result<Issued, Error>;

    /// Makes a key and a certificate for the server itself under these names and addresses.
    ///
    /// # Errors
    /// The certificate cannot be made.
    fn certify_server(&self, names: &[String], now: Timestamp) -> Result<ServerCertificate, Error>;
}

/// A certificate of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its number, hexadecimal.
    pub serial: String,
    /// The authority's id.
    pub authority: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

/// A certificate of the server with its key.
pub struct ServerCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// The private key, PKCS #8.
    pub key: Zeroizing<Vec<u8>>,
    /// From when it holds.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}
