//! Signed bases: the server's word that its own hand trimmed the log up to an entry, after an archive was made of it.
//!
//! A head names an entry too, but heads of every part of the log are given away: whoever removed its beginning would find
//! one that fits. So a base is an envelope of its own type, made only where the log is trimmed.

use jiff::Timestamp;

use super::{
    ChainHead, Restored,
    head::{HeadKey, counting},
};
use crate::{
    core::{
        digest::{from_hex, hex},
        envelope::{self, Unopened},
        signing::SigningKey,
    },
    id::ServerId,
    proto::{
        audit::{AuditBase, AuditRestore},
        envelope::{AUDIT_BASE_TYPE, Envelope},
    },
};

/// A base and its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBase {
    /// The last entry that is gone.
    pub chain: ChainHead,
    /// The server whose log it is.
    pub server: ServerId,
    /// The restores that the entries that are gone told of: heads of later entries may still need them.
    pub restores: Vec<Restored>,
    /// What was signed.
    pub envelope: Envelope,
}

impl SignedBase {
    /// Signs where a server trims its log to.
    #[must_use]
    pub fn sign(
        key: &SigningKey,
        server: ServerId,
        chain: ChainHead,
        restores: Vec<Restored>,
        time: Timestamp,
    ) -> Self {
        let told = restores.iter().map(|&Restored { number, time }| AuditRestore { number, time });
        let payload = AuditBase {
            server,
            number: chain.number,
            hash: hex(&chain.hash),
            time,
            restores: told.collect(),
        };
        let envelope = envelope::seal(key, AUDIT_BASE_TYPE, &payload);
        Self { chain, server, restores, envelope }
    }

    /// Opens a base that one of the keys signed whose word on its entry counts.
    ///
    /// # Errors
    /// As [`envelope::open`] says.
    pub fn open(keys: &[HeadKey], envelope: &Envelope) -> Result<Self, Unopened> {
        let claimed: Option<AuditBase> = envelope::unproven(AUDIT_BASE_TYPE, envelope);
        let counting = counting(keys, claimed.map_or(0, |base| base.number));
        let base: AuditBase = envelope::open(&counting, AUDIT_BASE_TYPE, envelope)?;
        let hash = from_hex(base.hash.as_bytes()).ok_or(Unopened::NotOfItsType)?;
        let told = base.restores.iter().map(|&AuditRestore { number, time }| Restored { number, time });
        let (chain, restores) = (ChainHead { number: base.number, hash }, told.collect());
        Ok(Self { chain, server: base.server, restores, envelope: envelope.clone() })
    }

    /// What a store says of where its log was trimmed to, when this server signed that very place.
    #[must_use]
    pub fn proven(keys: &[HeadKey], server: ServerId, chain: ChainHead, envelope: &Envelope) -> Option<Self> {
        let base = Self::open(keys, envelope).ok()?;
        (base.server == server && base.chain == chain).then_some(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::audit::head::SignedHead;

    /// Any head that had been given away passed as the base, so that a beginning that somebody removed verified as trimmed.
    #[test]
    fn a_base_is_no_head_and_proves_its_own_place_alone() {
        let (key, server) = (SigningKey::from_seed(&[7; 32]), ServerId::generate());
        let keys = [HeadKey { key: key.public(), until: None }];
        let chain = ChainHead { number: 41, hash: [3; 32] };
        let restores = vec![Restored { number: 12, time: Timestamp::UNIX_EPOCH }];
        let base = SignedBase::sign(&key, server, chain, restores, Timestamp::UNIX_EPOCH);
        assert_eq!(SignedBase::open(&keys, &base.envelope).as_ref(), Ok(&base));
        assert_eq!(SignedBase::proven(&keys, server, chain, &base.envelope).as_ref(), Some(&base));
        let elsewhere = ChainHead { number: 42, ..chain };
        assert_eq!(SignedBase::proven(&keys, server, elsewhere, &base.envelope), None);
        assert_eq!(SignedBase::proven(&keys, ServerId::generate(), chain, &base.envelope), None);
        let head = SignedHead::sign(&key, server, chain, Timestamp::UNIX_EPOCH);
        assert_eq!(SignedBase::open(&keys, &head.envelope), Err(Unopened::WrongType));
        assert_eq!(SignedHead::claimed(&base.envelope), None);
    }
}
