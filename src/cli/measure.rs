//! Ages, sizes and shares as a person reads them, and times as a person writes them.

use jiff::{SignedDuration, Timestamp};

use crate::core::telemetry::span;

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// How long ago, in its largest unit: `5m`, `3d`.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    let (unit, size) = UNITS.into_iter().find(|(_, size)| seconds >= *size).unwrap_or(('s', 1));
    format!("{}{unit}", seconds / size)
}

/// What stands where there is nothing.
pub(crate) fn dash() -> String {
    "-".to_owned()
}

/// A size in binary units: `512 B`, `1.5 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let mut size = count as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{count} B") } else { format!("{size:.1} {unit}") }
}

/// A share with one digit after the point.
pub(crate) fn percent(share: f32) -> String {
    format!("{share:.1} %")
}

/// A moment to the second, UTC.
pub(crate) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a length of time as the API does: `90`, `90s`, `15m`, `2h`, `7d`, `2w`.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    span::seconds(text).ok_or_else(|| {
        format!("'{text}' is not a length of time; expected seconds, or such as 90s, 15m, 2h, 7d, 2w")
    })
}

/// The first few, and how many more.
pub(crate) fn shortened(words: &[&str]) -> String {
    const SHOWN: usize = 5;
    let first = words.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match words.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A moment as a person says it: a time, or how long ago.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    At(Timestamp),
    Ago(SignedDuration),
}

impl Moment {
    /// Reads `2026-03-01T12:00:00Z` or `2h`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        seconds(text).map(|seconds| Self::Ago(SignedDuration::from_secs(seconds.into()))).map_err(|_| {
            format!(
                "'{text}' is not a moment; expected such as 2026-03-01T12:00:00Z, or 2h for two hours ago"
            )
        })
    }

    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(length) => now.checked_sub(length).unwrap_or(Timestamp::MIN),
        }
    }
}

/// Reads a moment to come: `2026-03-01T12:00:00Z`, or `2h` for in two hours.
pub(crate) fn later(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let length = seconds(text).map_err(|_| {
        format!("'{text}' is not a moment; expected such as 2026-03-01T12:00:00Z, or 2h for in two hours")
    })?;
    Timestamp::now().checked_add(SignedDuration::from_secs(length.into())).map_err(|error| error.to_string())
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut told = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

#[cfg(test)]
mod tests;
