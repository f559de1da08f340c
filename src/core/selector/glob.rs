//! Patterns with `*` (any characters) and `?` (one character).

/// The most steps that one comparison may take, besides a few for each character of the text.
const MOST_STEPS: usize = 64 * 1024;

/// Whether a whole text is as the pattern says; `None` when that takes too many steps to tell: at worst as many as the
/// product of their lengths.
#[must_use]
pub fn matches(text: &str, pattern: &str) -> Option<bool> {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
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
            Some('*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[at] => {
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
    Some(pattern[in_pattern..].iter().all(|rest| *rest == '*'))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_that_would_take_long_is_given_up() {
        assert_eq!(matches(&"a".repeat(250), &format!("{}*", "*a".repeat(100))), Some(true));
        let costly = format!("*{}b", "a".repeat(500));
        assert_eq!(matches(&"a".repeat(60_000), &costly), None);
    }
}
