//! Rows that are not sealed yet: the chain of one node, or all of them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{Shared, bytes::Bytes, number_of, record::unpack, sealed_to, shape::StoredShape};
use crate::{core::port::StoreError, id::AgentId, infra::store::row::failed};

/// A row: which node, when, and what.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) node: u32,
    pub(super) time: i64,
    pub(super) body: Vec<u8>,
}

/// The rows of a node whose last arrival in this snapshot is `head`, the last first, of times from `from` to before
/// `to`.
pub(super) fn chain(connection: &Connection, head: i64, from: i64, to: i64) -> Result<Vec<Row>, StoreError> {
    let sealed = sealed_to(connection)?;
    let mut statement = connection
        .prepare_cached("SELECT node, time, earlier, body FROM recent WHERE arrival = ?1")
        .map_err(failed)?;
    let (mut arrival, mut rows) = (head, Vec::new());
    while arrival > sealed {
        let row = statement
            .query_row([arrival], |row| {
                let time: i64 = row.get(1)?;
                let body = if (from..to).contains(&time) { Some(row.get(3)?) } else { None };
                Ok((row.get(0)?, time, row.get::<_, i64>(2)?, body))
            })
            .optional()
            .map_err(failed)?;
        let Some((node, time, earlier, body)) = row else { break };
        if let Some(body) = body {
            rows.push(Row { node, time, body });
        }
        if earlier >= arrival {
            return Err(StoreError::Corrupt(format!("recent.earlier of {arrival} is not before it")));
        }
        arrival = earlier;
    }
    Ok(rows)
}

/// Shows every row in the order of arrival.
pub(super) fn each(
    connection: &Connection,
    mut show: impl FnMut(u32, i64, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sealed = sealed_to(connection)?;
    let mut statement = connection
        .prepare_cached("SELECT node, time, body FROM recent WHERE arrival > ?1 ORDER BY arrival")
        .map_err(failed)?;
    let mut rows = statement.query([sealed]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let body = row
            .get_ref(2)
            .map_err(failed)?
            .as_blob()
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        show(row.get(0).map_err(failed)?, row.get(1).map_err(failed)?, body)?;
    }
    Ok(())
}

/// Whose rows are wanted.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// Everybody's.
    All,
    /// Of these nodes, by number, in order: found by scanning.
    Many(Vec<u32>),
    /// Of these few nodes: each with its last arrival in the snapshot.
    Few(Vec<(u32, i64)>),
}

impl Whose {
    /// A row of a chain costs some ten times one of a scan.
    const FEW: usize = 16;

    /// The rows of these agents, and the snapshot to read them in.
    pub(super) fn of<'c>(
        connection: &'c Connection,
        shared: &Shared,
        agents: Option<&[AgentId]>,
    ) -> Result<(Self, Transaction<'c>), StoreError> {
        let Some(agents) = agents else { return Ok((Self::All, shared.snapshot(connection, &[])?.0)) };
        let mut numbers = Vec::with_capacity(agents.len());
        for agent in agents {
            numbers.extend(number_of(connection, *agent).map_err(failed)?);
        }
        numbers.sort_unstable();
        numbers.dedup();
        let (snapshot, heads) = shared.snapshot(connection, &numbers)?;
        let whose = if numbers.len() > Self::FEW {
            Self::Many(numbers)
        } else {
            Self::Few(numbers.into_iter().zip(heads).collect())
        };
        Ok((whose, snapshot))
    }

    /// The nodes by number, in order; `None` for all.
    pub(super) fn nodes(&self) -> Option<Vec<u32>> {
        match self {
            Self::All => None,
            Self::Many(nodes) => Some(nodes.clone()),
            Self::Few(nodes) => Some(nodes.iter().map(|(node, _)| *node).collect()),
        }
    }

    /// Shows their rows of times from `from` to before `to`, those of one node in the order of arrival.
    pub(super) fn each(
        &self,
        connection: &Connection,
        (from, to): (i64, i64),
        mut show: impl FnMut(u32, i64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Few(nodes) => nodes.iter().try_for_each(|(_, head)| {
                let rows = chain(connection, *head, from, to)?;
                rows.iter().rev().try_for_each(|row| show(row.node, row.time, &row.body))
            }),
            Self::All | Self::Many(_) => each(connection, |node, time, body| {
                let wanted = match self {
                    Self::Many(nodes) => nodes.binary_search(&node).is_ok(),
                    Self::All | Self::Few(_) => true,
                };
                if wanted && (from..to).contains(&time) { show(node, time, body) } else { Ok(()) }
            }),
        }
    }
}

/// Shapes, read once each.
#[derive(Debug, Default)]
pub(super) struct Shapes(HashMap<u32, StoredShape>);

impl Shapes {
    /// The shape of this number.
    pub(super) fn get(&mut self, connection: &Connection, id: u32) -> Result<&StoredShape, StoreError> {
        use std::collections::hash_map::Entry;
        match self.0.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let text: Option<String> = connection
                    .prepare_cached("SELECT body FROM shapes WHERE id = ?1")
                    .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
                    .map_err(failed)?;
                let text = text.ok_or_else(|| StoreError::Corrupt(format!("shapes: there is no {id}")))?;
                let shape = StoredShape::read(&text)
                    .map_err(|error| StoreError::Corrupt(format!("shapes.body of {id}: {error}")))?;
                Ok(unknown.insert(shape))
            }
        }
    }

    /// A shape that was read before.
    pub(super) fn known(&self, id: u32) -> Option<&StoredShape> {
        self.0.get(&id)
    }

    /// Reads a row's numbers into `values`, and gives its shape's number and the shape; `None` when the row is damaged.
    pub(super) fn read<'s>(
        &'s mut self,
        connection: &Connection,
        body: &[u8],
        values: &mut Vec<u64>,
    ) -> Result<Option<(u32, &'s StoredShape)>, StoreError> {
        values.clear();
        let mut bytes = Bytes(body);
        let Some(id) = bytes.small() else { return Ok(None) };
        let shape = self.get(connection, id)?;
        Ok(unpack(&shape.shape, bytes.0, values).map(|()| (id, shape)))
    }
}
