use jiff::Timestamp;

use super::spark;
use crate::proto::telemetry::{Across, Aggregate, Metric, MetricHistory, MetricPoint, MetricSeries};

/// Noon of the first day of 2026.
const NOON: i64 = 1_767_268_800;

fn moment(minute: i64) -> Timestamp {
    Timestamp::from_second(NOON + 60 * minute).expect("the moment is in range")
}

fn rise() -> MetricHistory {
    let point = |at: i64| MetricPoint { time: moment(at), value: Some(at as f64 * 100.0 / 59.0) };
    MetricHistory {
        metric: Metric::CpuUsage,
        unit: "percent".to_owned(),
        aggregate: Aggregate::Avg,
        across: Across::Avg,
        from: moment(0),
        to: moment(60),
        step_s: 60,
        series: vec![MetricSeries { agent_id: None, points: (0..60).map(point).collect() }],
        damaged_parts: 0,
    }
}

#[test]
fn a_rise_is_told_in_eighths_or_in_ascii() {
    assert_eq!(spark(&rise(), 100.0, 12, false), "▂▂▃▄▄▅▅▆▇▇█ ");
    assert_eq!(spark(&rise(), 100.0, 12, true), "..:--==+**# ");
}

#[test]
fn what_was_not_measured_is_blank() {
    let mut history = rise();
    for point in &mut history.series[0].points[20..40] {
        point.value = None;
    }
    assert_eq!(spark(&history, 100.0, 12, false), "▂▂▃    ▆▇▇█ ");
    history.series.clear();
    assert_eq!(spark(&history, 100.0, 4, false), "    ");
    assert_eq!(spark(&history, 100.0, 0, false), "");
}

#[test]
fn what_was_drawn_keeps_its_form_when_time_goes_on() {
    let mut history = rise();
    history.series[0].points.push(MetricPoint { time: moment(60), value: Some(0.0) });
    (history.from, history.to) = (moment(1), moment(61));
    assert_eq!(spark(&history, 100.0, 12, false), "▂▂▃▄▄▅▅▆▇▇█▁");
}
