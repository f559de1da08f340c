//! [`Family`]: a metric with its samples, and the three forms in which it is written.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::core::meter::Spread;

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Clone, Debug)]
pub(super) struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    samples: Vec<Sample>,
}

/// A value under its labels.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    labels: Vec<(&'static str, String)>,
    value: Number,
}

#[derive(Clone, Debug)]
enum Number {
    Whole(u64),
    Real(f64),
    /// Counts up to each bound, the bounds as they are written, and the sum.
    Buckets(Vec<(String, u64)>, f64),
}

impl Family {
    pub(super) const fn new(
        name: &'static str,
        kind: Kind,
        help: &'static str,
        samples: Vec<Sample>,
    ) -> Self {
        Self { name, kind, help, samples }
    }

    /// A metric without labels.
    pub(super) fn one(name: &'static str, kind: Kind, help: &'static str, value: u64) -> Self {
        Self::new(name, kind, help, vec![Sample::whole(vec![], value)])
    }
}

impl Sample {
    pub(super) const fn whole(labels: Vec<(&'static str, String)>, value: u64) -> Self {
        Self { labels, value: Number::Whole(value) }
    }

    pub(super) const fn real(labels: Vec<(&'static str, String)>, value: f64) -> Self {
        Self { labels, value: Number::Real(value) }
    }
}

/// A histogram of microseconds, in seconds.
pub(super) fn seconds(labels: Vec<(&'static str, String)>, spread: &Spread) -> Sample {
    buckets(labels, spread, 1e6)
}

/// A histogram of plain numbers.
pub(super) fn sizes(labels: Vec<(&'static str, String)>, spread: &Spread) -> Sample {
    buckets(labels, spread, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "bounds are small; the sum stays below 2^52 for 142 years")]
fn buckets(labels: Vec<(&'static str, String)>, spread: &Spread, unit: f64) -> Sample {
    let bounds = spread.bounds.iter().map(|bound| float(*bound as f64 / unit)).chain(["+Inf".to_owned()]);
    let mut below = 0;
    let counts = bounds.zip(&spread.buckets).map(|(bound, count)| {
        below += count;
        (bound, below)
    });
    Sample { labels, value: Number::Buckets(counts.collect(), spread.sum as f64 / unit) }
}

/// A number as both text forms have it; OpenMetrics wants a point in a bound.
fn float(value: f64) -> String {
    format!("{value:?}")
}

/// Prometheus text 0.0.4.
pub(super) fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        write_family(&mut text, family, family.name);
    }
    text
}

/// OpenMetrics 1.0: a counter's family is called without its `_total`, and the end is told.
pub(super) fn open_metrics(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        write_family(&mut text, family, family.name.strip_suffix("_total").unwrap_or(family.name));
    }
    text.push_str("# EOF\n");
    text
}

fn write_family(text: &mut String, family: &Family, name: &str) {
    let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {}", family.help, family.kind.word());
    for sample in &family.samples {
        match &sample.value {
            Number::Whole(value) => line(text, family.name, "", &sample.labels, None, &value.to_string()),
            Number::Real(value) => line(text, family.name, "", &sample.labels, None, &float(*value)),
            Number::Buckets(counts, sum) => {
                for (bound, count) in counts {
                    line(text, family.name, "_bucket", &sample.labels, Some(bound), &count.to_string());
                }
                let all = counts.last().map_or(0, |(_, count)| *count);
                line(text, family.name, "_sum", &sample.labels, None, &float(*sum));
                line(text, family.name, "_count", &sample.labels, None, &all.to_string());
            }
        }
    }
}

/// One line; writing to a text does not fail.
fn line(
    text: &mut String,
    name: &str,
    suffix: &str,
    labels: &[(&'static str, String)],
    bound: Option<&str>,
    value: &str,
) {
    let bound = bound.map(|bound| ("le", bound));
    let labels = labels.iter().map(|(name, value)| (*name, value.as_str())).chain(bound);
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{suffix}{labels} {value}");
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The same as JSON.
pub(super) fn json(families: &[Family]) -> String {
    let families = families.iter().map(|family| {
        let samples: Vec<Value> = family.samples.iter().map(sample_json).collect();
        json!({ "name": family.name, "type": family.kind.word(), "help": family.help, "samples": samples })
    });
    json!({ "metrics": families.collect::<Vec<_>>() }).to_string()
}

fn sample_json(sample: &Sample) -> Value {
    let labels: serde_json::Map<String, Value> =
        sample.labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    match &sample.value {
        Number::Whole(value) => json!({ "labels": labels, "value": value }),
        Number::Real(value) => json!({ "labels": labels, "value": value }),
        Number::Buckets(counts, sum) => json!({
            "labels": labels,
            "count": counts.last().map_or(0, |(_, count)| *count),
            "sum": sum,
            "buckets": counts.iter().map(|(bound, count)| json!({ "le": bound, "count": count })).collect::<Vec<_>>(),
        }),
    }
}
