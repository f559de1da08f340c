//! [`Host`]: the node that an agent pretends to be. Everything about it follows from the seed and its name; only what
//! changes is kept, and texts are made when they are said, so that a node takes little memory.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    log::Run,
    order::{Deed, Verb},
    random::{Random, derive},
};
use crate::proto::{
    agent::{ContainerEngine, HostFacts},
    container::{ContainerFacts, ContainerState},
    event::EventKind,
    image::ImageFacts,
    link::Inventory,
    telemetry::{DiskUsage, MemoryUsage, NetworkStats, Telemetry},
};

/// The images that simulated containers run: repository, tag, megabytes.
const IMAGES: [(&str, &str, u64); 6] = [
    ("nginx", "1.29", 192),
    ("postgres", "18", 438),
    ("redis", "8.2", 137),
    ("shop/api", "2026.11.3", 96),
    ("shop/worker", "2026.11.3", 104),
    ("grafana/alloy", "v1.11", 421),
];
/// When the first simulated node started: 2026-01-01T00:00:00Z.
const BEGINNING: i64 = 1_767_225_600;
const GIB: u64 = 1 << 30;
const MEMORY: u64 = 16 * GIB;
const DISK: u64 = 200 * GIB;
const PROCESSORS: usize = 4;

mod look;

/// How many former runs of a container its log remembers.
const FORMER_RUNS: usize = 4;

/// Something that changed on a node: what, and the container after it.
pub(super) type Happening = (EventKind, ContainerFacts);

struct Container {
    number: u32,
    state: ContainerState,
    exit_code: Option<i64>,
    started: Timestamp,
    finished: Option<Timestamp>,
    /// When it ran before; nothing is kept of one that never started again.
    former: Vec<Run>,
}

/// A simulated node.
pub(super) struct Host {
    seed: u64,
    booted: Timestamp,
    containers: Vec<Container>,
    processors: [f32; PROCESSORS],
    memory: f32,
    disk: f32,
    load: [f64; 3],
    received: u64,
    transmitted: u64,
}

impl Host {
    /// The node of a name; nine of ten containers run.
    pub(super) fn new(seed: u64, containers: u32, random: &mut Random) -> Self {
        let booted = seconds(BEGINNING + random.below(86_400 * 30).cast_signed());
        let containers = (0..containers).map(|number| {
            let runs = random.below(10) > 0;
            let started = booted + SignedDuration::from_secs(30 + random.below(86_400).cast_signed());
            Container {
                number,
                state: if runs { ContainerState::Running } else { ContainerState::Exited },
                exit_code: (!runs).then_some(0),
                started,
                finished: (!runs).then(|| started + SignedDuration::from_hours(1)),
                former: Vec::new(),
            }
        });
        Self {
            seed,
            booted,
            containers: containers.collect(),
            processors: std::array::from_fn(|_| random.unit() as f32 * 40.0),
            memory: 20.0 + random.unit() as f32 * 50.0,
            disk: 10.0 + random.unit() as f32 * 60.0,
            load: [random.unit(), random.unit(), random.unit()],
            received: random.below(50 * GIB),
            transmitted: random.below(50 * GIB),
        }
    }

    /// What it says of itself when it links.
    pub(super) fn facts(&self, name: &str) -> HostFacts {
        HostFacts {
            hostname: Some(name.to_owned()),
            os: Some("Simulated Linux 1".into()),
            kernel: Some("6.12.0-sim".into()),
            arch: Some("x86_64".into()),
            cpu_model: Some("Simulated processor".into()),
            cpu_count: Some(PROCESSORS as u32),
            memory_total_bytes: Some(MEMORY),
            booted_at: Some(self.booted),
        }
    }

    /// Its container engine.
    pub(super) fn engine() -> ContainerEngine {
        ContainerEngine { name: "docker".into(), version: "28.5.0-sim".into(), api_version: "1.51".into() }
    }

    /// Everything that its engine holds.
    pub(super) fn inventory(&self, name: &str, now: Timestamp) -> Inventory {
        let containers = self.containers.iter().map(|container| self.tell(name, container)).collect();
        let images = IMAGES.iter().take(self.containers.len()).map(image).collect();
        Inventory { time: now, container_engine: Some(Self::engine()), containers, images }
    }

    /// Percent of processors and memory in use.
    pub(super) fn pulse(&self) -> (f32, f32) {
        (self.processors.iter().sum::<f32>() / PROCESSORS as f32, self.memory)
    }

    /// Measures it: each number is a step away from what it was.
    pub(super) fn measure(&mut self, name: &str, now: Timestamp, random: &mut Random) -> Telemetry {
        for usage in &mut self.processors {
            *usage = (*usage + random.step() * 12.0).clamp(0.0, 100.0);
        }
        self.memory = (self.memory + random.step() * 2.0).clamp(5.0, 97.0);
        self.disk = (self.disk + random.step() * 0.1).clamp(5.0, 98.0);
        self.received += random.below(4 << 20);
        self.transmitted += random.below(2 << 20);
        let (cpu, _) = self.pulse();
        for (load, weight) in self.load.iter_mut().zip([0.3, 0.1, 0.03]) {
            *load += (f64::from(cpu) * PROCESSORS as f64 / 100.0 - *load) * weight;
        }
        Telemetry {
            agent_id: name.to_owned(),
            timestamp: now,
            cpu_usage: tenth(cpu),
            cpu_cores: self.processors.iter().copied().map(tenth).collect(),
            memory_usage: memory(self.memory),
            disk_usage: BTreeMap::from([
                ("/".to_owned(), disk("/dev/vda1", self.disk)),
                ("/var/lib/docker".to_owned(), disk("/dev/vdb1", self.disk / 2.0)),
            ]),
            load_average: self.load.map(|load| (load * 100.0).round() / 100.0),
            network_stats: BTreeMap::from([("eth0".to_owned(), network(self.received, self.transmitted))]),
            container_count: u32::try_from(self.containers.len()).ok(),
            service_status: BTreeMap::new(),
            uptime_s: u64::try_from(self.booted.duration_until(now).as_secs()).ok(),
        }
    }

    /// Lets something happen to a container by itself: one that runs ends, one that ended starts.
    pub(super) fn churn(&mut self, name: &str, now: Timestamp, random: &mut Random) -> Option<Happening> {
        let index = random.below(u64::try_from(self.containers.len()).ok().filter(|count| *count > 0)?);
        let container = self.containers.get_mut(usize::try_from(index).ok()?)?;
        let kind = if container.state == ContainerState::Running {
            container.end(if random.below(4) == 0 { 1 } else { 0 }, now)
        } else {
            container.start(now)
        };
        Some((kind, self.tell(name, self.containers.get(usize::try_from(index).ok()?)?)))
    }

    /// Obeys: what the order gives and what happened on the way, or why it failed, in the engine's manner.
    pub(super) fn act(
        &mut self,
        name: &str,
        deed: &Deed,
        now: Timestamp,
    ) -> Result<(Value, Vec<Happening>), String> {
        let index = self.find(name, &deed.container)?;
        let container = &mut self.containers[index];
        let runs = container.state == ContainerState::Running;
        let mut happened = Vec::new();
        let mut steps: Vec<EventKind> = Vec::new();
        match deed.verb {
            Verb::Start if runs => {}
            Verb::Start => steps.push(container.start(now)),
            Verb::Stop if !runs => {}
            Verb::Stop => steps.extend([container.end(0, now), EventKind::ContainerStopped]),
            Verb::Restart => {
                if runs {
                    let died = container.end(0, now);
                    happened.push((died, self.tell(name, &self.containers[index])));
                }
                steps.extend([self.containers[index].start(now), EventKind::ContainerRestarted]);
            }
            Verb::Remove if runs && !deed.force => {
                return Err(format!("cannot remove container '{}': container is running", deed.container));
            }
            Verb::Remove => {
                if runs {
                    steps.push(container.end(137, now));
                }
                steps.push(EventKind::ContainerRemoved);
            }
        }
        let facts = self.tell(name, &self.containers[index]);
        let state = if deed.verb == Verb::Remove {
            self.containers.remove(index);
            None
        } else {
            Some(facts.state)
        };
        happened.extend(steps.into_iter().map(|kind| (kind, facts.clone())));
        Ok((json!({ "changed": !happened.is_empty(), "state": state }), happened))
    }

    fn find(&self, name: &str, wanted: &str) -> Result<usize, String> {
        let named = |container: &Container| container_name(container.number) == wanted;
        let has_id =
            |container: &Container| container_id(self.seed, name, container.number).starts_with(wanted);
        let found =
            self.containers.iter().position(named).or_else(|| self.containers.iter().position(has_id));
        found.ok_or_else(|| format!("No such container: {wanted}"))
    }

    fn tell(&self, name: &str, container: &Container) -> ContainerFacts {
        let (repository, tag, _) = IMAGES[container.number as usize % IMAGES.len()];
        let published = container.number < 2 && container.state == ContainerState::Running;
        ContainerFacts {
            id: container_id(self.seed, name, container.number),
            name: container_name(container.number),
            image: format!("{repository}:{tag}").into(),
            image_id: image_id(repository).into(),
            command: Some("/entrypoint.sh run".into()),
            state: container.state,
            health: None,
            exit_code: container.exit_code,
            created_at: Some(self.booted),
            started_at: Some(container.started),
            finished_at: container.finished,
            ports: published
                .then(|| format!("0.0.0.0:{}->80/tcp", 8080 + container.number).into())
                .into_iter()
                .collect(),
            labels: [("com.docker.compose.project", "simulated")].into_iter().collect(),
        }
    }
}

impl Container {
    fn start(&mut self, now: Timestamp) -> EventKind {
        if self.former.len() >= FORMER_RUNS {
            self.former.remove(0);
        }
        self.former.push(Run { began: self.started, ended: self.finished });
        (self.state, self.exit_code, self.started) = (ContainerState::Running, None, now);
        EventKind::ContainerStarted
    }

    fn end(&mut self, exit_code: i64, now: Timestamp) -> EventKind {
        (self.state, self.exit_code, self.finished) = (ContainerState::Exited, Some(exit_code), Some(now));
        EventKind::ContainerDied
    }
}

fn container_name(number: u32) -> String {
    let (repository, ..) = IMAGES[number as usize % IMAGES.len()];
    format!("{}-{number}", repository.rsplit('/').next().unwrap_or(repository))
}

fn container_id(seed: u64, node: &str, number: u32) -> String {
    hexadecimal(derive(seed, "container", &format!("{node}/{number}")))
}

fn image_id(repository: &str) -> String {
    format!("sha256:{}", hexadecimal(derive(0, "image", repository)))
}

fn image(&(repository, tag, megabytes): &(&str, &str, u64)) -> ImageFacts {
    ImageFacts {
        id: image_id(repository).into(),
        tags: vec![format!("{repository}:{tag}").into()],
        digests: vec![format!("{repository}@sha256:{}", hexadecimal(derive(0, "digest", repository))).into()],
        size_bytes: megabytes << 20,
        created_at: Some(seconds(BEGINNING)),
    }
}

fn hexadecimal(bytes: [u8; 32]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

fn tenth(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}

fn memory(percent: f32) -> MemoryUsage {
    let used_bytes = share(MEMORY, percent);
    MemoryUsage {
        total_bytes: MEMORY,
        used_bytes,
        available_bytes: MEMORY - used_bytes,
        swap_total_bytes: Some(0),
        swap_used_bytes: Some(0),
        percent: tenth(percent),
    }
}

fn disk(device: &str, percent: f32) -> DiskUsage {
    let used_bytes = share(DISK, percent);
    DiskUsage {
        device: device.to_owned(),
        file_system: "ext4".into(),
        total_bytes: DISK,
        used_bytes,
        available_bytes: DISK - used_bytes,
        percent: tenth(percent),
    }
}

fn network(received_bytes: u64, transmitted_bytes: u64) -> NetworkStats {
    NetworkStats {
        received_bytes,
        transmitted_bytes,
        received_packets: received_bytes / 900,
        transmitted_packets: transmitted_bytes / 700,
        ..NetworkStats::default()
    }
}

fn share(total: u64, percent: f32) -> u64 {
    (total as f64 * f64::from(percent) / 100.0) as u64
}

#[cfg(test)]
mod tests;
