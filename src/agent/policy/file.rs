//! [`PolicyFile`]: the policy where its operator writes it, read anew when it changed. What cannot be read lets nothing
//! through.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::Policy;
use crate::{config::private, proto::envelope::CommandOrder};

/// The most bytes of a policy.
const MAX_BYTES: u64 = 256 * 1024;

/// A policy's file.
#[derive(Debug)]
pub(in crate::agent) struct PolicyFile {
    path: PathBuf,
    /// Whether there must be one.
    is_required: bool,
    held: Mutex<Held>,
}

/// What was read last.
#[derive(Debug, Default)]
struct Held {
    stamp: Option<Stamp>,
    /// Nothing where there never was a file and none must be. One that was there and goes is missed: an editor may be
    /// putting another in its place.
    policy: Option<Result<Policy, String>>,
}

/// What changes with a file's content, its owner or its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(about: &Metadata) -> Self {
        Self {
            file: (about.dev(), about.ino()),
            bytes: about.size(),
            written: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

impl PolicyFile {
    /// The file that its operator named, or one that need not be there.
    pub(in crate::agent) fn new(path: PathBuf, is_required: bool) -> Self {
        let file = Self { path, is_required, held: Mutex::default() };
        file.read_anew(&mut file.held.lock().unwrap_or_else(PoisonError::into_inner));
        file
    }

    /// Whether an order may be obeyed at this moment.
    ///
    /// # Errors
    /// Says what stands against it.
    pub(in crate::agent) fn judge(&self, order: &CommandOrder, now: Instant) -> Result<(), String> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_anew(&mut held);
        match &held.policy {
            None => Ok(()),
            Some(Ok(policy)) => policy.judge(order, now),
            Some(Err(why)) => Err(format!("this node's policy cannot be used, so it obeys nobody: {why}")),
        }
    }

    /// Reads the file if it is not as it was.
    fn read_anew(&self, held: &mut Held) {
        let (stamp, policy) = match fs::metadata(&self.path) {
            Ok(about) => {
                let stamp = Stamp::from(&about);
                if held.stamp == Some(stamp) {
                    return;
                }
                (Some(stamp), read(&self.path))
            }
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && !self.is_required && held.policy.is_none() =>
            {
                return;
            }
            Err(error) => (None, Err(format!("{}: {error}", self.path.display()))),
        };
        let is_told = matches!((&held.policy, &policy), (Some(Err(before)), Err(now)) if before == now);
        if !is_told {
            self.tell(&policy);
        }
        *held = Held { stamp, policy: Some(policy) };
    }

    fn tell(&self, policy: &Result<Policy, String>) {
        let path = self.path.display();
        match policy {
            Ok(policy) => tracing::info!(%path, rules = policy.rules.len(), "the policy was read"),
            Err(why) => tracing::error!(%path, why, "the policy cannot be used; every order is refused"),
        }
    }
}

/// Reads a policy as an agent would; returns how many rules it has.
///
/// # Errors
/// Says why an agent could not use it.
pub fn check_policy(path: &Path) -> Result<usize, String> {
    read(path).map(|policy| policy.rules.len())
}

/// Reads a policy from a file that nobody else can change.
fn read(path: &Path) -> Result<Policy, String> {
    let said = |error: io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(said)?;
    let about = file.metadata().map_err(said)?;
    if !about.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    private::guarded(path, &about)?;
    if about.size() > MAX_BYTES {
        return Err(format!("{} has more than {MAX_BYTES} bytes", path.display()));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(said)?;
    Policy::parse(&text).map_err(|why| format!("{}: {why}", path.display()))
}
