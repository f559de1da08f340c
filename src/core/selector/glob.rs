//! Patterns with `*` (any characters) and `?` (one character).

/// The most steps that one comparison may take, besides a few for each character of the text.
const MOST_STEPS: usize = 64 * 1024;

/// A pattern that is compared with many texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// It has neither `*` nor `?`.
    is_name: bool,
}

impl Pattern {
    /// Reads one; every text is a pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), is_name: !text.contains(['*', '?']) }
    }

    /// Whether a whole text is as the pattern says; `None` when that [takes too many steps](matches()) to tell.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<bool> {
        if self.is_name { Some(text == self.text) } else { matches(text, &self.text) }
    }
}

/// Whether a whole text is as the pattern says; `None` when that takes too many steps to tell: at worst as many as the
/// product of their lengths.
#[must_use]
pub fn matches(text: &str, pattern: &str) -> Option<bool> {
    if text.is_ascii() && pattern.is_ascii() {
        return compared(text.as_bytes(), pattern.as_bytes(), b'*', b'?');
    }
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    compared(&text, &pattern, '*', '?')
}

fn compared<T: Copy + PartialEq>(text: &[T], pattern: &[T], many: T, single: T) -> Option<bool> {
    let (mut at, mut in_pattern, mut steps) = (0, 0, 0);
    // Where the last star stands, and the text that it may still swallow.
    let mut star: Option<(usize, usize)> = None;
    let most = MOST_STEPS + 4 * text.len();
    while at < text.len() {
        steps += 1;
        if steps > most {
            return None;
        }
        match pattern.get(in_pattern) {
            Some(wanted) if *wanted == many => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == single || *wanted == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let Some((place, swallowed)) = star else { return Some(false) };
                star = Some((place, swallowed + 1));
                at = swallowed + 1;
                in_pattern = place + 1;
            }
        }
    }
    Some(pattern[in_pattern..].iter().all(|rest| *rest == many))
}

#[cfg(test)]
mod tests {
    use super::{Pattern, matches};

    #[test]
    fn a_pattern_says_the_same_of_letters_of_one_byte_and_of_many() {
        for (text, pattern, is_like) in [
            ("web-1", "web-?", true),
            ("web-10", "web-?", false),
            ("web-1", "web-1", true),
            ("web-1", "web", false),
            ("", "*", true),
            ("nürnberg", "n?rnberg", true),
            ("nürnberg", "n??rnberg", false),
            ("nurnberg", "*ü*", false),
        ] {
            assert_eq!(matches(text, pattern), Some(is_like), "{text} {pattern}");
            assert_eq!(Pattern::new(pattern).matches(text), Some(is_like), "{text} {pattern}");
        }
    }

    #[test]
    fn a_pattern_that_would_take_long_is_given_up() {
        assert_eq!(matches(&"a".repeat(250), &format!("{}*", "*a".repeat(100))), Some(true));
        let costly = format!("*{}b", "a".repeat(500));
        assert_eq!(matches(&"a".repeat(60_000), &costly), None);
    }
}
