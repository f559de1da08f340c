//! Cron expressions: five fields, as crontab(5) has them, read by a zone's clock.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};

/// Farther ahead nothing is looked for: 29 February comes again within eight years.
const LAST_DAY: i32 = 9 * 366;
/// No clock is set back by more than this when the summer ends, and no civil time comes twice farther apart.
const SET_BACK: SignedDuration = SignedDuration::from_hours(4);

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A field of an expression: what it is called, what it may hold.
struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, words: &[] },
    Field { name: "hour", min: 0, max: 23, words: &[] },
    Field { name: "day of the month", min: 1, max: 31, words: &[] },
    Field { name: "month", min: 1, max: 12, words: &MONTHS },
    // Sunday is 0 and 7.
    Field { name: "day of the week", min: 0, max: 7, words: &WEEKDAYS },
];

/// When something comes: minutes, hours, days, months and weekdays.
///
/// A time that a clock leaves out, when summer begins, comes at the first moment after the gap. A time that a clock shows
/// twice, when summer ends, comes once, the first time; where the hour is `*`, every hour counts, the repeated one too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
    /// Both kinds of day must fit; else one of them suffices (the rule of crontab(5)).
    needs_both_days: bool,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// Says which field is wrong, and what it may hold.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(known) = nickname(text.trim()) {
            return Err(format!("expected five fields; write '{known}' for '{}'", text.trim()));
        }
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let Ok([minute, hour, day, month, weekday]) = <[&str; 5]>::try_from(words.as_slice()) else {
            let found = words.len();
            return Err(format!(
                "expected five fields (minute, hour, day of the month, month, day of the week), found {found}; \
                 '30 4 * * mon-fri' is 4:30 from Monday to Friday"
            ));
        };
        let mut weekdays = Set::parse(weekday, &FIELDS[4])?;
        if weekdays.has(7) {
            weekdays.add(0);
        }
        Ok(Self {
            minutes: Set::parse(minute, &FIELDS[0])?,
            hours: Set::parse(hour, &FIELDS[1])?,
            days: Set::parse(day, &FIELDS[2])?,
            months: Set::parse(month, &FIELDS[3])?,
            weekdays,
            needs_both_days: day.starts_with('*') || weekday.starts_with('*'),
        })
    }

    /// The first time after a moment; `None` when there is none within nine years (30 February).
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // Of all earlier times of the clock, each has come before the moment, whichever way the clock was set.
        let from = zone.to_datetime(after).checked_sub(SET_BACK).ok()?;
        let mut repeated: Option<Timestamp> = None;
        let mut date = from.date();
        for _ in 0..LAST_DAY {
            if self.is_on(date) {
                for time in self.times_of(date).skip_while(|time| *time < from) {
                    let (first, again) = moments(time, zone)?;
                    if let Some(again) = again.filter(|again| self.every_hour() && *again > after) {
                        repeated = Some(repeated.map_or(again, |known| known.min(again)));
                    }
                    if first > after {
                        return Some(repeated.map_or(first, |repeated| repeated.min(first)));
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn is_on(&self, date: Date) -> bool {
        let day = self.days.has(day_number(date.day()));
        let weekday = self.weekdays.has(day_number(date.weekday().to_sunday_zero_offset()));
        let fits = if self.needs_both_days { day && weekday } else { day || weekday };
        fits && self.months.has(day_number(date.month()))
    }

    /// The times of a day, as its clock shows them, in their order.
    fn times_of(&self, date: Date) -> impl Iterator<Item = DateTime> {
        self.hours
            .items()
            .flat_map(move |hour| self.minutes.items().map(move |minute| date.at(hour, minute, 0, 0)))
    }

    fn every_hour(&self) -> bool {
        self.hours == Set::all(&FIELDS[1])
    }
}

fn day_number(number: i8) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// When a clock shows a time: the first moment, and the second where it is set back. A time that it leaves out is the first
/// moment after the gap.
fn moments(time: DateTime, zone: &TimeZone) -> Option<(Timestamp, Option<Timestamp>)> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => Some((offset.to_timestamp(time).ok()?, None)),
        AmbiguousOffset::Fold { before, after } => {
            Some((before.to_timestamp(time).ok()?, Some(after.to_timestamp(time).ok()?)))
        }
        AmbiguousOffset::Gap { before, .. } => {
            // Read by the clock as it was before, the time lies after the leap.
            let beyond = before.to_timestamp(time).ok()?;
            let leap = zone.preceding(beyond.checked_add(SignedDuration::from_nanos(1)).ok()?).next()?;
            Some((leap.timestamp(), None))
        }
    }
}

/// What a nickname of crontab(5) stands for.
fn nickname(text: &str) -> Option<&'static str> {
    Some(match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return None,
    })
}

/// Numbers below 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Set(u64);

impl Set {
    fn parse(text: &str, field: &Field) -> Result<Self, String> {
        let mut set = Self::default();
        for item in text.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(field.step(step)?)),
                None => (item, None),
            };
            let (first, last) = field.range(range, step.is_some())?;
            (first..=last).step_by(step.unwrap_or(1) as usize).for_each(|number| set.add(number));
        }
        Ok(set)
    }

    fn all(field: &Field) -> Self {
        let mut set = Self::default();
        (field.min..=field.max).for_each(|number| set.add(number));
        set
    }

    const fn add(&mut self, number: u32) {
        self.0 |= 1 << number;
    }

    const fn has(self, number: u32) -> bool {
        self.0 & (1 << number) != 0
    }

    fn items(self) -> impl Iterator<Item = i8> {
        (0..60).filter(move |number| self.has(day_number(*number)))
    }
}

impl Field {
    /// The first and the last number of `*`, `5`, `2-5`, and, before a step, of `5` on.
    fn range(&self, text: &str, is_stepped: bool) -> Result<(u32, u32), String> {
        if text == "*" {
            return Ok((self.min, self.max));
        }
        let Some((first, last)) = text.split_once('-') else {
            let first = self.number(text)?;
            return Ok((first, if is_stepped { self.max } else { first }));
        };
        let (first, mut last) = (self.number(first)?, self.number(last)?);
        // A week that ends on Sunday, `fri-sun`.
        if self.max == 7 && last == 0 && first > 0 {
            last = 7;
        }
        if first > last {
            let end = if self.max == 7 { 6 } else { self.max };
            return Err(format!(
                "{}: '{text}' ends before it begins; write '{first}-{end},{}-{last}'",
                self.name, self.min
            ));
        }
        Ok((first, last))
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let by_word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        let by_word = by_word.and_then(|place| u32::try_from(place).ok()).map(|place| {
            // The first month is 1, the first day of the week 0.
            place + if self.max == 7 { 0 } else { self.min }
        });
        let digits = text.bytes().all(|digit| digit.is_ascii_digit());
        let number = by_word.or_else(|| text.parse().ok().filter(|_| digits));
        number.filter(|number| (self.min..=self.max).contains(number)).ok_or_else(|| {
            let words = match self.words {
                [first, .., last] => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            format!("{}: expected {} to {}{words}, found '{}'", self.name, self.min, self.max, shown(text))
        })
    }

    fn step(&self, text: &str) -> Result<u32, String> {
        let step = text.parse().ok().filter(|step| (1..=self.max).contains(step));
        step.ok_or_else(|| {
            format!(
                "{}: expected a step from 1 to {} after '/', found '{}'",
                self.name,
                self.max,
                shown(text)
            )
        })
    }
}

/// As much of what was written as belongs into an error.
fn shown(text: &str) -> String {
    text.chars().take(32).collect()
}
