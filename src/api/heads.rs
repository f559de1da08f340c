//! [`Heads`]: the heads of the audit log that were given away, and what comes back.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OnceCell, watch};

use super::{app::App, clock};
use crate::{
    core::{
        audit::{ChainHead, Restored, head::SignedHead},
        error::Error,
        usecase::{
            Origin,
            witness::{self, Standing},
        },
    },
    proto::envelope::Envelope,
};

/// How many different heads of agents are remembered. Honest agents have been given the same few.
const MOST: usize = 1000;

/// Reads the newest heads of a file of them, as far as they lie in its last bytes.
pub type ReadHeads = fn(&Path, u64) -> io::Result<Vec<Envelope>>;

/// How much of the file of heads is looked at: the last hundred or so.
pub const TAIL_BYTES: u64 = 64 * 1024;

/// The heads of this server's audit log.
pub struct Heads {
    /// The file where they are kept outside of the store.
    pub file: PathBuf,
    /// Reads it.
    pub read: ReadHeads,
    /// Where the chain ends.
    pub chain: watch::Receiver<ChainHead>,
    /// The newest that was signed.
    newest: watch::Sender<Option<Arc<SignedHead>>>,
    kept: Mutex<Kept>,
    /// The restores that the log tells of; none is added while a server runs.
    restores: OnceCell<Vec<Restored>>,
}

#[derive(Default)]
struct Kept {
    /// What agents gave back, with how often they did; the oldest goes when there are many.
    told: BTreeMap<ChainHead, (Envelope, u64)>,
    /// Heads that are known to be in the log.
    held: BTreeSet<ChainHead>,
    /// Heads of which it was said that they are not.
    raised: BTreeSet<ChainHead>,
    /// What is wrong, in words: with the log, or with the file of heads.
    alarm: Option<String>,
    unkept: Option<String>,
}

impl Heads {
    /// None signed yet.
    #[must_use]
    pub fn new(file: PathBuf, read: ReadHeads, chain: watch::Receiver<ChainHead>) -> Self {
        Self {
            file,
            read,
            chain,
            newest: watch::Sender::new(None),
            kept: Mutex::default(),
            restores: OnceCell::new(),
        }
    }

    /// Gives a head away that was just signed.
    pub fn publish(&self, head: SignedHead) {
        remember(&mut self.kept().held, head.chain);
        self.newest.send_replace(Some(Arc::new(head)));
    }

    /// The newest head, and each that follows.
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<SignedHead>>> {
        self.newest.subscribe()
    }

    /// What agents gave back.
    #[must_use]
    pub fn told(&self) -> Vec<(Envelope, u64)> {
        self.kept().told.values().cloned().collect()
    }

    /// What is wrong with the log, in words.
    #[must_use]
    pub fn alarm(&self) -> Option<String> {
        self.kept().alarm.clone()
    }

    /// Why heads are not kept in their file, when they are not.
    #[must_use]
    pub fn unkept(&self) -> Option<String> {
        self.kept().unkept.clone()
    }

    /// Says whether heads are kept in their file.
    pub fn set_unkept(&self, why: Option<String>) {
        self.kept().unkept = why;
    }

    /// Takes a head that an agent gave back.
    ///
    /// # Errors
    /// The store cannot serve.
    pub async fn take(&self, app: &App, envelope: &Envelope, witness: &str) -> Result<(), Error> {
        let Some(chain) = SignedHead::claimed(envelope).map(|head| head.chain) else {
            return self.hold(app, envelope, witness).await;
        };
        let (is_known, is_held) = {
            let mut kept = self.kept();
            let known = kept.told.get_mut(&chain).map(|(_, times)| *times += 1);
            (known.is_some(), kept.held.contains(&chain))
        };
        if !is_held {
            self.hold(app, envelope, witness).await?;
        }
        // What is exported in its agent's name accuses the server, so it has to be the server's own word.
        if !is_known && SignedHead::open(&app.audit_keys(), envelope).is_ok() {
            let mut kept = self.kept();
            kept.told.insert(chain, (envelope.clone(), 1));
            if kept.told.len() > MOST {
                kept.told.pop_first();
            }
        }
        Ok(())
    }

    /// Holds a head against the log, and raises the alarm when the log does not contain it.
    ///
    /// # Errors
    /// The store cannot serve.
    pub async fn hold(&self, app: &App, envelope: &Envelope, witness: &str) -> Result<(), Error> {
        let restores = async || {
            let read = async || app.records.audit_restores().await.map_err(Error::from);
            self.restores.get_or_try_init(read).await.cloned()
        };
        match witness::hold(&*app.records, app.server, &app.audit_keys(), envelope, restores).await? {
            Standing::Held => {
                if let Some(head) = SignedHead::claimed(envelope) {
                    remember(&mut self.kept().held, head.chain);
                }
            }
            Standing::Trimmed => {}
            Standing::Restored => {
                tracing::info!(witness, "a head of the audit log is from before the last restore");
            }
            Standing::Foreign(why) => {
                tracing::warn!(witness, why, "a head of the audit log that {witness} holds says nothing");
            }
            Standing::Tampered(tampered) => {
                let words = tampered.words();
                tracing::error!(witness, "{words}; verify it: worpen audit verify");
                let is_new = {
                    let mut kept = self.kept();
                    kept.alarm = Some(words);
                    remember(&mut kept.raised, tampered.head.chain)
                };
                if is_new {
                    let origin = Origin::server(clock::now(), app.server.to_string());
                    witness::raise(&*app.store, &tampered, witness, &origin).await?;
                }
            }
        }
        Ok(())
    }

    /// Holds the newest heads of the file against the log.
    ///
    /// # Errors
    /// The store cannot serve; a file that cannot be read is told in the log.
    pub async fn hold_file(&self, app: &App) -> Result<(), Error> {
        let (read, file) = (self.read, self.file.clone());
        let heads = tokio::task::spawn_blocking(move || read(&file, TAIL_BYTES));
        match heads.await.map_err(|error| Error::Internal(error.to_string()))? {
            Ok(heads) => {
                // A head stands for all before it, so that the first that does not fit says it all.
                for head in &heads {
                    self.hold(app, head, "the file of heads").await?;
                    if self.alarm().is_some() {
                        break;
                    }
                }
            }
            Err(error) => {
                tracing::error!(file = %self.file.display(), %error, "the heads of the audit log cannot be read");
            }
        }
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a head to as many as are remembered, the oldest of which goes; says whether it was not there.
fn remember(heads: &mut BTreeSet<ChainHead>, head: ChainHead) -> bool {
    let is_new = heads.insert(head);
    if heads.len() > MOST {
        heads.pop_first();
    }
    is_new
}
