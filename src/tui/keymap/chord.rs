//! [`Chord`]: a key with what is held down beside it, as people write it: `ctrl-x`, `alt-left`, `G`, `space`.

use std::{fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key and its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

#[cfg(test)]
impl Chord {
    /// The event of this key.
    pub(in crate::tui) fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }
}

const NAMED: [(&str, KeyCode); 15] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

const HELD: [(&str, KeyModifiers); 3] =
    [("ctrl", KeyModifiers::CONTROL), ("alt", KeyModifiers::ALT), ("shift", KeyModifiers::SHIFT)];

impl From<KeyEvent> for Chord {
    /// A letter's case says whether Shift was held.
    fn from(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(c) => {
                modifiers.remove(KeyModifiers::SHIFT);
                // Terminals send Ctrl with either case.
                KeyCode::Char(if modifiers.contains(KeyModifiers::CONTROL) {
                    c.to_ascii_lowercase()
                } else {
                    c
                })
            }
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            // Ctrl-Space arrives as the zero byte.
            KeyCode::Null => {
                modifiers |= KeyModifiers::CONTROL;
                KeyCode::Char(' ')
            }
            code => code,
        };
        Self { code, modifiers }
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "'{text}' is not a key; expected a character, or such as ctrl-x, alt-left, f5, space, pageup"
            )
        };
        let (mut rest, mut modifiers) = (text, KeyModifiers::NONE);
        while let Some((modifier, behind)) = HELD.iter().find_map(|(name, modifier)| {
            let behind = rest.strip_prefix(name)?.strip_prefix('-')?;
            (!behind.is_empty()).then_some((*modifier, behind))
        }) {
            modifiers |= modifier;
            rest = behind;
        }
        let mut characters = rest.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => match NAMED.iter().find(|(name, _)| *name == rest) {
                Some((_, code)) => *code,
                None => {
                    let number: Option<u8> = rest.strip_prefix('f').and_then(|number| number.parse().ok());
                    KeyCode::F(number.filter(|number| (1..=24).contains(number)).ok_or_else(unknown)?)
                }
            },
        };
        Ok(Self::from(KeyEvent::new(code, modifiers)))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, modifier) in HELD {
            if self.modifiers.contains(modifier) {
                write!(f, "{name}-")?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            other => write!(f, "{other:?}"),
        }
    }
}
