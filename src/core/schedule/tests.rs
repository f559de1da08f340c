use jiff::{Timestamp, tz::TimeZone};

use super::{Clock, Cron, Due, missed_in_words};
use crate::core::error::Error;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next times after a moment, as the zone's clock shows them.
fn times(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let (cron, zone) = (Cron::parse(cron).unwrap(), TimeZone::get(zone).unwrap());
    let mut moment = at(after);
    let mut found = Vec::new();
    for _ in 0..count {
        moment = cron.next(moment, &zone).unwrap();
        found.push(moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M%:z").to_string());
    }
    found
}

#[test]
fn fields_lists_ranges_steps_and_names_are_read() {
    assert_eq!(
        times("30 4 * * mon-fri", "Europe/Berlin", "2026-06-05T04:00:00Z", 2),
        ["2026-06-08 04:30+02:00", "2026-06-09 04:30+02:00"]
    );
    assert_eq!(
        times("*/20 8-9 1,15 Jan,JUL *", "UTC", "2026-01-15T09:30:00Z", 3),
        ["2026-01-15 09:40+00:00", "2026-07-01 08:00+00:00", "2026-07-01 08:20+00:00"]
    );
    assert_eq!(
        times("5/25 0 * * *", "UTC", "2026-01-01T00:05:00Z", 2),
        ["2026-01-01 00:30+00:00", "2026-01-01 00:55+00:00"]
    );
    assert_eq!(
        times("0 0 * * fri-sun", "UTC", "2026-06-04T12:00:00Z", 4),
        [
            "2026-06-05 00:00+00:00",
            "2026-06-06 00:00+00:00",
            "2026-06-07 00:00+00:00",
            "2026-06-12 00:00+00:00"
        ]
    );
    assert_eq!(times("0 0 * * 7", "UTC", "2026-06-04T12:00:00Z", 1), ["2026-06-07 00:00+00:00"]);
    assert_eq!(times("0 0 29 2 *", "UTC", "2097-01-01T00:00:00Z", 1), ["2104-02-29 00:00+00:00"]);
}

#[test]
fn of_a_day_and_a_weekday_one_suffices_unless_one_is_an_asterisk() {
    assert_eq!(
        times("0 0 13 * fri", "UTC", "2026-06-01T00:00:00Z", 3),
        ["2026-06-05 00:00+00:00", "2026-06-12 00:00+00:00", "2026-06-13 00:00+00:00"]
    );
    assert_eq!(times("0 0 */2 * sat", "UTC", "2026-06-01T00:00:00Z", 1), ["2026-06-13 00:00+00:00"]);
}

#[test]
fn a_time_that_the_clock_leaves_out_comes_right_after_the_gap() {
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
        ["2026-03-28 02:30+01:00", "2026-03-29 03:00+02:00", "2026-03-30 02:30+02:00"]
    );
    // Several of them are one, and the one that the next hour brings is not doubled.
    assert_eq!(
        times("*/30 2-3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 3),
        ["2026-03-29 03:00+02:00", "2026-03-29 03:30+02:00", "2026-03-30 02:00+02:00"]
    );
    // A day that a country skipped.
    assert_eq!(times("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 1), ["2011-12-31 00:00+14:00"]);
}

#[test]
fn a_time_that_comes_twice_runs_once() {
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]
    );
    // Also when the moment lies in the hour that is repeated.
    assert_eq!(times("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1), ["2026-10-26 02:30+01:00"]);
    // At midnight.
    assert_eq!(
        times("30 23 * * *", "America/Havana", "2026-10-31T12:00:00Z", 2),
        ["2026-10-31 23:30-04:00", "2026-11-01 23:30-05:00"]
    );
}

#[test]
fn where_every_hour_is_meant_the_repeated_one_counts() {
    assert_eq!(
        times("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 5),
        [
            "2026-10-25 02:30+02:00",
            "2026-10-25 02:00+01:00",
            "2026-10-25 02:30+01:00",
            "2026-10-25 03:00+01:00",
            "2026-10-25 03:30+01:00"
        ]
    );
    assert_eq!(
        times("0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
        ["2026-03-29 03:00+02:00", "2026-03-29 04:00+02:00"]
    );
}

#[test]
fn times_rise_and_fit_in_every_zone_all_year() {
    for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"]
    {
        for text in ["13 * * * *", "7 0-3 * * *", "0 0 * * sun", "59 23 28-31 * *"] {
            let (cron, clock) = (Cron::parse(text).unwrap(), TimeZone::get(zone).unwrap());
            let (mut moment, end) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
            while moment < end {
                let next = cron.next(moment, &clock).unwrap();
                assert!(next > moment, "{zone} {text} {moment}");
                let between = moment.as_microsecond().midpoint(next.as_microsecond());
                let between = Timestamp::from_microsecond(between).unwrap();
                assert_eq!(cron.next(between, &clock), Some(next), "{zone} {text}: nothing lies between");
                moment = next;
            }
        }
    }
}

#[test]
fn errors_name_the_field_and_the_cure() {
    for (text, words) in [
        ("* * * *", "found 4"),
        ("", "found 0"),
        ("60 * * * *", "minute: expected 0 to 59, found '60'"),
        ("* 24 * * *", "hour: expected 0 to 23, found '24'"),
        ("* * 0 * *", "day of the month: expected 1 to 31, found '0'"),
        ("* * * janu *", "month: expected 1 to 12 or jan to dec, found 'janu'"),
        ("* * * * 8", "day of the week: expected 0 to 7 or sun to sat, found '8'"),
        ("*/0 * * * *", "minute: expected a step from 1 to 59 after '/', found '0'"),
        ("30-10 * * * *", "minute: '30-10' ends before it begins; write '30-59,0-10'"),
        ("1,,2 * * * *", "minute: expected 0 to 59, found ''"),
        ("+5 * * * *", "minute: expected 0 to 59, found '+5'"),
        ("@daily", "write '0 0 * * *' for '@daily'"),
    ] {
        let said = Cron::parse(text).unwrap_err();
        assert!(said.contains(words), "{text}: {said}");
    }
    let field = |error: Error| match error {
        Error::Invalid(fields) => fields[0].pointer.clone(),
        other => other.to_string(),
    };
    assert_eq!(field(Clock::parse("nonsense", None).unwrap_err()), "/cron");
    for zone in ["Europe/Atlantis", "", "Local", "+02:00", "../etc/passwd"] {
        assert_eq!(field(Clock::parse("* * * * *", Some(zone)).unwrap_err()), "/time_zone", "{zone}");
    }
    assert_eq!(Clock::parse("* * * * *", Some("europe/berlin")).unwrap().zone(), "Europe/Berlin");
}

#[test]
fn what_never_comes_has_no_next_time() {
    assert_eq!(Clock::parse("0 0 30 2 *", None).unwrap().next(at("2026-01-01T00:00:00Z")), None);
}

#[test]
fn of_times_that_passed_the_latest_is_made_up_for_within_an_hour() {
    let clock = Clock::parse("0 * * * *", None).unwrap();
    let first = at("2026-06-05T08:00:00Z");
    assert_eq!(clock.due(first, at("2026-06-05T07:59:59Z")), None);
    let next = Some(at("2026-06-05T09:00:00Z"));
    let due = Due { now: Some(first), missed: 0, latest: first, next };
    assert_eq!(clock.due(first, at("2026-06-05T08:00:00.2Z")), Some(due));
    let latest = at("2026-06-05T11:00:00Z");
    let due = Due { now: Some(latest), missed: 3, latest, next: Some(at("2026-06-05T12:00:00Z")) };
    assert_eq!(clock.due(first, at("2026-06-05T11:20:00Z")), Some(due));
    let daily = Clock::parse("0 8 * * *", None).unwrap();
    let due = daily.due(first, at("2026-06-06T09:00:01Z")).unwrap();
    assert_eq!((due.now, due.missed, due.latest), (None, 2, at("2026-06-06T08:00:00Z")));
    assert!(daily.due(first, at("2026-06-06T09:00:00Z")).unwrap().now.is_some(), "an hour is not too old");
}

#[test]
fn a_long_absence_is_counted_up_to_a_thousand() {
    let clock = Clock::parse("* * * * *", None).unwrap();
    let due = clock.due(at("2025-01-01T00:00:00Z"), at("2026-01-01T00:00:30Z")).unwrap();
    assert_eq!((due.now, due.missed), (Some(at("2026-01-01T00:00:00Z")), 1000));
    assert_eq!(
        missed_in_words(due.missed).unwrap(),
        "1000 times or more were missed while the server was away"
    );
    assert_eq!(missed_in_words(0), None);
}
