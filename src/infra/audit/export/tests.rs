use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    core::{
        audit::{AuditEntry, ChainHead, Outcome, RESTORED, Restored, TRIMMED, hash_of, text_of},
        digest::hex,
        signing::SigningKey,
    },
    proto::audit::EXPORT_FORM,
};

/// A log as its server would export it. Its clock is at one second for each entry.
struct Log {
    key: SigningKey,
    server: ServerId,
    entries: Vec<(u64, [u8; 32], [u8; 32], String)>,
    chain: ChainHead,
    base: Option<Envelope>,
    is_archive: bool,
    until: BTreeMap<String, u64>,
    now: Timestamp,
}

fn at(second: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second.cast_signed())
}

impl Log {
    fn new() -> Self {
        Self {
            key: SigningKey::from_seed(&[5; 32]),
            server: ServerId::generate(),
            entries: Vec::new(),
            chain: ChainHead::default(),
            base: None,
            is_archive: false,
            until: BTreeMap::new(),
            now: at(1_000_000),
        }
    }

    fn grown(entries: u64) -> Self {
        let mut log = Self::new();
        log.grow(entries);
        log
    }

    fn grow(&mut self, entries: u64) {
        for _ in 0..entries {
            self.add("key:ada/deploy", "command.give", json!({}), at(self.chain.number + 1));
        }
    }

    fn add(&mut self, actor: &str, action: &str, detail: Value, time: Timestamp) {
        let entry = AuditEntry {
            time,
            actor: actor.into(),
            address: None,
            action: action.into(),
            resource: "server".into(),
            outcome: Outcome::Done,
            correlation: None,
            detail,
        };
        let (text, previous, number) = (text_of(&entry), self.chain.hash, self.chain.number + 1);
        let hash = hash_of(self.server, number, &previous, text.as_bytes());
        self.entries.push((number, previous, hash, text));
        self.chain = ChainHead { number, hash };
    }

    /// The head of an entry, signed at that second.
    fn head(&self, number: u64, signed: u64) -> Envelope {
        let (.., hash, _) = self.entries.iter().find(|entry| entry.0 == number).unwrap();
        SignedHead::sign(&self.key, self.server, ChainHead { number, hash: *hash }, at(signed)).envelope
    }

    /// Cuts the log off after an entry.
    fn cut(&mut self, after: u64) {
        self.entries.retain(|entry| entry.0 <= after);
        let last = self.entries.last().unwrap();
        self.chain = ChainHead { number: last.0, hash: last.2 };
    }

    /// Removes the beginning, and gives the place.
    fn behead(&mut self, up_to: u64) -> ChainHead {
        let (number, _, hash, _) = *self.entries.iter().find(|entry| entry.0 == up_to).unwrap();
        self.entries.retain(|entry| entry.0 > up_to);
        ChainHead { number, hash }
    }

    /// Removes the beginning as a server does that keeps less.
    fn trim(&mut self, up_to: u64, restores: Vec<Restored>) {
        let chain = self.behead(up_to);
        let base = SignedBase::sign(&self.key, self.server, chain, restores, at(self.chain.number));
        self.base = Some(base.envelope);
        let facts = json!({ "up_to": chain.number, "hash": hex(&chain.hash), "archive": "a.ndjson" });
        self.add("server", TRIMMED, facts, at(self.chain.number + 1));
    }

    fn verified(&self, heads: &[Envelope]) -> Report {
        let header = ExportLine::Header {
            export: EXPORT_FORM.into(),
            server: self.server,
            version: "test".into(),
            time: self.now,
            keys: vec![self.key.public().to_string()],
            until: self.until.clone(),
            base: self.base.clone(),
            archive: self.is_archive,
        };
        let mut text = serde_json::to_vec(&header).unwrap();
        text.push(b'\n');
        for (number, previous, hash, entry) in &self.entries {
            line::write(&mut text, *number, previous, hash, entry.as_bytes());
        }
        let end = ExportLine::End { number: self.chain.number, entries: self.entries.len() as u64 };
        text.extend(serde_json::to_vec(&end).unwrap());
        let heads = heads.iter().map(|head| (head.clone(), "web-1.jsonl".to_owned())).collect();
        verify(&*text, &Outside { heads, keys: Vec::new() }, 2).unwrap().report
    }
}

fn kinds(report: &Report) -> Vec<(Tampering, u64, Option<u64>)> {
    report.findings.iter().map(|finding| (finding.kind, finding.number, finding.to)).collect()
}

/// Any head that had been given away passed for the server's word that it trimmed the log, so that the removal of the log's
/// beginning verified as sound.
#[test]
fn a_beginning_that_somebody_removed_is_missing_whatever_head_stands_for_it() {
    let mut log = Log::grown(50);
    let (head, later) = (log.head(20, 20), log.head(40, 40));
    log.behead(20);
    log.base = Some(head.clone());
    let found = kinds(&log.verified(&[head, later]));
    assert!(found.contains(&(Tampering::Deleted, 1, Some(20))), "{found:?}");
    assert!(found.iter().any(|found| found.0 == Tampering::ForgedHead), "{found:?}");
}

#[test]
fn a_log_tells_itself_that_it_was_trimmed_and_an_archive_need_not() {
    let mut log = Log::grown(50);
    let head = log.head(40, 40);
    log.trim(20, Vec::new());
    let report = log.verified(std::slice::from_ref(&head));
    assert_eq!((kinds(&report), report.base), (vec![], Some(20)));
    // A later trim removes the entry that told of this one, and has its own.
    log.grow(20);
    log.trim(60, Vec::new());
    assert_eq!(kinds(&log.verified(&[])), []);
    // A base that was signed, and a log that says nothing of it.
    let mut untold = Log::grown(50);
    untold.trim(20, Vec::new());
    untold.cut(45);
    assert_eq!(kinds(&untold.verified(&[])), [(Tampering::Deleted, 1, Some(20))]);
    untold.is_archive = true;
    assert_eq!(kinds(&untold.verified(&[])), []);
}

/// An entry that was made up, dated far ahead, explained whatever was done to the log from then on.
#[test]
fn a_restore_is_no_later_than_what_follows_it_shows() {
    let mut log = Log::grown(20);
    let restored = |log: &mut Log, time| log.add("server", RESTORED, json!({}), time);
    let lost = log.head(15, 21);
    log.cut(10);
    restored(&mut log, at(30));
    log.grow(20);
    let follows = log.head(12, 31);
    // It explains what was given away before it.
    assert_eq!(kinds(&log.verified(&[lost.clone(), follows])), []);
    // It does not explain what is lost later, as a date far ahead would.
    let (later, mut forged) = (log.head(25, 35), Log { entries: Vec::new(), ..Log::new() });
    (forged.server, forged.now) = (log.server, at(500));
    forged.grow(10);
    restored(&mut forged, at(400));
    forged.grow(20);
    let follows = forged.head(12, 31);
    let tampered = kinds(&forged.verified(&[lost.clone(), follows, later]));
    assert!(tampered.contains(&(Tampering::Misdated, 11, None)), "{tampered:?}");
    assert!(tampered.iter().any(|found| found.0 == Tampering::Rewritten), "{tampered:?}");
    // Without a head that follows it, an export is at least not older than what it tells of.
    forged.now = at(399);
    assert_eq!(kinds(&forged.verified(std::slice::from_ref(&lost))), [(Tampering::Misdated, 11, None)]);
    forged.now = at(400);
    assert_eq!(kinds(&forged.verified(&[lost])), []);
}

/// Once the entry that told of a restore was trimmed, the heads of the lost branch accused the server for ever.
#[test]
fn a_restore_explains_lost_heads_after_its_entry_was_trimmed() {
    let mut log = Log::grown(60);
    let lost = log.head(55, 61);
    log.cut(10);
    log.add("server", RESTORED, json!({}), at(70));
    log.grow(30);
    log.trim(20, vec![Restored { number: 11, time: at(70) }]);
    let report = log.verified(std::slice::from_ref(&lost));
    assert_eq!((kinds(&report), report.restores), (vec![], vec![11]));
    // What was lost after the restore is no part of it.
    let again = log.head(30, 80);
    log.cut(25);
    log.grow(1);
    log.is_archive = true;
    assert_eq!(kinds(&log.verified(&[again])), [(Tampering::CutOff, 27, Some(30))]);
}

#[test]
fn a_key_that_was_retired_vouches_for_no_later_entry() {
    let mut log = Log::grown(50);
    log.until = BTreeMap::from([(log.key.public().to_string(), 30)]);
    assert_eq!(log.verified(&[log.head(30, 30)]).newest_head, Some(30));
    let report = log.verified(&[log.head(40, 40)]);
    assert_eq!((kinds(&report), report.newest_head), (vec![(Tampering::ForgedHead, 40, None)], None));
    assert!(report.findings[0].detail.contains("retired"), "{report:?}");
}
