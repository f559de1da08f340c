//! Telemetry in columns: what is sealed reads as before.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tempfile::tempdir;
use worpen::{
    core::{
        port::telemetry::{RangeQuery, SummaryQuery, TelemetryStore},
        telemetry::{Grid, HOUR, SECOND},
    },
    id::AgentId,
    infra::store::SqliteTelemetry,
    proto::telemetry::{
        Across, Aggregate, DiskUsage, MemoryUsage, Metric, MetricKind, NetworkStats, SeriesOf, Telemetry,
    },
};

use super::samples::{sample, seconds};
use crate::support::Seeded;

const DAY: Timestamp = Timestamp::constant(1_760_000_400, 0);

/// A measurement of any shape and with any numbers.
#[expect(clippy::cast_precision_loss, reason = "any number will do")]
fn arbitrary(random: &mut Seeded, name: &str, timestamp: Timestamp) -> Telemetry {
    let single = |random: &mut Seeded| match random.within(0..4) {
        0 => 0.0,
        1 => random.within(0..10_000) as f32 / 100.0,
        2 => f32::from_bits(u32::try_from(random.within(0..0x7f00_0000)).unwrap()),
        _ => -1.5,
    };
    let whole = |random: &mut Seeded| match random.within(0..4) {
        0 => 0,
        1 => random.within(0..1 << 40) & !4095,
        2 => u64::MAX - random.within(0..9),
        _ => random.within(0..1000),
    };
    let told = |random: &mut Seeded| (random.within(0..3) > 0).then(|| whole(random).min(u64::MAX - 1));
    let disks = random.within(0..3);
    let networks = random.within(0..3);
    Telemetry {
        agent_id: name.to_owned(),
        timestamp,
        cpu_usage: single(random),
        cpu_cores: (0..random.within(0..3)).map(|_| single(random)).collect(),
        memory_usage: MemoryUsage {
            total_bytes: whole(random),
            used_bytes: whole(random),
            available_bytes: whole(random),
            swap_total_bytes: told(random),
            swap_used_bytes: told(random),
            percent: single(random),
        },
        disk_usage: (0..disks)
            .map(|disk| {
                let usage = DiskUsage {
                    device: format!("/dev/vd{disk}"),
                    file_system: ["ext4", "xfs"][usize::try_from(random.within(0..2)).unwrap()].to_owned(),
                    total_bytes: whole(random),
                    used_bytes: whole(random),
                    available_bytes: whole(random),
                    percent: single(random),
                };
                (format!("/{}", disk + random.within(0..2)), usage)
            })
            .collect(),
        load_average: [f64::from(single(random)), 0.1 + 0.2, whole(random) as f64],
        network_stats: (0..networks)
            .map(|network| {
                let stats = NetworkStats {
                    received_bytes: whole(random),
                    transmitted_bytes: whole(random),
                    received_packets: whole(random),
                    transmitted_packets: whole(random),
                    receive_errors: 0,
                    transmit_errors: whole(random),
                };
                (format!("eth{}", network + random.within(0..2)), stats)
            })
            .collect(),
        container_count: (random.within(0..3) > 0).then(|| u32::try_from(random.within(0..99)).unwrap()),
        service_status: (0..random.within(0..2)).map(|_| ("sshd".to_owned(), "active".to_owned())).collect(),
        uptime_s: told(random),
    }
}

async fn fill(store: &SqliteTelemetry, samples: &[(AgentId, Telemetry)]) {
    let appends: Vec<_> =
        samples.iter().map(|(agent, sample)| store.append(*agent, sample.clone())).collect();
    for stored in futures_util::future::join_all(appends).await {
        stored.unwrap();
    }
}

/// All that an agent measured, page after page.
async fn all(store: &SqliteTelemetry, agent: AgentId, page: usize) -> Vec<Telemetry> {
    let (mut found, mut from) = (Vec::new(), Timestamp::MIN);
    loop {
        let next = store.history(agent, from, Timestamp::MAX, page).await.unwrap();
        let Some(last) = next.last() else { return found };
        from = last.timestamp + SignedDuration::from_micros(1);
        found.extend(next);
    }
}

#[tokio::test]
async fn measurements_of_every_shape_read_back_from_columns() {
    let mut random = Seeded::new("measurements_of_every_shape_read_back_from_columns");
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let agents: Vec<_> = (0..5).map(|_| AgentId::generate()).collect();
    let mut expected: BTreeMap<AgentId, Vec<Telemetry>> = BTreeMap::new();
    for round in 0..3 {
        for agent in &agents {
            let mut samples = Vec::new();
            for turn in 0..20 {
                let time = seconds(DAY, (round * 20 + turn) * 313) + SignedDuration::from_micros(turn);
                // Some shapes last for a while, some for one measurement.
                let sample = if turn % 7 < 4 {
                    sample("web", time, 0.25)
                } else {
                    arbitrary(&mut random, "web", time)
                };
                samples.push((*agent, sample));
            }
            fill(&store, &samples).await;
            expected.entry(*agent).or_default().extend(samples.into_iter().map(|(_, sample)| sample));
        }
        // The last round stays rows: pages go across the border.
        if round < 2 {
            assert_eq!(store.seal(None).await.unwrap(), 100);
        }
    }
    for (agent, expected) in &expected {
        assert_eq!(&all(&store, *agent, 7).await, expected);
    }
    drop(store);
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    for (agent, expected) in &expected {
        assert_eq!(&all(&store, *agent, 1000).await, expected);
    }
    let latest: BTreeMap<_, _> = store.latest().await.unwrap().into_iter().collect();
    assert!(agents.iter().all(|agent| latest.get(agent) == expected[agent].last()));
    store.seal(None).await.unwrap();
    assert_eq!(store.latest().await.unwrap().into_iter().collect::<BTreeMap<_, _>>(), latest);
}

#[tokio::test]
async fn late_and_repeated_measurements_join_their_hour_once() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let agent = AgentId::generate();
    let at = |turn: i64, cpu| (agent, sample("web", seconds(DAY, turn * 60), cpu));
    fill(&store, &[at(0, 1.0), at(4, 5.0), at(4, 99.0)]).await;
    store.seal(None).await.unwrap();
    fill(&store, &[at(2, 3.0), at(0, 99.0)]).await;
    store.seal(None).await.unwrap();
    fill(&store, &[at(3, 4.0), at(2, 99.0), at(1, 2.0)]).await;
    let cpus: Vec<f32> = all(&store, agent, 2).await.iter().map(|sample| sample.cpu_usage).collect();
    assert_eq!(cpus, [1.0, 2.0, 3.0, 4.0, 5.0]);
    let answer = store.range(query(Metric::CpuUsage, 1, 60, Aggregate::Sum)).await.unwrap();
    assert_eq!(answer.series[0].1[..5], [1.0, 2.0, 3.0, 4.0, 5.0].map(Some));
    let summary = SummaryQuery {
        metric: Metric::CpuUsage,
        agents: Some(vec![agent]),
        from: DAY,
        to: seconds(DAY, 240),
        longest: 300 * SECOND,
        most: 100,
    };
    let summary = store.summary(summary).await.unwrap().summary.unwrap();
    assert_eq!((summary.samples, summary.figures.unwrap().avg), (4, 2.5));
}

#[tokio::test]
async fn what_is_too_young_stays_rows_whatever_came_before_it() {
    let dir = tempdir().unwrap();
    let agent = AgentId::generate();
    let end = Timestamp::from_microsecond((DAY.as_microsecond().div_euclid(HOUR) + 1) * HOUR).unwrap();
    let at = |turn: i64| (agent, sample("web", seconds(end, turn), 1.0));
    let samples = [at(-20), at(0), at(-10), at(10), at(20)];
    {
        let store = SqliteTelemetry::open(dir.path()).unwrap();
        fill(&store, &samples).await;
        assert_eq!(store.seal(Some(end)).await.unwrap(), 2);
        assert_eq!(store.seal(Some(end)).await.unwrap(), 0);
        assert_eq!(all(&store, agent, 2).await.len(), 5);
        fill(&store, &[at(30)]).await;
    }
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    assert_eq!(all(&store, agent, 100).await.len(), 6);
    assert_eq!(store.seal(None).await.unwrap(), 4);
    assert_eq!(all(&store, agent, 4).await.len(), 6);
}

#[tokio::test]
async fn what_came_after_very_many_young_ones_stays_rows() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let agent = AgentId::generate();
    let end = Timestamp::from_microsecond((DAY.as_microsecond().div_euclid(HOUR) + 1) * HOUR).unwrap();
    let at = |micros: i64| (agent, sample("web", end + SignedDuration::from_micros(micros), 1.0));
    let samples: Vec<_> = [at(-2)].into_iter().chain((0..5_000).map(at)).chain([at(-1)]).collect();
    fill(&store, &samples).await;
    assert_eq!(store.seal(Some(end)).await.unwrap(), 1, "thousands of rows would be copied in one go");
    assert_eq!(all(&store, agent, 1000).await.len(), 5_002);
    assert_eq!(store.seal(None).await.unwrap(), 5_001);
    assert_eq!(all(&store, agent, 1000).await.len(), 5_002);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_while_the_seal_moves_misses_nothing() {
    let dir = tempdir().unwrap();
    let store = Arc::new(SqliteTelemetry::open(dir.path()).unwrap());
    let agent = AgentId::generate();
    let stored = Arc::new(AtomicUsize::new(0));
    let reading = {
        let (store, stored) = (store.clone(), stored.clone());
        tokio::spawn(async move {
            while stored.load(Ordering::Acquire) < 80 {
                let least = stored.load(Ordering::Acquire);
                let found = store.history(agent, Timestamp::MIN, Timestamp::MAX, 1000).await.unwrap();
                assert!(found.len() >= least, "{} of {least}", found.len());
            }
        })
    };
    for turn in 0..40 {
        let at = |second| (agent, sample("web", seconds(DAY, turn * 10 + second), 1.0));
        fill(&store, &[at(5), at(0)]).await;
        stored.fetch_add(2, Ordering::Release);
        // One is sealed, and the one that came before it is carried.
        assert!(store.seal(Some(seconds(DAY, turn * 10 + 5))).await.unwrap() > 0);
    }
    reading.await.unwrap();
}

#[tokio::test]
async fn an_hour_that_came_in_two_parts_is_read_from_roll_ups() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let agents: Vec<_> = (0..3).map(|_| AgentId::generate()).collect();
    let samples = fleet(&agents);
    let (first, second) = samples.split_at(3 * 360);
    for half in [first, &second[..3 * 300]] {
        fill(&store, half).await;
        store.seal(None).await.unwrap();
    }
    let hourly = query(Metric::CpuUsage, 1, 3600, Aggregate::Avg);
    let whole = store.range(hourly.clone()).await.unwrap();
    drop(store);
    // Whoever reads the values themselves finds them damaged.
    let cpu = Metric::CpuUsage as i64;
    database(dir.path()).execute("UPDATE blocks SET body = x'00' WHERE id % 256 = ?1", [cpu]).unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    assert_eq!(store.range(hourly.clone()).await.unwrap(), whole);
    assert_eq!(store.range(query(Metric::CpuUsage, 1, 60, Aggregate::Avg)).await.unwrap().damaged, 2);
    // A late one of a time that a part has: now parts overlap, and only the values tell which are twice.
    fill(&store, &samples[3 * 100..3 * 500]).await;
    store.seal(None).await.unwrap();
    assert_eq!(store.range(hourly).await.unwrap().damaged, 2);
}

#[tokio::test]
async fn what_a_node_does_not_tell_counts_as_nothing() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let agents: Vec<_> = (0..3).map(|_| AgentId::generate()).collect();
    let mut samples = fleet(&agents);
    for (agent, sample) in &mut samples {
        sample.uptime_s = (*agent == agents[0]).then_some(60);
        sample.memory_usage.swap_total_bytes = None;
    }
    fill(&store, &samples).await;
    // From rows, from roll-ups, and from values.
    for step in [3600, 3600, 60] {
        let uptime = store.range(query(Metric::UptimeSeconds, 1, step, Aggregate::Avg)).await.unwrap();
        assert!(uptime.series[0].1.iter().all(|point| *point == Some(60.0)), "{uptime:?}");
        let swap = store.range(query(Metric::SwapTotalBytes, 1, step, Aggregate::Avg)).await.unwrap();
        assert!(swap.series[0].1.iter().all(Option::is_none), "{swap:?}");
        store.seal(None).await.unwrap();
    }
}

/// A query over some hours of all nodes.
fn query(metric: Metric, hours: i64, step: i64, aggregate: Aggregate) -> RangeQuery {
    let from = DAY.as_microsecond();
    let grid = Grid::covering(from, from + hours * HOUR, step * SECOND).unwrap();
    RangeQuery {
        metric,
        label: None,
        agents: None,
        grid,
        aggregate,
        across: Across::Sum,
        by: SeriesOf::Fleet,
    }
}

/// Three nodes over five hours at 5 s, with loopback, a restart, and an interface that comes and goes.
#[expect(clippy::cast_precision_loss, reason = "any number will do")]
fn fleet(agents: &[AgentId]) -> Vec<(AgentId, Telemetry)> {
    let mut samples = Vec::new();
    for turn in 0..5 * 720_i64 {
        for (agent, node) in agents.iter().zip(1_i64..) {
            let mut sample = sample("node", seconds(DAY, turn * 5 + node), 0.0);
            sample.cpu_usage = ((turn * 7 + node * 13) % 100) as f32 / 3.0;
            sample.memory_usage.used_bytes = ((turn % 50) * 4096 * node).unsigned_abs();
            let counter = (turn % 2_000 * 1_000 * node).unsigned_abs();
            let stats = NetworkStats {
                received_bytes: counter,
                transmitted_bytes: counter / 2,
                ..NetworkStats::default()
            };
            sample.network_stats = BTreeMap::from([("eth0".to_owned(), stats), ("lo".to_owned(), stats)]);
            if turn % 1_000 > 800 {
                sample.network_stats.insert("veth1".to_owned(), stats);
            }
            samples.push((*agent, sample));
        }
    }
    samples
}

fn alike(one: &[Option<f64>], other: &[Option<f64>], tolerance: f64) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|pair| match pair {
            (Some(one), Some(other)) => (one - other).abs() <= tolerance * one.abs().max(1.0),
            (one, other) => one.is_none() && other.is_none(),
        })
}

#[tokio::test]
async fn ranges_are_the_same_from_rows_columns_and_roll_ups() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let agents: Vec<_> = (0..3).map(|_| AgentId::generate()).collect();
    fill(&store, &fleet(&agents)).await;
    let mut queries = Vec::new();
    for metric in [
        Metric::CpuUsage,
        Metric::MemoryUsage,
        Metric::MemoryAvailableBytes,
        Metric::Load5,
        Metric::NetworkReceivedBytes,
    ] {
        let aggregates: &[Aggregate] = match metric.kind() {
            MetricKind::Counter => &[Aggregate::Rate, Aggregate::Sum, Aggregate::Last, Aggregate::Max],
            MetricKind::Gauge => {
                &[Aggregate::Avg, Aggregate::Min, Aggregate::Max, Aggregate::Sum, Aggregate::Last]
            }
        };
        for aggregate in aggregates {
            for (hours, step) in [(6, 60), (6, 600), (6, 3600), (6, 7 * 60), (5, 7200)] {
                queries.push(query(metric, hours, step, *aggregate));
            }
        }
    }
    let mut alone = query(Metric::NetworkReceivedBytes, 6, 60, Aggregate::Rate);
    alone.agents = Some(vec![agents[1]]);
    let mut named = alone.clone();
    named.label = Some("veth1".to_owned());
    let mut each = query(Metric::DiskUsage, 6, 600, Aggregate::Avg);
    each.by = SeriesOf::Agent;
    queries.extend([alone, named, each]);
    let mut before = Vec::new();
    for query in &queries {
        before.push(store.range(query.clone()).await.unwrap());
    }
    let fifth = seconds(DAY, 4 * 3600);
    store.seal(Some(fifth)).await.unwrap();
    for turn in 0..2 {
        for (query, before) in queries.iter().zip(&before) {
            let after = store.range(query.clone()).await.unwrap();
            assert_eq!(after.damaged, 0);
            assert_eq!(before.series.len(), after.series.len(), "{query:?}");
            // A roll-up's means are in single precision, and it misses the interval between two hours of a counter.
            let tolerance = if query.aggregate == Aggregate::Rate { 0.02 } else { 1e-6 };
            for ((one, before), (other, after)) in before.series.iter().zip(&after.series) {
                assert_eq!(one, other);
                assert!(alike(before, after, tolerance), "{turn} {query:?}\n{before:?}\n{after:?}");
            }
        }
        store.seal(None).await.unwrap();
    }
}

#[tokio::test]
async fn a_rate_is_what_was_counted_and_virtual_interfaces_are_left_out() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let agents: Vec<_> = (0..3).map(|_| AgentId::generate()).collect();
    fill(&store, &fleet(&agents)).await;
    for sealed in [false, true] {
        let answer = store.range(query(Metric::NetworkReceivedBytes, 6, 60, Aggregate::Rate)).await.unwrap();
        let [(None, points)] = &answer.series[..] else { panic!("one series: {answer:?}") };
        // 1000, 2000 and 3000 bytes in 5 s.
        assert!((points[10].unwrap() - 1200.0).abs() < 1e-9, "{sealed} {:?}", points[10]);
        assert!((points[72].unwrap() - 1200.0).abs() < 1e-9, "what a container moves, eth0 moved too");
        assert_eq!(points[310], None, "nothing was measured after five hours");
        store.seal(None).await.unwrap();
    }
}

fn database(dir: &Path) -> Connection {
    Connection::open(dir.join("telemetry.db")).unwrap()
}

#[tokio::test]
async fn a_damaged_block_is_told_and_contained() {
    let dir = tempdir().unwrap();
    let agents: Vec<_> = (0..3).map(|_| AgentId::generate()).collect();
    {
        let store = SqliteTelemetry::open(dir.path()).unwrap();
        fill(&store, &fleet(&agents)).await;
        store.seal(None).await.unwrap();
    }
    // One bit in the first hour's processor use.
    let cpu = "id = (SELECT min(id) FROM blocks WHERE id % 256 = 0)";
    let connection = database(dir.path());
    let mut body: Vec<u8> =
        connection.query_row(&format!("SELECT body FROM blocks WHERE {cpu}"), [], |row| row.get(0)).unwrap();
    let middle = body.len() / 2;
    body[middle] ^= 4;
    connection.execute(&format!("UPDATE blocks SET body = ?1 WHERE {cpu}"), [body]).unwrap();
    drop(connection);
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let damaged = store.range(query(Metric::CpuUsage, 5, 60, Aggregate::Avg)).await.unwrap();
    assert_eq!(damaged.damaged, 1);
    assert_eq!(damaged.series[0].1.iter().filter(|point| point.is_none()).count(), 60);
    let other = store.range(query(Metric::Load1, 5, 60, Aggregate::Avg)).await.unwrap();
    assert!(other.damaged == 0 && other.series[0].1.iter().all(Option::is_some), "other blocks are whole");
    let kept = all(&store, agents[0], 1000).await;
    assert_eq!(kept.len(), 4 * 720, "the other hours are served");
}

#[tokio::test]
async fn what_is_forgotten_gives_its_space_back() {
    let dir = tempdir().unwrap();
    let agents: Vec<_> = (0..3).map(|_| AgentId::generate()).collect();
    let gone = AgentId::generate();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let mut random = Seeded::new("what_is_forgotten_gives_its_space_back");
    // Noise, so that there is space to give back.
    let noise: Vec<_> = (0..30_000)
        .map(|turn| {
            (
                gone,
                arbitrary(&mut random, "gone", seconds(DAY, turn / 10) + SignedDuration::from_micros(turn)),
            )
        })
        .collect();
    fill(&store, &noise).await;
    fill(&store, &fleet(&agents)).await;
    store.seal(None).await.unwrap();
    let pages = |dir: &Path| -> i64 {
        database(dir).pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
    };
    let before = pages(dir.path());
    store.forget(seconds(DAY, 4 * 3600 + 1800)).await.unwrap();
    assert!(pages(dir.path()) < before / 2, "{before} pages, then {}", pages(dir.path()));
    assert!(all(&store, gone, 100).await.is_empty());
    assert!(store.latest().await.unwrap().iter().all(|(agent, _)| *agent != gone));
    let kept = all(&store, agents[0], 1000).await;
    assert_eq!(kept.len(), 720, "whole hours go, and only those that ended");
    // Who comes back begins anew.
    let back = sample("gone", seconds(DAY, 5 * 3600), 1.0);
    store.append(gone, back.clone()).await.unwrap();
    assert_eq!(all(&store, gone, 10).await, [back]);
}

#[tokio::test]
async fn a_file_of_the_first_form_is_brought_to_the_newest() {
    let dir = tempdir().unwrap();
    let agent = AgentId::generate();
    let samples: Vec<_> = (0..9_000).map(|turn| sample("web", seconds(DAY, turn), 1.5)).collect();
    // The file as the version before left it.
    drop(SqliteTelemetry::open(dir.path()).unwrap());
    let connection = database(dir.path());
    let first = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/infra/store/migration/telemetry/0001_samples.sql"),
    )
    .unwrap();
    connection
        .execute_batch(
            "DELETE FROM migrations WHERE name > '0001_samples';
             DROP TABLE nodes; DROP TABLE labels; DROP TABLE shapes; DROP TABLE recent; DROP TABLE parts;
             DROP TABLE blocks; DROP TABLE seal; PRAGMA auto_vacuum = NONE; VACUUM;",
        )
        .unwrap();
    connection.execute_batch(&first).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for sample in &samples {
        let body = serde_json::to_string(sample).unwrap();
        connection
            .prepare_cached("INSERT INTO samples (agent, time, body) VALUES (?1, ?2, ?3)")
            .unwrap()
            .execute(rusqlite::params![agent.as_bytes(), sample.timestamp.as_microsecond(), body])
            .unwrap();
    }
    connection
        .execute("INSERT INTO samples (agent, time, body) VALUES (?1, 1, '{}')", [agent.as_bytes()])
        .unwrap();
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    for _ in 0..2 {
        let store = SqliteTelemetry::open(dir.path()).unwrap();
        assert_eq!(all(&store, agent, 1000).await, samples, "all but the one that cannot be read");
        store.seal(None).await.unwrap();
    }
}
