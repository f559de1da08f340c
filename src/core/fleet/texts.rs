//! [`Texts`]: equal texts of a fleet's records, held once.

use std::{collections::HashSet, sync::Arc};

/// Sweeps are not worth their time below so many texts.
const SMALL: usize = 1024;

/// The texts that records share. A text that no record holds any more goes with the next sweep.
#[derive(Debug, Default)]
pub(super) struct Texts {
    known: HashSet<Arc<str>>,
    /// How many there may be before the next sweep: twice as many as the last one left.
    sweep_at: usize,
}

impl Texts {
    /// Puts the known text in place of an equal one.
    pub(super) fn share(&mut self, text: &mut Arc<str>) {
        if let Some(known) = self.known.get(text) {
            text.clone_from(known);
            return;
        }
        if self.known.len() >= self.sweep_at.max(SMALL) {
            self.known.retain(|text| Arc::strong_count(text) > 1);
            self.sweep_at = self.known.len() * 2;
        }
        self.known.insert(text.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_held_once_and_forgotten_texts_go() {
        let mut texts = Texts::default();
        let mut first: Arc<str> = "nginx:1.29".into();
        texts.share(&mut first);
        let mut second: Arc<str> = "nginx:1.29".into();
        texts.share(&mut second);
        assert!(Arc::ptr_eq(&first, &second));
        for number in 0..10 * SMALL {
            texts.share(&mut number.to_string().into());
        }
        assert!(texts.known.len() <= SMALL + 1, "{} texts are held", texts.known.len());
        assert!(texts.known.contains("nginx:1.29"));
    }
}
