//! [`Needle`]: what is looked for in lines, found without a copy of any.

use std::ops::Range;

/// What is looked for; an upper-case letter in it makes case count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Needle {
    text: String,
    how: How,
}

/// How cases are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum How {
    /// As it stands.
    Exact,
    /// Without regard to case; the needle is ASCII.
    Ascii,
    /// Without regard to case; the needle in lower-case letters.
    Folded(Vec<char>),
}

impl Needle {
    /// A needle; nothing is looked for by an empty one.
    pub(in crate::tui) fn new(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let how = if text.chars().any(char::is_uppercase) {
            How::Exact
        } else if text.is_ascii() {
            How::Ascii
        } else {
            How::Folded(text.chars().flat_map(char::to_lowercase).collect())
        };
        Some(Self { text: text.to_owned(), how })
    }

    /// What was typed.
    pub(in crate::tui) fn text(&self) -> &str {
        &self.text
    }

    /// Whether every text with this needle has the other too.
    pub(in crate::tui) fn narrows(&self, other: &Self) -> bool {
        self.text.starts_with(&other.text)
    }

    /// Whether it is in a text.
    pub(in crate::tui) fn is_in(&self, text: &str) -> bool {
        self.find(text, 0).is_some()
    }

    /// Everywhere in a text, one place behind the other.
    pub(in crate::tui) fn places<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        let mut from = 0;
        std::iter::from_fn(move || {
            let place = self.find(text, from)?;
            from = place.end;
            Some(place)
        })
    }

    /// The first place that begins at a byte or behind it.
    fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        match &self.how {
            How::Exact => {
                let at = from + text[from..].find(&self.text)?;
                Some(at..at + self.text.len())
            }
            How::Ascii => {
                let at = from + find_ascii(&text.as_bytes()[from..], self.text.as_bytes())?;
                Some(at..at + self.text.len())
            }
            How::Folded(folded) => find_folded(text, from, folded),
        }
    }
}

/// The needle has no upper-case letters; ASCII bytes are whole characters, so that what is found is text too.
fn find_ascii(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (lower, rest) = needle.split_first()?;
    let upper = lower.to_ascii_uppercase();
    let last = text.len().checked_sub(needle.len())?;
    let mut from = 0;
    while from <= last {
        let at = from + text[from..=last].iter().position(|byte| byte == lower || *byte == upper)?;
        if text[at + 1..at + needle.len()].eq_ignore_ascii_case(rest) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn find_folded(text: &str, from: usize, folded: &[char]) -> Option<Range<usize>> {
    let first = *folded.first()?;
    let begins = |c: char| {
        if c.is_ascii() { c.to_ascii_lowercase() == first } else { c.to_lowercase().next() == Some(first) }
    };
    let mut from = from;
    while let Some(found) = text[from..].find(begins) {
        let at = from + found;
        if let Some(length) = folded_length(&text[at..], folded) {
            return Some(at..at + length);
        }
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// The bytes that the needle takes at the beginning of a text, when it is there.
fn folded_length(text: &str, folded: &[char]) -> Option<usize> {
    let (mut wanted, mut length) = (folded.iter(), 0);
    for c in text.chars() {
        length += c.len_utf8();
        for lower in c.to_lowercase() {
            match wanted.next() {
                Some(next) if *next == lower => {}
                Some(_) => return None,
                None => return Some(length),
            }
        }
        if wanted.as_slice().is_empty() {
            return Some(length);
        }
    }
    None
}
