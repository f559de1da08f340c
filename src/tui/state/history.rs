//! How a metric went, kept up to the present while it is looked at.

use jiff::Timestamp;

use crate::proto::telemetry::{MetricHistory, MetricPoint};

/// Puts a value at the end of a history, in the step that it falls into; as many of the oldest points go as come.
pub(super) fn extend(history: &mut MetricHistory, value: Option<f64>, now: Timestamp) {
    let step = i64::try_from(history.step_s).unwrap_or(60).max(1);
    let Ok(time) = Timestamp::from_second(now.as_second().div_euclid(step) * step) else { return };
    let Some(series) = history.series.first_mut() else { return };
    match series.points.last_mut() {
        Some(last) if last.time >= time => last.value = value.or(last.value),
        _ => {
            series.points.push(MetricPoint { time, value });
            let span = history.to.duration_since(history.from);
            history.to = now.max(history.to);
            history.from = history.to.checked_sub(span).unwrap_or(history.from);
            let from = history.from;
            series.points.retain(|point| point.time >= from);
        }
    }
}
