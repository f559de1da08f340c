//! [`Redactor`]: takes secrets out of what a program prints, also where a secret comes in two parts.

/// What stands in place of a secret.
const REDACTED: &[u8] = b"[redacted]";
/// Shorter secrets stand in too much that is none.
const SHORTEST: usize = 4;

/// Takes secrets out of one stream.
#[derive(Clone, Debug)]
pub(super) struct Redactor {
    /// The longest first, so that one that begins like another is taken whole.
    secrets: Vec<Vec<u8>>,
    /// Whether a secret begins with a byte.
    begins: [bool; 256],
    /// What may be the beginning of a secret.
    held: Vec<u8>,
}

impl Redactor {
    /// `None` when there is nothing to take out.
    pub(super) fn new(secrets: &[&str]) -> Option<Self> {
        let mut secrets: Vec<Vec<u8>> = secrets
            .iter()
            .filter(|secret| secret.len() >= SHORTEST)
            .map(|secret| secret.as_bytes().to_vec())
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut begins = [false; 256];
        for secret in &secrets {
            begins[usize::from(secret[0])] = true;
        }
        (!secrets.is_empty()).then_some(Self { secrets, begins, held: Vec::new() })
    }

    /// What may be shown so far.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut data = std::mem::take(&mut self.held);
        data.extend(bytes);
        let (shown, rest) = self.scan(&data, true);
        self.held = data.split_off(rest);
        shown
    }

    /// The rest, when nothing more comes.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let data = std::mem::take(&mut self.held);
        self.scan(&data, false).0
    }

    /// What may be shown of the data, and where what may be the beginning of a secret begins.
    fn scan(&self, data: &[u8], more: bool) -> (Vec<u8>, usize) {
        let mut shown = Vec::with_capacity(data.len());
        let (mut from, mut at) = (0, 0);
        while at < data.len() {
            let rest = &data[at..];
            if !self.begins[usize::from(rest[0])] {
                at += 1;
                continue;
            }
            if more && self.secrets.iter().any(|secret| secret.len() > rest.len() && secret.starts_with(rest))
            {
                break;
            }
            match self.secrets.iter().find(|secret| rest.starts_with(secret)) {
                Some(secret) => {
                    shown.extend(&data[from..at]);
                    shown.extend(REDACTED);
                    at += secret.len();
                    from = at;
                }
                None => at += 1,
            }
        }
        shown.extend(&data[from..at]);
        (shown, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secrets: &[&str], parts: &[&str]) -> String {
        let Some(mut redactor) = Redactor::new(secrets) else { return parts.concat() };
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| redactor.feed(part.as_bytes())).collect();
        bytes.extend(redactor.finish());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_secret_is_not_shown_however_it_is_cut() {
        let text = "key=hunter22 and hunter2, hunter22hunter22";
        for cut in 0..=text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(
                shown(&["hunter22"], &[one, two]),
                "key=[redacted] and hunter2, [redacted][redacted]",
                "cut at {cut}"
            );
        }
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(shown(&["hunter22"], &letters), "key=[redacted] and hunter2, [redacted][redacted]");
    }

    #[test]
    fn of_secrets_that_begin_alike_the_longest_is_taken() {
        assert_eq!(shown(&["pass", "password"], &["passw", "ord pass"]), "[redacted] [redacted]");
        assert_eq!(shown(&["pass", "password"], &["passw", "ork"]), "[redacted]work");
        assert_eq!(shown(&["aaab"], &["aaaa", "ab aab"]), "aa[redacted] aab");
    }

    #[test]
    fn short_secrets_are_left_alone() {
        assert_eq!(shown(&["abc"], &["abc"]), "abc");
    }
}
