//! [`Identity`]: the node's key, who it is to its server, and which keys it trusts.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::certificate::NewKey;
use crate::{
    config::private,
    core::signing::{PublicKey, SigningKey},
    id::{AgentId, InvitationId, ServerId},
    proto::{certificate::Certificate, invitation::Joined},
};

/// The identity's file in the data folder.
const IDENTITY: &str = "identity.json";
/// The file of the last epoch. It is apart from the spool: a spool that is lost must not look like an old copy.
const EPOCH: &str = "epoch";

/// Why an identity is not there.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The node has not joined.
    #[error(
        "this node has not joined a server; run 'worpen agents invite NAME' there and 'worpen agent --server URL --join -' here"
    )]
    NotJoined,
    /// A file cannot be read or written.
    #[error("cannot use '{}'; check its owner and the space on its disk", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file is not what the agent wrote.
    #[error("'{}' is damaged; remove it and join anew with a fresh invitation", .0.display())]
    Damaged(PathBuf),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes to make a key of: {0}")]
    Random(getrandom::Error),
}

/// What the file holds: the seed from the first attempt to join on, the rest once it has joined.
#[derive(Serialize, Deserialize)]
struct Stored {
    seed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    membership: Option<Membership>,
}

/// What a node was told when it joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Membership {
    /// The invitation that it spent.
    pub(super) invitation: InvitationId,
    /// Where its server is.
    pub(super) url: String,
    /// The public keys that may order it, base64url.
    pub(super) keys: Vec<String>,
    /// Who it is.
    pub(super) joined: Joined,
    /// The authorities that certify its server: certificates, DER in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) authorities: Vec<String>,
    /// The revision of what it trusts.
    #[serde(default)]
    pub(super) revision: u64,
    /// What it shakes hands with. Once it has had a certificate, it links with none but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Held>,
    /// It joined where an authority that its system trusts stood in for the server's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) by_system_roots: bool,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// The certificate.
    #[serde(flatten)]
    pub(super) certificate: Certificate,
    /// The private key, PKCS #8 in base64.
    pub(super) key: Secret,
}

/// A private key as the file holds it; it is never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(String);

impl Secret {
    /// Keeps a private key.
    pub(super) fn of(private: &[u8]) -> Self {
        Self(STANDARD.encode(private))
    }

    /// The private key.
    pub(super) fn decoded(&self) -> Option<Zeroizing<Vec<u8>>> {
        STANDARD.decode(&self.0).ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A node's key before and after it joined.
pub(super) struct NodeKey {
    folder: PathBuf,
    /// The key.
    pub(super) key: SigningKey,
    /// What it was told when it joined.
    pub(super) membership: Option<Membership>,
}

impl NodeKey {
    /// Reads the key in a data folder; makes and saves one where there is none.
    pub(super) fn load_or_make(folder: &Path) -> Result<Self, IdentityError> {
        private::folder(folder).map_err(|source| unusable(folder, source))?;
        if let Some(found) = Self::load(folder)? {
            return Ok(found);
        }
        let mut seed = Zeroizing::new([0_u8; 32]);
        getrandom::fill(seed.as_mut()).map_err(IdentityError::Random)?;
        let made = Self { folder: folder.to_owned(), key: SigningKey::from_seed(&seed), membership: None };
        made.save()?;
        Ok(made)
    }

    fn load(folder: &Path) -> Result<Option<Self>, IdentityError> {
        let path = folder.join(IDENTITY);
        let text = match fs::read(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(unusable(&path, source)),
        };
        let stored: Stored =
            serde_json::from_slice(&text).map_err(|_| IdentityError::Damaged(path.clone()))?;
        let text = Zeroizing::new(stored.seed);
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.as_bytes()).unwrap_or_default());
        let seed: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| IdentityError::Damaged(path))?;
        let key = SigningKey::from_seed(seed);
        Ok(Some(Self { folder: folder.to_owned(), key, membership: stored.membership }))
    }

    /// Writes the file anew.
    pub(super) fn save(&self) -> Result<(), IdentityError> {
        let path = self.folder.join(IDENTITY);
        let seed = URL_SAFE_NO_PAD.encode(self.key.seed().as_slice());
        let stored = Stored { seed, membership: self.membership.clone() };
        let text = serde_json::to_vec_pretty(&stored).map_err(io::Error::other);
        let text = Zeroizing::new(text.map_err(|source| unusable(&path, source))?);
        private::replace(&path, &text).map_err(|source| unusable(&path, source))
    }
}

/// A node that has joined.
pub struct Identity {
    node: NodeKey,
    membership: Membership,
    trusted: Vec<PublicKey>,
    /// The server did not take the certificate.
    refused: bool,
}

impl Identity {
    /// Reads the identity in a data folder.
    ///
    /// # Errors
    /// Says that the node has not joined, or which file cannot be used.
    pub fn load(folder: &Path) -> Result<Self, IdentityError> {
        NodeKey::load(folder)?.ok_or(IdentityError::NotJoined)?.try_into()
    }

    /// The agent's id.
    #[must_use]
    pub const fn agent(&self) -> AgentId {
        self.membership.joined.id
    }

    /// The agent's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.membership.joined.agent_id
    }

    /// The site it belongs to.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.membership.joined.site
    }

    /// The id of its server.
    #[must_use]
    pub const fn server(&self) -> ServerId {
        self.membership.joined.server
    }

    /// Where its server is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.membership.url
    }

    /// The keys that may order it.
    #[must_use]
    pub fn trusted(&self) -> &[PublicKey] {
        &self.trusted
    }

    /// The public half of the node's own key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.node.key.public()
    }

    /// The node's own key.
    pub(super) const fn key(&self) -> &SigningKey {
        &self.node.key
    }

    /// The authorities that certify its server, DER.
    pub(super) fn authorities(&self) -> Vec<Vec<u8>> {
        self.membership.authorities.iter().filter_map(|text| STANDARD.decode(text).ok()).collect()
    }

    /// The revision of what it trusts.
    pub(super) const fn revision(&self) -> u64 {
        self.membership.revision
    }

    /// What it shakes hands with.
    pub(super) const fn certificate(&self) -> Option<&Held> {
        self.membership.certificate.as_ref()
    }

    /// Whether it joined where an authority that its system trusts stood in for the server's own.
    pub(super) const fn by_system_roots(&self) -> bool {
        self.membership.by_system_roots
    }

    /// Trusts these keys and authorities from now on, and no others; nothing changes when none of the keys can be read. An
    /// older server has no authorities: then those that are known stay. Says whether other authorities come first now.
    pub(super) fn trust(
        &mut self,
        keys: &[String],
        authorities: &[String],
        revision: u64,
    ) -> Result<bool, IdentityError> {
        let trusted: Vec<PublicKey> = keys.iter().filter_map(|key| PublicKey::parse(key)).collect();
        let known = &self.membership;
        let authorities =
            if authorities.is_empty() { known.authorities.clone() } else { authorities.to_vec() };
        let is_known = keys == known.keys && authorities == known.authorities && revision == known.revision;
        if trusted.is_empty() || is_known {
            return Ok(false);
        }
        let is_other = authorities.first() != known.authorities.first();
        self.change(|membership| {
            membership.keys = keys.to_vec();
            membership.authorities = authorities;
            membership.revision = revision;
        })?;
        self.trusted = trusted;
        Ok(is_other)
    }

    /// Shakes hands with this certificate from now on.
    pub(super) fn certify(&mut self, key: &NewKey, certificate: Certificate) -> Result<(), IdentityError> {
        let held = Held { certificate, key: Secret::of(&key.private) };
        self.change(|membership| membership.certificate = Some(held))?;
        self.refused = false;
        Ok(())
    }

    /// The server does not take the certificate: another is needed.
    pub(super) const fn refused(&mut self) {
        self.refused = true;
    }

    /// Whether the server did not take the certificate.
    pub(super) const fn is_refused(&self) -> bool {
        self.refused
    }

    /// Changes what is kept, once it is on disk.
    fn change(&mut self, change: impl FnOnce(&mut Membership)) -> Result<(), IdentityError> {
        let mut membership = self.membership.clone();
        change(&mut membership);
        let before = self.node.membership.replace(membership.clone());
        if let Err(error) = self.node.save() {
            self.node.membership = before;
            return Err(error);
        }
        self.membership = membership;
        Ok(())
    }

    /// The epoch that was synced last; 0 before the first link.
    pub(super) fn epoch(&self) -> Result<u64, IdentityError> {
        let path = self.node.folder.join(EPOCH);
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|_| IdentityError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(source) => Err(unusable(&path, source)),
        }
    }

    /// Writes the epoch down; once this returns it is on disk.
    pub(super) fn sync_epoch(&self, epoch: u64) -> Result<(), IdentityError> {
        sync_epoch(&self.node.folder, epoch)
    }
}

impl TryFrom<NodeKey> for Identity {
    type Error = IdentityError;

    fn try_from(node: NodeKey) -> Result<Self, IdentityError> {
        let membership = node.membership.clone().ok_or(IdentityError::NotJoined)?;
        let trusted: Vec<PublicKey> =
            membership.keys.iter().filter_map(|key| PublicKey::parse(key)).collect();
        if trusted.is_empty() {
            return Err(IdentityError::Damaged(node.folder.join(IDENTITY)));
        }
        Ok(Self { node, membership, trusted, refused: false })
    }
}

/// Writes the epoch of an agent down in its folder.
pub(super) fn sync_epoch(folder: &Path, epoch: u64) -> Result<(), IdentityError> {
    let path = folder.join(EPOCH);
    private::replace(&path, format!("{epoch}\n").as_bytes()).map_err(|source| unusable(&path, source))
}

fn unusable(path: &Path, source: io::Error) -> IdentityError {
    IdentityError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
