//! What a telemetry store must still hold after its process was killed while it wrote, sealed and forgot.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use jiff::Timestamp;
use worpen::{
    core::port::telemetry::TelemetryStore, id::AgentId, infra::store::SqliteTelemetry,
    proto::telemetry::Telemetry,
};

use super::samples::{sample, seconds};
use crate::support::Seeded;

const TEST: &str = "store::samples_killed::a_killed_sealing_loses_nothing_and_repeats_nothing";
const WRITE_TO: &str = "WORPEN_TEST_MEASURE_TO";
const RUN: &str = "WORPEN_TEST_RUN";
const CALLERS: u32 = 8;
const TURNS: u32 = 2_000;

fn agent(caller: u32) -> AgentId {
    AgentId::from_uuid(uuid::Uuid::from_u128(u128::from(caller) + 1))
}

/// What a caller measures in a turn of a run.
fn measured(run: u32, caller: u32, turn: u32) -> Telemetry {
    let start = Timestamp::constant(1_760_000_400, 0);
    let mut measured = sample("web", seconds(start, i64::from(run * TURNS + turn) * 20), 0.0);
    measured.uptime_s = Some(u64::from(run) << 32 | u64::from(caller * TURNS + turn));
    measured.agent_id = format!("web-{}", turn / 300);
    measured
}

#[test]
fn a_killed_sealing_loses_nothing_and_repeats_nothing() {
    if let (Some(dir), Ok(run)) = (env::var_os(WRITE_TO), env::var(RUN)) {
        return write(Path::new(&dir), run.parse().unwrap());
    }
    let mut random = Seeded::new("a_killed_sealing_loses_nothing_and_repeats_nothing");
    let dir = tempfile::tempdir().unwrap();
    let mut known: BTreeMap<(u32, Timestamp), Telemetry> = BTreeMap::new();
    for run in 0..12 {
        let output = dir.path().join("acknowledged");
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env(WRITE_TO, dir.path())
            .env(RUN, run.to_string())
            .stdin(Stdio::null())
            .stdout(File::create(&output).unwrap())
            .spawn()
            .unwrap();
        let wanted = usize::try_from(random.within(50..3_000)).unwrap();
        while acknowledged(&output).len() < wanted {
            assert_eq!(child.try_wait().unwrap(), None, "the writer ended by itself");
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for (caller, turn) in acknowledged(&output) {
            let measured = measured(run, caller, turn);
            known.insert((caller, measured.timestamp), measured);
        }
        check(dir.path(), &known);
    }
}

fn acknowledged(output: &Path) -> Vec<(u32, u32)> {
    let text = fs::read_to_string(output).unwrap();
    let (whole, _torn) = text.rsplit_once('\n').unwrap_or_default();
    let numbers = |line: &str| {
        let (caller, turn) = line.strip_prefix("ack ")?.split_once(' ')?;
        Some((caller.parse().ok()?, turn.parse().ok()?))
    };
    whole.lines().filter_map(numbers).collect()
}

/// What was acknowledged is there as it was measured, and no moment is there twice.
fn check(dir: &Path, known: &BTreeMap<(u32, Timestamp), Telemetry>) {
    let store = SqliteTelemetry::open(dir).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for caller in 0..CALLERS {
        let all = store.history(agent(caller), Timestamp::MIN, Timestamp::MAX, usize::MAX);
        let found = runtime.block_on(all).unwrap();
        assert!(found.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp), "once each, in order");
        let found: BTreeMap<Timestamp, &Telemetry> =
            found.iter().map(|item| (item.timestamp, item)).collect();
        for ((_, time), expected) in known.range((caller, Timestamp::MIN)..=(caller, Timestamp::MAX)) {
            assert_eq!(found.get(time), Some(&expected), "caller {caller}");
        }
    }
}

fn write(dir: &Path, run: u32) {
    let store = Arc::new(SqliteTelemetry::open(dir).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let sealing = {
        let (store, ended) = (Arc::clone(&store), Arc::clone(&ended));
        runtime.spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                store.seal(None).await.unwrap();
                store.forget(Timestamp::UNIX_EPOCH).await.unwrap();
            }
        })
    };
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let store = Arc::clone(&store);
            runtime.spawn(async move {
                for turn in 0..TURNS {
                    store.append(agent(caller), measured(run, caller, turn)).await.unwrap();
                    // The standard output is flushed at the end of each line.
                    writeln!(std::io::stdout().lock(), "ack {caller} {turn}").unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        runtime.block_on(caller).unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    runtime.block_on(sealing).unwrap();
    // The test that started this ends it.
    thread::sleep(Duration::from_secs(60));
}
