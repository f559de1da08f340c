//! Spans of time as people write them, `15m`, and the steps that suit a range.

use super::{HOUR, SECOND};

/// Steps that people can reckon with, in seconds.
const STEPS: [i64; 19] = [
    1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800,
];

/// About so many points suit a chart.
const POINTS: i64 = 120;

/// The longest span: a century.
const LONGEST: i64 = 100 * 366 * 24 * HOUR;

/// Reads a whole number of seconds, minutes, hours, days or weeks (`30s`, `15m`, `1h`, `7d`, `2w`; `90` is seconds) as
/// seconds; `None` when it is not one, or is longer than a century.
#[must_use]
pub fn seconds(text: &str) -> Option<u32> {
    let number = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = match text.get(number.len()..)? {
        "" | "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => HOUR,
        "d" => 24 * HOUR,
        "w" => 7 * 24 * HOUR,
        _ => return None,
    };
    if !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let span = number.parse::<i64>().ok()?.checked_mul(unit).filter(|span| *span <= LONGEST)?;
    u32::try_from(span / SECOND).ok()
}

/// Reads the same as microseconds; `None` for no time at all too.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    seconds(text).filter(|seconds| *seconds > 0).map(|seconds| i64::from(seconds) * SECOND)
}

/// The step that gives about 120 points of a range, and never less than two measurements a step.
#[must_use]
pub fn step_for(range: i64, interval: i64) -> i64 {
    let wanted = (range / POINTS).max(interval.saturating_mul(2));
    let fits = STEPS.iter().map(|step| step * SECOND).find(|step| *step >= wanted);
    fits.unwrap_or_else(|| wanted.saturating_add(24 * HOUR - 1) / (24 * HOUR) * (24 * HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_what_is_none_is_not() {
        assert_eq!(parse("15m"), Some(900 * SECOND));
        assert_eq!(parse("7d"), Some(7 * 24 * HOUR));
        assert_eq!(parse("90"), Some(90 * SECOND));
        assert_eq!((seconds("0"), seconds("2w")), (Some(0), Some(14 * 86_400)));
        for text in ["", "m", "1.5h", "-1h", "+1h", "0s", "1y", "99999999999999w", "1 h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_step_gives_a_chart_and_no_holes() {
        assert_eq!(step_for(HOUR, 10 * SECOND), 30 * SECOND);
        assert_eq!(step_for(24 * HOUR, 10 * SECOND), 900 * SECOND);
        assert_eq!(step_for(HOUR, 60 * SECOND), 120 * SECOND);
        assert_eq!(step_for(LONGEST, SECOND) % (24 * HOUR), 0);
    }
}
