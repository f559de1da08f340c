//! Figures as a dashboard shows them: short, of one width, with their units.

use jiff::Timestamp;

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// How long ago in its largest unit, nothing finer than a minute: what only passes is not to move.
pub(super) fn age(seconds: i64) -> String {
    match seconds {
        ..60 => "<1m".to_owned(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long ago to the second, for what is waited for.
pub(super) fn seconds(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (unit, size) = UNITS.into_iter().find(|(_, size)| seconds >= *size).unwrap_or(('s', 1));
    format!("{}{unit}", seconds / size)
}

/// A size in binary units, at most six characters: `1.5G`, `512B`.
pub(super) fn bytes(count: f64) -> String {
    scaled(count, 1024.0, &["B", "K", "M", "G", "T", "P"])
}

/// A count, shortened from 10,000 on: `12.3k`.
pub(super) fn count(count: f64) -> String {
    if count.abs() < 10_000.0 && count.fract() == 0.0 {
        return format!("{count:.0}");
    }
    scaled(count, 1000.0, &["", "k", "M", "G", "T"])
}

fn scaled(mut figure: f64, step: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while figure.abs() >= step * 0.9995 && unit + 1 < units.len() {
        figure /= step;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && figure.abs() < 99.95);
    format!("{figure:.digits$}{}", units[unit])
}

/// A whole number with its thousands set apart.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The time of day, UTC.
pub(super) fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}

/// One or several.
pub(super) fn several(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", whole(count as u64))
}

/// Text without what a terminal would obey, and without what it draws wider than it is told.
pub(super) fn calm(text: &str) -> String {
    let shown = |c: &char| {
        !c.is_control()
            && !matches!(*c, '\u{fe0f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if c == '\t' || c == '\n' { ' ' } else { c }).filter(shown).collect()
}

#[cfg(test)]
mod tests;
