//! How much one measurement may hold. Each disk and interface of a node is a series of its own for weeks, so that a node that
//! made up new names with each measurement would fill the disk.

use crate::{core::error::Error, proto::telemetry::Telemetry};

/// The most disks, interfaces and services of one node.
pub const MAX_NAMED: usize = 64;
/// The most processors of one node.
pub const MAX_CORES: usize = 1024;
/// The most bytes of a name.
const MAX_NAME_BYTES: usize = 1024;

/// Checks that a measurement holds no more than a node has, and only numbers: JSON has none that is not one, but one too large
/// for its field becomes so.
///
/// # Errors
/// Names the field and what was expected.
pub fn check(telemetry: &Telemetry) -> Result<(), Error> {
    if telemetry.cpu_cores.len() > MAX_CORES {
        return Err(Error::field("payload/cpu_cores", format!("expected at most {MAX_CORES}")));
    }
    let disks = telemetry.disk_usage.iter();
    let disks = disks.flat_map(|(name, disk)| [name, &disk.device, &disk.file_system]);
    let services = telemetry.service_status.iter().flat_map(|(name, status)| [name, status]);
    few("disk_usage", telemetry.disk_usage.len(), disks)?;
    few("network_stats", telemetry.network_stats.len(), telemetry.network_stats.keys())?;
    few("service_status", telemetry.service_status.len(), services)?;
    if is_finite(telemetry) {
        return Ok(());
    }
    Err(Error::field("payload", "expected numbers that can be measured"))
}

fn few<'a>(field: &str, count: usize, mut texts: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    if count <= MAX_NAMED && texts.all(|text| text.len() <= MAX_NAME_BYTES) {
        return Ok(());
    }
    let expected = format!("expected at most {MAX_NAMED}, each with names of at most {MAX_NAME_BYTES} bytes");
    Err(Error::field(&format!("payload/{field}"), expected))
}

fn is_finite(telemetry: &Telemetry) -> bool {
    let percents = telemetry.disk_usage.values().map(|disk| disk.percent);
    let mut numbers = telemetry
        .cpu_cores
        .iter()
        .copied()
        .chain([telemetry.cpu_usage, telemetry.memory_usage.percent])
        .chain(percents);
    numbers.all(f32::is_finite) && telemetry.load_average.iter().all(|load| load.is_finite())
}
