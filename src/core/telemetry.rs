//! What measurements are made into: steps of time, rates of counters, sums over nodes, figures over a range.

use crate::proto::telemetry::{Across, Aggregate, Metric, MetricInfo, MetricKind};

pub mod bounds;
pub mod span;
mod summary;

pub use summary::{Figures, Summary, Summing};

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;

/// Microseconds in an hour: what a stored part spans.
pub const HOUR: i64 = 3_600 * SECOND;

/// The most points of a series.
pub const MAX_POINTS: usize = 11_000;

/// The longest silence that a counter's increase is spread over, unless three steps or three intervals between
/// measurements are longer.
const LONGEST_INTERVAL: i64 = 300 * SECOND;

/// The longest silence, in microseconds, that a counter's increase is spread over: what was counted in a longer one
/// belongs to no moment, and none is made up. `interval` is the time between measurements.
#[must_use]
pub fn longest_interval(interval: i64, step: i64) -> i64 {
    LONGEST_INTERVAL.max(interval.max(step).saturating_mul(3))
}

/// What one node has several of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// One value a node.
    None,
    /// One value where there is a container engine.
    Engine,
    /// One a processor.
    Core,
    /// One a disk.
    Disk,
    /// One a network interface.
    Interface,
}

impl Metric {
    /// Every metric, in the order in which a measurement's numbers are stored.
    pub const ALL: [Self; 23] = [
        Self::CpuUsage,
        Self::MemoryTotalBytes,
        Self::MemoryUsedBytes,
        Self::MemoryAvailableBytes,
        Self::SwapTotalBytes,
        Self::SwapUsedBytes,
        Self::MemoryUsage,
        Self::Load1,
        Self::Load5,
        Self::Load15,
        Self::UptimeSeconds,
        Self::ContainerCount,
        Self::CpuCore,
        Self::DiskTotalBytes,
        Self::DiskUsedBytes,
        Self::DiskAvailableBytes,
        Self::DiskUsage,
        Self::NetworkReceivedBytes,
        Self::NetworkTransmittedBytes,
        Self::NetworkReceivedPackets,
        Self::NetworkTransmittedPackets,
        Self::NetworkReceiveErrors,
        Self::NetworkTransmitErrors,
    ];

    /// What a node has several of.
    #[must_use]
    pub const fn label(self) -> Label {
        match self {
            Self::ContainerCount => Label::Engine,
            Self::CpuCore => Label::Core,
            Self::DiskTotalBytes | Self::DiskUsedBytes | Self::DiskAvailableBytes | Self::DiskUsage => {
                Label::Disk
            }
            _ if matches!(self.kind(), MetricKind::Counter) => Label::Interface,
            _ => Label::None,
        }
    }

    /// Gauge or counter.
    #[must_use]
    pub const fn kind(self) -> MetricKind {
        match self {
            Self::NetworkReceivedBytes
            | Self::NetworkTransmittedBytes
            | Self::NetworkReceivedPackets
            | Self::NetworkTransmittedPackets
            | Self::NetworkReceiveErrors
            | Self::NetworkTransmitErrors => MetricKind::Counter,
            _ => MetricKind::Gauge,
        }
    }

    /// The unit of a value.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::CpuUsage | Self::MemoryUsage | Self::CpuCore | Self::DiskUsage => "percent",
            Self::MemoryTotalBytes
            | Self::MemoryUsedBytes
            | Self::MemoryAvailableBytes
            | Self::SwapTotalBytes
            | Self::SwapUsedBytes
            | Self::DiskTotalBytes
            | Self::DiskUsedBytes
            | Self::DiskAvailableBytes
            | Self::NetworkReceivedBytes
            | Self::NetworkTransmittedBytes => "bytes",
            Self::UptimeSeconds => "seconds",
            Self::NetworkReceivedPackets
            | Self::NetworkTransmittedPackets
            | Self::NetworkReceiveErrors
            | Self::NetworkTransmitErrors => "packets",
            Self::Load1 | Self::Load5 | Self::Load15 | Self::ContainerCount => "count",
        }
    }

    /// What is made of a step unless told.
    #[must_use]
    pub const fn aggregate(self) -> Aggregate {
        match self.kind() {
            MetricKind::Counter => Aggregate::Rate,
            MetricKind::Gauge => Aggregate::Avg,
        }
    }

    /// What is made of several nodes unless told.
    #[must_use]
    pub const fn across(self) -> Across {
        match self {
            Self::Load1 | Self::Load5 | Self::Load15 | Self::UptimeSeconds => Across::Avg,
            _ if matches!(self.unit().as_bytes(), b"percent") => Across::Avg,
            _ => Across::Sum,
        }
    }

    /// What is made of the several disks, interfaces or processors of one node: of percents of disks the greatest.
    #[must_use]
    pub const fn within_node(self) -> Across {
        match self {
            Self::DiskUsage => Across::Max,
            Self::CpuCore => Across::Avg,
            _ => Across::Sum,
        }
    }

    /// The metric, described.
    #[must_use]
    pub fn info(self) -> MetricInfo {
        let label = match self.label() {
            Label::None | Label::Engine => None,
            Label::Core => Some("core"),
            Label::Disk => Some("mount_point"),
            Label::Interface => Some("interface"),
        };
        MetricInfo {
            metric: self,
            unit: self.unit().to_owned(),
            kind: self.kind(),
            label: label.map(str::to_owned),
            aggregate: self.aggregate(),
            across: self.across(),
        }
    }
}

/// Equal steps of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Where the first begins, microseconds since 1970.
    pub from: i64,
    /// How long each is, in microseconds; more than 0.
    pub step: i64,
    /// How many there are.
    pub points: usize,
    /// The longest silence that a counter's increase is spread over, in microseconds.
    pub longest: i64,
}

impl Grid {
    /// The steps that cover `from` to `to`; the first begins at a multiple of `step`, so that asking again a moment
    /// later cuts time in the same places. `None` when there would be none, or more than [`MAX_POINTS`].
    #[must_use]
    pub fn covering(from: i64, to: i64, step: i64) -> Option<Self> {
        let from = from.checked_div_euclid(step)?.checked_mul(step)?;
        let span = to.checked_sub(from)?.checked_add(step - 1)?;
        let points = usize::try_from(span / step).ok()?;
        (1..=MAX_POINTS).contains(&points).then_some(Self {
            from,
            step,
            points,
            longest: longest_interval(0, step),
        })
    }

    /// The end of the last step.
    #[must_use]
    pub fn to(&self) -> i64 {
        self.start(self.points)
    }

    /// Where a step begins.
    #[must_use]
    pub fn start(&self, index: usize) -> i64 {
        self.from + self.step * i64::try_from(index).unwrap_or(i64::MAX / self.step)
    }

    /// The step that a moment is in.
    #[must_use]
    pub fn index(&self, time: i64) -> Option<usize> {
        let index = usize::try_from((time - self.from).div_euclid(self.step)).ok()?;
        (index < self.points).then_some(index)
    }

    /// How many steps end at or before a moment.
    #[must_use]
    pub fn ended(&self, time: i64) -> usize {
        usize::try_from((time - self.from).div_euclid(self.step)).unwrap_or(0).min(self.points)
    }

    /// The same steps of what is measured once in `interval` microseconds.
    #[must_use]
    pub fn measured_every(self, interval: i64) -> Self {
        Self { longest: longest_interval(interval, self.step), ..self }
    }
}

/// What was measured in one step: values of a gauge, or rates of a counter over intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// How many values, or intervals.
    pub count: u64,
    /// Their sum; of a counter the increase.
    pub sum: f64,
    /// The least value or rate.
    pub min: f64,
    /// The greatest value or rate.
    pub max: f64,
    /// The last value or rate.
    pub last: f64,
    /// Seconds that a counter's intervals last.
    pub covered: f64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, last: 0.0, covered: 0.0 }
    }
}

impl Bucket {
    /// Takes a value, or a counter's rate over an interval with what it increased and how long that took.
    fn take(&mut self, value: f64, amount: f64, covered: f64) {
        self.count += 1;
        self.sum += amount;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.last = value;
        self.covered += covered;
    }

    /// Takes what another step of the same time holds; the other is the later.
    pub fn merge(&mut self, other: &Self) {
        if other.count > 0 {
            self.count += other.count;
            self.sum += other.sum;
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
            self.last = other.last;
            self.covered += other.covered;
        }
    }

    /// What an aggregate makes of it; nothing of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no step holds so many values")]
    pub fn value(&self, aggregate: Aggregate, kind: MetricKind) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rate = || (self.covered > 0.0).then(|| self.sum / self.covered);
        match (aggregate, kind) {
            (Aggregate::Avg | Aggregate::Rate, MetricKind::Counter) => rate(),
            (Aggregate::Avg | Aggregate::Rate, MetricKind::Gauge) => Some(self.sum / self.count as f64),
            (Aggregate::Sum, _) => Some(self.sum),
            (Aggregate::Min, _) => Some(self.min),
            (Aggregate::Max, _) => Some(self.max),
            (Aggregate::Last, _) => Some(self.last),
        }
    }
}

/// Whether an interface moves what another moves too, or what never leaves the node: it does not count when a node's
/// traffic is told.
#[must_use]
pub fn is_virtual(interface: &str) -> bool {
    const BEGINNINGS: [&str; 7] = ["veth", "docker", "br-", "virbr", "cni", "flannel", "cali"];
    interface == "lo" || BEGINNINGS.iter().any(|beginning| interface.starts_with(beginning))
}

/// The increase of a counter between two readings, which starts at 0 when the node does.
#[must_use]
pub fn increase(before: f64, after: f64) -> f64 {
    if after >= before { after - before } else { after }
}

/// A series on its way into steps: values come in the order of time, steps leave once they are complete.
#[derive(Clone, Debug, Default)]
pub struct Line {
    base: usize,
    buckets: Vec<Bucket>,
    previous: Option<(i64, f64)>,
}

impl Line {
    /// Takes the next value.
    pub fn push(&mut self, grid: &Grid, kind: MetricKind, time: i64, value: f64) {
        let before = self.previous.replace((time, value));
        let Some(index) = grid.index(time) else { return };
        match (kind, before) {
            (MetricKind::Gauge, _) => {
                if let Some(bucket) = self.bucket(index) {
                    bucket.take(value, value, 0.0);
                }
            }
            (MetricKind::Counter, Some((then, before))) if time > then && time - then <= grid.longest => {
                let (amount, covered) = (increase(before, value), seconds(time - then));
                if let Some(bucket) = self.bucket(index) {
                    bucket.take(amount / covered, amount, covered);
                }
            }
            (MetricKind::Counter, _) => {}
        }
    }

    /// Takes what is known of a whole piece of a step.
    pub fn merge(&mut self, index: usize, piece: &Bucket) {
        // The next reading's interval would begin within the piece.
        self.previous = None;
        if let Some(bucket) = self.bucket(index) {
            bucket.merge(piece);
        }
    }

    /// Gives the steps before `until`, which are complete, from the first that was not given before.
    pub fn complete(&mut self, until: usize) -> impl Iterator<Item = (usize, Bucket)> + '_ {
        let count = until.saturating_sub(self.base).min(self.buckets.len());
        let base = self.base;
        self.base += count;
        self.buckets.drain(..count).enumerate().map(move |(index, bucket)| (base + index, bucket))
    }

    fn bucket(&mut self, index: usize) -> Option<&mut Bucket> {
        if self.buckets.is_empty() {
            self.base = self.base.max(index);
        }
        let offset = index.checked_sub(self.base)?;
        if offset >= self.buckets.len() {
            self.buckets.resize(offset + 1, Bucket::default());
        }
        self.buckets.get_mut(offset)
    }
}

/// Values of several nodes at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Together {
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
}

impl Default for Together {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Together {
    /// Takes one more.
    pub fn take(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// What is made of them; nothing of nothing.
    #[must_use]
    pub fn value(&self, across: Across) -> Option<f64> {
        (self.count > 0).then(|| match across {
            Across::Sum => self.sum,
            Across::Avg => self.sum / f64::from(self.count),
            Across::Min => self.min,
            Across::Max => self.max,
        })
    }
}

/// Microseconds in seconds.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a microsecond in a century matters to nobody")]
pub fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests;
