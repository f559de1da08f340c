//! What a store must still hold after its process was killed.

use std::{
    env,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use worpen::{
    core::audit::first_break,
    core::port::{
        records::{EventFilter, Records},
        store::Store,
    },
    infra::store::SqliteStore,
    proto::event::Event,
};

use super::{
    changes::{broken_guard, claiming},
    engine::{Seen, assert_whole, sequence},
};
use crate::support::Seeded;

/// Names the directory that this process, started by a test, is to write to until it is killed.
const WRITE_TO: &str = "WORPEN_TEST_WRITE_TO";

/// Names what each start of the writer calls its own.
const RUN: &str = "WORPEN_TEST_RUN";

#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    if write_when_told() {
        return;
    }
    let mut random = Seeded::new("a_killed_writer_loses_nothing_acknowledged");
    let dir = tempfile::tempdir().unwrap();
    let mut survived = Survived::default();
    for run in 0..100 {
        let mut writer =
            Writer::start("store::durability::a_killed_writer_loses_nothing_acknowledged", dir.path(), run);
        writer.wait_for(random.within(1..200));
        writer.kill();
        survived.check(dir.path(), &writer.acknowledged());
    }
}

/// Writes from several callers until the process is killed, when a test has started it for that.
pub(super) fn write_when_told() -> bool {
    let (Some(dir), Ok(run)) = (env::var_os(WRITE_TO), env::var(RUN)) else { return false };
    let store = Arc::new(SqliteStore::open(Path::new(&dir), Arc::new(Seen::default())).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let callers: Vec<_> =
        (0..8).map(|caller| runtime.spawn(write(Arc::clone(&store), format!("{run}-{caller}")))).collect();
    for caller in callers {
        runtime.block_on(caller).unwrap();
    }
    true
}

/// Ends by itself after a while, should the test that started it be gone.
async fn write(store: Arc<SqliteStore>, name: String) {
    for turn in 0..5_000 {
        let key = format!("{name}-{turn}");
        let change = claiming(&key, 1 + turn % 3);
        if turn % 7 == 0 {
            store.commit(change.write(broken_guard())).await.unwrap_err();
        } else {
            let committed = store.commit(change).await.unwrap();
            // The standard output is flushed at the end of each line.
            writeln!(std::io::stdout().lock(), "ack {} {key}", committed.sequence).unwrap();
        }
    }
}

/// A process that writes.
pub(super) struct Writer {
    child: Child,
    output: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Writer {
    /// Starts this program again, as the test that calls [`write_when_told`].
    pub(super) fn start(test: &str, dir: &Path, run: u32) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let output = scratch.path().join("acknowledged");
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(WRITE_TO, dir)
            .env(RUN, run.to_string())
            .stdin(Stdio::null())
            .stdout(File::create(&output).unwrap())
            .spawn()
            .unwrap();
        Self { child, output, _scratch: scratch }
    }

    /// The process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the process, which cannot prevent it.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until so many changes are acknowledged.
    pub(super) fn wait_for(&mut self, count: u64) {
        while (self.acknowledged().len() as u64) < count {
            assert_eq!(self.child.try_wait().unwrap(), None, "the writer ended by itself");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The sequence and the key of each acknowledged change.
    pub(super) fn acknowledged(&self) -> Vec<(u64, String)> {
        let text = fs::read_to_string(&self.output).unwrap();
        let (whole, _torn) = text.rsplit_once('\n').unwrap_or_default();
        whole
            .lines()
            .filter_map(|line| line.strip_prefix("ack "))
            .map(|line| {
                let (sequence, key) = line.split_once(' ').unwrap();
                (sequence.parse().unwrap(), key.to_owned())
            })
            .collect()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How much of a store was found whole so far.
#[derive(Default)]
pub(super) struct Survived {
    sequence: u64,
    number: u64,
    hash: [u8; 32],
}

impl Survived {
    /// Opens a store that was cut off and asserts that what came since is whole and holds all that was acknowledged.
    pub(super) fn check(&mut self, dir: &Path, acknowledged: &[(u64, String)]) {
        let store = SqliteStore::open(dir, Arc::new(Seen::default())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut events = Vec::<Event>::new();
            loop {
                let last = events.last().map_or(self.sequence, sequence);
                let found = store.events(last, &EventFilter::default(), usize::MAX).await.unwrap();
                events.extend(found.items);
                if !found.more {
                    break;
                }
            }
            assert_whole(&events, self.sequence + 1);
            for (last, key) in acknowledged {
                let found =
                    usize::try_from(last - self.sequence - 1).ok().and_then(|index| events.get(index));
                assert_eq!(
                    found.map(|event| &event.data["note"]),
                    Some(&key.as_str().into()),
                    "event {last}"
                );
                assert!(store.idempotency("user:ada", "Test", key).await.unwrap().is_some(), "row {key}");
            }
            let entries = store.audit(self.number, usize::MAX).await.unwrap();
            assert_eq!(first_break(&entries, self.number, self.hash), None);
            assert!(entries.len() >= acknowledged.len());
            self.sequence = events.last().map_or(self.sequence, sequence);
            if let Some(last) = entries.last() {
                (self.number, self.hash) = (last.number, last.hash);
            }
        });
    }
}
