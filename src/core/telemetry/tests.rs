use super::*;

const GRID: Grid = Grid { from: 0, step: 60 * SECOND, points: 10, longest: 300 * SECOND };

fn rates(points: &[(i64, f64)]) -> Vec<Option<f64>> {
    let mut line = Line::default();
    for (time, value) in points {
        line.push(&GRID, MetricKind::Counter, time * SECOND, *value);
    }
    let mut found = vec![None; 10];
    for (index, bucket) in line.complete(10) {
        found[index] = bucket.value(Aggregate::Rate, MetricKind::Counter);
    }
    found
}

#[test]
fn a_counter_that_starts_again_counts_from_zero() {
    let found = rates(&[(0, 1000.0), (30, 1300.0), (60, 60.0), (90, 360.0)]);
    assert_eq!(found[..3], [Some(10.0), Some(6.0), None]);
}

#[test]
fn what_was_counted_in_a_long_silence_belongs_to_no_moment() {
    let found = rates(&[(0, 0.0), (30, 300.0), (400, 9_000.0), (430, 9_300.0)]);
    assert_eq!(found.iter().filter(|rate| rate.is_some()).count(), 2);
    assert_eq!(found[7], Some(10.0));
}

#[test]
fn a_silence_is_long_by_the_interval_between_measurements() {
    let grid = Grid::covering(0, 600 * SECOND, 60 * SECOND).unwrap();
    assert_eq!(grid.longest, 300 * SECOND);
    assert_eq!(grid.measured_every(600 * SECOND).longest, 1_800 * SECOND);
    assert_eq!(longest_interval(SECOND, HOUR), 3 * HOUR);
}

#[test]
fn an_interface_of_containers_or_loopback_is_virtual() {
    assert!(["lo", "veth1a2b", "docker0", "br-0a1b"].iter().all(|name| is_virtual(name)));
    assert!(["eth0", "lowpan0", "br0", "ens3"].iter().all(|name| !is_virtual(name)));
}

#[test]
fn a_reading_before_the_range_begins_the_first_interval() {
    let found = rates(&[(-30, 0.0), (0, 300.0)]);
    assert_eq!(found[0], Some(10.0));
}

#[test]
fn steps_begin_at_multiples_and_cover_both_ends() {
    let grid = Grid::covering(90 * SECOND, 150 * SECOND, 60 * SECOND).unwrap();
    assert_eq!((grid.from, grid.points, grid.to()), (60 * SECOND, 2, 180 * SECOND));
    assert_eq!(Grid::covering(0, HOUR * 24 * 365, SECOND), None);
    assert_eq!(Grid::covering(HOUR, HOUR, SECOND), None);
}

#[test]
fn a_step_without_values_has_no_value() {
    let mut line = Line::default();
    line.push(&GRID, MetricKind::Gauge, 0, 4.0);
    line.push(&GRID, MetricKind::Gauge, SECOND, 6.0);
    line.push(&GRID, MetricKind::Gauge, 130 * SECOND, 8.0);
    let found: Vec<_> = line
        .complete(10)
        .map(|(index, bucket)| (index, bucket.value(Aggregate::Avg, MetricKind::Gauge)))
        .collect();
    assert_eq!(found, [(0, Some(5.0)), (1, None), (2, Some(8.0))]);
}

#[test]
fn the_figures_of_a_straight_line_are_its_own() {
    let mut summing = Summing::default();
    let points: Vec<_> =
        (0..=100_u32).map(|minute| (i64::from(minute) * 60 * SECOND, f64::from(minute))).collect();
    summing.series(MetricKind::Gauge, 0, &points);
    // Another node, far higher, with the same slope: it does not bend the trend.
    let higher: Vec<_> = points.iter().map(|(time, value)| (*time + HOUR, value + 1000.0)).collect();
    summing.series(MetricKind::Gauge, 0, &higher);
    let summary = summing.summary();
    let figures = summary.figures.unwrap();
    assert_eq!((summary.samples, figures.min, figures.max, figures.p95), (202, 0.0, 1100.0, 1090.0));
    assert!((figures.avg - 550.0).abs() < 1e-9);
    assert!((summary.trend_per_hour.unwrap() - 60.0).abs() < 1e-6, "{summary:?}");
}
