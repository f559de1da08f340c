//! How fast telemetry is taken in, how small it is kept, and how fast it is asked for: the series of a node's ten
//! metrics as `gen_metrics` of the comparison makes them, through the store's own `append`, sealed each hour.
//!
//! `cargo bench --bench telemetry -- [directory]`; `HOSTS`, `HOURS`, `STEP` (seconds), `CALLERS` from the environment. The
//! directory must be on the disk that is to be measured. With `KEEP` the file stays.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark prints, and stops at what it cannot do"
)]

use std::{
    collections::BTreeMap,
    env,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{runtime::Runtime, sync::mpsc};
use worpen::{
    core::{
        port::telemetry::{RangeQuery, TelemetryStore},
        telemetry::{Grid, HOUR, SECOND},
    },
    id::AgentId,
    infra::store::SqliteTelemetry,
    proto::telemetry::{
        Across, Aggregate, DiskUsage, MemoryUsage, Metric, NetworkStats, SeriesOf, Telemetry,
    },
};

/// 2025-10-09 09:00:00 UTC, a full hour.
const START: i64 = 1_760_000_400;

/// The metrics of a node that are counted; those that follow from others or never change are stored too, but not
/// counted.
const METRICS: usize = 10;

fn main() {
    let dir = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut scratch = dir.map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    scratch.disable_cleanup(env::var_os("KEEP").is_some());
    let plan = Plan {
        hosts: number("HOSTS", 100),
        hours: number("HOURS", 3),
        step: number("STEP", 30),
        callers: number("CALLERS", 512),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    println!("{plan:?} in {}", scratch.path().display());
    let store = Arc::new(SqliteTelemetry::open(scratch.path()).unwrap());
    let agents: Arc<[AgentId]> = (0..plan.hosts).map(|_| AgentId::generate()).collect();
    runtime.block_on(ingest(&plan, &store, &agents));
    sizes(&plan, &runtime, &store, scratch.path());
    queries(&plan, &runtime, &store, &agents);
    println!("peak RSS {:>36.0} MB", peak_rss_mb());
}

fn number(name: &str, or: usize) -> usize {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

#[derive(Debug)]
struct Plan {
    hosts: usize,
    hours: usize,
    step: usize,
    callers: usize,
}

impl Plan {
    const fn samples(&self) -> usize {
        self.hosts * METRICS * self.hours * 3600 / self.step
    }
}

/// The generator's random numbers (xorshift).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn f(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The ten metrics of a host, as `gen_metrics` begins and steps them.
struct Host([f64; METRICS]);

impl Host {
    fn new(r: &mut Rng) -> Self {
        Self([
            r.f() * 60.0,
            (r.f() * 1e6).round() * 4096.0,
            (r.f() * 1e7).round() * 4096.0,
            r.f() * 4.0,
            (r.f() * 1e9).round(),
            (r.f() * 1e9).round(),
            (r.f() * 1e6).round() * 4096.0,
            (r.f() * 1e6).round() * 4096.0,
            (r.f() * 1e6).round(),
            40.0,
        ])
    }

    fn step(&mut self, r: &mut Rng) {
        let v = &mut self.0;
        let cpu = (v[0] + (r.f() - 0.5) * 4.0).clamp(0.5, 99.0);
        v[0] = (cpu * 100.0).round() / 100.0;
        if r.next().is_multiple_of(2) {
            v[1] = (v[1] + ((r.f() - 0.5) * 4e6 / 4096.0).round() * 4096.0).max(1e8).round();
        }
        if r.next().is_multiple_of(4) {
            v[2] += (r.f() * 200.0).round() * 4096.0;
        }
        v[3] = ((v[3] + (r.f() - 0.5) * 0.2).clamp(0.0, 32.0) * 100.0).round() / 100.0;
        v[4] += (30e3 + r.f() * 60e3).round();
        v[5] += (20e3 + r.f() * 40e3).round();
        if r.next().is_multiple_of(3) {
            v[6] += (r.f() * 50.0).round() * 4096.0;
        }
        v[7] += (r.f() * 100.0).round() * 4096.0;
        v[8] = ((v[8] + cpu * 0.3) * 100.0).round() / 100.0;
        if r.next().is_multiple_of(5) {
            v[9] = ((v[9] + (r.f() - 0.5)).clamp(20.0, 95.0) * 2.0).round() / 2.0;
        }
    }

    /// A measurement that carries them: what has no place of its own takes that of something that moves alike (disk
    /// reads and writes as packets, CPU seconds and temperature as loads).
    fn telemetry(&self, name: &str, time: i64) -> Telemetry {
        let v = &self.0;
        let (total, used) = (16 << 30, v[1] as u64);
        let (disk_total, disk_used) = (1 << 40, v[2] as u64);
        let percent = |part: u64, whole: u64| (part as f64 * 100.0 / whole as f64) as f32;
        let disk = DiskUsage {
            device: "/dev/vda1".to_owned(),
            file_system: "ext4".to_owned(),
            total_bytes: disk_total,
            used_bytes: disk_used,
            available_bytes: disk_total - disk_used,
            percent: percent(disk_used, disk_total),
        };
        let network = NetworkStats {
            received_bytes: v[4] as u64,
            transmitted_bytes: v[5] as u64,
            received_packets: v[6] as u64,
            transmitted_packets: v[7] as u64,
            receive_errors: 0,
            transmit_errors: 0,
        };
        Telemetry {
            agent_id: name.to_owned(),
            timestamp: Timestamp::from_second(time).unwrap(),
            cpu_usage: v[0] as f32,
            cpu_cores: vec![],
            memory_usage: MemoryUsage {
                total_bytes: total,
                used_bytes: used,
                available_bytes: total - used,
                swap_total_bytes: Some(0),
                swap_used_bytes: Some(0),
                percent: percent(used, total),
            },
            disk_usage: BTreeMap::from([("/".to_owned(), disk)]),
            load_average: [v[3], v[8], v[9]],
            network_stats: BTreeMap::from([("eth0".to_owned(), network)]),
            container_count: Some(3),
            service_status: BTreeMap::new(),
            uptime_s: Some((time - START) as u64 + 86_400),
        }
    }
}

/// Hands measurements to callers that each wait for their answer, as links do; seals each hour beside it.
async fn ingest(plan: &Plan, store: &Arc<SqliteTelemetry>, agents: &Arc<[AgentId]>) {
    let (mut hands, mut callers) = (Vec::new(), Vec::new());
    for _ in 0..plan.callers {
        let (hand, mut waiting) = mpsc::channel::<(AgentId, Telemetry)>(4);
        let store = Arc::clone(store);
        hands.push(hand);
        callers.push(tokio::spawn(async move {
            while let Some((agent, telemetry)) = waiting.recv().await {
                store.append(agent, telemetry).await.unwrap();
            }
        }));
    }
    let mut random = Rng(0x1234_5678_9abc_def1);
    let mut hosts: Vec<Host> = (0..plan.hosts).map(|_| Host::new(&mut random)).collect();
    let names: Vec<String> = (0..plan.hosts).map(|host| format!("node-{host:05}")).collect();
    let (begun, cpu_begun, mut made) = (Instant::now(), cpu(), Duration::ZERO);
    let mut sealing = tokio::task::JoinSet::new();
    for turn in 0..plan.hours * 3600 / plan.step {
        let time = START + (turn * plan.step) as i64;
        let making = Instant::now();
        let mut measured = Vec::with_capacity(plan.hosts);
        for (host, name) in hosts.iter_mut().zip(&names) {
            host.step(&mut random);
            measured.push(host.telemetry(name, time));
        }
        made += making.elapsed();
        for (index, telemetry) in measured.into_iter().enumerate() {
            let hand = hands.get(index % plan.callers).unwrap();
            hand.send((*agents.get(index).unwrap(), telemetry)).await.unwrap();
        }
        // Some steps after the hour, so that none of its measurements is still on its way.
        if turn > 0 && (turn * plan.step) % 3600 == 4 * plan.step {
            while let Some(ended) = sealing.join_next().await {
                ended.unwrap();
            }
            let store = Arc::clone(store);
            let hour = Timestamp::from_second((time / 3600) * 3600).unwrap();
            sealing.spawn(async move { store.seal(Some(hour)).await.unwrap() });
        }
    }
    drop(hands);
    for caller in callers {
        caller.await.unwrap();
    }
    while let Some(ended) = sealing.join_next().await {
        ended.unwrap();
    }
    let (taken, cpu_taken) = (begun.elapsed().as_secs_f64(), cpu() - cpu_begun);
    let samples = plan.samples() as f64;
    println!(
        "taken in and sealed beside{:>18.2} s, {cpu_taken:.2} CPU-s of which {:.2} generator",
        taken,
        made.as_secs_f64()
    );
    println!("samples/s{:>35.0}", samples / taken);
    println!("samples per CPU-s, generator left out{:>7.0}", samples / (cpu_taken - made.as_secs_f64()));
    let begun = (Instant::now(), cpu());
    let rows = store.seal(None).await.unwrap();
    let (wall, spent) = (begun.0.elapsed().as_secs_f64(), cpu() - begun.1);
    println!("sealing the last hour{:>23.2} s, {spent:.2} CPU-s, {rows} measurements", wall);
    println!("  samples sealed per CPU-s{:>18.0}", rows as f64 * METRICS as f64 / spent);
}

fn sizes(plan: &Plan, runtime: &Runtime, store: &SqliteTelemetry, dir: &Path) {
    runtime.block_on(store.forget(Timestamp::UNIX_EPOCH)).unwrap();
    let connection = rusqlite::Connection::open(dir.join("telemetry.db")).unwrap();
    let pragma = |name: &str| -> i64 {
        if name == "wal_checkpoint" {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap()
        } else {
            connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
        }
    };
    pragma("wal_checkpoint");
    let (size, free) = (pragma("page_size"), pragma("freelist_count"));
    let bytes = |pages: i64| (pages * size) as f64;
    let samples = plan.samples() as f64;
    let total = std::fs::metadata(dir.join("telemetry.db")).unwrap().len() as f64;
    println!("file{:>40.0} KB, of which {:.0} free for the next hour", total / 1e3, bytes(free) / 1e3);
    println!("bytes/sample, file{:>26.3}", total / samples);
    println!("bytes/sample, file without free pages{:>7.3}", (total - bytes(free)) / samples);
    let held: i64 = connection
        .query_row("SELECT total(length(body)) FROM blocks", [], |row| row.get::<_, f64>(0))
        .unwrap() as i64;
    println!("bytes/sample, blocks alone{:>18.3}", held as f64 / samples);
    let by_key = connection
        .prepare("SELECT id % 256, total(length(body)) FROM blocks GROUP BY 1 ORDER BY 2 DESC LIMIT 12")
        .unwrap()
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect::<Vec<_>>();
    for (key, bytes) in by_key {
        let name = match key {
            31 => "time".to_owned(),
            key => format!("{:?} level {}", Metric::ALL[key as usize % 32], key / 32),
        };
        println!("  {name:<36}{:>8.3} of a sample of its own", bytes / (samples / METRICS as f64));
    }
}

fn queries(plan: &Plan, runtime: &Runtime, store: &SqliteTelemetry, agents: &[AgentId]) {
    let end = (START + (plan.hours * 3600) as i64) * SECOND;
    let alone = Some(vec![*agents.get(agents.len() / 2).unwrap()]);
    let hours = plan.hours as i64;
    let step = plan.step as i64;
    let last = |hours: i64, step: i64| Grid::covering(end - hours * HOUR, end, step * SECOND).unwrap();
    for (what, agents, metric, aggregate, grid) in [
        (
            "1 host, all hours, each sample",
            alone.clone(),
            Metric::CpuUsage,
            Aggregate::Last,
            last(hours, step),
        ),
        (
            "1 host, all hours, 5-minute means",
            alone.clone(),
            Metric::CpuUsage,
            Aggregate::Avg,
            last(hours, 300),
        ),
        ("1 host, all hours, hourly means", alone, Metric::CpuUsage, Aggregate::Avg, last(hours, 3600)),
        ("sum over all hosts, 1 h", None, Metric::CpuUsage, Aggregate::Avg, last(1, step)),
        ("sum of rates, all hosts, 1 h", None, Metric::NetworkReceivedBytes, Aggregate::Rate, last(1, step)),
        ("sum over all hosts, all hours, hourly", None, Metric::CpuUsage, Aggregate::Avg, last(hours, 3600)),
    ] {
        let query = RangeQuery {
            metric,
            label: None,
            agents,
            grid,
            aggregate,
            across: Across::Sum,
            by: SeriesOf::Fleet,
        };
        let mut times: Vec<f64> = (0..10)
            .map(|_| {
                let begun = Instant::now();
                let answer = runtime.block_on(store.range(query.clone())).unwrap();
                assert!(answer.series[0].1.iter().any(Option::is_some) && answer.damaged == 0);
                begun.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{what:<40}{:>8.2} ms ({} points)", times[5], grid.points);
    }
}

/// CPU seconds of this process so far.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, in hundredths of a second on Linux.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn peak_rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
