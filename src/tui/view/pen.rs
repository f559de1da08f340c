//! [`Canvas`]: a part of the screen, written on in tones.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use crate::tui::{
    figure::calm,
    theme::{Theme, Tone},
};

/// What is drawn on, and how things look.
pub(super) struct Canvas<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) theme: Theme,
}

impl Canvas<'_> {
    /// Writes a line of text into the first row of an area, cut with an ellipsis; gives the columns that it took.
    pub(super) fn text(&mut self, area: Rect, text: &str, tone: Tone) -> u16 {
        self.styled(area, text, self.theme.style(tone))
    }

    /// The same, in a style.
    pub(super) fn styled(&mut self, area: Rect, text: &str, style: Style) -> u16 {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return 0;
        }
        let text = cut(&calm(text), area.width, self.theme.is_ascii());
        let (end, _) = self.buffer.set_stringn(area.x, area.y, text, area.width.into(), style);
        end - area.x
    }

    /// Writes at the right end of an area.
    pub(super) fn right(&mut self, area: Rect, text: &str, tone: Tone) -> u16 {
        let width = width(text).min(area.width);
        self.text(Rect { x: area.right() - width, width, ..area }, text, tone)
    }

    /// Writes pieces one after the other; gives the columns that they took.
    pub(super) fn pieces<'t>(
        &mut self,
        area: Rect,
        pieces: impl IntoIterator<Item = (impl AsRef<str> + 't, Tone)>,
    ) -> u16 {
        let mut at = 0;
        for (text, tone) in pieces {
            let left = Rect { x: area.x + at, width: area.width.saturating_sub(at), ..area };
            at += self.text(left, text.as_ref(), tone);
        }
        at
    }

    /// Gives an area a tone, turned inside out.
    pub(super) fn fill(&mut self, area: Rect, tone: Tone) {
        let style = self.theme.style(tone);
        self.buffer.set_style(area, style);
    }

    /// Lays the look of the cursor over an area.
    pub(super) fn select(&mut self, area: Rect) {
        let style = self.theme.selected();
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area.
    pub(super) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    /// Draws a frame with a title, and gives what is inside.
    pub(super) fn frame(&mut self, area: Rect, title: &str) -> Rect {
        self.clear(area);
        let (corners, line, side) = if self.theme.is_ascii() {
            (["+"; 4], "-", "|")
        } else {
            (["╭", "╮", "╰", "╯"], "─", "│")
        };
        let style = self.theme.style(Tone::Dim);
        if area.width < 4 || area.height < 3 {
            return area;
        }
        let across = line.repeat(usize::from(area.width - 2));
        for (y, left, right) in
            [(area.top(), corners[0], corners[1]), (area.bottom() - 1, corners[2], corners[3])]
        {
            self.styled(Rect { y, height: 1, ..area }, &format!("{left}{across}{right}"), style);
        }
        for y in area.top() + 1..area.bottom() - 1 {
            self.styled(Rect { y, height: 1, width: 1, ..area }, side, style);
            self.styled(Rect { x: area.right() - 1, y, height: 1, width: 1 }, side, style);
        }
        let line = Rect { x: area.x + 2, width: area.width - 4, height: 1, ..area };
        if !title.is_empty() {
            self.text(line, &format!(" {title} "), Tone::Strong);
        }
        Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
    }
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// A text that takes so many columns at most.
pub(super) fn cut(text: &str, most: u16, ascii: bool) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mark = if ascii { "~" } else { "…" };
    let mut shown = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += width(c.encode_utf8(&mut [0; 4]));
        if taken > most {
            break;
        }
        shown.push(c);
    }
    shown + mark
}

/// The end of a text, which takes so many columns at most.
pub(super) fn cut_left(text: &str, most: u16, ascii: bool) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mark = if ascii { "~" } else { "…" };
    let (mut taken, mut from) = (1, text.len());
    for (at, c) in text.char_indices().rev() {
        taken += width(c.encode_utf8(&mut [0; 4]));
        if taken > most {
            break;
        }
        from = at;
    }
    format!("{mark}{}", &text[from..])
}
