//! Parts of long lines: the rows of a wrapped one, the stretch that is seen of another.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The rows that a text takes in so many columns.
pub(in crate::tui) fn height(text: &str, width: usize) -> usize {
    if text.len() <= width {
        1
    } else if text.is_ascii() {
        text.len().div_ceil(width.max(1))
    } else {
        rows(text, width).count()
    }
}

/// The rows of a text, as bytes of it; an empty text has one, which is empty.
pub(in crate::tui) fn rows(text: &str, width: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = Some(0);
    std::iter::from_fn(move || {
        let begin = from?;
        let end = begin + fitting(&text[begin..], width);
        from = (end < text.len()).then_some(end);
        Some(begin..end)
    })
}

/// The stretch of a text that so many columns show from a column on.
pub(in crate::tui) fn stretch(text: &str, shift: usize, width: usize) -> Range<usize> {
    if shift == 0 {
        return 0..fitting_or_none(text, width);
    }
    let mut column = 0;
    let begin = text.char_indices().find(|(_, c)| {
        let here = column;
        column += columns_of(*c);
        here >= shift
    });
    let begin = begin.map_or(text.len(), |(at, _)| at);
    begin..begin + fitting_or_none(&text[begin..], width)
}

/// The columns of a text.
pub(in crate::tui) fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// The bytes at the beginning of a text that fit; one character at least, so that rows end.
fn fitting(text: &str, width: usize) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    fitting_or_none(text, width).max(first)
}

fn fitting_or_none(text: &str, width: usize) -> usize {
    let mut taken = 0;
    let beyond = text.char_indices().find(|(_, c)| {
        taken += columns_of(*c);
        taken > width
    });
    beyond.map_or(text.len(), |(at, _)| at)
}

fn columns_of(c: char) -> usize {
    c.width().unwrap_or(0)
}
