//! [`Level`]: how much a line of a log matters, as the line itself says.

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tui) enum Level {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
    /// Nothing goes on after it.
    Fatal,
}

/// Bytes in which a level is looked for.
const HEAD: usize = 200;

/// The words that say a level in every spelling: with a key, in brackets, in capitals.
const WORDS: [(&str, Level); 24] = [
    ("trace", Level::Trace),
    ("trc", Level::Trace),
    ("trce", Level::Trace),
    ("debug", Level::Debug),
    ("dbg", Level::Debug),
    ("dbug", Level::Debug),
    ("info", Level::Info),
    ("inf", Level::Info),
    ("information", Level::Info),
    ("notice", Level::Info),
    ("warn", Level::Warn),
    ("warning", Level::Warn),
    ("wrn", Level::Warn),
    ("error", Level::Error),
    ("err", Level::Error),
    ("fail", Level::Error),
    ("severe", Level::Error),
    ("fatal", Level::Fatal),
    ("ftl", Level::Fatal),
    ("critical", Level::Fatal),
    ("crit", Level::Fatal),
    ("panic", Level::Fatal),
    ("alert", Level::Fatal),
    ("emerg", Level::Fatal),
];

/// The keys before a level.
const KEYS: [&str; 5] = ["level", "lvl", "severity", "loglevel", "levelname"];

impl Level {
    /// The level as the place line says it.
    pub(in crate::tui) const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The least level that is shown after this one; all are after the last.
    pub(in crate::tui) const fn next(least: Option<Self>) -> Option<Self> {
        match least {
            None => Some(Self::Debug),
            Some(Self::Trace | Self::Debug) => Some(Self::Info),
            Some(Self::Info) => Some(Self::Warn),
            Some(Self::Warn) => Some(Self::Error),
            Some(Self::Error | Self::Fatal) => None,
        }
    }

    /// The level that the beginning of a line says: `level=warn`, `"level":"error"`, `"level":50`, `[WARN]`, `W0102 `,
    /// ` ERROR `, `warning: `. A key counts for more than a word before it.
    pub(in crate::tui) fn of(line: &str) -> Option<Self> {
        let head = &line.as_bytes()[..line.len().min(HEAD)];
        if let Some(level) = glog(head) {
            return Some(level);
        }
        let (mut loose, mut keyed, mut at) = (None, false, 0);
        while at < head.len() {
            if keyed && head[at].is_ascii_digit() {
                if let Some(level) = numbered(&head[at..]) {
                    return Some(level);
                }
                keyed = false;
            }
            if !head[at].is_ascii_alphabetic() {
                keyed = keyed && matches!(head[at], b'"' | b'\'' | b'=' | b':' | b' ' | b'[');
                at += 1;
                continue;
            }
            let length = head[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let (from, to) = (at, at + length);
            let word = &head[from..to];
            at = to;
            let level = named(word);
            if keyed && level.is_some() {
                return level;
            }
            if loose.is_none() {
                loose = level.filter(|_| stands_out(head, from, to)).or_else(|| postgres(head, from, to));
            }
            keyed = is_key(word) && matches!(head.get(to), Some(b'"' | b'\'' | b'=' | b':'));
        }
        loose
    }
}

fn named(word: &[u8]) -> Option<Level> {
    let found = WORDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word));
    found.map(|(_, level)| *level)
}

fn is_key(word: &[u8]) -> bool {
    KEYS.iter().any(|key| key.as_bytes().eq_ignore_ascii_case(word))
}

/// Whether a word is a level and no part of a sentence: in brackets, in capitals by itself, or first with a colon.
fn stands_out(head: &[u8], from: usize, to: usize) -> bool {
    let before = from.checked_sub(1).map(|at| head[at]);
    let behind = head.get(to).copied();
    let ends =
        matches!(behind, None | Some(b' ' | b':' | b'|' | b']' | b')' | b'>' | b'!' | b',' | b'\t' | b'"'));
    if !ends {
        return false;
    }
    let in_brackets = {
        let opened = head[..from].iter().rev().find(|byte| **byte != b' ') == Some(&b'[');
        let closed = head[to..].iter().find(|byte| **byte != b' ') == Some(&b']');
        opened && closed
    };
    let in_capitals = head[from..to].iter().all(u8::is_ascii_uppercase)
        && matches!(
            before,
            None | Some(b' ' | b'|' | b':' | b'-' | b'<' | b'(' | b'[' | b'.' | b'\t' | b'"')
        );
    in_brackets || in_capitals || (from == 0 && behind == Some(b':'))
}

/// `LOG:` is how PostgreSQL says info.
fn postgres(head: &[u8], from: usize, to: usize) -> Option<Level> {
    let is = &head[from..to] == b"LOG" && head.get(to) == Some(&b':') && from > 0 && head[from - 1] == b' ';
    is.then_some(Level::Info)
}

/// A letter, the month and the day: `W0102 10:11:12`.
fn glog(head: &[u8]) -> Option<Level> {
    let (first, day, behind) = (head.first()?, head.get(1..5)?, head.get(5)?);
    if *behind != b' ' || !day.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match first {
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warn),
        b'E' => Some(Level::Error),
        b'F' => Some(Level::Fatal),
        _ => None,
    }
}

/// The levels of pino and bunyan.
fn numbered(text: &[u8]) -> Option<Level> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match &text[..digits] {
        b"10" => Some(Level::Trace),
        b"20" => Some(Level::Debug),
        b"30" => Some(Level::Info),
        b"40" => Some(Level::Warn),
        b"50" => Some(Level::Error),
        b"60" => Some(Level::Fatal),
        _ => None,
    }
}
