//! Roll-ups: what a series was in each minute, ten minutes, or hour, so that a long range reads few numbers.
//!
//! A level is kept only where it is much coarser than the samples: else it would cost more bytes than it saves time.

use super::{
    bytes::{Bytes, put},
    column::{Block, encode},
    record::{Form, float, form, value},
};
use crate::{
    core::telemetry::{Bucket, HOUR, SECOND, longest_interval},
    proto::telemetry::{Metric, MetricKind},
};

/// The lengths of buckets, microseconds.
pub(super) const LEVELS: [i64; 3] = [60 * SECOND, 600 * SECOND, HOUR];

/// How many measurements a bucket must stand for, at the mean. At one in 10 s, ten minutes and an hour are kept; at one
/// in 30 s the hour.
const WORTH: usize = 24;

/// Whether a level is kept for a part of so many measurements of so many nodes from a first to a last moment: an hour
/// that came in several parts has less in each.
pub(super) fn is_worth(level: i64, rows: usize, nodes: usize, (first, last): (i64, i64)) -> bool {
    let buckets = last.div_euclid(level) - first.div_euclid(level) + 1;
    rows >= WORTH * nodes * usize::try_from(buckets).unwrap_or(1)
}

/// How many buckets an hour has.
pub(super) fn per_hour(level: i64) -> usize {
    usize::try_from(HOUR / level).unwrap_or(1)
}

/// What is gathered of the series of a part.
#[derive(Debug, Default)]
pub(super) struct Rollup {
    counts: Vec<u64>,
    /// The least of a gauge, the increase of a counter.
    first: Vec<u64>,
    /// The greatest of a gauge, the microseconds that a counter's intervals last.
    second: Vec<u64>,
    means: Vec<u64>,
}

impl Rollup {
    /// Adds a series: times within the hour that begins at `start`, and bits.
    pub(super) fn add(&mut self, metric: Metric, level: i64, start: i64, times: &[i64], values: &[u64]) {
        let base = self.counts.len();
        let buckets = per_hour(level);
        self.counts.resize(base + buckets, 0);
        self.first.resize(base + buckets, 0);
        self.second.resize(base + buckets, 0);
        if metric.kind() == MetricKind::Gauge {
            self.means.resize(base + buckets, 0);
            self.gauge(metric, base, buckets, times.iter().map(|time| (time - start) / level), values);
        } else {
            self.counter(base, level, start, times, values);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a mean is kept in single precision"
    )]
    fn gauge(
        &mut self,
        metric: Metric,
        base: usize,
        buckets: usize,
        places: impl Iterator<Item = i64>,
        values: &[u64],
    ) {
        let (form, mut sums) = (form(metric), vec![0.0; buckets]);
        for (place, bits) in places.zip(values) {
            let Some(value) = value(metric, *bits) else { continue };
            let Ok(place) = usize::try_from(place) else { continue };
            let at = base + place;
            let (Some(sum), Some(count), Some(least), Some(greatest)) = (
                sums.get_mut(place),
                self.counts.get_mut(at),
                self.first.get_mut(at),
                self.second.get_mut(at),
            ) else {
                continue;
            };
            if *count == 0 || value < float(form, *least) {
                *least = *bits;
            }
            if *count == 0 || value > float(form, *greatest) {
                *greatest = *bits;
            }
            *count += 1;
            *sum += value;
        }
        for ((mean, count), sum) in
            self.means.iter_mut().skip(base).zip(self.counts.iter().skip(base)).zip(sums)
        {
            if *count > 0 {
                *mean = u64::from(((sum / *count as f64) as f32).to_bits());
            }
        }
    }

    fn counter(&mut self, base: usize, level: i64, start: i64, times: &[i64], values: &[u64]) {
        let longest = longest_interval(0, level);
        let pairs = times.iter().zip(values);
        for ((then, before), (now, after)) in pairs.clone().zip(pairs.skip(1)) {
            let apart = now - then;
            let Ok(place) = usize::try_from((now - start) / level) else { continue };
            let at = base + place;
            let (Some(count), Some(grown), Some(covered)) =
                (self.counts.get_mut(at), self.first.get_mut(at), self.second.get_mut(at))
            else {
                continue;
            };
            if apart > 0 && apart <= longest {
                *count += 1;
                *grown = grown.saturating_add(if after >= before { after - before } else { *after });
                *covered += apart.unsigned_abs();
            }
        }
    }

    /// The roll-up as bytes.
    pub(super) fn write(self, metric: Metric) -> Result<Vec<u8>, String> {
        let form = if metric.kind() == MetricKind::Gauge { form(metric) } else { Form::Whole };
        let mut out = Vec::new();
        let mut columns = vec![(Form::Whole, self.counts), (form, self.first), (form, self.second)];
        if metric.kind() == MetricKind::Gauge {
            columns.push((Form::Single, self.means));
        }
        for (form, column) in columns {
            let block = encode(form, &[column])?;
            put(&mut out, block.len() as u64);
            out.extend_from_slice(&block);
        }
        Ok(out)
    }
}

/// A roll-up, read: the buckets of one series after the other's.
#[derive(Debug)]
pub(super) struct Read {
    metric: Metric,
    columns: Vec<Vec<u64>>,
}

impl Read {
    /// Reads a roll-up of so many buckets; `None` when it is damaged.
    pub(super) fn open(metric: Metric, bytes: &[u8], count: usize) -> Option<Self> {
        let gauge = metric.kind() == MetricKind::Gauge;
        let form = if gauge { form(metric) } else { Form::Whole };
        let forms: &[Form] =
            if gauge { &[Form::Whole, form, form, Form::Single] } else { &[Form::Whole, form, form] };
        let mut bytes = Bytes(bytes);
        let column = |form: &Form| {
            let block = bytes.count(bytes.0.len()).and_then(|length| bytes.take(length))?;
            let mut values = Vec::with_capacity(count);
            Block::open(*form, block, 1)?.read(0, count, &mut values)?;
            Some(values)
        };
        let columns = forms.iter().map(column).collect::<Option<_>>()?;
        Some(Self { metric, columns })
    }

    /// A bucket; one without values when nothing was measured.
    #[expect(clippy::cast_precision_loss, reason = "figures are floats")]
    pub(super) fn bucket(&self, index: usize) -> Bucket {
        let at = |column: usize| {
            self.columns.get(column).and_then(|column| column.get(index)).copied().unwrap_or(0)
        };
        let count = at(0);
        if count == 0 {
            return Bucket::default();
        }
        if self.metric.kind() == MetricKind::Counter {
            let (sum, covered) = (at(1) as f64, at(2) as f64 / 1e6);
            let rate = sum / covered;
            return Bucket { count, sum, min: rate, max: rate, last: rate, covered };
        }
        let form = form(self.metric);
        let mean = float(Form::Single, at(3));
        Bucket {
            count,
            sum: mean * count as f64,
            min: float(form, at(1)),
            max: float(form, at(2)),
            last: mean,
            covered: 0.0,
        }
    }
}

/// Whether a roll-up can answer: it knows means, extremes and sums of gauges, and rates, but neither the last value nor
/// what a counter grew by between one hour and the next.
pub(super) const fn answers(metric: Metric, aggregate: crate::proto::telemetry::Aggregate) -> bool {
    use crate::proto::telemetry::Aggregate;
    match aggregate {
        Aggregate::Avg | Aggregate::Rate => true,
        Aggregate::Min | Aggregate::Max | Aggregate::Sum => matches!(metric.kind(), MetricKind::Gauge),
        Aggregate::Last => false,
    }
}
