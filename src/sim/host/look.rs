//! What a simulated engine tells of a container when it is asked: its log, what it uses, everything that is known of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Container, Host, MEMORY, PROCESSORS, container_id, container_name};
use crate::{
    proto::{
        container::{ContainerState, ContainerStats, Traffic},
        output::{Ended, Outcome},
    },
    sim::{
        log::{Log, Run},
        random::{Random, derive_number},
    },
};

/// The most memory that a container may use.
const MEMORY_LIMIT: u64 = MEMORY / 8;

impl Host {
    /// The log of a container that writes so many lines per minute, and the container's number.
    pub(in crate::sim) fn log(
        &self,
        name: &str,
        wanted: &str,
        lines_per_minute: f64,
    ) -> Result<(u32, Log), Ended> {
        let container = self.asked(name, wanted)?;
        let runs = container.former.iter().copied().chain([container.run()]).collect();
        Ok((container.number, Log::new(self.key("log", name, container), lines_per_minute, runs)))
    }

    /// When a run of a container ended that began at a moment; `None` while it goes on.
    pub(in crate::sim) fn ended(&self, number: u32, began: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let Some(container) = self.containers.iter().find(|container| container.number == number) else {
            return Some(now);
        };
        let mut runs = container.former.iter().copied().chain([container.run()]);
        runs.find(|run| run.began == began).map_or(Some(now), |run| run.ended)
    }

    /// What a running container uses; it follows from the seed and the second.
    pub(in crate::sim) fn stats(
        &self,
        name: &str,
        wanted: &str,
        now: Timestamp,
    ) -> Result<ContainerStats, Ended> {
        let container = self.asked(name, wanted)?;
        if container.state != ContainerState::Running {
            let stopped = container_name(container.number);
            let detail = format!("the container {stopped} does not run, so it uses nothing");
            return Err(Ended { outcome: Outcome::Refused, detail: Some(detail) });
        }
        let key = self.key("stats", name, container);
        let mut random = Random::at(key, now.as_second().cast_unsigned());
        let ran = u64::try_from(container.started.duration_until(now).as_secs()).unwrap_or_default();
        let memory = MEMORY_LIMIT / 4 + random.below(MEMORY_LIMIT / 8);
        let traffic = Traffic { received_bytes: ran * 2_048, transmitted_bytes: ran * 1_024 };
        Ok(ContainerStats {
            id: container_id(self.seed, name, container.number),
            name: container_name(container.number),
            time: now,
            cpu_percent: Some((random.unit() * 400.0).round() / 10.0),
            cpu_count: Some(PROCESSORS as u32),
            memory_used_bytes: Some(memory),
            memory_limit_bytes: Some(MEMORY_LIMIT),
            memory_percent: Some(100.0 * memory as f64 / MEMORY_LIMIT as f64),
            networks: BTreeMap::from([("eth0".to_owned(), traffic)]),
            block_read_bytes: Some(ran * 512),
            block_written_bytes: Some(ran * 256),
            pids: Some(4 + key % 16),
        })
    }

    /// Everything that is known of a container, in the engine's form.
    pub(in crate::sim) fn inspect(&self, name: &str, wanted: &str) -> Result<Value, Ended> {
        let container = self.asked(name, wanted)?;
        let facts = self.tell(name, container);
        let runs = container.state == ContainerState::Running;
        Ok(json!({
            "Id": facts.id,
            "Name": format!("/{}", facts.name),
            "Created": facts.created_at,
            "Path": "/entrypoint.sh",
            "Args": ["run"],
            "Image": facts.image_id,
            "State": {
                "Status": facts.state,
                "Running": runs,
                "Pid": if runs { 1_000 + container.number } else { 0 },
                "ExitCode": facts.exit_code.unwrap_or_default(),
                "StartedAt": facts.started_at,
                "FinishedAt": facts.finished_at,
            },
            "Config": {
                "Hostname": &facts.id[..12],
                "Image": facts.image,
                "Env": ["SIMULATED=true"],
                "Labels": facts.labels,
            },
            "HostConfig": { "Memory": MEMORY_LIMIT },
        }))
    }

    fn asked(&self, name: &str, wanted: &str) -> Result<&Container, Ended> {
        let found = self.find(name, wanted).map(|index| &self.containers[index]);
        found.map_err(|why| Ended { outcome: Outcome::NotFound, detail: Some(why) })
    }

    fn key(&self, purpose: &str, name: &str, container: &Container) -> u64 {
        derive_number(self.seed, purpose, &format!("{name}/{}", container.number))
    }
}

impl Container {
    /// The run that goes on, or the last one.
    fn run(&self) -> Run {
        let runs = self.state == ContainerState::Running;
        Run { began: self.started, ended: self.finished.filter(|_| !runs) }
    }
}
