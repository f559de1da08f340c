//! [`Palette`]: every act that is legal here, found by a few letters of its name.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::{super::keymap::Act, prompt::Prompt};

/// Acts that make no sense as a choice: they move within what the palette covers.
const MOVES: [Act; 9] = [
    Act::Up,
    Act::Down,
    Act::PageUp,
    Act::PageDown,
    Act::Left,
    Act::Right,
    Act::Palette,
    Act::Top,
    Act::Bottom,
];

/// What was typed and what fits it.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Palette {
    pub(in crate::tui) prompt: Prompt,
    /// What is legal here.
    offered: Vec<Act>,
    /// What fits, the best first.
    pub(in crate::tui) found: Vec<Act>,
    pub(in crate::tui) cursor: usize,
}

impl Palette {
    /// All acts of a place.
    pub(in crate::tui) fn new(legal: impl Iterator<Item = Act>) -> Self {
        let offered: Vec<Act> = legal.filter(|act| !MOVES.contains(act)).collect();
        Self { prompt: Prompt::default(), found: offered.clone(), offered, cursor: 0 }
    }

    /// Finds what fits what was typed.
    pub(in crate::tui) fn find(&mut self) {
        self.cursor = 0;
        if self.prompt.text().trim().is_empty() {
            self.found.clone_from(&self.offered);
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(self.prompt.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut score = |act: Act| {
            let mut characters = Vec::new();
            let word = pattern.score(Utf32Str::new(act.word(), &mut characters), &mut matcher);
            let about = pattern.score(Utf32Str::new(act.about(), &mut characters), &mut matcher);
            // The name counts before what is said of it, and a whole name before all.
            let whole = u32::from(act.word() == self.prompt.text().trim()) * 1000;
            word.map(|score| score * 2 + whole).max(about)
        };
        let mut found: Vec<(u32, Act)> =
            self.offered.iter().filter_map(|act| score(*act).map(|score| (score, *act))).collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.found = found.into_iter().map(|(_, act)| act).collect();
    }

    /// Moves the cursor.
    pub(in crate::tui) fn step(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.found.len().saturating_sub(1));
    }

    /// What is chosen.
    pub(in crate::tui) fn chosen(&self) -> Option<Act> {
        self.found.get(self.cursor).copied()
    }
}
