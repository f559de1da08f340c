//! [`Folded`]: answers of many nodes, each different one kept once.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
};

use sha2::{Digest, Sha256};

use super::{
    super::{commands::words, printer::Side},
    tally::{Tally, Target},
};
use crate::{id::ExecutionId, proto::command::CommandStatus};

/// Bytes that are kept of all answers together; what is beyond still tells one answer from another.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The digest of an answer's two streams.
type Print = [u8; 32];

/// What each node printed so far, and the different answers of those that ended.
#[derive(Debug, Default)]
pub(super) struct Folded {
    open: HashMap<String, Answer>,
    prints: HashMap<String, (Print, u64)>,
    texts: BTreeMap<Print, Text>,
    bytes: usize,
}

/// What a node prints.
#[derive(Debug)]
struct Answer {
    execution: ExecutionId,
    text: Text,
    out: Sha256,
    err: Sha256,
    /// Bytes that nobody kept.
    gap: u64,
}

/// What was printed, in its order, as far as there was room.
#[derive(Debug, Default)]
struct Text {
    pieces: Vec<(Side, Vec<u8>)>,
    bytes: usize,
    left_out: u64,
}

impl Folded {
    pub(super) fn printed(&mut self, node: &str, execution: ExecutionId, side: Side, bytes: &[u8]) {
        let room = MOST_BYTES - self.bytes;
        let answer = self.answer(node, execution);
        match side {
            Side::Out => answer.out.update(bytes),
            Side::Err => answer.err.update(bytes),
        }
        let kept = answer.text.add(side, bytes, room);
        self.bytes += kept;
    }

    pub(super) fn gap(&mut self, node: &str, execution: ExecutionId, bytes: u64) {
        self.answer(node, execution).gap += bytes;
    }

    /// Takes the answer of an execution that is over; one that is known already costs nothing more.
    pub(super) fn ended(&mut self, node: &str, execution: ExecutionId) {
        self.answer(node, execution);
        self.close(node);
    }

    fn close(&mut self, node: &str) {
        let Some(Answer { text, out, err, gap, .. }) = self.open.remove(node) else { return };
        let print = Sha256::new()
            .chain_update(out.finalize())
            .chain_update(err.finalize())
            .chain_update(gap.to_be_bytes())
            .finalize();
        let print: Print = print.into();
        self.prints.insert(node.to_owned(), (print, gap));
        let bytes = text.bytes;
        match self.texts.get_mut(&print) {
            Some(known) if known.left_out <= text.left_out => self.bytes -= bytes,
            Some(known) => self.bytes -= mem::replace(known, text).bytes,
            None => {
                self.texts.insert(print, text);
            }
        }
    }

    fn answer(&mut self, node: &str, execution: ExecutionId) -> &mut Answer {
        let Self { open, bytes, .. } = self;
        let fresh =
            || Answer { execution, text: Text::default(), out: Sha256::new(), err: Sha256::new(), gap: 0 };
        let answer = open.entry(node.to_owned()).or_insert_with(fresh);
        if answer.execution != execution {
            *bytes -= answer.text.bytes;
            *answer = fresh();
        }
        answer
    }

    /// The different answers, the most frequent first, each with the nodes that gave it and ended alike.
    pub(super) fn groups(mut self, tally: &Tally) -> Vec<Group> {
        let open: Vec<String> = self.open.keys().cloned().collect();
        open.iter().for_each(|node| self.close(node));
        let mut groups: Vec<(Option<Print>, End, Vec<String>, u64)> = Vec::new();
        for target in tally.targets() {
            let (print, gap) =
                self.prints.get(&target.node).map_or((None, 0), |(print, gap)| (Some(*print), *gap));
            let print =
                print.filter(|print| self.texts.get(print).is_some_and(|text| !text.is_empty() || gap > 0));
            let end = End::of(target);
            match groups.iter_mut().find(|(other, ended, ..)| *other == print && *ended == end) {
                Some((_, _, nodes, _)) => nodes.push(target.node.clone()),
                None => groups.push((print, end, vec![target.node.clone()], gap)),
            }
        }
        groups.sort_by_key(|(_, _, nodes, _)| std::cmp::Reverse(nodes.len()));
        let mut left: BTreeMap<Print, usize> = BTreeMap::new();
        for print in groups.iter().filter_map(|(print, ..)| *print) {
            *left.entry(print).or_default() += 1;
        }
        let mut group = |(print, end, nodes, gap): (Option<Print>, End, Vec<String>, u64)| {
            let text = print.and_then(|print| {
                let uses = left.entry(print).or_default();
                *uses = uses.saturating_sub(1);
                // The last that shows it takes it.
                if *uses == 0 { self.texts.remove(&print) } else { self.texts.get(&print).map(Text::again) }
            });
            let text = text.unwrap_or_default();
            Group { nodes, end, lost: gap + text.left_out, pieces: text.pieces }
        };
        groups.into_iter().map(&mut group).collect()
    }
}

impl Text {
    /// Takes as much as there is room for, and gives how much that was.
    fn add(&mut self, side: Side, bytes: &[u8], room: usize) -> usize {
        let kept = if self.left_out > 0 { 0 } else { room.min(bytes.len()) };
        self.left_out += (bytes.len() - kept) as u64;
        self.bytes += kept;
        match self.pieces.last_mut() {
            Some((last, text)) if *last == side => text.extend_from_slice(&bytes[..kept]),
            _ if kept > 0 => self.pieces.push((side, bytes[..kept].to_vec())),
            _ => {}
        }
        kept
    }

    const fn is_empty(&self) -> bool {
        self.bytes == 0 && self.left_out == 0
    }

    fn again(&self) -> Self {
        Self { pieces: self.pieces.clone(), bytes: self.bytes, left_out: self.left_out }
    }
}

/// How it ended for a node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    status: CommandStatus,
    exit_code: Option<i64>,
    error: Option<String>,
}

impl End {
    fn of(target: &Target) -> Self {
        let exit_code = target.exit_code();
        // Whoever has an exit code needs no other reason.
        let error = target.error.clone().filter(|_| exit_code.is_none_or(|code| code == 0));
        Self { status: target.status, exit_code, error }
    }
}

/// Nodes that gave the same answer.
#[derive(Debug)]
pub(super) struct Group {
    nodes: Vec<String>,
    end: End,
    lost: u64,
    pieces: Vec<(Side, Vec<u8>)>,
}

impl Group {
    /// `3 nodes: web-1 web-2 web-3 (exit code 3)`.
    pub(super) fn heading(&self) -> String {
        let count = self.nodes.len();
        let noun = if count == 1 { "node" } else { "nodes" };
        let end = match (&self.end, &self.end.error) {
            (End { status: CommandStatus::Succeeded, .. }, _) => String::new(),
            (End { status: CommandStatus::Failed, exit_code: Some(code), .. }, _) => {
                format!(" (exit code {code})")
            }
            (End { status, .. }, Some(error)) => format!(" ({}: {error})", words(*status)),
            (End { status, .. }, None) => format!(" ({})", words(*status)),
        };
        format!("{count} {noun}: {}{end}", self.nodes.join(" ")).replace('\n', " ")
    }

    /// What they printed, in its order.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Side, &[u8])> {
        self.pieces.iter().map(|(side, bytes)| (*side, bytes.as_slice()))
    }

    pub(super) const fn lost_bytes(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests;
