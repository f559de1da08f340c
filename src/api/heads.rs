//! [`Heads`]: the heads of the audit log that were given away, and what comes back.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::{OnceCell, watch};

use super::{app::App, clock};
use crate::{
    core::{
        audit::{ChainHead, Restored, head::SignedHead},
        error::Error,
        usecase::{
            Origin,
            witness::{self, Ground, Standing, Tampered},
        },
    },
    proto::envelope::Envelope,
};

/// How many different heads of agents are remembered. Honest agents have been given the same few.
const MOST: usize = 1000;

/// How long it is believed that the log has a head. The log is changed under a running server too, and a look is one row.
const HELD_FOR: Duration = Duration::from_secs(2);
/// Who is named as the witness of what the file holds.
const FILE: &str = "the file of heads";

/// Some heads of a file, and the place of the next; none at its end.
pub type Part = (Vec<Envelope>, Option<u64>);

/// How a file of heads is read, and added to.
#[derive(Clone, Copy)]
pub struct HeadFiles {
    /// The newest, oldest first, as far as they lie in its last bytes.
    pub newest: fn(&Path, u64) -> io::Result<Vec<Envelope>>,
    /// Those from a place in it on, some at a time.
    pub from: fn(&Path, u64) -> io::Result<Part>,
    /// Adds one; it is on disk then.
    pub add: fn(&Path, &Envelope) -> io::Result<()>,
}

/// How much of the file of heads is exported: the last hundred or so.
const TAIL_BYTES: u64 = 64 * 1024;

/// The heads of this server's audit log.
pub struct Heads {
    /// The file where they are kept outside of the store.
    pub file: PathBuf,
    /// Where the chain ends.
    pub chain: watch::Receiver<ChainHead>,
    files: HeadFiles,
    /// The newest that was signed.
    newest: watch::Sender<Option<Arc<SignedHead>>>,
    kept: Mutex<Kept>,
    opened_at: Timestamp,
    /// Set once the whole file was held against the log.
    compared: OnceCell<()>,
    /// The restores that the log tells of; none is added while a server runs.
    restores: OnceCell<Vec<Restored>>,
}

#[derive(Default)]
struct Kept {
    /// What agents gave back, with how often they did; the oldest that accuses nobody goes when there are many.
    told: BTreeMap<ChainHead, (Envelope, u64)>,
    /// What the file holds and the log does not. It is exported wherever in the file it lies.
    accusing: Vec<Envelope>,
    /// Heads that the log had when somebody last looked.
    held: BTreeMap<ChainHead, Instant>,
    /// Heads of which it was said that they are not.
    raised: BTreeSet<ChainHead>,
    /// What is wrong, in words: with the log, or with the file of heads.
    alarm: Option<String>,
    unkept: Option<String>,
}

impl Heads {
    /// None signed yet.
    #[must_use]
    pub fn new(file: PathBuf, files: HeadFiles, chain: watch::Receiver<ChainHead>) -> Self {
        Self {
            file,
            chain,
            files,
            newest: watch::Sender::new(None),
            kept: Mutex::default(),
            opened_at: clock::now(),
            compared: OnceCell::new(),
            restores: OnceCell::new(),
        }
    }

    /// Gives a head away that was just signed.
    pub fn publish(&self, head: SignedHead) {
        self.kept().saw(head.chain);
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
            let is_held = kept.held.get(&chain).is_some_and(|seen| seen.elapsed() < HELD_FOR);
            (known.is_some(), is_held)
        };
        if !is_held {
            self.hold(app, envelope, witness).await?;
        }
        // What is exported in its agent's name accuses the server, so it has to be the server's own word.
        if !is_known && SignedHead::open_by(&app.audit_keys(), envelope).is_ok() {
            let mut kept = self.kept();
            kept.told.insert(chain, (envelope.clone(), 1));
            if kept.told.len() > MOST {
                let oldest = kept.told.keys().find(|chain| !kept.raised.contains(chain)).copied();
                let oldest = oldest.or_else(|| kept.told.keys().next().copied());
                oldest.map(|oldest| kept.told.remove(&oldest));
            }
        }
        Ok(())
    }

    /// Holds a head against the log, and raises the alarm when the log does not contain it.
    async fn hold(&self, app: &App, envelope: &Envelope, witness: &str) -> Result<(), Error> {
        let found = match SignedHead::claimed(envelope) {
            Some(head) => app.records.audit_hash(head.chain.number).await?,
            None => None,
        };
        let keys = app.audit_keys();
        let base = witness::base(&*app.records, app.server, &keys).await?;
        let ground = Ground { server: app.server, keys: &keys, base: base.as_ref() };
        match ground.hold(envelope, found.as_deref()) {
            Standing::Held => {
                if let Some(head) = SignedHead::claimed(envelope) {
                    self.kept().saw(head.chain);
                }
            }
            Standing::Trimmed => {}
            Standing::Foreign(why) => {
                tracing::warn!(witness, why, "a head of the audit log that {witness} holds says nothing");
            }
            Standing::Tampered(tampered) if witness::explained(&tampered, self.restores(app).await?) => {
                tracing::info!(witness, "a head of the audit log is from before the last restore");
            }
            Standing::Tampered(tampered) => {
                self.keep(&tampered.head.envelope, witness).await;
                self.raise(app, &tampered, witness).await?;
            }
        }
        Ok(())
    }

    /// Adds what an agent accuses the log by to the file, so that the alarm outlasts this process. The agent is given newer heads
    /// and would not say it again.
    async fn keep(&self, head: &Envelope, witness: &str) {
        let chain = SignedHead::claimed(head).map(|head| head.chain).unwrap_or_default();
        let is_there = {
            let kept = self.kept();
            kept.raised.contains(&chain) || kept.accusing.contains(head)
        };
        if is_there {
            return;
        }
        let (add, file, head) = (self.files.add, self.file.clone(), head.clone());
        let added = tokio::task::spawn_blocking(move || add(&file, &head)).await;
        if let Err(error) = added.unwrap_or_else(|error| Err(io::Error::other(error))) {
            let file = self.file.display();
            tracing::error!("the head that {witness} gave back cannot be added to {file}: {error}");
        }
    }

    async fn raise(&self, app: &App, tampered: &Tampered, witness: &str) -> Result<(), Error> {
        let words = tampered.words();
        tracing::error!(witness, "{words}; verify it: worpen audit verify");
        let is_new = {
            let mut kept = self.kept();
            kept.alarm = Some(words);
            remember(&mut kept.raised, tampered.head.chain)
        };
        if is_new {
            let origin = Origin::server(clock::now(), app.server.to_string());
            witness::raise(&*app.store, tampered, witness, &origin).await?;
        }
        Ok(())
    }

    /// Holds every head of the file against the log, once in a server's life: what accuses it counts wherever it lies.
    ///
    /// # Errors
    /// The file cannot be read, or the store cannot serve; then the next call tries again.
    pub async fn hold_file(&self, app: &App) -> Result<(), Error> {
        self.compared.get_or_try_init(|| self.compare(app)).await.copied()
    }

    async fn compare(&self, app: &App) -> Result<(), Error> {
        let keys = app.audit_keys();
        let base = witness::base(&*app.records, app.server, &keys).await?;
        let ground = Ground { server: app.server, keys: &keys, base: base.as_ref() };
        let (mut against, mut foreign) = (Vec::new(), Vec::new());
        let mut place = Some(0);
        while let Some(from) = place.filter(|_| against.len() < MOST) {
            let (heads, next) = self.part(from).await?;
            let found = found(app, &heads).await?;
            for envelope in heads {
                let claimed = SignedHead::claimed(&envelope);
                let there = claimed.as_ref().and_then(|head| found.get(&head.chain.number));
                match ground.hold(&envelope, there.map(Vec::as_slice)) {
                    Standing::Held | Standing::Trimmed => {}
                    Standing::Tampered(tampered) => {
                        if !witness::explained(&tampered, self.restores(app).await?) && against.len() < MOST {
                            against.push(tampered);
                        }
                    }
                    Standing::Foreign(why) => {
                        let is_ours = claimed.is_some_and(|head| head.server == app.server);
                        foreign.push((is_ours.then_some(envelope), why));
                        foreign.truncate(MOST);
                    }
                }
            }
            place = next;
        }
        if let Some((_, why)) = foreign.first() {
            tracing::warn!(witness = FILE, why, count = foreign.len(), "heads of {FILE} say nothing");
        }
        let accusing = against.iter().map(|tampered| tampered.head.envelope.clone());
        self.kept().accusing =
            accusing.chain(foreign.into_iter().filter_map(|(envelope, _)| envelope)).collect();
        // A head stands for all before it, so that the first that does not fit says it all.
        match against.first() {
            Some(tampered) => self.raise(app, tampered, FILE).await,
            None => Ok(()),
        }
    }

    /// The restores that the log tells of, each no later than what followed it shows.
    ///
    /// # Errors
    /// The store cannot serve.
    pub async fn restores(&self, app: &App) -> Result<&[Restored], Error> {
        let read = || async {
            let keys = app.audit_keys();
            // Entries before the base: who is trimmed in between is found twice, and not overlooked.
            let mut restores = app.records.audit_restores().await?;
            let base = witness::base(&*app.records, app.server, &keys).await?;
            restores.extend(base.iter().flat_map(|base| &base.restores));
            for restored in &mut restores {
                restored.is_before(restored.number, self.opened_at);
            }
            let mut place = (!restores.is_empty()).then_some(0);
            while let Some(from) = place {
                // A file that cannot be read says no more, and a link must not wait for it.
                let Ok((heads, next)) = self.part(from).await else { break };
                let found = found(app, &heads).await?;
                for head in heads.iter().filter_map(SignedHead::claimed) {
                    let ChainHead { number, hash } = head.chain;
                    let says_more =
                        restores.iter().any(|told| told.number <= number && head.time < told.time);
                    if says_more
                        && found.get(&number).is_some_and(|found| *found == hash)
                        && SignedHead::open_by(&keys, &head.envelope).is_ok()
                    {
                        restores.iter_mut().for_each(|told| told.is_before(number, head.time));
                    }
                }
                place = next;
            }
            Ok::<_, Error>(restores)
        };
        self.restores.get_or_try_init(read).await.map(Vec::as_slice)
    }

    /// The heads of some entries that were given away and are known to be the server's word, each with who kept it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn given(
        &self,
        app: &App,
        entries: RangeInclusive<u64>,
    ) -> Result<Vec<(Envelope, String)>, Error> {
        let keys = app.audit_keys();
        let is_meant = |envelope: &Envelope| {
            let claimed = SignedHead::claimed(envelope);
            claimed.is_some_and(|head| head.server == app.server && entries.contains(&head.chain.number))
                && SignedHead::open_by(&keys, envelope).is_ok()
        };
        let mut given = Vec::new();
        let mut place = Some(0);
        while let Some(from) = place {
            let (heads, next) = self.part(from).await?;
            given.extend(heads.into_iter().filter(is_meant).map(|head| (head, FILE.to_owned())));
            place = next;
        }
        let told = self.told().into_iter().filter(|(head, _)| is_meant(head));
        given.extend(told.map(|(head, _)| (head, "agents".to_owned())));
        Ok(given)
    }

    /// What the file tells whoever exports the log: what accuses it, and the newest. One that cannot be read is told where it
    /// is written to; the heads of agents are there still.
    pub(super) async fn exported(&self) -> Result<Vec<Envelope>, Error> {
        let (newest, file) = (self.files.newest, self.file.clone());
        let read = tokio::task::spawn_blocking(move || newest(&file, TAIL_BYTES));
        let newest = read.await.map_err(|error| Error::Internal(error.to_string()))?.unwrap_or_default();
        let mut exported = self.kept().accusing.clone();
        exported.retain(|head| !newest.contains(head));
        exported.extend(newest);
        Ok(exported)
    }

    /// Some heads of the file, and the place of the next.
    async fn part(&self, from: u64) -> Result<Part, Error> {
        let (read, file) = (self.files.from, self.file.clone());
        let read = tokio::task::spawn_blocking(move || read(&file, from)).await;
        let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        read.map_err(|error| {
            let file = self.file.display();
            Error::Unavailable(format!("the heads of the audit log in {file} cannot be read: {error}"))
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Notes that the log has a head.
    fn saw(&mut self, head: ChainHead) {
        self.held.insert(head, Instant::now());
        if self.held.len() > MOST {
            self.held.retain(|_, seen| seen.elapsed() < HELD_FOR);
        }
        if self.held.len() > MOST {
            self.held.pop_first();
        }
    }
}

/// The hashes of the entries that heads name.
async fn found(app: &App, heads: &[Envelope]) -> Result<BTreeMap<u64, Vec<u8>>, Error> {
    let numbers = heads.iter().filter_map(SignedHead::claimed).map(|head| head.chain.number);
    Ok(app.records.audit_hashes(numbers.collect()).await?)
}

/// Adds a head to as many as are remembered, the oldest of which goes; says whether it was not there.
fn remember(heads: &mut BTreeSet<ChainHead>, head: ChainHead) -> bool {
    let is_new = heads.insert(head);
    if heads.len() > MOST {
        heads.pop_first();
    }
    is_new
}
