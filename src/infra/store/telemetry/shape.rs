//! [`Shape`]: what of a measurement is not a number, and seldom changes: names of disks and interfaces, states of
//! services. A node's shape is stored once a change, and its measurements refer to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    core::telemetry::Label,
    proto::telemetry::{Metric, Telemetry},
};

/// A disk, but for its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Disk {
    pub(super) mount_point: String,
    pub(super) device: String,
    pub(super) file_system: String,
}

/// All that is not a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    pub(super) name: String,
    /// Whether containers are counted.
    pub(super) engine: bool,
    pub(super) cores: u32,
    /// By mount point.
    pub(super) disks: Vec<Disk>,
    /// By name.
    pub(super) interfaces: Vec<String>,
    pub(super) services: BTreeMap<String, String>,
}

impl Shape {
    /// The shape of a measurement.
    pub(super) fn of(telemetry: &Telemetry) -> Self {
        let disk = |(mount_point, disk): (&String, &crate::proto::telemetry::DiskUsage)| Disk {
            mount_point: mount_point.clone(),
            device: disk.device.clone(),
            file_system: disk.file_system.clone(),
        };
        Self {
            name: telemetry.agent_id.clone(),
            engine: telemetry.container_count.is_some(),
            cores: u32::try_from(telemetry.cpu_cores.len()).unwrap_or(u32::MAX),
            disks: telemetry.disk_usage.iter().map(disk).collect(),
            interfaces: telemetry.network_stats.keys().cloned().collect(),
            services: telemetry.service_status.clone(),
        }
    }

    /// Whether a measurement has this shape; nothing is allocated to tell.
    pub(super) fn fits(&self, telemetry: &Telemetry) -> bool {
        self.name == telemetry.agent_id
            && self.engine == telemetry.container_count.is_some()
            && self.cores as usize == telemetry.cpu_cores.len()
            && self.disks.len() == telemetry.disk_usage.len()
            && self.disks.iter().zip(&telemetry.disk_usage).all(|(disk, (mount_point, usage))| {
                disk.mount_point == *mount_point
                    && disk.device == usage.device
                    && disk.file_system == usage.file_system
            })
            && self.interfaces.iter().eq(telemetry.network_stats.keys())
            && self.services == telemetry.service_status
    }

    /// How many values a metric has in a measurement of this shape.
    pub(super) fn count(&self, label: Label) -> usize {
        match label {
            Label::None => 1,
            Label::Engine => usize::from(self.engine),
            Label::Core => self.cores as usize,
            Label::Disk => self.disks.len(),
            Label::Interface => self.interfaces.len(),
        }
    }

    /// How many numbers a measurement of this shape has.
    pub(super) fn width(&self) -> usize {
        Metric::ALL.iter().map(|metric| self.count(metric.label())).sum()
    }
}

/// A shape as it is stored: with the numbers of its labels, which series are known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredShape {
    #[serde(flatten)]
    pub(super) shape: Shape,
    pub(super) disk_labels: Vec<u32>,
    pub(super) interface_labels: Vec<u32>,
}

impl StoredShape {
    /// The number of a metric's label, by its position.
    pub(super) fn label(&self, label: Label, position: usize) -> u32 {
        let known = match label {
            Label::Disk => &self.disk_labels,
            Label::Interface => &self.interface_labels,
            Label::None | Label::Engine | Label::Core => {
                return u32::try_from(position).unwrap_or(u32::MAX);
            }
        };
        known.get(position).copied().unwrap_or(u32::MAX)
    }

    /// The numbers of a kind of label, in the order of positions.
    pub(super) fn labels(&self, label: Label) -> impl Iterator<Item = u32> + '_ {
        (0..self.shape.count(label)).map(move |position| self.label(label, position))
    }

    /// The text of a stored shape, read.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let whole = read.disk_labels.len() == read.shape.disks.len()
            && read.interface_labels.len() == read.shape.interfaces.len();
        if whole { Ok(read) } else { Err("a shape has other labels than names".to_owned()) }
    }
}
