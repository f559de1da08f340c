use super::*;

#[test]
fn every_duration_is_within_a_sixteenth_of_its_bucket() {
    for micros in (1..5_000).chain([1_000_000, 59_999_999, 3_600_000_000]) {
        let bound = upper_bound(bucket(micros));
        assert!(bound >= micros, "{micros}: {bound}");
        assert!(bound <= micros + micros / FINE as u64 + 1, "{micros}: {bound}");
    }
}

#[test]
fn quantiles_are_of_what_was_recorded() {
    let histogram = Histogram::default();
    (1..=1_000).for_each(|millis| histogram.record(Duration::from_millis(millis)));
    let summary = histogram.summary();
    assert_eq!((summary.count, summary.max_ms), (1_000, 1_000.0));
    assert!((500.0..535.0).contains(&summary.p50_ms), "{summary:?}");
    assert!((990.0..=1_000.0).contains(&summary.p99_ms), "{summary:?}");
    assert_eq!(Histogram::default().summary().p99_ms, 0.0);
}

#[test]
fn the_first_error_of_a_kind_is_its_example() {
    let tally = Tally::default();
    tally.error("lost", || "first".into());
    tally.error("lost", || "second".into());
    let linked = tally.link();
    let report = tally.report(Report::default());
    assert_eq!(report.errors["lost"], Errors { count: 2, example: "first".into() });
    assert_eq!((report.linked, report.peak), (1, 1));
    drop(linked);
    assert_eq!(tally.report(Report::default()).linked, 0);
}
