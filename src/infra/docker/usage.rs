//! What a container uses, computed as `docker stats` does, and what the engine knows of it.

use std::collections::BTreeMap;

use bollard::{
    models::{
        ContainerBlkioStatEntry, ContainerCpuStats, ContainerMemoryStats, ContainerNetworkStats,
        ContainerStatsResponse,
    },
    query_parameters::StatsOptionsBuilder,
};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Engine, EngineError, answer};
use crate::proto::container::{ContainerStats, Traffic};

impl Engine {
    /// Measures a running container; the engine takes two samples, which takes it a second or two.
    ///
    /// # Errors
    /// Says that it does not run, in our words, or why the engine did not tell, in its own.
    pub async fn stats(&self, container: &str) -> Result<ContainerStats, EngineError> {
        let inspected = answer(self.docker.inspect_container(container, None)).await?;
        if !inspected.state.and_then(|state| state.running).unwrap_or(false) {
            let name = inspected.name.unwrap_or_default();
            let name = name.trim_start_matches('/');
            let name = if name.is_empty() { container } else { name };
            let message = format!("the container {name} does not run, so it uses nothing");
            return Err(EngineError::Refused { status: 409, message });
        }
        let options = StatsOptionsBuilder::default().stream(false).one_shot(false).build();
        let mut samples = Box::pin(self.docker.stats(container, Some(options)));
        let sample = async { samples.next().await.transpose() };
        let sample = answer(sample).await?.ok_or(EngineError::Unreadable("the engine measured nothing"))?;
        Ok(stats(sample))
    }

    /// Everything that the engine tells of a container, in its own words.
    ///
    /// # Errors
    /// Says why the engine did not tell.
    pub async fn inspect(&self, container: &str) -> Result<Map<String, Value>, EngineError> {
        let inspected = answer(self.docker.inspect_container(container, None)).await?;
        match serde_json::to_value(inspected) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(EngineError::Unreadable("the engine's description is not an object")),
        }
    }
}

/// The engine's sample in our words.
fn stats(sample: ContainerStatsResponse) -> ContainerStats {
    let time = sample.read.as_deref().and_then(|time| time.parse().ok()).unwrap_or_else(Timestamp::now);
    let cpu = sample.cpu_stats.unwrap_or_default();
    let memory = sample.memory_stats.unwrap_or_default();
    let blocks = sample.blkio_stats.and_then(|blocks| blocks.io_service_bytes_recursive);
    let (used, limit) = (memory_used(&memory), memory.limit.filter(|limit| *limit > 0));
    ContainerStats {
        id: sample.id.unwrap_or_default(),
        name: sample.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        time,
        cpu_percent: cpu_percent(&cpu, &sample.precpu_stats.unwrap_or_default()),
        cpu_count: cpus(&cpu),
        memory_used_bytes: used,
        memory_limit_bytes: limit,
        memory_percent: used.zip(limit).map(|(used, limit)| 100.0 * float(used) / float(limit)),
        networks: traffic(sample.networks.unwrap_or_default()),
        block_read_bytes: blocks.as_deref().map(|blocks| block_bytes(blocks, "read")),
        block_written_bytes: blocks.as_deref().map(|blocks| block_bytes(blocks, "write")),
        pids: sample.pids_stats.and_then(|pids| pids.current),
    }
}

/// The container's share of the time that all CPUs had between two samples, in percent of one CPU.
fn cpu_percent(now: &ContainerCpuStats, before: &ContainerCpuStats) -> Option<f64> {
    let used = |sample: &ContainerCpuStats| sample.cpu_usage.as_ref().and_then(|usage| usage.total_usage);
    let own = used(now)?.checked_sub(used(before)?)?;
    let all = now.system_cpu_usage?.checked_sub(before.system_cpu_usage?).filter(|all| *all > 0)?;
    Some(100.0 * float(own) / float(all) * f64::from(cpus(now)?))
}

fn cpus(sample: &ContainerCpuStats) -> Option<u32> {
    let counted = || sample.cpu_usage.as_ref().and_then(|usage| usage.percpu_usage.as_ref()).map(Vec::len);
    sample
        .online_cpus
        .filter(|cpus| *cpus > 0)
        .or_else(|| counted().and_then(|cpus| u32::try_from(cpus).ok()))
}

/// Memory without what the page cache could give back: cgroup v1 counts it under one name, v2 under another.
fn memory_used(memory: &ContainerMemoryStats) -> Option<u64> {
    let usage = memory.usage?;
    let counted = |name: &str| memory.stats.as_ref().and_then(|stats| stats.get(name)).copied();
    let cache =
        counted("total_inactive_file").or_else(|| counted("inactive_file")).filter(|cache| *cache < usage);
    Some(usage - cache.unwrap_or(0))
}

fn traffic(networks: std::collections::HashMap<String, ContainerNetworkStats>) -> BTreeMap<String, Traffic> {
    let through = |network: ContainerNetworkStats| Traffic {
        received_bytes: network.rx_bytes.unwrap_or(0),
        transmitted_bytes: network.tx_bytes.unwrap_or(0),
    };
    networks.into_iter().map(|(name, network)| (name, through(network))).collect()
}

fn block_bytes(entries: &[ContainerBlkioStatEntry], op: &str) -> u64 {
    let of_op = |entry: &&ContainerBlkioStatEntry| {
        entry.op.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(op))
    };
    entries.iter().filter(of_op).filter_map(|entry| entry.value).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a share has no more digits than a double")]
const fn float(count: u64) -> f64 {
    count as f64
}
