use super::*;

fn line(nanoseconds: i64, stream: LogStream) -> LogLine {
    let time = Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap();
    LogLine { time, stream, line: String::new(), continues: false }
}

#[test]
fn what_a_new_link_repeats_is_passed_over_and_nothing_else() {
    use LogStream::{Stderr, Stdout};
    let second = 1_000_000_000;
    let mut place = Place::default();
    let shown = [(10 * second, Stdout), (12 * second, Stdout), (12 * second, Stdout), (12 * second, Stderr)];
    assert!(shown.iter().all(|(time, stream)| place.is_new(&line(*time, *stream))));
    let request = place.resume(&ContainerLogsRequest { tail: Some(5), ..ContainerLogsRequest::default() });
    assert_eq!((request.tail, request.since), (None, Some(line(10 * second, Stdout).time)));
    assert!(shown.iter().all(|(time, stream)| !place.is_new(&line(*time, *stream))));
    // The same moment once more is another line; so is an earlier one that the engine wrote down later.
    assert!(place.is_new(&line(12 * second, Stdout)));
    assert!(place.is_new(&line(11 * second, Stderr)));
}

#[test]
fn a_log_that_began_at_its_end_goes_on_from_that_moment() {
    let mut place = Place::default();
    let request = ContainerLogsRequest { tail: Some(0), follow: true, ..ContainerLogsRequest::default() };
    assert_eq!(place.resume(&request).tail, Some(0));
    place.begun = Some(Timestamp::UNIX_EPOCH);
    let resumed = place.resume(&request);
    assert_eq!((resumed.tail, resumed.since), (None, Some(Timestamp::UNIX_EPOCH)));
}

#[test]
fn what_is_remembered_is_bounded_by_time() {
    let mut place = Place::default();
    for n in 0..100_000 {
        place.is_new(&line(n * 1_000_000, LogStream::Stdout));
    }
    assert!(place.shown.len() <= 2001, "{}", place.shown.len());
}
