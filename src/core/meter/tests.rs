use super::*;

fn at(beginning: Instant, seconds: u64) -> Instant {
    beginning + Duration::from_secs(seconds)
}

#[test]
fn a_value_on_a_bound_is_in_its_bucket() {
    let sizes = Histogram::new(&[1, 2, 4]);
    for size in [1, 2, 3, 4, 5] {
        sizes.record(size);
    }
    assert_eq!(sizes.spread(), Spread { bounds: &[1, 2, 4], buckets: vec![1, 1, 2, 1], sum: 15 });
}

#[test]
fn quantiles_are_those_of_the_buckets_and_unknown_without_values() {
    let times = Histogram::new(&[10, 20]);
    assert_eq!(times.spread().quantile(0.5), None);
    for _ in 0..4 {
        times.record(15);
    }
    assert_eq!(times.spread().quantile(0.5), Some(15.0));
    times.record(1000);
    assert_eq!(times.spread().quantile(1.0), Some(20.0));
}

#[test]
fn a_rate_is_unknown_at_first_and_forgets_what_is_long_ago() {
    let begun = Instant::now();
    let events = Recent::new(Beginning::at(begun));
    events.add(at(begun, 1), 30);
    let minute = Duration::from_secs(60);
    assert_eq!(events.per_second(at(begun, 5), minute), None);
    assert_eq!(events.per_second(at(begun, 11), minute), Some(3.0));
    events.add(at(begun, 61), 60);
    assert_eq!(events.per_second(at(begun, 70), minute), Some(1.0));
    assert_eq!(events.per_second(at(begun, 3600), minute), Some(0.0));
}

#[test]
fn a_slot_that_begins_anew_does_not_count_what_it_held() {
    let begun = Instant::now();
    let times = RecentTimes::new(Beginning::at(begun));
    times.took(begun, Duration::from_millis(3));
    let later = at(begun, SLOT_S * SLOTS as u64);
    times.took(later, Duration::from_secs(60));
    let spread = times.spread(later, Duration::from_secs(300));
    assert_eq!((spread.count(), spread.buckets[TIMES.len()]), (1, 1));
}
