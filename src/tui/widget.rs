//! Graphs, sparklines and maps as lines of text in tones: they know figures and times, and nothing of the state.

pub(super) mod chart;
pub(super) mod heat;
pub(super) mod spark;

use super::theme::Tone;
use crate::proto::telemetry::MetricPoint;

/// A line of text, each piece in its tone.
pub(super) type Line = Vec<(String, Tone)>;

/// A series cut into columns of equal times.
#[derive(Clone, Debug, PartialEq)]
struct Columns {
    /// When the first begins, in seconds since 1970.
    from: i64,
    /// The seconds of each.
    each_s: i64,
    /// The mean of what was measured in each; nothing where nothing was.
    values: Vec<Option<f64>>,
}

impl Columns {
    /// Cuts the time between two moments, in seconds since 1970. Each column begins at a whole multiple of its length, so
    /// that what was drawn moves on as time does, and never changes its form.
    fn new(points: &[MetricPoint], (from, to): (i64, i64), step_s: i64, count: usize) -> Self {
        let columns = i64::try_from(count).unwrap_or(1).max(1);
        let each_s = ((to - from + columns - 1) / columns).max(1);
        let begin = (to.div_euclid(each_s) + 1 - columns) * each_s;
        let mut sums = vec![(0.0_f64, 0_u32); count];
        let mut hollow = vec![false; count];
        for point in points {
            let at = (point.time.as_second() - begin).div_euclid(each_s);
            let Some(at) = usize::try_from(at).ok().filter(|at| *at < count) else { continue };
            match point.value.filter(|value| value.is_finite()) {
                Some(value) => sums[at] = (sums[at].0 + value, sums[at].1 + 1),
                None => hollow[at] = true,
            }
        }
        let mean = |(sum, measured): &(f64, u32)| (*measured > 0).then(|| sum / f64::from(*measured));
        let known: Vec<Option<f64>> = sums.iter().map(mean).collect();
        let reach = usize::try_from(2 * step_s / each_s).unwrap_or(usize::MAX);
        Self { from: begin, each_s, values: bridged(&known, &hollow, reach) }
    }
}

/// Joins neighbours that stand at most so many columns apart by a straight line, unless nothing was measured between them.
fn bridged(known: &[Option<f64>], hollow: &[bool], reach: usize) -> Vec<Option<f64>> {
    let mut values = known.to_vec();
    let mut before: Option<(usize, f64)> = None;
    for (at, (value, hollow)) in known.iter().zip(hollow).enumerate() {
        match (value, before) {
            (Some(value), Some((start, first))) if at - start <= reach => {
                let apart = (at - start) as f64;
                for (part, between) in values[start + 1..at].iter_mut().enumerate() {
                    *between = Some(first + (value - first) * (part + 1) as f64 / apart);
                }
                before = Some((at, *value));
            }
            (Some(value), _) => before = Some((at, *value)),
            (None, _) if *hollow => before = None,
            (None, _) => {}
        }
    }
    values
}

/// Joins neighbours of one tone; blanks are of every tone.
fn joined(cells: impl IntoIterator<Item = (char, Tone)>) -> Line {
    let mut line = Line::new();
    for (c, tone) in cells {
        match line.last_mut() {
            Some((text, last)) if *last == tone || c == ' ' => text.push(c),
            _ => line.push((c.to_string(), tone)),
        }
    }
    line
}
