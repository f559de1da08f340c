use jiff::Timestamp;

use super::{Chart, Glyphs, Unit};
use crate::{
    proto::telemetry::MetricPoint,
    tui::{
        theme::{Surroundings, Theme, ThemeName, Tone},
        widget::Line,
    },
};

/// Noon of the first day of 2026.
const NOON: i64 = 1_767_268_800;
const MINUTE: i64 = 60;

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("the moment is in range")
}

fn points(step_s: i64, values: impl IntoIterator<Item = Option<f64>>) -> Vec<MetricPoint> {
    let point = |(at, value): (i64, Option<f64>)| MetricPoint { time: moment(NOON + at * step_s), value };
    (0..).zip(values).map(point).collect()
}

fn chart<'a>(title: &'a str, unit: Unit, step_s: i64, points: &'a [MetricPoint]) -> Chart<'a> {
    let to = NOON + step_s * points.len() as i64;
    Chart { title, unit, from: moment(NOON), to: moment(to), step_s: step_s as u64, points }
}

fn text(lines: &[Line]) -> Vec<String> {
    let text =
        |line: &Line| line.iter().map(|(text, _)| text.as_str()).collect::<String>().trim_end().to_owned();
    lines.iter().map(text).collect()
}

fn rise() -> Vec<MetricPoint> {
    points(MINUTE, (0..60).map(|at| Some(f64::from(at) * 100.0 / 59.0)))
}

#[test]
fn a_rise_is_a_line_of_dots() {
    let shown = text(&chart("cpu", Unit::Percent, MINUTE, &rise()).lines(30, 7, Glyphs::Braille));
    let expected = [
        "cpu                       100%",
        " 100%┤                   ⣀⠤⠔⠊⠁",
        "     │              ⣀⠤⠒⠊⠉",
        "  50%┤         ⣀⠤⠔⠊⠉",
        "     │    ⣀⠤⠔⠊⠉",
        "   0%┤⠤⠔⠊⠉",
        "               12:30     13:00",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_rise_is_a_slope_of_blocks() {
    let shown = text(&chart("cpu", Unit::Percent, MINUTE, &rise()).lines(30, 5, Glyphs::Blocks));
    let expected = [
        "cpu                       100%",
        " 100%┤               ▁▂▃▄▅▆▇█",
        "     │       ▁▂▃▄▅▆▇█████████",
        "   0%┤▁▂▃▄▅▇█████████████████",
        "               12:30     13:00",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_rise_can_be_told_in_ascii() {
    let shown = text(&chart("cpu", Unit::Percent, MINUTE, &rise()).lines(30, 5, Glyphs::Ascii));
    let expected = [
        "cpu                       100%",
        " 100%+                ....***",
        "     |      .....*****",
        "   0%+.*****",
        "               12:30     13:00",
    ];
    assert_eq!(shown, expected);
    assert!(shown.iter().all(|line| line.is_ascii()));
}

#[test]
fn what_was_not_measured_is_a_gap() {
    let points = points(MINUTE, (0..60).map(|at| (!(20..40).contains(&at)).then_some(50.0)));
    let shown = text(&chart("cpu", Unit::Percent, MINUTE, &points).lines(30, 5, Glyphs::Blocks));
    let expected = [
        "cpu                        50%",
        " 100%┤",
        "     │▄▄▄▄▄▄▄        ▄▄▄▄▄▄▄▄",
        "   0%┤███████        ████████",
        "               12:30     13:00",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn bytes_have_a_round_scale_and_their_extremes() {
    let values = (0..60).map(|at| Some(if at == 30 { 3_000_000.0 } else { 1_000_000.0 }));
    let points = points(MINUTE, values);
    let shown =
        text(&chart("network in", Unit::BytesPerSecond, MINUTE, &points).lines(48, 8, Glyphs::Braille));
    let expected = [
        "network in        min 977K/s  max 2.9M/s  977K/s",
        "   4M┤",
        "     │                    ⢀",
        "     │                    ⢸⡇",
        "   2M┤                    ⡇⡇",
        "     │⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠃⠧⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤",
        "    0┤",
        "                 12:20         12:40       13:00",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn days_are_named_by_their_date() {
    let points = points(6 * 60 * MINUTE, (0..120).map(|_| Some(1.0)));
    let shown = text(&chart("load", Unit::Number, 6 * 60 * MINUTE, &points).lines(48, 7, Glyphs::Braille));
    assert_eq!(shown[6], "          Jan 07        Jan 17        Jan 27");
}

#[test]
fn the_scale_changes_in_round_steps() {
    let tops = [0.3, 1.0, 5.0, 9.9, 33.0, 100.0, 101.0].map(|greatest| Unit::Number.top(greatest));
    assert_eq!(tops, [1.0, 1.0, 5.0, 10.0, 50.0, 100.0, 200.0]);
    let tops = [0.0, 1_024.0, 9_900.0, 33_000.0].map(|greatest| Unit::BytesPerSecond.top(greatest));
    assert_eq!(tops, [1_024.0, 1_024.0, 16_384.0, 65_536.0]);
    assert_eq!(Unit::Percent.top(0.2), 100.0);
}

#[test]
fn what_is_high_stands_out() {
    let points = points(MINUTE, (0..60).map(|_| Some(97.0)));
    let lines = chart("cpu", Unit::Percent, MINUTE, &points).lines(30, 12, Glyphs::Braille);
    assert!(lines[1].iter().any(|(_, tone)| *tone == Tone::Bad));
    let low = chart("cpu", Unit::Percent, MINUTE, &rise()).lines(30, 12, Glyphs::Braille);
    assert!(low[10].iter().all(|(_, tone)| matches!(tone, Tone::Dim | Tone::Accent)));
}

#[test]
fn no_present_value_is_shown_when_the_last_was_long_ago() {
    let points = points(MINUTE, (0..60).map(|at| (at < 50).then_some(50.0)));
    let shown = text(&chart("cpu", Unit::Percent, MINUTE, &points).lines(30, 5, Glyphs::Blocks));
    assert_eq!(shown[0], format!("cpu{:>27}", "-"));
}

#[test]
fn there_is_something_to_see_at_every_size() {
    let theme = Theme::new(ThemeName::Dark, &Surroundings::default(), Some(false));
    for width in 0..80 {
        for height in 0..30 {
            for points in [rise(), Vec::new()] {
                let chart = chart("cpu", Unit::Percent, MINUTE, &points);
                let lines = chart.lines(width, height, Glyphs::fitting(&theme, height));
                assert!(lines.len() <= usize::from(height), "{width}x{height}");
            }
        }
    }
}
