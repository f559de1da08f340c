//! [`Directory`]: what a part holds: its nodes, how many measurements each has, in which shapes, and which labels.

use super::{
    bytes::{Bytes, put, sealed, unsealed},
    shape::StoredShape,
};
use crate::core::telemetry::Label;

/// The kinds of label, in the order in which a directory holds them.
const KINDS: [Label; 4] = [Label::Engine, Label::Core, Label::Disk, Label::Interface];

/// A labelled series: its label's number and how many values it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Labelled {
    pub(super) label: u32,
    pub(super) count: usize,
}

/// A node in a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) number: u32,
    /// How many measurements.
    pub(super) rows: usize,
    /// Which shape, and of how many measurements in a row.
    pub(super) runs: Vec<(u32, usize)>,
    /// The series of each kind of label, by label.
    labels: [Vec<Labelled>; 4],
}

impl Node {
    /// A node whose measurements have these shapes, one after the other.
    pub(super) fn new<'s>(number: u32, shapes: impl Iterator<Item = (u32, &'s StoredShape)>) -> Self {
        let mut node = Self { number, ..Self::default() };
        for (id, shape) in shapes {
            node.rows += 1;
            match node.runs.last_mut() {
                Some((known, count)) if *known == id => *count += 1,
                _ => node.runs.push((id, 1)),
            }
            for (kind, known) in KINDS.into_iter().zip(&mut node.labels) {
                for label in shape.labels(kind) {
                    match known.binary_search_by_key(&label, |series| series.label) {
                        Ok(at) => known[at].count += 1,
                        Err(at) => known.insert(at, Labelled { label, count: 1 }),
                    }
                }
            }
        }
        node
    }

    /// The series that metrics with this kind of label have, by label.
    pub(super) fn series(&self, label: Label) -> Vec<Labelled> {
        KINDS
            .iter()
            .position(|kind| *kind == label)
            .and_then(|at| self.labels.get(at))
            .map_or_else(|| vec![Labelled { label: 0, count: self.rows }], Clone::clone)
    }

    /// How many series metrics with this kind of label have.
    pub(super) fn width(&self, label: Label) -> usize {
        KINDS.iter().position(|kind| *kind == label).and_then(|at| self.labels.get(at)).map_or(1, Vec::len)
    }
}

/// The nodes of a part, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) nodes: Vec<Node>,
}

impl Directory {
    /// The directory as bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.nodes.len() * 16);
        put(&mut out, self.nodes.len() as u64);
        for node in &self.nodes {
            put(&mut out, u64::from(node.number));
            put(&mut out, node.rows as u64);
            for series in &node.labels {
                put(&mut out, series.len() as u64);
                for Labelled { label, count } in series {
                    // The lowest bit says that the series is shorter than the node's, and how long follows.
                    let short = *count != node.rows;
                    put(&mut out, u64::from(*label) << 1 | u64::from(short));
                    if short {
                        put(&mut out, *count as u64);
                    }
                }
            }
            put(&mut out, node.runs.len() as u64);
            for (shape, count) in &node.runs {
                put(&mut out, u64::from(*shape));
                put(&mut out, *count as u64);
            }
        }
        sealed(&out)
    }

    /// The directory of bytes; `None` when it is damaged.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(unsealed(bytes)?);
        let most = bytes.0.len();
        let count = bytes.count(most)?;
        let nodes = (0..count).map(|_| node(&mut bytes, most)).collect::<Option<Vec<_>>>()?;
        bytes.0.is_empty().then_some(Self { nodes })
    }

    /// Where the series of a node begin in the blocks of metrics with this kind of label.
    pub(super) fn first_series(&self, position: usize, label: Label) -> usize {
        self.nodes.iter().take(position).map(|node| node.width(label)).sum()
    }

    /// How many series the blocks of metrics with this kind of label have.
    pub(super) fn series(&self, label: Label) -> usize {
        self.first_series(self.nodes.len(), label)
    }

    /// Where a node is.
    pub(super) fn position(&self, number: u32) -> Option<usize> {
        self.nodes.binary_search_by_key(&number, |node| node.number).ok()
    }
}

fn node(bytes: &mut Bytes<'_>, most: usize) -> Option<Node> {
    let number = bytes.small()?;
    let rows = usize::try_from(bytes.small()?).ok()?;
    let mut labels: [Vec<Labelled>; 4] = Default::default();
    for series in &mut labels {
        for _ in 0..bytes.count(most)? {
            let word = bytes.number()?;
            let label = u32::try_from(word >> 1).ok()?;
            let count = if word & 1 == 0 { rows } else { bytes.count(rows)? };
            series.push(Labelled { label, count });
        }
    }
    let mut runs = Vec::new();
    for _ in 0..bytes.count(most)? {
        runs.push((bytes.small()?, bytes.count(rows)?));
    }
    Some(Node { number, rows, runs, labels })
}
