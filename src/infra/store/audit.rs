//! The audit chain, read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, named_params, types::ValueRef};

use super::row::{Column, all, one, rows, some};
use crate::{
    core::{
        audit::{AuditEntry, ChainHead, ChainedEntry, RESTORED, Restored, StoredEntry, Told, told_by},
        digest::hex,
        port::{
            StoreError,
            records::{AuditBase, AuditFilter, AuditPage, PAGE_BYTES},
        },
    },
    proto::audit::AuditRecord,
};

/// How many entries one look through the log passes: some 100 ms.
const DEPTH: u64 = 50_000;

pub(super) fn after(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<ChainedEntry>, StoreError> {
    let sql = "SELECT server, number, entry, previous, hash FROM audit
        WHERE number > ?1 ORDER BY number LIMIT ?2";
    all(connection, "audit", sql, [number(after), rows(limit)], |row| {
        Ok(ChainedEntry {
            server: row.next()?,
            number: row.next()?,
            entry: row.json()?,
            previous: row.next()?,
            hash: row.next()?,
        })
    })
}

/// Entries as they are stored, whatever that is: who verifies them must see what was done to them.
pub(super) fn stored(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let sql = "SELECT number, entry, previous, hash FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2";
    let values = [number(after), rows(limit.saturating_add(1))];
    let found = some(connection, "audit", sql, values, (limit, PAGE_BYTES), |row| {
        let (number, Raw(text), Raw(previous), Raw(hash)) =
            (row.next()?, row.next()?, row.next()?, row.next()?);
        Ok(StoredEntry { number, text, previous, hash })
    })?;
    Ok(found.items)
}

/// The bytes of a column, text or not.
struct Raw(Vec<u8>);

impl Column for Raw {
    fn read(value: ValueRef<'_>) -> Result<Self, String> {
        match value {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(Self(bytes.to_vec())),
            _ => Ok(Self(Vec::new())),
        }
    }
}

pub(super) fn list(
    connection: &Connection,
    filter: &AuditFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<AuditPage, StoreError> {
    let last = one(connection, "audit", "SELECT max(number) AS number FROM audit", [], |row| row.next())?;
    let last: u64 = last.flatten().unwrap_or(0);
    let before = before.unwrap_or(u64::MAX).min(last.saturating_add(1));
    let floor = before.saturating_sub(DEPTH);
    // A text that ends with `*` is held against as many characters as it has before it.
    let sql = "SELECT number, entry, hash FROM audit
        WHERE number < :before AND number >= :floor
            AND (:actor IS NULL OR substr(entry ->> 'actor', 1, coalesce(:actor_length, 1000000)) = :actor)
            AND (:action IS NULL OR substr(entry ->> 'action', 1, coalesce(:action_length, 1000000)) = :action)
            AND (:target IS NULL OR substr(entry ->> 'resource', 1, coalesce(:target_length, 1000000)) = :target)
            AND (:outcome IS NULL OR entry ->> 'outcome' = :outcome)
            AND (:correlation IS NULL OR entry ->> 'correlation' = :correlation)
        ORDER BY number DESC";
    let (actor, actor_length) = pattern(filter.actor.as_deref());
    let (action, action_length) = pattern(filter.action.as_deref());
    let (target, target_length) = pattern(filter.target.as_deref());
    let values = named_params! {
        ":before": number(before),
        ":floor": number(floor),
        ":actor": actor,
        ":actor_length": actor_length,
        ":action": action,
        ":action_length": action_length,
        ":target": target,
        ":target_length": target_length,
        ":outcome": filter.outcome.map(crate::proto::audit::Outcome::as_str),
        ":correlation": filter.correlation,
    };
    let mut statement = connection.prepare_cached(sql).map_err(super::row::failed)?;
    let mut found = statement.query(values).map_err(super::row::failed)?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next().map_err(super::row::failed)? {
        let mut row = super::row::Columns::of(row, "audit");
        let (number, entry, hash): (u64, AuditEntry, Vec<u8>) = (row.next()?, row.json()?, row.next()?);
        let in_time = filter.since.is_none_or(|since| entry.time >= since)
            && filter.until.is_none_or(|until| entry.time < until);
        if !in_time {
            continue;
        }
        if items.len() >= limit || bytes >= PAGE_BYTES {
            let next = items.last().map(|item: &AuditRecord| item.number);
            return Ok(AuditPage { items, next });
        }
        bytes += entry.resource.len() + 256;
        items.push(record(number, entry, &hash));
    }
    let next = (floor > 1 && floor < before).then_some(floor);
    Ok(AuditPage { items, next })
}

/// A text, and how much of another it is held against; all of it unless the text ends with `*`.
fn pattern(text: Option<&str>) -> (Option<&str>, Option<i64>) {
    match text.map(|text| (text, text.strip_suffix('*'))) {
        Some((_, Some(start))) => (Some(start), Some(rows(start.chars().count()))),
        Some((text, None)) => (Some(text), None),
        None => (None, None),
    }
}

fn record(number: u64, entry: AuditEntry, hash: &[u8]) -> AuditRecord {
    AuditRecord {
        number,
        time: entry.time,
        actor: entry.actor,
        address: entry.address,
        action: entry.action,
        target: entry.resource,
        outcome: entry.outcome,
        correlation: entry.correlation,
        detail: entry.detail,
        hash: hex(hash),
    }
}

pub(super) fn hash(connection: &Connection, of: u64) -> Result<Option<Vec<u8>>, StoreError> {
    one(connection, "audit", "SELECT hash FROM audit WHERE number = ?1", [number(of)], |row| row.next())
}

pub(super) fn hashes(connection: &Connection, of: &[u64]) -> Result<BTreeMap<u64, Vec<u8>>, StoreError> {
    let mut found = BTreeMap::new();
    for &number in of {
        if let Some(hash) = hash(connection, number)? {
            found.insert(number, hash);
        }
    }
    Ok(found)
}

pub(super) fn base(connection: &Connection) -> Result<Option<AuditBase>, StoreError> {
    one(connection, "audit_base", "SELECT number, hash, head FROM audit_base", [], |row| {
        let chain = ChainHead { number: row.next()?, hash: row.next()? };
        Ok(AuditBase { chain, envelope: row.json()? })
    })
}

pub(super) fn restores(connection: &Connection) -> Result<Vec<Restored>, StoreError> {
    let sql = "SELECT number, entry FROM audit WHERE instr(entry, ?1) > 0 ORDER BY number";
    let told = format!(r#","action":"{RESTORED}","#);
    let found = all(connection, "audit", sql, [told], |row| Ok((row.next()?, row.next::<Raw>()?)))?;
    let restored = |(number, Raw(text)): (u64, Raw)| match told_by(&text) {
        Some(Told::Restored(time)) => Some(Restored { number, time }),
        _ => None,
    };
    Ok(found.into_iter().filter_map(restored).collect())
}

pub(super) fn older(
    connection: &Connection,
    than: Timestamp,
    most: usize,
) -> Result<Option<ChainHead>, StoreError> {
    let sql = "SELECT number, hash, entry FROM audit
        WHERE number > coalesce((SELECT number FROM audit_base), 0) ORDER BY number LIMIT ?1";
    let mut statement = connection.prepare_cached(sql).map_err(super::row::failed)?;
    let mut found = statement.query([rows(most)]).map_err(super::row::failed)?;
    let mut last = None;
    while let Some(row) = found.next().map_err(super::row::failed)? {
        let mut row = super::row::Columns::of(row, "audit");
        let head = ChainHead { number: row.next()?, hash: row.next()? };
        if row.json::<AuditEntry>()?.time >= than {
            break;
        }
        last = Some(head);
    }
    Ok(last)
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
