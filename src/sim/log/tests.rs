use jiff::SignedDuration;

use super::*;

const DAY: &str = "2026-05-12T00:00:00Z";

fn day(seconds: i64) -> Timestamp {
    DAY.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn run(began: i64, ended: Option<i64>) -> Run {
    Run { began: day(began), ended: ended.map(day) }
}

/// Six lines a minute, for an hour, then after a break again.
fn log(key: u64) -> Log {
    Log::new(key, 6.0, vec![run(0, Some(3_600)), run(7_200, None)])
}

fn read(log: Log, span: Span, now: Timestamp) -> Vec<Line> {
    let mut reading = Reading::new(log, span, now);
    let mut lines = Vec::new();
    while reading.next(now) == Next::Line {
        let piece = reading.take(now, 1_000);
        assert!(!piece.is_empty() && piece.iter().map(Line::weight).sum::<usize>() < 1_300);
        lines.extend(piece);
    }
    lines
}

#[test]
fn a_container_writes_as_often_as_planned_while_it_runs() {
    let lines = read(log(1), Span::default(), day(7_800));
    assert!((418..=422).contains(&lines.len()), "an hour and ten minutes: {}", lines.len());
    assert!(lines.windows(2).all(|pair| pair[0].time < pair[1].time));
    let ran = |time| (day(0)..day(3_600)).contains(&time) || (day(7_200)..day(7_800)).contains(&time);
    assert!(lines.iter().all(|line| ran(line.time)));
    assert!(lines.iter().any(|line| line.stream == LogStream::Stderr));
    let silent = Log::new(1, 0.0, vec![run(0, None)]);
    assert!(read(silent, Span { tail: Some(5), ..Span::default() }, day(7_800)).is_empty());
}

#[test]
fn the_same_span_has_the_same_lines_whenever_it_is_read() {
    let span = Span { since: Some(day(3_000)), until: Some(day(7_500)), ..Span::default() };
    let lines = read(log(1), span, day(7_800));
    assert_eq!(lines, read(log(1), span, day(9_000)));
    assert!(lines.iter().all(|line| (day(3_000)..=day(7_500)).contains(&line.time)));
    assert_ne!(lines, read(log(2), span, day(7_800)), "another container writes other lines");
    let (first, last) = (lines[3].time, lines[9].time);
    let between = Span { since: Some(first), until: Some(last), ..Span::default() };
    assert_eq!(read(log(1), between, day(9_000)), lines[3..=9], "both ends are part of it");
}

#[test]
fn a_tail_counts_from_the_end_over_what_the_container_did_not_run() {
    let now = day(7_800);
    let all = read(log(1), Span::default(), now);
    for tail in [0, 1, 59, 61, 200, 5_000] {
        let lines = read(log(1), Span { tail: Some(tail), ..Span::default() }, now);
        assert_eq!(lines, all[all.len().saturating_sub(tail as usize)..], "{tail}");
    }
    let since = Span { tail: Some(100), since: Some(all[all.len() - 5].time), ..Span::default() };
    assert_eq!(read(log(1), since, now).len(), 5);
}

#[test]
fn a_log_holds_so_many_lines_and_no_more() {
    let old = Log::new(1, 6_000.0, vec![run(0, None)]);
    let lines = read(old.clone(), Span { tail: Some(u32::MAX), ..Span::default() }, day(100_000));
    assert_eq!(lines.len(), MAX_LINES as usize);
    assert_eq!(lines, read(old, Span::default(), day(100_000)));
}

#[test]
fn following_goes_on_until_the_container_ends() {
    let mut reading =
        Reading::new(log(1), Span { tail: Some(1), follow: true, ..Span::default() }, day(7_800));
    assert_eq!(reading.follows(), Some(day(7_200)));
    assert_eq!(reading.take(day(7_800), 10_000).len(), 1);
    let Next::At(next) = reading.next(day(7_800)) else { panic!("{reading:?}") };
    let just_after = next + SignedDuration::from_nanos(1);
    let lines = reading.take(just_after, 10_000);
    assert_eq!(lines.iter().map(|line| line.time).collect::<Vec<_>>(), [next]);
    reading.close(day(7_860));
    assert_eq!((reading.follows(), reading.next(day(9_000))), (None, Next::Line));
    assert!(reading.take(day(9_000), 10_000).iter().all(|line| line.time < day(7_860)));
    assert_eq!(reading.next(day(9_000)), Next::Over);
}

#[test]
fn following_ends_at_until_or_with_a_container_that_does_not_run() {
    let until = Span { until: Some(day(7_830)), follow: true, ..Span::default() };
    let mut reading = Reading::new(log(1), until, day(7_800));
    reading.take(day(7_830), usize::MAX);
    assert_eq!(reading.next(day(7_829)), Next::At(day(7_830)));
    assert_eq!(reading.next(day(7_830)), Next::Over);
    let follow = Span { follow: true, ..Span::default() };
    let silent = Reading::new(Log::new(1, 0.0, vec![run(0, None)]), follow, day(9));
    assert_eq!(silent.next(day(9)), Next::Nothing);
    let ended = Reading::new(Log::new(1, 0.0, vec![run(0, Some(5))]), follow, day(9));
    assert_eq!(ended.next(day(9)), Next::Over);
}
