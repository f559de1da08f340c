use jiff::Timestamp;
use proptest::prelude::*;

use super::{Logs, level::Level, line::clean, needle::Needle, store::Store, wrap};
use crate::{
    proto::{container::LogLine, output::LogStream},
    tui::{event::LogNews, keymap::Act, state::overlay::Overlay},
};

const A: &str = "web-1/nginx";
const B: &str = "web-2/nginx";

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn line(milliseconds: i64, text: &str) -> LogLine {
    LogLine { time: at(milliseconds), stream: LogStream::Stdout, line: text.into(), continues: false }
}

/// Logs with three rows for lines and 40 columns for their text.
fn logs(sources: &[&str]) -> Logs {
    let mut logs = Logs::new(2);
    logs.resize(44, 2);
    logs.follow(sources.iter().map(|name| (*name).to_owned()).collect());
    logs
}

fn tell(logs: &mut Logs, source: &str, lines: impl IntoIterator<Item = LogLine>) {
    let lines = lines.into_iter().collect();
    logs.take(LogNews::Lines { source: source.into(), lines }, at(0));
}

/// Lines `line FROM` and so on, one each ten milliseconds.
fn count(logs: &mut Logs, source: &str, numbers: std::ops::Range<i64>) {
    tell(logs, source, numbers.map(|number| line(number * 10, &format!("line {number}"))));
}

fn all(logs: &Logs) -> Vec<&str> {
    (0..logs.len()).filter_map(|at| logs.line(at)).map(|(_, line)| &*line.text).collect()
}

fn screen(logs: &Logs) -> Vec<&str> {
    let (top, rows) = (logs.top(), logs.rows);
    (top..top + rows).filter_map(|at| logs.line(at)).map(|(_, line)| &*line.text).collect()
}

#[test]
fn lines_of_several_sources_are_in_the_order_of_their_times() {
    let mut logs = logs(&[A, B]);
    tell(&mut logs, A, [line(10, "a10"), line(30, "a30"), line(50, "a50")]);
    tell(&mut logs, B, [line(20, "b20"), line(30, "b30"), line(60, "b60")]);
    tell(&mut logs, A, [line(55, "a55")]);
    assert_eq!(all(&logs), ["a10", "b20", "a30", "b30", "a50", "a55", "b60"]);
}

#[test]
fn lines_of_one_source_stay_in_their_order_whatever_their_times() {
    let mut logs = logs(&[A, B]);
    tell(&mut logs, A, [line(50, "a1"), line(10, "a2")]);
    tell(&mut logs, A, [line(5, "a3")]);
    tell(&mut logs, B, [line(20, "b1")]);
    let order: Vec<&str> = all(&logs).into_iter().filter(|text| text.starts_with('a')).collect();
    assert_eq!(order, ["a1", "a2", "a3"]);
}

#[test]
fn news_of_a_log_that_is_not_open_is_left_out() {
    let mut logs = logs(&[A]);
    tell(&mut logs, B, [line(1, "b")]);
    assert_eq!(logs.len(), 0);
}

#[test]
fn the_end_is_followed_until_somebody_scrolls_up() {
    let mut logs = logs(&[A]);
    count(&mut logs, A, 0..10);
    assert_eq!(screen(&logs), ["line 7", "line 8", "line 9"]);
    logs.step(Act::Up);
    count(&mut logs, A, 10..12);
    assert_eq!(screen(&logs), ["line 6", "line 7", "line 8"]);
    assert_eq!((logs.following, logs.below), (false, 2));
    logs.step(Act::Bottom);
    assert_eq!(screen(&logs), ["line 9", "line 10", "line 11"]);
    assert_eq!((logs.following, logs.below), (true, 0));
}

#[test]
fn reaching_for_more_than_the_end_follows_it() {
    let mut logs = logs(&[A]);
    count(&mut logs, A, 0..10);
    logs.step(Act::PageUp);
    logs.step(Act::PageDown);
    assert!(!logs.following);
    logs.step(Act::Down);
    assert!(logs.following);
}

#[test]
fn a_page_that_holds_everything_is_not_left_by_scrolling_up() {
    let mut logs = logs(&[A]);
    count(&mut logs, A, 0..2);
    logs.step(Act::Up);
    assert!(logs.following);
}

#[test]
fn whoever_reads_is_not_moved_by_lines_that_belong_further_up() {
    let mut logs = logs(&[A, B]);
    count(&mut logs, A, 0..10);
    logs.step(Act::Top);
    (0..4).for_each(|_| logs.step(Act::Down));
    assert_eq!(screen(&logs), ["line 4", "line 5", "line 6"]);
    tell(&mut logs, B, [line(5, "b5"), line(15, "b15"), line(85, "b85")]);
    assert_eq!(screen(&logs), ["line 4", "line 5", "line 6"]);
    assert_eq!(logs.len(), 13);
}

#[test]
fn the_oldest_lines_go_and_are_counted() {
    let mut logs = logs(&[A]);
    logs.store = Store::new(4, usize::MAX);
    count(&mut logs, A, 0..4);
    logs.search("line");
    logs.step(Act::Top);
    count(&mut logs, A, 4..6);
    assert_eq!(all(&logs), ["line 2", "line 3", "line 4", "line 5"]);
    assert_eq!(logs.counts(), (4, 2));
    assert_eq!(logs.matched().1, 4);
    assert_eq!(screen(&logs), ["line 2", "line 3", "line 4"]);
}

#[test]
fn long_lines_take_the_room_of_several() {
    let mut logs = logs(&[A]);
    logs.store = Store::new(100, 10);
    tell(&mut logs, A, (0..4).map(|number| line(number, "four")));
    assert_eq!(logs.counts(), (2, 2));
}

#[test]
fn a_search_goes_to_the_nearest_match_and_shows_what_is_around_it() {
    let mut logs = logs(&[A]);
    count(&mut logs, A, 0..100);
    logs.search("line 5");
    assert_eq!(screen(&logs), ["line 58", "line 59", "line 60"]);
    assert_eq!((logs.matched(), logs.following), ((Some(11), 11), false));
    logs.act(Act::LastMatch);
    assert_eq!(logs.copied(), "line 58");
    assert_eq!(screen(&logs), ["line 58", "line 59", "line 60"]);
    logs.act(Act::LastMatch);
    assert_eq!(screen(&logs), ["line 56", "line 57", "line 58"]);
    logs.act(Act::OnlyMatches);
    assert_eq!(logs.len(), 11);
    logs.act(Act::OnlyMatches);
    assert_eq!(screen(&logs), ["line 56", "line 57", "line 58"]);
    logs.act(Act::NextMatch);
    assert_eq!(logs.copied(), "line 58");
    assert!(logs.clear_search());
    assert!(!logs.clear_search());
}

#[test]
fn an_upper_case_letter_makes_case_count() {
    let is_in = |needle: &str, text: &str| Needle::new(needle).unwrap().is_in(text);
    assert!(is_in("error", "An ERROR here"));
    assert!(!is_in("Error", "An ERROR here"));
    assert!(is_in("straße", "STRAßE"));
    assert!(is_in("über", "das ÜBER"));
    assert!(!is_in("über", "uber"));
    let found: Vec<_> = Needle::new("aa").unwrap().places("AaaAa").collect();
    assert_eq!(found, [0..2, 2..4]);
    assert_eq!(Needle::new(""), None);
}

#[test]
fn levels_are_read_in_the_usual_spellings() {
    let cases = [
        ("time=1 level=warn msg=x", Some(Level::Warn)),
        (r#"{"msg":"an ERROR","level":"info"}"#, Some(Level::Info)),
        (r#"{"level":50,"msg":"x"}"#, Some(Level::Error)),
        ("[WARN] x", Some(Level::Warn)),
        ("2026/11/21 10:00:00 [error] 7#7: x", Some(Level::Error)),
        ("[ info ] x", Some(Level::Info)),
        ("W0102 10:11:12.000 1 x.go:1] y", Some(Level::Warn)),
        ("2026-11-21T10:00:00Z  ERROR main: x", Some(Level::Error)),
        ("10:00 DEBUG", Some(Level::Debug)),
        ("warning: unused", Some(Level::Warn)),
        ("panic: runtime error", Some(Level::Fatal)),
        ("no error was found", None),
        ("GET /debug 200", None),
        ("level crossing", None),
        ("", None),
    ];
    for (text, level) in cases {
        assert_eq!(Level::of(text), level, "{text}");
    }
    let late = format!("{} ERROR x", "é".repeat(150));
    assert_eq!(Level::of(&late), None);
}

#[test]
fn a_stack_trace_stays_with_its_error() {
    let mut logs = logs(&[A]);
    let trace = LogLine { stream: LogStream::Stderr, ..line(5, "to stderr") };
    tell(
        &mut logs,
        A,
        [line(1, "INFO up"), line(2, "ERROR boom"), line(3, "  at main"), line(4, "INFO on"), trace],
    );
    (0..4).for_each(|_| drop(logs.act(Act::Levels)));
    assert_eq!(logs.least, Some(Level::Error));
    assert_eq!(all(&logs), ["ERROR boom", "  at main", "to stderr"]);
    tell(&mut logs, A, [line(6, "more"), line(7, "FATAL end"), line(8, "  at exit")]);
    assert_eq!(all(&logs), ["ERROR boom", "  at main", "to stderr", "FATAL end", "  at exit"]);
    logs.act(Act::Levels);
    assert_eq!((logs.least, logs.len()), (None, 8));
}

#[test]
fn text_is_kept_without_what_a_terminal_would_obey() {
    let kept = |text: &str| clean(text.to_owned()).into_string();
    assert_eq!(kept("a\tb\u{1b}[31;1mred\u{1b}[0m"), "a   bred");
    assert_eq!(kept("10%\r20%\r30%\r"), "30%");
    assert_eq!(kept("\u{1b}]0;title\u{7}x\u{1b}]8;;http://a\u{1b}\\link"), "xlink");
    assert_eq!(kept("\u{1b}(Bx\u{8}y\u{1b}"), "xy");
    let long = kept(&"x".repeat(90_000));
    assert!(long.starts_with("xxx") && long.ends_with("x [... 73,616 more bytes]"), "{}", &long[16_380..]);
}

#[test]
fn the_rest_of_a_line_that_was_cut_is_left_out() {
    let mut logs = logs(&[A]);
    let goes_on = |text: &str| LogLine { continues: true, ..line(1, text) };
    tell(&mut logs, A, [goes_on("first"), goes_on("second"), line(1, "third"), line(2, "next")]);
    assert_eq!(all(&logs), ["first", "next"]);
}

#[test]
fn rows_are_as_wide_as_there_is_room_for() {
    let rows = |text: &'static str, width| wrap::rows(text, width).map(|row| &text[row]).collect::<Vec<_>>();
    assert_eq!(rows("abcdef", 4), ["abcd", "ef"]);
    assert_eq!(rows("日本語", 5), ["日本", "語"]);
    assert_eq!(rows("日本", 1), ["日", "本"]);
    assert_eq!(rows("", 4), [""]);
    assert_eq!(["abcdefgh", "abcde", "", "日本語"].map(|text| wrap::height(text, 4)), [2, 2, 1, 2]);
    assert_eq!(&"abcdef"[wrap::stretch("abcdef", 2, 3)], "cde");
    assert_eq!(wrap::stretch("ab", 9, 3), 2..2);
}

#[test]
fn wrapped_lines_are_scrolled_by_rows() {
    let mut logs = logs(&[A]);
    tell(&mut logs, A, [line(1, "short"), line(2, &"x".repeat(100)), line(3, "end")]);
    logs.act(Act::Wrap);
    assert_eq!((logs.top(), logs.skip), (1, 1));
    logs.step(Act::Up);
    assert_eq!((logs.top(), logs.skip), (1, 0));
    logs.step(Act::Up);
    assert_eq!((logs.top(), logs.skip), (0, 0));
    logs.step(Act::PageDown);
    assert_eq!((logs.top(), logs.skip), (1, 1));
    logs.resize(124, 2);
    assert_eq!((logs.top(), logs.skip), (0, 0));
}

#[test]
fn what_is_shown_can_be_saved() {
    let mut logs = logs(&[A, B]);
    tell(&mut logs, A, [line(1, "INFO a")]);
    tell(&mut logs, B, [line(2, "DEBUG b")]);
    (0..2).for_each(|_| drop(logs.act(Act::Levels)));
    assert_eq!(logs.text(), "web-1/nginx  INFO a\n");
    logs.act(Act::Times);
    assert_eq!(logs.text(), "1970-01-01T00:00:00.001000000Z web-1/nginx  INFO a\n");
    let now = "2026-11-21T10:15:00Z".parse().unwrap();
    logs.take(LogNews::Linked { source: A.into() }, now);
    let Some(Overlay::Save(prompt)) = logs.act(Act::Save) else { panic!("nothing asks where to") };
    assert_eq!(prompt.text(), "worpen-web-1-nginx-and-1-more-20261121-101500.log");
}

#[test]
fn a_broken_link_is_marked_once_in_the_log() {
    let mut logs = logs(&[A]);
    let linked = || LogNews::Linked { source: A.into() };
    let lost = || LogNews::Lost { source: A.into(), cause: "reset".into() };
    logs.take(linked(), at(0));
    tell(&mut logs, A, [line(1, "one")]);
    logs.take(lost(), at(0));
    logs.take(lost(), at(0));
    logs.take(linked(), at(0));
    tell(&mut logs, A, [line(2, "two")]);
    logs.take(LogNews::Ended { source: A.into(), cause: None }, at(0));
    let marks = ["— link lost, trying again —", "— linked again —", "— the log ended —"];
    assert_eq!(all(&logs), ["one", marks[0], marks[1], "two", marks[2]]);
    logs.search("link");
    assert_eq!(logs.matched().1, 0);
}

proptest! {
    #[test]
    fn what_matches_is_the_same_found_as_lines_come_or_afterwards(
        batches in prop::collection::vec(
            (any::<bool>(), 0..50i64, prop::collection::vec("(ERROR |INFO ){0,1}[ab]{0,4}", 1..4)),
            0..20,
        ),
        least in 0..4usize,
    ) {
        let mut logs = logs(&[A, B]);
        logs.store = Store::new(20, usize::MAX);
        (0..least).for_each(|_| drop(logs.act(Act::Levels)));
        for (number, (source, time, texts)) in batches.into_iter().enumerate() {
            let lines = texts.iter().enumerate().map(|(at, text)| line(time + at as i64, text));
            tell(&mut logs, if source { A } else { B }, lines.collect::<Vec<_>>());
            match number {
                3 => logs.search("a"),
                6 => logs.search("ab"),
                9 => logs.step(Act::PageUp),
                _ => {}
            }
            let mut afresh = logs.clone();
            afresh.reindex();
            prop_assert_eq!(&logs.matches, &afresh.matches);
            prop_assert_eq!(&logs.passing, &afresh.passing);
            prop_assert!(logs.len() == 0 || logs.line(logs.top()).is_some());
        }
    }
}
