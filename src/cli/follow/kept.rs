//! [`Kept`]: what each target printed, kept until the end within one bound for all.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{
        commands::cell,
        printer::Side,
        table::{Cell, Column, Row},
    },
    tally::{Tally, Target},
};
use crate::{id::ExecutionId, proto::command::CommandStatus};

/// Bytes that are kept of all targets together; what is beyond is counted.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// The output of each target's last attempt.
#[derive(Debug, Default)]
pub(super) struct Kept {
    outputs: HashMap<String, Output>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Output {
    execution: Option<ExecutionId>,
    out: Vec<u8>,
    err: Vec<u8>,
    left_out: u64,
}

impl Kept {
    pub(super) fn printed(&mut self, node: &str, execution: ExecutionId, side: Side, bytes: &[u8]) {
        if !self.outputs.contains_key(node) {
            self.outputs.insert(node.to_owned(), Output::default());
        }
        let Some(output) = self.outputs.get_mut(node) else { return };
        if output.execution != Some(execution) {
            self.bytes -= output.out.len() + output.err.len();
            *output = Output { execution: Some(execution), ..Output::default() };
        }
        let room = (MOST_BYTES - self.bytes).min(bytes.len());
        // Nothing follows a hole, so that what is kept is a beginning.
        let room = if output.left_out > 0 { 0 } else { room };
        self.bytes += room;
        output.left_out += (bytes.len() - room) as u64;
        let kept = if side == Side::Out { &mut output.out } else { &mut output.err };
        kept.extend_from_slice(&bytes[..room]);
    }

    /// A record for each target.
    pub(super) fn records(mut self, tally: &Tally) -> Vec<Record> {
        let record = |target: &Target| {
            let output = self.outputs.remove(&target.node).unwrap_or_default();
            let (stdout, stdout_base64) = spelled(output.out);
            let (stderr, stderr_base64) = spelled(output.err);
            Record {
                node: target.node.clone(),
                status: target.status,
                exit_code: target.exit_code(),
                stdout,
                stderr,
                stdout_base64,
                stderr_base64,
                lost_bytes: target.lost_bytes + output.left_out,
                attempt: target.attempt,
                took_ms: target.took_ms,
                waits_for: target.waits_for.clone(),
                error_message: target.error.clone(),
                result: target.result.clone(),
                execution: target.execution,
            }
        };
        tally.targets().iter().map(record).collect()
    }
}

/// Bytes as text, or as base64 where they are none.
fn spelled(bytes: Vec<u8>) -> (Option<String>, Option<String>) {
    match String::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(bytes) => (None, Some(BASE64_STANDARD.encode(bytes.as_bytes()))),
    }
}

/// What became of a command on one target, with all that it printed.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    pub(super) node: String,
    status: CommandStatus,
    exit_code: Option<i64>,
    /// `null` where it is no UTF-8.
    stdout: Option<String>,
    stderr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr_base64: Option<String>,
    /// Bytes that were printed and are in neither.
    lost_bytes: u64,
    attempt: u32,
    took_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    error_message: Option<String>,
    result: Option<serde_json::Value>,
    execution: ExecutionId,
}

impl Row for Record {
    const COLUMNS: &'static [Column] = &[
        Column::words("NODE"),
        Column::words("STATUS"),
        Column::number("EXIT CODE"),
        Column::words("STDOUT"),
        Column::words("STDERR"),
        Column::number("LOST BYTES"),
        Column::number("ATTEMPT"),
        Column::number("TOOK MS"),
        Column::words("ERROR"),
    ];

    fn name(&self) -> String {
        self.node.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let text =
            |text: &Option<String>, base64: &Option<String>| Cell::of(text.as_ref().or(base64.as_ref()));
        vec![
            self.node.as_str().into(),
            cell(self.status),
            Cell::of(self.exit_code),
            text(&self.stdout, &self.stdout_base64),
            text(&self.stderr, &self.stderr_base64),
            self.lost_bytes.to_string().into(),
            self.attempt.to_string().into(),
            Cell::of(self.took_ms),
            Cell::of(self.error_message.as_ref()),
        ]
    }
}
