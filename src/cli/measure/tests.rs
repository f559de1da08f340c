use super::*;

#[test]
fn an_age_is_told_in_its_largest_unit() {
    let now = Timestamp::from_second(1_000_000).unwrap();
    let ago = |seconds: i64| age(now - SignedDuration::from_secs(seconds), now);
    assert_eq!(
        [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 259_300].map(ago),
        ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "3d"]
    );
    assert_eq!(ago(-5), "0s", "a clock that runs ahead");
}

#[test]
fn sizes_have_binary_units() {
    assert_eq!([0, 1023, 1024, 1_610_612_736].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 GiB"]);
}

#[test]
fn lengths_of_time_are_read_with_and_without_unit() {
    assert_eq!(
        ["0", "90", "90s", "15m", "2h", "7d", "1w"].map(|text| seconds(text).unwrap()),
        [0, 90, 90, 900, 7200, 604_800, 604_800]
    );
    for wrong in ["", "m", "-1", "1y", "1mm", "99999999d"] {
        assert!(seconds(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_moment_is_a_time_or_how_long_ago() {
    let now = Timestamp::from_second(10_000).unwrap();
    assert_eq!(Moment::parse("2h").unwrap().before(now), Timestamp::from_second(2_800).unwrap());
    assert_eq!(
        Moment::parse("1970-01-01T00:00:05Z").unwrap().before(now),
        Timestamp::from_second(5).unwrap()
    );
    assert!(Moment::parse("yesterday").is_err());
}
