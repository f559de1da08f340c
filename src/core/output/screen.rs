//! [`Screen`]: how the lines of two streams come to stand as text, one below the other.

use crate::proto::output::LogStream;

/// Where the text of a log stands. A long line comes in pieces, and those of the other stream may come in between.
#[derive(Clone, Copy, Debug, Default)]
pub struct Screen {
    /// Whether the last line of each stream goes on.
    continues: [bool; 2],
    /// The stream whose line has no end yet.
    open: Option<LogStream>,
}

/// Where a piece of a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether an unfinished line of the other stream must be ended first.
    pub breaks: bool,
    /// Whether it begins a line of its stream.
    pub begins: bool,
}

impl Screen {
    /// Puts the next piece of a stream's line; `continues` tells that another piece of it follows.
    pub fn put(&mut self, stream: LogStream, continues: bool) -> Place {
        let before = &mut self.continues[usize::from(stream == LogStream::Stderr)];
        let place = Place { breaks: self.open.is_some_and(|open| open != stream), begins: !*before };
        *before = continues;
        self.open = continues.then_some(stream);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_two_streams_are_not_mixed_in_one_line() {
        use LogStream::{Stderr, Stdout};
        let mut screen = Screen::default();
        let mut put = |stream, continues| {
            let Place { breaks, begins } = screen.put(stream, continues);
            (breaks, begins)
        };
        assert_eq!(put(Stdout, true), (false, true));
        assert_eq!(put(Stderr, false), (true, true), "a line of its own, with its own time");
        assert_eq!(put(Stdout, true), (false, false), "the rest of the line before");
        assert_eq!(put(Stdout, false), (false, false));
        assert_eq!(put(Stdout, false), (false, true));
    }
}
