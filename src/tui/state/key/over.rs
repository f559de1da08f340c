//! What keys do to the overlay that has them: palette, filter, help, question, columns, file name.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    super::{
        State,
        list::Filter,
        overlay::{Overlay, Question},
        palette::Palette,
        prompt::Prompt,
    },
    scrolled,
};
use crate::tui::{effect::Effect, keymap::Chord, theme::Tone, view};

impl State {
    /// Takes a key while an overlay has them; the overlay was taken off and is laid on again unless it is over.
    pub(super) fn over(&mut self, overlay: Overlay, key: KeyEvent) -> Vec<Effect> {
        let leaves = key.code == KeyCode::Esc || (held(key) && key.code == KeyCode::Char('c'));
        match overlay {
            Overlay::Palette(palette) => self.over_palette(palette, key, leaves),
            Overlay::Filter { prompt, expression, before } => {
                self.over_filter(prompt, expression, before, key, leaves)
            }
            Overlay::Help { top } => {
                let closes = leaves || matches!(key.code, KeyCode::Enter | KeyCode::Char('q' | '?'));
                if closes {
                    return Vec::new();
                }
                let act = self.keymap.act(Chord::from(key), &self.scopes());
                let lines = view::help::lines(self);
                let most = lines.saturating_sub(self.size.1.saturating_sub(4));
                let top = act.map_or(top, |act| scrolled(top, act, self.size.1)).min(most);
                self.lay(Overlay::Help { top })
            }
            Overlay::Confirm(question) => self.over_question(question, key, leaves),
            Overlay::Columns { cursor } => self.over_columns(cursor, key, leaves),
            Overlay::Save(mut prompt) => {
                if leaves {
                    return Vec::new();
                }
                if key.code == KeyCode::Enter {
                    let path = prompt.text().to_owned();
                    return vec![Effect::Save { path, text: self.logs.text() }];
                }
                typed(&mut prompt, key);
                self.lay(Overlay::Save(prompt))
            }
        }
    }

    fn over_palette(&mut self, mut palette: Palette, key: KeyEvent, leaves: bool) -> Vec<Effect> {
        if leaves {
            return Vec::new();
        }
        match key.code {
            KeyCode::Enter => return palette.chosen().map_or_else(Vec::new, |act| self.act(act)),
            KeyCode::Up => palette.step(-1),
            KeyCode::Down | KeyCode::Tab => palette.step(1),
            KeyCode::Char('p') if held(key) => palette.step(-1),
            KeyCode::Char('n') if held(key) => palette.step(1),
            _ => match typed(&mut palette.prompt, key) {
                Typed::Changed => palette.find(),
                Typed::Beyond => return Vec::new(),
                Typed::Moved => {}
            },
        }
        self.lay(Overlay::Palette(palette))
    }

    fn over_filter(
        &mut self,
        mut prompt: Prompt,
        mut expression: bool,
        before: Filter,
        key: KeyEvent,
        leaves: bool,
    ) -> Vec<Effect> {
        if leaves {
            return self.filter_by(before);
        }
        let is_list = self.list().is_some();
        let changed = match key.code {
            KeyCode::Enter => {
                return if expression {
                    self.filter_by(Filter { text: prompt.text().to_owned(), expression })
                } else {
                    Vec::new()
                };
            }
            KeyCode::Tab if is_list => {
                expression = !expression;
                true
            }
            // Rows can be walked through while they are looked for.
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                let act = self.keymap.act(Chord::from(key), &self.scopes());
                self.overlay = Some(Overlay::Filter { prompt, expression, before });
                return act.map_or_else(Vec::new, |act| self.move_to(act));
            }
            _ => match typed(&mut prompt, key) {
                Typed::Changed => true,
                Typed::Beyond => return self.filter_by(Filter::default()),
                Typed::Moved => false,
            },
        };
        // Words are looked for as they are typed; an expression, which mostly is none before it is whole, with Enter.
        let applies = changed && !expression;
        self.overlay = Some(Overlay::Filter { prompt, expression, before });
        if applies { self.filtered() } else { Vec::new() }
    }

    fn over_question(&mut self, mut question: Question, key: KeyEvent, leaves: bool) -> Vec<Effect> {
        if leaves {
            self.say(Tone::Dim, "nothing was done");
            return Vec::new();
        }
        if question.word.is_none() {
            return match key.code {
                KeyCode::Char('y' | 'Y') => self.commit(question),
                KeyCode::Char('n' | 'N' | 'q') => {
                    self.say(Tone::Dim, "nothing was done");
                    Vec::new()
                }
                _ => self.lay(Overlay::Confirm(question)),
            };
        }
        if key.code == KeyCode::Enter && question.is_answered() {
            return self.commit(question);
        }
        typed(&mut question.prompt, key);
        self.lay(Overlay::Confirm(question))
    }

    fn over_columns(&mut self, cursor: usize, key: KeyEvent, leaves: bool) -> Vec<Effect> {
        if leaves || matches!(key.code, KeyCode::Enter | KeyCode::Char('q')) {
            return Vec::new();
        }
        let choices = self.column_choices();
        let last = choices.len().saturating_sub(1);
        let mut cursor = cursor.min(last);
        let mut effects = Vec::new();
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => cursor = cursor.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => cursor = (cursor + 1).min(last),
            KeyCode::Char(' ' | 'x') => effects = self.toggle_column(&choices, cursor),
            KeyCode::Left | KeyCode::Char('h') => effects = self.move_column(&choices, &mut cursor, -1),
            KeyCode::Right | KeyCode::Char('l') => effects = self.move_column(&choices, &mut cursor, 1),
            _ => {}
        }
        self.overlay = Some(Overlay::Columns { cursor });
        effects
    }
}

/// What a key did to a line.
enum Typed {
    Changed,
    Moved,
    /// There was nothing left to take away.
    Beyond,
}

fn held(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL)
}

fn typed(prompt: &mut Prompt, key: KeyEvent) -> Typed {
    match key.code {
        KeyCode::Char('u') if held(key) => prompt.clear(),
        KeyCode::Char('w') if held(key) => prompt.delete_word(),
        KeyCode::Char('a') if held(key) => {
            prompt.step(isize::MIN);
            return Typed::Moved;
        }
        KeyCode::Char('e') if held(key) => {
            prompt.step(isize::MAX);
            return Typed::Moved;
        }
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            prompt.insert(c.encode_utf8(&mut [0; 4]));
        }
        KeyCode::Backspace => {
            if !prompt.backspace() {
                return Typed::Beyond;
            }
        }
        KeyCode::Delete => prompt.delete(),
        KeyCode::Left => {
            prompt.step(-1);
            return Typed::Moved;
        }
        KeyCode::Right => {
            prompt.step(1);
            return Typed::Moved;
        }
        KeyCode::Home => {
            prompt.step(isize::MIN);
            return Typed::Moved;
        }
        KeyCode::End => {
            prompt.step(isize::MAX);
            return Typed::Moved;
        }
        _ => return Typed::Moved,
    }
    Typed::Changed
}
