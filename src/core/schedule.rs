//! Schedules: when their time comes, and what is made up for after an absence.

pub mod cron;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use self::cron::Cron;
use super::error::Error;

/// The most schedules that a server keeps.
pub const MAX_SCHEDULES: u32 = 1000;
/// A time that was missed is made up for when it is no older than this.
pub const MAKE_UP_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// The longest expression.
const MAX_CRON_CHARS: usize = 256;
/// Missed times beyond these are not counted one by one.
const COUNTED: u32 = 1000;

/// When a schedule's time comes.
#[derive(Clone, Debug)]
pub struct Clock {
    cron: Cron,
    zone: TimeZone,
}

/// What is due of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The time that is to be served; `None` when the latest is too old.
    pub now: Option<Timestamp>,
    /// How many times passed that nobody makes up for, counted up to a thousand.
    pub missed: u32,
    /// The latest time that came.
    pub latest: Timestamp,
    /// The next time; `None` when there is none.
    pub next: Option<Timestamp>,
}

impl Clock {
    /// Reads an expression and the name of a zone; `UTC` unless told.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn parse(cron: &str, zone: Option<&str>) -> Result<Self, Error> {
        if cron.len() > MAX_CRON_CHARS {
            return Err(Error::field("cron", format!("expected at most {MAX_CRON_CHARS} characters")));
        }
        let cron = Cron::parse(cron).map_err(|detail| Error::field("cron", detail))?;
        let name = zone.unwrap_or("UTC");
        let zone = TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some());
        let zone = zone.ok_or_else(|| {
            let name: String = name.chars().take(64).collect();
            Error::field(
                "time_zone",
                format!("'{name}' is no time zone; name one of the IANA database, like 'Europe/Berlin'"),
            )
        })?;
        Ok(Self { cron, zone })
    }

    /// The zone, as the IANA database spells it.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The first time after a moment.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.cron.next(after, &self.zone)
    }

    /// What is due at a moment of a schedule whose next time was `first`; `None` while it is ahead. Of the times that passed
    /// the latest alone is served, if it is not too old.
    #[must_use]
    pub fn due(&self, first: Timestamp, now: Timestamp) -> Option<Due> {
        if first > now {
            return None;
        }
        let (mut latest, mut passed) = (first, 1);
        while passed <= COUNTED {
            let Some(next) = self.next(latest).filter(|next| *next <= now) else { break };
            (latest, passed) = (next, passed + 1);
        }
        // Beyond what is counted only the latest matters.
        let tick = SignedDuration::from_micros(1);
        let lately = now.saturating_sub(MAKE_UP_WITHIN + tick).unwrap_or(Timestamp::MIN).max(latest);
        let mut later = self.next(lately);
        while let Some(next) = later.filter(|next| *next <= now) {
            latest = next;
            later = self.next(next);
        }
        let served = Some(latest).filter(|latest| now.duration_since(*latest) <= MAKE_UP_WITHIN);
        let missed = (passed - u32::from(served.is_some())).min(COUNTED);
        Some(Due { now: served, missed, latest, next: self.next(now) })
    }
}

/// How many times were missed, in words; `None` for none.
#[must_use]
pub fn missed_in_words(missed: u32) -> Option<String> {
    match missed {
        0 => None,
        1 => Some("1 time was missed while the server was away".into()),
        COUNTED.. => Some(format!("{COUNTED} times or more were missed while the server was away")),
        several => Some(format!("{several} times were missed while the server was away")),
    }
}

#[cfg(test)]
mod tests;
