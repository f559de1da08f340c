use super::*;

#[test]
fn the_wait_doubles_to_a_minute_and_jitter_takes_all_of_it() {
    let mut backoff = Backoff::default();
    let ceilings: Vec<f64> = (0..9).map(|_| backoff.next(1.0).as_secs_f64()).collect();
    assert_eq!(ceilings, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
    assert_eq!(backoff.next(0.0), Duration::ZERO);
}

#[test]
fn only_a_link_that_lasted_starts_over() {
    let mut backoff = Backoff { failures: 9 };
    backoff.lasted(Duration::from_secs(59));
    assert_eq!(backoff.next(1.0), MOST);
    backoff.lasted(WELL);
    assert!(backoff.next(1.0) <= Duration::from_secs(1), "the first retry of a link that lived is quick");
}

#[test]
fn random_numbers_stay_in_range() {
    assert!((0..1000).all(|_| (0.0..1.0).contains(&random())));
}
