//! How fast an export of the audit log is verified: 1,000,000 entries as commands leave them, in a file.
//!
//! `cargo bench --bench audit -- [entries]`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it cannot do"
)]

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use worpen::{
    core::{
        audit::{AuditEntry, ChainHead, Outcome, hash_of, head::SignedHead, line, text_of},
        signing::SigningKey,
    },
    id::{CommandId, ServerId},
    infra::audit::export::{Outside, verify},
    proto::audit::{EXPORT_FORM, ExportLine},
};

fn main() {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let entries: u64 = asked.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.ndjson");
    let head = write(&path, entries);
    let bytes = path.metadata().unwrap().len();
    println!("{entries} entries, {} bytes each", bytes / entries);
    let outside = Outside { heads: vec![(head.envelope, "this benchmark".into())], keys: vec![] };
    for threads in [1, 2] {
        let mut rates: Vec<f64> = (0..5)
            .map(|_| {
                let verified = verify(File::open(&path).unwrap(), &outside, threads).unwrap();
                assert_eq!((verified.report.findings.len(), verified.report.entries), (0, entries));
                assert_eq!(verified.report.newest_head, Some(entries));
                entries as f64 / verified.took.as_secs_f64()
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "{threads} threads: {:.0} entries/s (lowest {:.0}, highest {:.0})",
            rates[2], rates[0], rates[4]
        );
    }
}

/// Writes a sound export, and signs its end.
fn write(path: &std::path::Path, entries: u64) -> SignedHead {
    let (key, server) = (SigningKey::from_seed(&[5; 32]), ServerId::generate());
    let mut file = BufWriter::new(File::create(path).unwrap());
    let begun = Timestamp::UNIX_EPOCH;
    let header = ExportLine::Header {
        export: EXPORT_FORM.into(),
        server,
        version: "bench".into(),
        time: begun,
        keys: vec![key.public().to_string()],
        until: BTreeMap::new(),
        base: None,
        archive: false,
    };
    serde_json::to_writer(&mut file, &header).unwrap();
    file.write_all(b"\n").unwrap();
    let mut chain = ChainHead::default();
    let mut text = Vec::new();
    for number in 1..=entries {
        let id = CommandId::generate();
        let entry = AuditEntry {
            time: begun + SignedDuration::from_micros(number.cast_signed() * 1_000),
            actor: "key:ada/deploy".into(),
            address: Some("192.0.2.40".into()),
            action: "command.give".into(),
            resource: format!("command/{id}"),
            outcome: Outcome::Done,
            correlation: Some(id.to_string()),
            detail: json!({ "verb": "docker.restart", "args": { "id": "nginx" }, "targets": ["web-1"] }),
        };
        let entry = text_of(&entry);
        let hash = hash_of(server, number, &chain.hash, entry.as_bytes());
        line::write(&mut text, number, &chain.hash, &hash, entry.as_bytes());
        chain = ChainHead { number, hash };
        file.write_all(&text).unwrap();
        text.clear();
    }
    serde_json::to_writer(&mut file, &ExportLine::End { number: entries, entries }).unwrap();
    file.write_all(b"\n").unwrap();
    file.flush().unwrap();
    SignedHead::sign(&key, server, chain, begun)
}
