//! Figures over a range: least, mean, greatest, the 95th percentile, and the trend.

use super::{increase, seconds};
use crate::proto::telemetry::MetricKind;

/// The figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many values.
    pub samples: u64,
    /// Least, mean and greatest, and what 95 of 100 values do not exceed.
    pub figures: Option<Figures>,
    /// Change in an hour by least squares, each node against its own mean.
    pub trend_per_hour: Option<f64>,
}

/// What there is when there is a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The least.
    pub min: f64,
    /// The mean.
    pub avg: f64,
    /// The greatest.
    pub max: f64,
    /// The 95th percentile, by nearest rank.
    pub p95: f64,
}

/// A summary on its way.
#[derive(Debug, Default)]
pub struct Summing {
    values: Vec<f64>,
    covariance: f64,
    variance: f64,
}

impl Summing {
    /// How many values are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether no value is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Takes one series, in the order of time; of a counter the rates between readings at most `longest` microseconds
    /// apart.
    pub fn series(&mut self, kind: MetricKind, longest: i64, points: &[(i64, f64)]) {
        match kind {
            MetricKind::Gauge => self.line(points.iter().copied()),
            MetricKind::Counter => {
                let rates = points.windows(2).filter_map(|pair| {
                    let [(then, before), (now, after)] = *pair else { return None };
                    let apart = now - then;
                    (apart > 0 && apart <= longest).then(|| (now, increase(before, after) / seconds(apart)))
                });
                self.line(rates);
            }
        }
    }

    fn line(&mut self, points: impl Iterator<Item = (i64, f64)>) {
        let (mut count, mut time_mean, mut value_mean) = (0.0, 0.0, 0.0);
        for (time, value) in points {
            self.values.push(value);
            // Welford's way: exact enough for microseconds since 1970.
            let time = seconds(time) / 3_600.0;
            count += 1.0;
            let off = time - time_mean;
            time_mean += off / count;
            value_mean += (value - value_mean) / count;
            self.variance += off * (time - time_mean);
            self.covariance += off * (value - value_mean);
        }
    }

    /// The figures.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no range holds so many values")]
    pub fn summary(mut self) -> Summary {
        let samples = self.values.len();
        let Some(last) = samples.checked_sub(1) else { return Summary::default() };
        let (mut min, mut max, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for value in &self.values {
            min = min.min(*value);
            max = max.max(*value);
            sum += value;
        }
        let rank = (samples * 95).div_ceil(100).saturating_sub(1).min(last);
        let (_, p95, _) = self.values.select_nth_unstable_by(rank, f64::total_cmp);
        Summary {
            samples: samples as u64,
            figures: Some(Figures { min, avg: sum / samples as f64, max, p95: *p95 }),
            trend_per_hour: (self.variance > 0.0).then(|| self.covariance / self.variance),
        }
    }
}
