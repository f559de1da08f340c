//! Who a simulated agent is once it joined, and the file that keeps it for the next run.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{SimError, plan::Plan, random::derive};
use crate::{
    core::signing::{PublicKey, SigningKey},
    id::{AgentId, ServerId},
    proto::invitation::Joined,
};

/// How far an epoch is raised when the run before did not end well and its file is behind. The server takes such an
/// agent for one that is ahead and goes on above it; one that is behind it would quarantine.
const AHEAD: u64 = 1_000_000;

/// Who an agent is to its server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Membership {
    /// The agent's id.
    pub(super) agent: AgentId,
    /// Its site.
    pub(super) site: String,
    /// The server's id.
    pub(super) server: ServerId,
    /// The keys that sign for the server.
    pub(super) keys: Vec<String>,
    /// The authorities that certify the server, DER in base64.
    #[serde(default)]
    pub(super) authorities: Vec<String>,
    /// The epoch of its last link.
    pub(super) epoch: u64,
}

impl From<Joined> for Membership {
    fn from(joined: Joined) -> Self {
        let Joined { id, site, server, server_key, authorities, .. } = joined;
        Self { agent: id, site, server, keys: vec![server_key], authorities, epoch: 0 }
    }
}

impl Membership {
    /// The keys, read.
    pub(super) fn trusted(&self) -> Vec<PublicKey> {
        self.keys.iter().filter_map(|key| PublicKey::parse(key)).collect()
    }
}

/// The key of a simulated agent.
pub(super) fn key(seed: u64, name: &str) -> SigningKey {
    SigningKey::from_seed(&derive(seed, "key", name))
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    seed: u64,
    ended_well: bool,
    agents: BTreeMap<String, Membership>,
}

/// The file of identities; without one, nothing is kept.
pub(super) struct Keep(Option<(PathBuf, Mutex<Content>)>);

impl Keep {
    /// Opens what the plan names. The seed of an earlier run takes the place of the plan's, since keys follow from it.
    pub(super) fn open(plan: &mut Plan) -> Result<Self, SimError> {
        let Some(path) = plan.keep.clone() else { return Ok(Self(None)) };
        let failed = |source| SimError::Keep { path: path.clone(), source };
        let content = match fs::read(&path) {
            Ok(bytes) => {
                let mut content: Content =
                    serde_json::from_slice(&bytes).map_err(|error| failed(io::Error::other(error)))?;
                plan.seed = content.seed;
                if !content.ended_well {
                    content.agents.values_mut().for_each(|agent| agent.epoch += AHEAD);
                }
                content
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Content { seed: plan.seed, ..Content::default() }
            }
            Err(error) => return Err(failed(error)),
        };
        let keep = Self(Some((path, Mutex::new(content))));
        keep.save(false)?;
        Ok(keep)
    }

    /// What is known of an agent.
    pub(super) fn find(&self, name: &str) -> Option<Membership> {
        self.content().and_then(|content| content.agents.get(name).cloned())
    }

    /// Notes what an agent is now.
    pub(super) fn note(&self, name: &str, membership: &Membership) {
        if let Some(mut content) = self.content() {
            content.agents.insert(name.to_owned(), membership.clone());
        }
    }

    /// Writes the file, mode 0600: the old content or the new, never half of either.
    pub(super) fn save(&self, ended_well: bool) -> Result<(), SimError> {
        let (Some((path, _)), Some(mut content)) = (&self.0, self.content()) else { return Ok(()) };
        content.ended_well = ended_well;
        let bytes = serde_json::to_vec(&*content).map_err(io::Error::other);
        bytes
            .and_then(|bytes| replace(path, &bytes))
            .map_err(|source| SimError::Keep { path: path.clone(), source })
    }

    fn content(&self) -> Option<MutexGuard<'_, Content>> {
        self.0.as_ref().map(|(_, content)| content.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}
