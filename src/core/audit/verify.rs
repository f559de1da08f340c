//! Verifying an export: every entry by its own hash, every entry by the one before, the whole by the heads that were given
//! away. Pieces of an export are checked apart ([`check`]) and joined in their order ([`Verification`]).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{ChainHead, Restored, Told, base::SignedBase, hash_of, head::SignedHead, line, told_by};
use crate::{core::digest::hex, id::ServerId};

/// How many places of a kind are kept of a broken log; the rest is counted.
const MOST: usize = 64;

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tampering {
    /// An entry was changed.
    Edited,
    /// Entries are missing between others.
    Deleted,
    /// Two entries took each other's place.
    Swapped,
    /// An entry does not follow the one before it.
    Unlinked,
    /// A line is not an entry.
    Unreadable,
    /// The log ends before an entry that a head knows.
    CutOff,
    /// The log was cut off and went on with new entries.
    CutAndContinued,
    /// Entries were changed, and the hashes after them made to fit.
    Rewritten,
    /// A head's signature does not hold, or is by a key that is not trusted.
    ForgedHead,
    /// An entry tells of a restore at a time when it was there already.
    Misdated,
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub kind: Tampering,
    /// The first entry that is concerned.
    pub number: u64,
    /// The last, or the other of two.
    pub to: Option<u64>,
    /// The same in words.
    pub detail: String,
}

/// A head that the log is held against.
#[derive(Clone, Debug)]
pub struct Witnessed {
    /// The head.
    pub head: SignedHead,
    /// Who kept it, `web-1.jsonl` or `agents`.
    pub by: String,
    /// Why its signature is not believed, when it is not.
    pub doubt: Option<String>,
}

/// An entry that does not fit its hash.
#[derive(Clone, Debug)]
struct Broken {
    number: u64,
    previous: [u8; 32],
    hash: [u8; 32],
    text: Vec<u8>,
}

/// A place where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Break {
    Gap { after: u64, number: u64 },
    Order { after: u64, number: u64 },
    Unlinked { number: u64 },
    Unreadable { after: u64 },
}

/// What is remembered of an entry that a head names.
#[derive(Clone, Copy, Debug)]
struct Seen {
    hash: [u8; 32],
    time: Option<Timestamp>,
}

/// What a log has in the place that a head names.
enum Place {
    /// It was trimmed.
    Before,
    /// This, or nothing.
    Here(Option<Seen>),
}

/// What was found in some lines of an export.
#[derive(Debug, Default)]
pub struct Piece {
    /// The first entry's number and the hash that it follows.
    first: Option<(u64, [u8; 32])>,
    /// Where its chain ends.
    last: Option<ChainHead>,
    entries: u64,
    broken: Vec<Broken>,
    breaks: Vec<Break>,
    unkept: u64,
    seen: Vec<(u64, Seen)>,
    restored: Vec<Restored>,
    /// Where the log was trimmed to, as entries tell.
    trimmed: Vec<ChainHead>,
    /// Lines that are no entries, with the number of the entry before each.
    others: Vec<(u64, Vec<u8>)>,
}

/// Checks whole lines. `watched` are the numbers that heads name.
#[must_use]
pub fn check(server: ServerId, lines: &[u8], watched: &BTreeSet<u64>) -> Piece {
    let mut piece = Piece::default();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Some(entry) = line::read(line) else {
            let after = piece.last.map_or(0, |last| last.number);
            if piece.others.len() < MOST {
                piece.others.push((after, line[..line.len().min(1024)].to_vec()));
            } else {
                piece.unkept += 1;
            }
            continue;
        };
        let line::EntryLine { number, previous, hash, text } = entry;
        match piece.last {
            None => piece.first = Some((number, previous)),
            Some(last) => {
                if let Some(found) = follows(last, number, &previous) {
                    piece.breaks_at(found);
                }
            }
        }
        if hash_of(server, number, &previous, text) != hash {
            if piece.broken.len() < MOST {
                piece.broken.push(Broken { number, previous, hash, text: text.to_vec() });
            } else {
                piece.unkept += 1;
            }
        }
        if watched.contains(&number) {
            piece.seen.push((number, Seen { hash, time: time_of(text) }));
        }
        match told_by(text) {
            Some(Told::Restored(time)) => piece.restored.push(Restored { number, time }),
            Some(Told::Trimmed(to)) => piece.trimmed.push(to),
            None => {}
        }
        piece.last = Some(ChainHead { number, hash });
        piece.entries += 1;
    }
    piece
}

impl Piece {
    fn breaks_at(&mut self, found: Break) {
        if self.breaks.len() < MOST {
            self.breaks.push(found);
        } else {
            self.unkept += 1;
        }
    }
}

/// What is wrong between an entry and the one before it.
fn follows(last: ChainHead, number: u64, previous: &[u8; 32]) -> Option<Break> {
    match last.number.checked_add(1) {
        Some(wanted) if number == wanted => (*previous != last.hash).then_some(Break::Unlinked { number }),
        Some(wanted) if number > wanted => Some(Break::Gap { after: last.number, number }),
        _ => Some(Break::Order { after: last.number, number }),
    }
}

/// The time of an entry, from its first field.
fn time_of(text: &[u8]) -> Option<Timestamp> {
    let rest = text.strip_prefix(br#"{"time":""#)?;
    let end = rest.iter().take(40).position(|byte| *byte == b'"')?;
    str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

/// What came of verifying a log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Whose log it is.
    pub server: ServerId,
    /// How many entries there were.
    pub entries: u64,
    /// The first entry's number.
    pub first: Option<u64>,
    /// The last entry's number.
    pub last: Option<u64>,
    /// The last entry's hash.
    pub hash: Option<String>,
    /// The entry that the log goes on from, when its beginning was trimmed.
    pub base: Option<u64>,
    /// Whether it is an archive of what was trimmed, and not the log itself.
    pub archive: bool,
    /// How many heads it was held against.
    pub heads: u64,
    /// The newest of them that is in the log.
    pub newest_head: Option<u64>,
    /// Heads of entries before the first, which only an earlier export can be held against.
    pub heads_before: u64,
    /// Entries that tell of a restore.
    pub restores: Vec<u64>,
    /// What is not wrong but must be known.
    pub notes: Vec<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// What an export says of itself before its entries.
#[derive(Clone, Debug)]
pub struct Extent {
    /// Whose log it is.
    pub server: ServerId,
    /// When it was made.
    pub time: Timestamp,
    /// The server's word, proven, that it trimmed what came before.
    pub base: Option<SignedBase>,
    /// Whether it is an archive of what was trimmed.
    pub archive: bool,
}

/// A log that is being verified.
#[derive(Debug)]
pub struct Verification {
    extent: Extent,
    first: Option<u64>,
    last: ChainHead,
    entries: u64,
    broken: Vec<Broken>,
    breaks: Vec<Break>,
    unkept: u64,
    seen: BTreeMap<u64, Seen>,
    restored: Vec<Restored>,
    trimmed: Vec<ChainHead>,
    others: Vec<(u64, Vec<u8>)>,
}

impl Verification {
    /// Begins after the base.
    #[must_use]
    pub fn new(extent: Extent) -> Self {
        Self {
            first: None,
            last: extent.base.as_ref().map(|base| base.chain).unwrap_or_default(),
            extent,
            entries: 0,
            broken: Vec::new(),
            breaks: Vec::new(),
            unkept: 0,
            seen: BTreeMap::new(),
            restored: Vec::new(),
            trimmed: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Joins the next piece.
    pub fn add(&mut self, mut piece: Piece) {
        if let Some((number, previous)) = piece.first {
            self.first.get_or_insert(number);
            if let Some(found) = follows(self.last, number, &previous) {
                self.breaks.push(found);
            }
        }
        for (after, _) in &mut piece.others {
            *after = (*after).max(self.last.number);
        }
        self.last = piece.last.unwrap_or(self.last);
        self.entries += piece.entries;
        self.unkept += piece.unkept;
        self.seen.extend(piece.seen);
        self.restored.extend(piece.restored);
        self.trimmed.extend(piece.trimmed);
        self.broken.append(&mut piece.broken);
        self.breaks.append(&mut piece.breaks);
        self.others.append(&mut piece.others);
        // A log that is broken everywhere must not fill the memory.
        for count in [self.broken.len(), self.breaks.len(), self.others.len()] {
            self.unkept += count.saturating_sub(MOST) as u64;
        }
        self.broken.truncate(MOST);
        self.breaks.truncate(MOST);
        self.others.truncate(MOST);
    }

    /// The lines that are no entries, each with the number of the entry before it. Whoever reads the export takes those that
    /// belong there; what is left is not readable.
    pub fn others(&mut self) -> Vec<Vec<u8>> {
        let others = std::mem::take(&mut self.others);
        let is_object = |line: &[u8]| line.starts_with(br#"{"type":"end""#);
        for (after, _) in others.iter().filter(|(_, line)| !is_object(line)) {
            self.breaks.push(Break::Unreadable { after: *after });
        }
        others.into_iter().map(|(_, line)| line).filter(|line| is_object(line)).collect()
    }

    /// Judges the whole by the heads.
    #[must_use]
    pub fn finish(self, heads: &[Witnessed]) -> Report {
        let mut findings = self.in_itself();
        findings.extend(self.untold_base());
        let mut notes = Vec::new();
        let held = self.held(heads);
        let restores = self.restores(&held, &mut findings);
        let heads_before = self.by_heads(heads, &held, &restores, &mut findings, &mut notes);
        if self.unkept > 0 {
            notes.push(format!("{} further places are not listed", self.unkept));
        }
        for restored in &restores {
            notes.push(format!(
                "entry {} tells that the server was restored from a backup at {}; ask whoever did that",
                restored.number, restored.time
            ));
        }
        findings.sort_by_key(|finding| (finding.number, finding.kind));
        Report {
            server: self.extent.server,
            entries: self.entries,
            first: self.first,
            last: (self.entries > 0).then_some(self.last.number),
            hash: (self.entries > 0).then(|| hex(&self.last.hash)),
            base: self.base().map(|base| base.number),
            archive: self.extent.archive,
            heads: heads.len() as u64,
            newest_head: held.keys().next_back().copied(),
            heads_before,
            restores: restores.iter().map(|restored| restored.number).collect(),
            notes,
            findings,
        }
    }

    fn base(&self) -> Option<ChainHead> {
        self.extent.base.as_ref().map(|base| base.chain)
    }

    /// A log that goes on from a base tells itself that it was trimmed to there: that entry is written with the base, and
    /// stays until the log is trimmed beyond it, to a base with an entry of its own. An archive may end before it.
    fn untold_base(&self) -> Option<Finding> {
        let base = self.base().filter(|base| !self.extent.archive && !self.trimmed.contains(base))?;
        let number = base.number;
        let detail = format!("entries 1 to {number} are gone, and no entry tells that they were trimmed");
        Some(Finding { kind: Tampering::Deleted, number: 1, to: Some(number), detail })
    }

    /// The heads that are in the log, each with when it was first signed.
    fn held(&self, heads: &[Witnessed]) -> BTreeMap<u64, Timestamp> {
        let mut held = BTreeMap::new();
        for Witnessed { head, .. } in heads.iter().filter(|head| head.doubt.is_none()) {
            if let Place::Here(Some(seen)) = self.place(head.chain.number)
                && seen.hash == head.chain.hash
            {
                let signed = held.entry(head.chain.number).or_insert(head.time);
                *signed = head.time.min(*signed);
            }
        }
        held
    }

    /// The restores that the log tells of, each no later than the heads that are in the log show. One that claims to be later
    /// is a finding: its entry was made up to explain what was done to the log, or the clock was wrong.
    fn restores(&self, held: &BTreeMap<u64, Timestamp>, findings: &mut Vec<Finding>) -> Vec<Restored> {
        let trimmed = self.extent.base.iter().flat_map(|base| &base.restores).copied();
        let mut restores = Vec::new();
        for told in trimmed.chain(self.restored.iter().copied()) {
            let mut restored = told;
            restored.is_before(told.number, self.extent.time);
            held.range(told.number..).for_each(|(number, signed)| restored.is_before(*number, *signed));
            if restored.time < told.time {
                let Restored { number, time } = told;
                let detail = format!(
                    "entry {number} tells of a restore at {time}, and was in the log at {}: it was made up, or the \
                     server's clock was wrong",
                    restored.time
                );
                findings.push(Finding { kind: Tampering::Misdated, number, to: None, detail });
            }
            restores.push(restored);
        }
        restores
    }

    /// What there is in the place that a head names.
    fn place(&self, number: u64) -> Place {
        match (self.seen.get(&number), self.base()) {
            (Some(seen), _) => Place::Here(Some(*seen)),
            (None, Some(base)) if number == base.number => {
                Place::Here(Some(Seen { hash: base.hash, time: None }))
            }
            (None, Some(base)) if number < base.number => Place::Before,
            (None, _) => Place::Here(None),
        }
    }

    /// What the entries say of themselves.
    fn in_itself(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut swapped = BTreeSet::new();
        for (index, one) in self.broken.iter().enumerate() {
            let other = self.broken[index + 1..].iter().find(|other| self.changed_places(one, other));
            if let Some(other) = other.filter(|_| !swapped.contains(&one.number)) {
                let (number, to) = (one.number.min(other.number), one.number.max(other.number));
                swapped.extend([number, to]);
                let detail = format!("entries {number} and {to} took each other's place");
                findings.push(Finding { kind: Tampering::Swapped, number, to: Some(to), detail });
            }
        }
        for Broken { number, .. } in self.broken.iter().filter(|one| !swapped.contains(&one.number)) {
            let detail = format!("entry {number} was changed: it does not fit its own hash");
            findings.push(Finding { kind: Tampering::Edited, number: *number, to: None, detail });
        }
        for found in &self.breaks {
            findings.extend(match *found {
                Break::Gap { after, number } => {
                    let (from, to) = (after + 1, number - 1);
                    let which = if from == to {
                        format!("entry {from} is")
                    } else {
                        format!("entries {from} to {to} are")
                    };
                    let detail = format!("{which} missing: deleted between entry {after} and entry {number}");
                    Some(Finding { kind: Tampering::Deleted, number: from, to: Some(to), detail })
                }
                Break::Order { after, number } => {
                    let detail = format!("entry {number} stands after entry {after}");
                    Some(Finding { kind: Tampering::Unlinked, number, to: Some(after), detail })
                }
                // Who changed places does not follow whom it should, and neither does the one after.
                Break::Unlinked { number }
                    if swapped.contains(&number) || swapped.contains(&(number - 1)) =>
                {
                    None
                }
                Break::Unlinked { number } => {
                    let detail = format!(
                        "entry {number} does not follow entry {}: its hash of it differs",
                        number - 1
                    );
                    Some(Finding { kind: Tampering::Unlinked, number, to: None, detail })
                }
                Break::Unreadable { after } => {
                    let detail = format!("what follows entry {after} is not an entry");
                    Some(Finding { kind: Tampering::Unreadable, number: after + 1, to: None, detail })
                }
            });
        }
        findings
    }

    /// Whether two entries fit when they are exchanged: their contents alone, or all but their numbers.
    fn changed_places(&self, one: &Broken, other: &Broken) -> bool {
        let contents = hash_of(self.extent.server, one.number, &one.previous, &other.text) == one.hash
            && hash_of(self.extent.server, other.number, &other.previous, &one.text) == other.hash;
        contents
            || (hash_of(self.extent.server, other.number, &one.previous, &one.text) == one.hash
                && hash_of(self.extent.server, one.number, &other.previous, &other.text) == other.hash)
    }

    /// What the heads say that are not in the log. Returns how many are of entries before its first.
    fn by_heads(
        &self,
        heads: &[Witnessed],
        held: &BTreeMap<u64, Timestamp>,
        restores: &[Restored],
        findings: &mut Vec<Finding>,
        notes: &mut Vec<String>,
    ) -> u64 {
        let mut against: Vec<(&Witnessed, Option<Seen>)> = Vec::new();
        let (mut before, mut explained) = (0, 0_u64);
        for witnessed in heads {
            let head = &witnessed.head;
            let number = head.chain.number;
            if let Some(doubt) = &witnessed.doubt {
                let detail = format!("the head of entry {number}, kept by {}, {doubt}", witnessed.by);
                findings.push(Finding { kind: Tampering::ForgedHead, number, to: None, detail });
                continue;
            }
            match self.place(number) {
                Place::Before => before += 1,
                Place::Here(None) if number == 0 => {}
                Place::Here(Some(seen)) if seen.hash == head.chain.hash => {}
                Place::Here(_) if restores.iter().any(|restored| restored.explains(number, head.time)) => {
                    explained += 1;
                }
                Place::Here(seen) => against.push((witnessed, seen)),
            }
        }
        if explained > 0 {
            notes.push(format!(
                "{explained} heads are of entries that the restore left out; an export from before it has them"
            ));
        }
        findings.extend(self.contradiction(&against, held));
        before
    }

    /// Puts the heads that the log does not contain into one sentence for each kind.
    fn contradiction(
        &self,
        against: &[(&Witnessed, Option<Seen>)],
        held: &BTreeMap<u64, Timestamp>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let of = |witnessed: &Witnessed| {
            let head = &witnessed.head;
            format!(
                "the head of entry {} signed at {}, kept by {}",
                head.chain.number, head.time, witnessed.by
            )
        };
        let last = self.last.number;
        if let Some((witnessed, _)) = against
            .iter()
            .filter(|(of, _)| of.head.chain.number > last)
            .max_by_key(|(of, _)| of.head.chain.number)
        {
            let number = witnessed.head.chain.number;
            let detail = format!(
                "entries {} to {number} are gone: the log was cut off after entry {last}, or an old copy took its place; \
                 {} tells",
                last + 1,
                of(witnessed)
            );
            findings.push(Finding { kind: Tampering::CutOff, number: last + 1, to: Some(number), detail });
        }
        let differing = against.iter().filter(|(of, _)| of.head.chain.number <= last);
        if let Some((witnessed, seen)) = differing.clone().min_by_key(|(of, _)| of.head.chain.number) {
            let number = witnessed.head.chain.number;
            // The newest head that holds below it says what is untouched, when it was signed before any that was lost: one
            // that was signed since may be of the new entries.
            let lost = differing.clone().map(|(of, _)| of.head.time).min();
            let mut below = held.range(..number).rev().filter(|(_, signed)| Some(**signed) <= lost);
            let sound = below.next().map(|(number, _)| *number).or(self.base().map(|base| base.number));
            let from = sound.unwrap_or(0) + 1;
            let count = differing.count();
            // An entry cannot be younger than the head that was signed for its number.
            let younger = seen.and_then(|seen| seen.time).is_some_and(|time| time > witnessed.head.time);
            let told = format!("{} tells ({count} such heads)", of(witnessed));
            let (kind, detail) = if seen.is_none() {
                (Tampering::Deleted, format!("entry {number} is not there, but {told}"))
            } else if younger {
                let what = "the log was cut off and went on with new entries";
                (
                    Tampering::CutAndContinued,
                    format!("entries {from} to {number} are not those that were: {what}; {told}"),
                )
            } else {
                let what = "entries were changed and the hashes made to fit, or an old copy went on";
                (
                    Tampering::Rewritten,
                    format!("entries {from} to {number} are not those that were: {what}; {told}"),
                )
            };
            findings.push(Finding { kind, number: from, to: Some(number), detail });
        }
        findings
    }
}
