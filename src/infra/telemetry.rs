//! What a node measures of itself (sysinfo). Only what is reported is read: no processes, no frequencies.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use sysinfo::{
    CpuRefreshKind, Disk, DiskRefreshKind, Disks, MemoryRefreshKind, NetworkData, Networks, RefreshKind,
    System,
};

use crate::{
    core::telemetry::bounds::{MAX_CORES, MAX_NAMED},
    proto::{
        agent::HostFacts,
        telemetry::{DiskUsage, MemoryUsage, NetworkStats, Telemetry},
    },
};

/// Measures the node; keeps what the next measurement is compared with.
pub struct Sampler {
    system: System,
    disks: Disks,
    networks: Networks,
}

impl Sampler {
    /// Takes the first reading, against which the first [`measure`](Self::measure) tells the use of the processors.
    ///
    /// # Errors
    /// Says why this system cannot be measured at all.
    pub fn new() -> Result<Self, sysinfo::Error> {
        let kind = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing().with_usage());
        let system = System::new_with_specifics(kind)?;
        Ok(Self { system, disks: Disks::new()?, networks: Networks::new()? })
    }

    /// Measures everything once. Processor use is over the time since the last call, which should be 200 ms or more.
    pub fn measure(
        &mut self,
        agent_id: &str,
        timestamp: Timestamp,
        container_count: Option<u32>,
    ) -> Telemetry {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory_specifics(MemoryRefreshKind::everything());
        self.disks.refresh_specifics(true, DiskRefreshKind::nothing());
        self.networks.refresh(true);
        let load = System::load_average().unwrap_or_default();
        Telemetry {
            agent_id: agent_id.to_owned(),
            timestamp,
            cpu_usage: finite(self.system.global_cpu_usage()),
            cpu_cores: self.system.cpus().iter().take(MAX_CORES).map(|cpu| finite(cpu.usage())).collect(),
            memory_usage: memory(&self.system),
            disk_usage: disks(&self.disks),
            load_average: [load.one, load.five, load.fifteen],
            network_stats: interfaces(&self.networks),
            container_count,
            service_status: BTreeMap::new(),
            uptime_s: System::uptime().ok(),
        }
    }
}

/// Describes the node; what cannot be found out is absent.
#[must_use]
pub fn host_facts() -> HostFacts {
    let kind = RefreshKind::nothing()
        .with_memory(MemoryRefreshKind::nothing().with_ram())
        .with_cpu(CpuRefreshKind::nothing());
    let system = System::new_with_specifics(kind).ok();
    let cpus = system.as_ref().map_or(&[][..], System::cpus);
    let boot = System::boot_time().ok().and_then(|seconds| i64::try_from(seconds).ok()).filter(|at| *at > 0);
    HostFacts {
        hostname: System::host_name().ok(),
        os: os_name().map(Into::into),
        kernel: System::kernel_version().ok().map(Into::into),
        arch: Some(System::cpu_arch()).filter(|arch| !arch.is_empty()).map(Into::into),
        cpu_model: cpus.first().map(|cpu| cpu.brand()).filter(|brand| !brand.is_empty()).map(Into::into),
        cpu_count: u32::try_from(cpus.len()).ok().filter(|count| *count > 0),
        memory_total_bytes: system.as_ref().map(System::total_memory).filter(|bytes| *bytes > 0),
        booted_at: boot.and_then(|seconds| Timestamp::from_second(seconds).ok()),
    }
}

/// The name that the system gives itself with its version, `Debian GNU/Linux 12`.
fn os_name() -> Option<String> {
    let name = System::name().ok()?;
    Some(System::os_version().map_or_else(|_| name.clone(), |version| format!("{name} {version}")))
}

fn memory(system: &System) -> MemoryUsage {
    let (total_bytes, used_bytes) = (system.total_memory(), system.used_memory());
    MemoryUsage {
        total_bytes,
        used_bytes,
        available_bytes: system.available_memory(),
        swap_total_bytes: Some(system.total_swap()),
        swap_used_bytes: Some(system.used_swap()),
        percent: percent(used_bytes, total_bytes),
    }
}

/// The real disks by mount point. A device that is mounted in several places is told once, at the shortest path.
fn disks(list: &[Disk]) -> BTreeMap<String, DiskUsage> {
    let mut by_device: BTreeMap<String, (&Path, String)> = BTreeMap::new();
    for disk in list {
        let device = disk.name().to_string_lossy().into_owned();
        let file_system = disk.file_system().to_string_lossy().into_owned();
        if !is_real(&device, &file_system) {
            continue;
        }
        let mount_point = disk.mount_point();
        if by_device
            .get(&device)
            .is_none_or(|(known, _)| mount_point.as_os_str().len() < known.as_os_str().len())
        {
            by_device.insert(device, (mount_point, file_system));
        }
    }
    let told = by_device.into_iter().filter_map(|(device, (mount_point, file_system))| {
        let usage = disk(device, file_system, mount_point)?;
        Some((mount_point.to_string_lossy().into_owned(), usage))
    });
    told.take(MAX_NAMED).collect()
}

/// One disk as `df` shows it. Blocks that only root may use are free, but available to nobody else; `sysinfo` does not
/// tell the two apart, and would call them used.
fn disk(device: String, file_system: String, mount_point: &Path) -> Option<DiskUsage> {
    let told = rustix::fs::statvfs(mount_point).ok().filter(|told| told.f_blocks > 0)?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    let (used_bytes, available_bytes) =
        (bytes(told.f_blocks.saturating_sub(told.f_bfree)), bytes(told.f_bavail));
    Some(DiskUsage {
        device,
        file_system,
        total_bytes: bytes(told.f_blocks),
        used_bytes,
        available_bytes,
        percent: percent(used_bytes, used_bytes.saturating_add(available_bytes)),
    })
}

/// Whether a file system is kept on a disk: a block device, or a pool that goes by a name of its own.
fn is_real(device: &str, file_system: &str) -> bool {
    const POOLS: [&str; 3] = ["zfs", "bcachefs", "virtiofs"];
    const IMAGES: [&str; 4] = ["squashfs", "iso9660", "erofs", "overlay"];
    (device.starts_with("/dev/") || POOLS.contains(&file_system)) && !IMAGES.contains(&file_system)
}

/// The interfaces by name, as many as may be told: those that containers have of their own come last.
fn interfaces(networks: &Networks) -> BTreeMap<String, NetworkStats> {
    let named = networks.iter().map(|(name, data)| (name.to_string_lossy().into_owned(), network(data)));
    let mut found: Vec<_> = named.collect();
    found.sort_unstable_by_key(|(name, _)| (name.starts_with("veth"), name.clone()));
    found.into_iter().take(MAX_NAMED).collect()
}

fn network(data: &NetworkData) -> NetworkStats {
    NetworkStats {
        received_bytes: data.total_received(),
        transmitted_bytes: data.total_transmitted(),
        received_packets: data.total_packets_received(),
        transmitted_packets: data.total_packets_transmitted(),
        receive_errors: data.total_errors_on_received(),
        transmit_errors: data.total_errors_on_transmitted(),
    }
}

/// The share in percent, 0 of nothing.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a percentage needs no more"
)]
fn percent(part: u64, whole: u64) -> f32 {
    if whole == 0 { 0.0 } else { (part as f64 * 100.0 / whole as f64) as f32 }
}

/// JSON has no NaN, which is what no elapsed time gives.
fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

#[cfg(test)]
mod tests;
