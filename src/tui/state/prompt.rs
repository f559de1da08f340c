//! [`Prompt`]: a line that is typed.

/// A line and the cursor in it, counted in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) struct Prompt {
    text: String,
    cursor: usize,
}

impl Prompt {
    /// A line with its cursor at the end.
    pub(in crate::tui) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.chars().count() }
    }

    /// What was typed.
    pub(in crate::tui) fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, in characters.
    pub(in crate::tui) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Types text; what a line cannot hold is left out.
    pub(in crate::tui) fn insert(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let at = self.byte(self.cursor);
        self.text.insert_str(at, &text);
        self.cursor += text.chars().count();
    }

    /// Takes away the character before the cursor; says whether there was one.
    pub(in crate::tui) fn backspace(&mut self) -> bool {
        let Some(before) = self.cursor.checked_sub(1) else { return false };
        self.text.remove(self.byte(before));
        self.cursor = before;
        true
    }

    /// Takes away the character under the cursor.
    pub(in crate::tui) fn delete(&mut self) {
        let at = self.byte(self.cursor);
        if at < self.text.len() {
            self.text.remove(at);
        }
    }

    /// Takes away the word before the cursor.
    pub(in crate::tui) fn delete_word(&mut self) {
        let before: String = self.text.chars().take(self.cursor).collect();
        let kept = before.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let kept = before[..kept].chars().count();
        self.text = self.text.chars().take(kept).chain(self.text.chars().skip(self.cursor)).collect();
        self.cursor = kept;
    }

    /// Takes away everything.
    pub(in crate::tui) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Moves the cursor by characters.
    pub(in crate::tui) fn step(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.text.chars().count());
    }

    fn byte(&self, character: usize) -> usize {
        self.text.char_indices().nth(character).map_or(self.text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests;
