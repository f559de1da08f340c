//! The one writer of telemetry.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Shared,
    bytes::put,
    legacy, number_of, part,
    record::{flatten, pack},
    shape::{Shape, StoredShape},
};
use crate::{
    core::{port::StoreError, telemetry::HOUR},
    id::AgentId,
    infra::{
        disk::Disk,
        store::{
            row::failed,
            worker::{Asked, Jobs},
        },
    },
    proto::telemetry::Telemetry,
};

/// How many rows are deleted, or parts forgotten, or pages given back, before measurements get their turn again.
const ROWS_AT_ONCE: i64 = 8_192;
const PARTS_AT_ONCE: i64 = 4;
const PAGES_AT_ONCE: i64 = 1_024;

/// Of how many pages one may stay free: the recent rows of the next hour go there.
const SPARE: i64 = 8;

/// What the writer is asked. The answer says whether there is more of the same to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Store a measurement.
    Append(AgentId, Box<Telemetry>),
    /// Delete the parts of a sealing that was broken off.
    Discard,
    /// Store a part, which is not seen yet.
    Part(Box<NewPart>),
    /// Let the parts be seen in place of the rows up to an arrival; rows that are carried arrive anew.
    Sealed { arrival: i64, carried: Arc<[i64]> },
    /// Delete some rows that parts replace.
    Trim,
    /// Delete some parts of hours before this one.
    Forget { hour: i64 },
    /// Give some free pages back to the disk.
    Reclaim,
}

/// A part to be stored.
#[derive(Debug)]
pub(super) struct NewPart {
    pub(super) nodes: u32,
    pub(super) hour: i64,
    pub(super) arrival: i64,
    pub(super) directory: Vec<u8>,
    /// By key: which metric, which roll-up.
    pub(super) blocks: Vec<(i64, Vec<u8>)>,
    /// The last row of each node: number, time, body.
    pub(super) latest: Vec<(u32, i64, Vec<u8>)>,
}

type Answer = Result<bool, StoreError>;

/// The writer's connection and what it knows of nodes.
pub(super) struct Writer {
    connection: Connection,
    shared: Arc<Shared>,
    disk: Arc<Disk>,
    nodes: HashMap<AgentId, Node>,
    next: i64,
    values: Vec<u64>,
    body: Vec<u8>,
}

struct Node {
    number: u32,
    last: i64,
    shape: Option<(u32, StoredShape)>,
}

impl Writer {
    /// Brings the file in order: converts rows of the older form, deletes what a broken-off sealing left, and finds the
    /// last row of each node.
    pub(super) fn start(
        connection: Connection,
        shared: Arc<Shared>,
        disk: Arc<Disk>,
    ) -> rusqlite::Result<Self> {
        let mut writer =
            Self { connection, shared, disk, nodes: HashMap::new(), next: 1, values: vec![], body: vec![] };
        discard(&writer.connection)?;
        writer.find_heads()?;
        legacy::convert(&mut writer)?;
        let vacuum: i64 = writer.connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
        if vacuum != 2 {
            // Takes effect by rewriting the file; of a new one there is nothing to rewrite.
            writer.connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")?;
        }
        Ok(writer)
    }

    fn find_heads(&mut self) -> rusqlite::Result<()> {
        let sealed: i64 = self.connection.query_row("SELECT arrival FROM seal", [], |row| row.get(0))?;
        let mut last = sealed;
        {
            let mut statement = self
                .connection
                .prepare("SELECT arrival, node FROM recent WHERE arrival > ?1 ORDER BY arrival")?;
            let mut rows = statement.query([sealed])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                found.push((row.get(1)?, last));
            }
            self.shared.arrived(found.into_iter());
        }
        self.next = last + 1;
        Ok(())
    }

    /// Does whatever waits, batch after batch, until there is no more; then closes the connection.
    pub(super) fn run(mut self, jobs: &mut Jobs<Job, Answer>) {
        while let Some(batch) = jobs.take() {
            self.serve(batch);
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the telemetry database did not close cleanly");
        }
    }

    /// Commits the measurements together, then does the rest one after the other.
    fn serve(&mut self, batch: Vec<Asked<Job, Answer>>) {
        let (mut samples, mut callers, mut others) =
            (Vec::with_capacity(batch.len()), Vec::new(), Vec::new());
        for Asked { job, answer } in batch {
            match job {
                Job::Append(agent, telemetry) => {
                    samples.push((agent, telemetry));
                    callers.push(answer);
                }
                job => others.push((job, answer)),
            }
        }
        if !samples.is_empty() {
            self.disk.look();
            let written = self.append(samples.iter().map(|(agent, telemetry)| (*agent, &**telemetry)));
            if let Err(error) = &written {
                self.disk.refused(error);
            }
            let written = written.map(|()| false).map_err(failed);
            if let Err(error) = &written {
                tracing::error!(%error, samples = samples.len(), "telemetry was not committed");
            }
            for caller in callers {
                // A caller that no longer waits needs no answer.
                let _ = caller.send(written.clone());
            }
        }
        for (job, caller) in others {
            let done = self.act(job).map_err(failed);
            if let Err(error) = &done {
                tracing::error!(%error, "telemetry could not be put in order");
                // What is known of nodes may be of a transaction that was undone.
                self.nodes.clear();
            }
            let _ = caller.send(done);
        }
    }

    /// Adds measurements in one transaction, which is undone on an error.
    pub(super) fn append<'t>(
        &mut self,
        samples: impl Iterator<Item = (AgentId, &'t Telemetry)>,
    ) -> rusqlite::Result<()> {
        let mut arrived = Vec::new();
        let begun = self.connection.execute_batch("BEGIN IMMEDIATE");
        let written = begun.and_then(|()| {
            for (agent, telemetry) in samples {
                arrived.push(self.insert(agent, telemetry)?);
            }
            self.connection.execute_batch("COMMIT")
        });
        if written.is_ok() {
            self.shared.arrived(arrived.into_iter());
        } else {
            self.undo();
        }
        written
    }

    fn undo(&mut self) {
        self.nodes.clear();
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction was not rolled back");
        }
    }

    fn insert(&mut self, agent: AgentId, telemetry: &Telemetry) -> rusqlite::Result<(u32, i64)> {
        let Self { connection, shared, nodes, next, values, body, .. } = self;
        let node = match nodes.entry(agent) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(unknown) => {
                let number = number_or_new(connection, agent)?;
                unknown.insert(Node { number, last: shared.head(number), shape: None })
            }
        };
        let shape = match &mut node.shape {
            Some(known) if known.1.shape.fits(telemetry) => known,
            other => other.insert(stored_shape(connection, node.number, telemetry)?),
        };
        values.clear();
        body.clear();
        flatten(telemetry, values);
        put(body, u64::from(shape.0));
        pack(&shape.1.shape, values, body);
        let arrival = *next;
        *next += 1;
        connection
            .prepare_cached(
                "INSERT INTO recent (arrival, node, time, earlier, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                arrival,
                node.number,
                telemetry.timestamp.as_microsecond(),
                node.last,
                &*body
            ])?;
        node.last = arrival;
        Ok((node.number, arrival))
    }

    fn act(&mut self, job: Job) -> rusqlite::Result<bool> {
        match job {
            Job::Append(agent, telemetry) => {
                self.append(std::iter::once((agent, &*telemetry))).map(|()| false)
            }
            Job::Discard => discard(&self.connection).map(|()| false),
            Job::Part(part) => self.store(&part).map(|()| false),
            Job::Sealed { arrival, carried } => self.sealed(arrival, &carried).map(|()| false),
            Job::Trim => trim(&self.connection),
            Job::Forget { hour } => self.forget(hour),
            Job::Reclaim => reclaim(&self.connection),
        }
    }

    fn store(&self, new: &NewPart) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction
            .prepare_cached("INSERT INTO parts (nodes, hour, arrival, directory) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![new.nodes, new.hour, new.arrival, new.directory])?;
        let id = transaction.last_insert_rowid();
        let mut insert = transaction.prepare_cached("INSERT INTO blocks (id, body) VALUES (?1, ?2)")?;
        for (key, body) in &new.blocks {
            insert.execute(params![part::block_id(id, *key), body])?;
        }
        drop(insert);
        let mut newest = transaction.prepare_cached(
            "UPDATE nodes SET latest_time = ?2, latest = ?3
             WHERE number = ?1 AND (latest_time IS NULL OR latest_time < ?2)",
        )?;
        for (number, time, body) in &new.latest {
            newest.execute(params![number, time, body])?;
        }
        drop(newest);
        transaction.commit()
    }

    /// The one moment at which parts take the place of rows.
    fn sealed(&mut self, arrival: i64, carried: &[i64]) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        let mut moved = Vec::with_capacity(carried.len());
        {
            let mut last: HashMap<u32, i64> = HashMap::new();
            let mut of = transaction.prepare_cached("SELECT node FROM recent WHERE arrival = ?1")?;
            let mut copy = transaction.prepare_cached(
                "INSERT INTO recent (arrival, node, time, earlier, body)
                 SELECT ?2, node, time, ?3, body FROM recent WHERE arrival = ?1",
            )?;
            for old in carried {
                let number: u32 = of.query_row([old], |row| row.get(0))?;
                let earlier = last.get(&number).copied().unwrap_or_else(|| self.shared.head(number));
                copy.execute(params![old, self.next, earlier])?;
                moved.push((number, self.next));
                last.insert(number, self.next);
                self.next += 1;
            }
        }
        transaction.execute("UPDATE seal SET arrival = ?1", [arrival])?;
        let rows: i64 =
            transaction
                .query_row("SELECT count(*) FROM recent WHERE arrival > ?1", [arrival], |row| row.get(0))?;
        self.shared.sealed(moved.into_iter(), || transaction.commit())?;
        // The chains of nodes whose rows were carried end elsewhere now.
        self.nodes.clear();
        self.shared.rows.store(rows.unsigned_abs(), Ordering::Relaxed);
        Ok(())
    }

    /// Deletes some parts that are too old; when there are none, also nodes of whom nothing is left.
    fn forget(&mut self, hour: i64) -> rusqlite::Result<bool> {
        let transaction = self.connection.unchecked_transaction()?;
        let ids: Vec<i64> = transaction
            .prepare_cached("SELECT id FROM parts WHERE hour < ?1 LIMIT ?2")?
            .query_map([hour, PARTS_AT_ONCE], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in &ids {
            delete_part(&transaction, *id)?;
        }
        let more = !ids.is_empty();
        if !more {
            forget_nodes(&transaction, &self.shared, hour)?;
        }
        transaction.commit()?;
        if !more {
            self.nodes.clear();
        }
        Ok(more)
    }
}

/// Deletes nodes whose last sealed measurement is too old and who sent none since, with their shapes.
fn forget_nodes(connection: &Connection, shared: &Shared, hour: i64) -> rusqlite::Result<()> {
    let before = hour.saturating_mul(HOUR);
    let sealed: i64 = connection.query_row("SELECT arrival FROM seal", [], |row| row.get(0))?;
    let silent: Vec<u32> = connection
        .prepare_cached("SELECT number FROM nodes WHERE latest_time < ?1")?
        .query_map([before], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for number in silent.into_iter().filter(|number| shared.head(*number) <= sealed) {
        connection.execute("DELETE FROM shapes WHERE node = ?1", [number])?;
        connection.execute("DELETE FROM nodes WHERE number = ?1", [number])?;
    }
    Ok(())
}

fn number_or_new(connection: &Connection, agent: AgentId) -> rusqlite::Result<u32> {
    if let Some(number) = number_of(connection, agent)? {
        return Ok(number);
    }
    connection
        .prepare_cached("INSERT INTO nodes (agent) VALUES (?1) RETURNING number")?
        .query_row([agent.as_bytes()], |row| row.get(0))
}

/// The stored shape of a measurement; a new one when the node never had it.
fn stored_shape(
    connection: &Connection,
    node: u32,
    telemetry: &Telemetry,
) -> rusqlite::Result<(u32, StoredShape)> {
    let shape = Shape::of(telemetry);
    let label = |name: &str| -> rusqlite::Result<u32> {
        let known = connection
            .prepare_cached("SELECT id FROM labels WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        match known {
            Some(id) => Ok(id),
            None => connection
                .prepare_cached("INSERT INTO labels (name) VALUES (?1) RETURNING id")?
                .query_row([name], |row| row.get(0)),
        }
    };
    let disk_labels = shape.disks.iter().map(|disk| label(&disk.mount_point)).collect::<Result<_, _>>()?;
    let interface_labels = shape.interfaces.iter().map(|name| label(name)).collect::<Result<_, _>>()?;
    let stored = StoredShape { shape, disk_labels, interface_labels };
    let body = serde_json::to_string(&stored)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let known = connection
        .prepare_cached("SELECT id FROM shapes WHERE node = ?1 AND body = ?2")?
        .query_row(params![node, body], |row| row.get(0))
        .optional()?;
    let id = match known {
        Some(id) => id,
        None => connection
            .prepare_cached("INSERT INTO shapes (node, body) VALUES (?1, ?2) RETURNING id")?
            .query_row(params![node, body], |row| row.get(0))?,
    };
    Ok((id, stored))
}

fn discard(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let ids: Vec<i64> = transaction
        .prepare_cached("SELECT id FROM parts WHERE arrival > (SELECT arrival FROM seal)")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in ids {
        delete_part(&transaction, id)?;
    }
    transaction.commit()
}

fn delete_part(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    let (first, last) = (part::block_id(id, 0), part::block_id(id, part::LAST_KEY));
    connection.prepare_cached("DELETE FROM blocks WHERE id BETWEEN ?1 AND ?2")?.execute([first, last])?;
    connection.prepare_cached("DELETE FROM parts WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn trim(connection: &Connection) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached(
            "DELETE FROM recent WHERE arrival <= (SELECT arrival FROM seal)
                 AND arrival < (SELECT min(arrival) FROM recent) + ?1",
        )?
        .execute([ROWS_AT_ONCE])?;
    Ok(deleted > 0)
}

fn reclaim(connection: &Connection) -> rusqlite::Result<bool> {
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    let all: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let surplus = free - all / SPARE;
    if surplus <= 0 {
        return Ok(false);
    }
    let mut statement =
        connection.prepare(&format!("PRAGMA incremental_vacuum({})", surplus.min(PAGES_AT_ONCE)))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(surplus > PAGES_AT_ONCE)
}

impl Writer {
    /// The connection, for what is done before there are jobs.
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }
}
