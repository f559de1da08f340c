//! A measurement as numbers in a fixed order, and back.
//!
//! What nearly always follows from other numbers (a percentage, what is free) is kept as its difference from what they
//! say: almost always 0, which costs nothing, and exact when it is not.

use std::collections::BTreeMap;

use super::{
    bytes::{Bytes, put, unzigzag, zigzag},
    shape::Shape,
};
use crate::proto::telemetry::{DiskUsage, MemoryUsage, Metric, NetworkStats, Telemetry};

/// How a number's bits are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A whole number.
    Whole,
    /// A float of 32 bits, in the low half.
    Single,
    /// A float of 64 bits.
    Double,
}

/// The form in which a metric is stored.
pub(super) const fn stored_form(metric: Metric) -> Form {
    match metric {
        Metric::CpuUsage | Metric::CpuCore => Form::Single,
        Metric::Load1 | Metric::Load5 | Metric::Load15 => Form::Double,
        _ => Form::Whole,
    }
}

/// The form that a metric has in a measurement.
pub(super) const fn form(metric: Metric) -> Form {
    match metric {
        Metric::MemoryUsage | Metric::DiskUsage => Form::Single,
        other => stored_form(other),
    }
}

/// The stored numbers that a metric is made of, itself first.
pub(super) const fn inputs(metric: Metric) -> &'static [Metric] {
    use Metric as M;
    match metric {
        M::CpuUsage => &[M::CpuUsage],
        M::MemoryTotalBytes => &[M::MemoryTotalBytes],
        M::MemoryUsedBytes => &[M::MemoryUsedBytes],
        M::MemoryAvailableBytes => &[M::MemoryAvailableBytes, M::MemoryTotalBytes, M::MemoryUsedBytes],
        M::SwapTotalBytes => &[M::SwapTotalBytes],
        M::SwapUsedBytes => &[M::SwapUsedBytes],
        M::MemoryUsage => &[M::MemoryUsage, M::MemoryTotalBytes, M::MemoryUsedBytes],
        M::Load1 => &[M::Load1],
        M::Load5 => &[M::Load5],
        M::Load15 => &[M::Load15],
        M::UptimeSeconds => &[M::UptimeSeconds],
        M::ContainerCount => &[M::ContainerCount],
        M::CpuCore => &[M::CpuCore],
        M::DiskTotalBytes => &[M::DiskTotalBytes],
        M::DiskUsedBytes => &[M::DiskUsedBytes],
        M::DiskAvailableBytes => &[M::DiskAvailableBytes, M::DiskTotalBytes, M::DiskUsedBytes],
        M::DiskUsage => &[M::DiskUsage, M::DiskTotalBytes, M::DiskUsedBytes, M::DiskAvailableBytes],
        M::NetworkReceivedBytes => &[M::NetworkReceivedBytes],
        M::NetworkTransmittedBytes => &[M::NetworkTransmittedBytes],
        M::NetworkReceivedPackets => &[M::NetworkReceivedPackets],
        M::NetworkTransmittedPackets => &[M::NetworkTransmittedPackets],
        M::NetworkReceiveErrors => &[M::NetworkReceiveErrors],
        M::NetworkTransmitErrors => &[M::NetworkTransmitErrors],
    }
}

/// A metric's bits from its [`inputs`], in their order; a missing one counts as 0.
pub(super) fn restored(metric: Metric, stored: &[u64]) -> u64 {
    let at = |index: usize| stored.get(index).copied().unwrap_or(0);
    match metric {
        Metric::MemoryAvailableBytes | Metric::DiskAvailableBytes => near(at(1).wrapping_sub(at(2)), at(0)),
        Metric::MemoryUsage => near_float(share(at(2), at(1)), at(0)),
        Metric::DiskUsage => {
            let available = near(at(1).wrapping_sub(at(2)), at(3));
            near_float(share(at(2), at(2).wrapping_add(available)), at(0))
        }
        _ => at(0),
    }
}

/// The bits of what a node did not tell, in the place of a number that may be absent.
const UNTOLD: u64 = u64::MAX;

/// What is stored for a number that may be absent; the one number that cannot be told from none counts as none.
fn bits(told: Option<u64>) -> u64 {
    told.unwrap_or(UNTOLD)
}

/// The number that was stored, unless the node did not tell it.
fn told(bits: u64) -> Option<u64> {
    (bits != UNTOLD).then_some(bits)
}

/// The value that bits of a metric stand for; `None` when the node did not tell it.
pub(super) fn value(metric: Metric, bits: u64) -> Option<f64> {
    let may_be_untold =
        matches!(metric, Metric::UptimeSeconds | Metric::SwapTotalBytes | Metric::SwapUsedBytes);
    (!may_be_untold || told(bits).is_some()).then(|| float(form(metric), bits))
}

/// A number that bits of this form stand for.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a query's figures are floats; a single is in the low half"
)]
pub(super) fn float(form: Form, bits: u64) -> f64 {
    match form {
        Form::Whole => bits as f64,
        Form::Single => f64::from(f32::from_bits(bits as u32)),
        Form::Double => f64::from_bits(bits),
    }
}

fn far(expected: u64, value: u64) -> u64 {
    zigzag(value.wrapping_sub(expected).cast_signed())
}

fn near(expected: u64, difference: u64) -> u64 {
    expected.wrapping_add(unzigzag(difference).cast_unsigned())
}

fn far_float(expected: f32, value: f32) -> u64 {
    far(u64::from(expected.to_bits()), u64::from(value.to_bits()))
}

fn near_float(expected: f32, difference: u64) -> u64 {
    near(u64::from(expected.to_bits()), difference) & u64::from(u32::MAX)
}

/// Percent, as nodes reckon it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a percentage needs no more"
)]
fn share(part: u64, whole: u64) -> f32 {
    if whole == 0 { 0.0 } else { (part as f64 * 100.0 / whole as f64) as f32 }
}

/// Appends the numbers of a measurement, metric after metric, each with a value per label.
pub(super) fn flatten(telemetry: &Telemetry, out: &mut Vec<u64>) {
    let MemoryUsage { total_bytes, used_bytes, available_bytes, swap_total_bytes, swap_used_bytes, percent } =
        telemetry.memory_usage;
    out.extend([
        u64::from(telemetry.cpu_usage.to_bits()),
        total_bytes,
        used_bytes,
        far(total_bytes.wrapping_sub(used_bytes), available_bytes),
        bits(swap_total_bytes),
        bits(swap_used_bytes),
        far_float(share(used_bytes, total_bytes), percent),
    ]);
    out.extend(telemetry.load_average.map(f64::to_bits));
    out.push(bits(telemetry.uptime_s));
    out.extend(telemetry.container_count.map(u64::from));
    out.extend(telemetry.cpu_cores.iter().map(|core| u64::from(core.to_bits())));
    let disks = telemetry.disk_usage.values();
    out.extend(disks.clone().map(|disk| disk.total_bytes));
    out.extend(disks.clone().map(|disk| disk.used_bytes));
    out.extend(
        disks.clone().map(|disk| far(disk.total_bytes.wrapping_sub(disk.used_bytes), disk.available_bytes)),
    );
    out.extend(disks.map(|disk| {
        let whole = disk.used_bytes.wrapping_add(disk.available_bytes);
        far_float(share(disk.used_bytes, whole), disk.percent)
    }));
    let networks = telemetry.network_stats.values();
    out.extend(networks.clone().map(|network| network.received_bytes));
    out.extend(networks.clone().map(|network| network.transmitted_bytes));
    out.extend(networks.clone().map(|network| network.received_packets));
    out.extend(networks.clone().map(|network| network.transmitted_packets));
    out.extend(networks.clone().map(|network| network.receive_errors));
    out.extend(networks.map(|network| network.transmit_errors));
}

/// The measurement of a shape and its numbers; `None` when they are not as many as the shape has.
#[expect(clippy::cast_possible_truncation, reason = "a single is in the low half")]
pub(super) fn measurement(shape: &Shape, timestamp: jiff::Timestamp, values: &[u64]) -> Option<Telemetry> {
    if values.len() != shape.width() {
        return None;
    }
    let offset = |metric: Metric| -> usize {
        Metric::ALL.iter().take_while(|other| **other != metric).map(|other| shape.count(other.label())).sum()
    };
    let get = |metric: Metric, label: usize| -> u64 {
        let parts =
            inputs(metric).iter().map(|input| values.get(offset(*input) + label).copied().unwrap_or(0));
        let mut stored = [0; 4];
        for (slot, part) in stored.iter_mut().zip(parts) {
            *slot = part;
        }
        restored(metric, &stored)
    };
    let single = |metric, label| f32::from_bits(get(metric, label) as u32);
    let double = |metric| f64::from_bits(get(metric, 0));
    let disk = |(label, disk): (usize, &super::shape::Disk)| {
        let usage = DiskUsage {
            device: disk.device.clone(),
            file_system: disk.file_system.clone(),
            total_bytes: get(Metric::DiskTotalBytes, label),
            used_bytes: get(Metric::DiskUsedBytes, label),
            available_bytes: get(Metric::DiskAvailableBytes, label),
            percent: single(Metric::DiskUsage, label),
        };
        (disk.mount_point.clone(), usage)
    };
    let network = |(label, name): (usize, &String)| {
        let stats = NetworkStats {
            received_bytes: get(Metric::NetworkReceivedBytes, label),
            transmitted_bytes: get(Metric::NetworkTransmittedBytes, label),
            received_packets: get(Metric::NetworkReceivedPackets, label),
            transmitted_packets: get(Metric::NetworkTransmittedPackets, label),
            receive_errors: get(Metric::NetworkReceiveErrors, label),
            transmit_errors: get(Metric::NetworkTransmitErrors, label),
        };
        (name.clone(), stats)
    };
    Some(Telemetry {
        agent_id: shape.name.clone(),
        timestamp,
        cpu_usage: single(Metric::CpuUsage, 0),
        cpu_cores: (0..shape.cores as usize).map(|core| single(Metric::CpuCore, core)).collect(),
        memory_usage: MemoryUsage {
            total_bytes: get(Metric::MemoryTotalBytes, 0),
            used_bytes: get(Metric::MemoryUsedBytes, 0),
            available_bytes: get(Metric::MemoryAvailableBytes, 0),
            swap_total_bytes: told(get(Metric::SwapTotalBytes, 0)),
            swap_used_bytes: told(get(Metric::SwapUsedBytes, 0)),
            percent: single(Metric::MemoryUsage, 0),
        },
        disk_usage: shape.disks.iter().enumerate().map(disk).collect::<BTreeMap<_, _>>(),
        load_average: [double(Metric::Load1), double(Metric::Load5), double(Metric::Load15)],
        network_stats: shape.interfaces.iter().enumerate().map(network).collect(),
        container_count: shape.engine.then(|| get(Metric::ContainerCount, 0) as u32),
        service_status: shape.services.clone(),
        uptime_s: told(get(Metric::UptimeSeconds, 0)),
    })
}

/// Appends the numbers of a measurement as a row holds them.
#[expect(clippy::cast_possible_truncation, reason = "a single is in the low half")]
pub(super) fn pack(shape: &Shape, values: &[u64], out: &mut Vec<u8>) {
    let mut values = values.iter();
    for metric in Metric::ALL {
        for value in values.by_ref().take(shape.count(metric.label())) {
            match stored_form(metric) {
                Form::Whole => put(out, *value),
                Form::Single => out.extend_from_slice(&(*value as u32).to_le_bytes()),
                Form::Double => out.extend_from_slice(&value.to_le_bytes()),
            }
        }
    }
}

/// Appends the numbers that a row holds; `None` when the row does not fit the shape.
pub(super) fn unpack(shape: &Shape, row: &[u8], out: &mut Vec<u64>) -> Option<()> {
    let mut bytes = Bytes(row);
    for metric in Metric::ALL {
        for _ in 0..shape.count(metric.label()) {
            out.push(match stored_form(metric) {
                Form::Whole => bytes.number()?,
                Form::Single => u64::from(bytes.four()?),
                Form::Double => bytes.eight()?,
            });
        }
    }
    bytes.0.is_empty().then_some(())
}
