//! What a plain agent measured, as a [`Telemetry`]. A frame without its main figures is refused rather than filled with
//! zeros: CPU, memory (`total`, `used`) and load are needed; what else is not told stays unknown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::Fields;
use crate::{
    core::{error::Error, node_time::believable},
    proto::telemetry::{DiskUsage, MemoryUsage, NetworkStats, Telemetry},
};

/// Reads the payload of a TELEMETRY frame of the agent called `node`; without a time of its own it gets the server's.
///
/// # Errors
/// Names the field that is wrong, or needed and absent.
pub fn telemetry(payload: &Value, node: &str, now: Timestamp) -> Result<Telemetry, Error> {
    let fields = Fields::of(payload, "payload")?;
    let cpu_usage = fields.percent(&["cpu_usage", "cpu"])?;
    let container_count = fields.whole(&["container_count"])?.map(u32::try_from).transpose();
    Ok(Telemetry {
        agent_id: node.to_owned(),
        timestamp: time(&fields, now)?,
        cpu_usage: cpu_usage
            .ok_or_else(|| fields.wrong("cpu_usage", "expected a percentage of all processors, 0 to 100"))?,
        cpu_cores: Vec::new(),
        memory_usage: memory(&fields)?,
        disk_usage: disks(&fields)?,
        load_average: load(&fields)?,
        network_stats: networks(&fields)?,
        container_count: container_count
            .map_err(|_| fields.wrong("container_count", "expected a count below 2^32"))?,
        service_status: services(&fields)?,
        uptime_s: fields.whole(&["uptime_s", "uptime"])?,
    })
}

fn time(fields: &Fields<'_>, now: Timestamp) -> Result<Timestamp, Error> {
    let Some((name, value)) = fields.find(&["timestamp"]) else { return Ok(now) };
    let seconds = |value: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
        Timestamp::from_microsecond((value * 1e6).round() as i64).ok()
    };
    let told = match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64().and_then(seconds),
    };
    let expected = "expected RFC 3339, like 2026-05-12T11:05:00Z, or seconds since 1970";
    told.map(|told| believable(told, now)).ok_or_else(|| fields.wrong(name, expected))
}

fn memory(fields: &Fields<'_>) -> Result<MemoryUsage, Error> {
    let memory = fields.inside("memory_usage")?;
    let memory = memory.ok_or_else(|| {
        fields.wrong("memory_usage", "expected an object with the bytes 'total' and 'used'")
    })?;
    let (total, used) = (memory.needed(&["total_bytes", "total"])?, memory.needed(&["used_bytes", "used"])?);
    if used > total {
        return Err(memory.wrong("used", "expected no more than 'total'"));
    }
    let available = memory.whole(&["available_bytes", "available"])?;
    let share = memory.percent(&["percent"])?;
    Ok(MemoryUsage {
        total_bytes: total,
        used_bytes: used,
        available_bytes: available.unwrap_or(total - used),
        swap_total_bytes: memory.whole(&["swap_total_bytes", "swap_total"])?,
        swap_used_bytes: memory.whole(&["swap_used_bytes", "swap_used"])?,
        percent: share.unwrap_or_else(|| percent(used, total)),
    })
}

fn disks(fields: &Fields<'_>) -> Result<BTreeMap<String, DiskUsage>, Error> {
    let Some(disks) = fields.inside("disk_usage")? else { return Ok(BTreeMap::new()) };
    let mut found = BTreeMap::new();
    for (mount, disk) in disks.each() {
        let disk = disk.map_err(|_| {
            disks.wrong(
                mount,
                "expected one object for each disk, by its mount point: {\"/\": {\"total\": ...}}",
            )
        })?;
        let (total, used) = (disk.needed(&["total_bytes", "total"])?, disk.needed(&["used_bytes", "used"])?);
        let available = disk.whole(&["available_bytes", "available", "free"])?;
        let available = available.unwrap_or_else(|| total.saturating_sub(used));
        let told = disk.percent(&["percent"])?;
        let usage = DiskUsage {
            device: disk.text(&["device"])?.unwrap_or_default().to_owned(),
            file_system: disk.text(&["file_system", "fstype"])?.unwrap_or_default().to_owned(),
            total_bytes: total,
            used_bytes: used,
            available_bytes: available,
            percent: told.unwrap_or_else(|| percent(used, used.saturating_add(available))),
        };
        found.insert(mount.clone(), usage);
    }
    Ok(found)
}

fn load(fields: &Fields<'_>) -> Result<[f64; 3], Error> {
    let expected = || fields.wrong("load_average", "expected three numbers: over 1, 5 and 15 minutes");
    let (_, value) = fields.find(&["load_average"]).ok_or_else(expected)?;
    let numbers: Option<Vec<f64>> =
        value.as_array().ok_or_else(expected)?.iter().map(Value::as_f64).collect();
    let numbers = numbers.filter(|numbers| numbers.iter().all(|load| load.is_finite() && *load >= 0.0));
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(expected)
}

fn networks(fields: &Fields<'_>) -> Result<BTreeMap<String, NetworkStats>, Error> {
    let Some(networks) = fields.inside("network_stats")? else { return Ok(BTreeMap::new()) };
    let mut found = BTreeMap::new();
    for (name, network) in networks.each() {
        let network = network.map_err(|_| {
            networks.wrong(name, "expected one object for each interface: {\"eth0\": {\"bytes_sent\": ...}}")
        })?;
        let stats = NetworkStats {
            received_bytes: network.needed(&["received_bytes", "bytes_recv", "rx_bytes"])?,
            transmitted_bytes: network.needed(&["transmitted_bytes", "bytes_sent", "tx_bytes"])?,
            received_packets: network.needed(&["received_packets", "packets_recv", "rx_packets"])?,
            transmitted_packets: network.needed(&["transmitted_packets", "packets_sent", "tx_packets"])?,
            receive_errors: network.needed(&["receive_errors", "errin", "rx_errors"])?,
            transmit_errors: network.needed(&["transmit_errors", "errout", "tx_errors"])?,
        };
        found.insert(name.clone(), stats);
    }
    Ok(found)
}

fn services(fields: &Fields<'_>) -> Result<BTreeMap<String, String>, Error> {
    let Some(services) = fields.inside("service_status")? else { return Ok(BTreeMap::new()) };
    let status = |(name, value): (&String, &Value)| match value {
        Value::String(word) => Ok((name.clone(), word.clone())),
        Value::Bool(_) | Value::Number(_) => Ok((name.clone(), value.to_string())),
        _ => Err(services.wrong(name, "expected how the service is, in a word")),
    };
    services.all().map(status).collect()
}

/// A share in percent; nothing of nothing is nothing.
fn percent(part: u64, whole: u64) -> f32 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "shown to a tenth at most"
    )]
    let share = (part as f64 / whole as f64 * 100.0) as f32;
    share
}
