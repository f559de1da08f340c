//! Frames of plain agents, read: what the documents name, spelt as they or common libraries spell it. What cannot be taken is
//! refused by the name of its field; what is absent stays unknown.

mod fields;
mod telemetry;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::fields::Fields;
pub use self::telemetry::telemetry;
use super::{command::is_verb, error::Error};
use crate::proto::{
    agent::HostFacts,
    command::CommandStatus,
    link::Hello,
    plain::{PlainPulse, PlainResult},
};

/// The most verbs that one agent may announce.
const MAX_CAPABILITIES: usize = 256;

/// A frame of a plain agent.
#[derive(Clone, Debug, PartialEq)]
pub enum PlainFrame {
    /// Who it is.
    Hello(Box<Hello>),
    /// It lives.
    Heartbeat(PlainPulse),
    /// What it measured, to be read by [`telemetry()`].
    Telemetry(Value),
    /// How a command stands.
    Result(PlainResult),
    /// It took a frame; plain links need no telling.
    Ack,
    /// It could not take a frame.
    Error(String),
}

/// A frame, read, with what every kind of frame may carry.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainMessage {
    /// The name that it gives its sender, when it gives one.
    pub agent_id: Option<String>,
    /// Its number on this link, when it has one.
    pub sequence: Option<u64>,
    /// The frame.
    pub frame: PlainFrame,
}

/// Reads one text frame.
///
/// # Errors
/// It is no JSON, no frame, or one of its fields is wrong; the error names the field.
pub fn read(text: &str) -> Result<PlainMessage, Error> {
    let frame: Value =
        serde_json::from_str(text).map_err(|error| Error::field("", format!("this is not JSON: {error}")))?;
    let frame = Fields::of(&frame, "")?;
    let kind =
        frame.text(&["type"])?.ok_or_else(|| frame.wrong("type", "expected a frame's name, like HELLO"))?;
    let nothing = Value::Object(Map::new());
    let payload = frame.find(&["payload"]).map_or(&nothing, |(_, payload)| payload);
    let fields = Fields::of(payload, "payload")?;
    let read = match kind.to_ascii_uppercase().as_str() {
        "HELLO" => PlainFrame::Hello(Box::new(hello(&fields)?)),
        "HEARTBEAT" => PlainFrame::Heartbeat(pulse(&fields)?),
        "TELEMETRY" => PlainFrame::Telemetry(payload.clone()),
        "COMMAND_RESULT" | "RESULT" => PlainFrame::Result(result(&fields)?),
        "ACK" => PlainFrame::Ack,
        "ERROR" => PlainFrame::Error(fields.text(&["detail"])?.unwrap_or_default().to_owned()),
        _ => {
            return Err(frame.wrong(
                "type",
                "expected HELLO, HEARTBEAT, TELEMETRY, COMMAND_RESULT, RESULT, ACK or ERROR",
            ));
        }
    };
    let agent_id = fields.text(&["agent_id"])?.map(str::to_owned);
    Ok(PlainMessage { agent_id, sequence: fields.whole(&["sequence"])?, frame: read })
}

/// Reads a HELLO. What the documents do not name is kept where it is understood, and passed over where it is not.
fn hello(fields: &Fields<'_>) -> Result<Hello, Error> {
    let agent_id = fields.text(&["agent_id"])?;
    let agent_id =
        agent_id.ok_or_else(|| fields.wrong("agent_id", "expected the name that it was invited by"))?;
    if fields.find(&["proof"]).is_some() {
        return Err(fields.wrong("proof", "expected none: a plain agent is proven by its token alone"));
    }
    let words = |name: &str| fields.find(&[name]).and_then(|(_, value)| value.as_str()).map(str::to_owned);
    let host = HostFacts {
        hostname: words("hostname"),
        os: words("os").map(Into::into),
        kernel: words("kernel").map(Into::into),
        arch: words("arch").map(Into::into),
        cpu_model: words("cpu_model").map(Into::into),
        cpu_count: understood(fields, "cpu_count"),
        memory_total_bytes: understood(fields, "memory_total_bytes"),
        booted_at: understood(fields, "booted_at"),
    };
    Ok(Hello {
        verbs: Vec::new(),
        agent_id: agent_id.to_owned(),
        site: fields.text(&["site"])?.unwrap_or_default().to_owned(),
        version: fields.text(&["version"])?.unwrap_or_default().to_owned(),
        capabilities: capabilities(fields)?,
        host,
        container_engine: None,
        labels: understood(fields, "labels").unwrap_or_else(BTreeMap::new),
        proof: None,
    })
}

/// A field as the type that it should have, or nothing.
fn understood<'a, T: Deserialize<'a>>(fields: &Fields<'a>, name: &'static str) -> Option<T> {
    fields.find(&[name]).and_then(|(_, value)| T::deserialize(value).ok())
}

fn capabilities(fields: &Fields<'_>) -> Result<Vec<String>, Error> {
    let Some((name, value)) = fields.find(&["capabilities"]) else { return Ok(Vec::new()) };
    let verbs = value.as_array().filter(|verbs| verbs.len() <= MAX_CAPABILITIES);
    let expected = format!("expected a list of at most {MAX_CAPABILITIES} verbs");
    let verbs = verbs.ok_or_else(|| fields.wrong(name, expected))?;
    let mut announced: Vec<String> = Vec::new();
    for (place, verb) in verbs.iter().enumerate() {
        let verb = verb.as_str().filter(|verb| is_verb(verb)).ok_or_else(|| {
            fields.wrong(
                &format!("{name}/{place}"),
                "expected a verb: 1 to 64 of a-z, digits, '.', '_', ':' and '-'",
            )
        })?;
        if !announced.iter().any(|known| known == verb) {
            announced.push(verb.to_owned());
        }
    }
    Ok(announced)
}

fn pulse(fields: &Fields<'_>) -> Result<PlainPulse, Error> {
    let well = match fields.text(&["status"])? {
        None => None,
        Some(word) => {
            Some(is_well(word).ok_or_else(|| fields.wrong("status", "expected ONLINE or DEGRADED"))?)
        }
    };
    Ok(PlainPulse {
        well,
        cpu: fields.percent(&["cpu", "cpu_usage"])?,
        ram: fields.percent(&["ram", "memory_usage"])?,
    })
}

/// Whether an agent calls itself well, by the word that it uses; `None` for a word that says neither.
#[must_use]
pub fn is_well(word: &str) -> Option<bool> {
    match word.to_ascii_uppercase().as_str() {
        "ONLINE" | "OK" | "HEALTHY" => Some(true),
        "DEGRADED" => Some(false),
        _ => None,
    }
}

fn result(fields: &Fields<'_>) -> Result<PlainResult, Error> {
    let id = fields.text(&["command_id", "id"])?.and_then(|id| id.parse().ok());
    let command_id = id.ok_or_else(|| fields.wrong("command_id", "expected the id of the COMMAND"))?;
    let status = fields.text(&["status"])?.and_then(status);
    let status = status.ok_or_else(|| {
        fields
            .wrong("status", "expected started, succeeded, failed, timed_out, cancelled, refused or unknown")
    })?;
    Ok(PlainResult {
        command_id,
        status,
        result: fields.find(&["result", "output"]).map(|(_, value)| value.clone()),
        error_message: fields.text(&["error_message", "error"])?.map(str::to_owned),
    })
}

/// How a command stands, by the words that are used for it. What only a server can say of it is no such word.
fn status(word: &str) -> Option<CommandStatus> {
    Some(match word.to_ascii_lowercase().as_str() {
        "started" | "running" | "in_progress" => CommandStatus::Started,
        "succeeded" | "success" | "completed" | "ok" => CommandStatus::Succeeded,
        "failed" | "failure" | "error" => CommandStatus::Failed,
        "timed_out" | "timeout" => CommandStatus::TimedOut,
        "cancelled" | "canceled" => CommandStatus::Cancelled,
        "refused" | "rejected" => CommandStatus::Refused,
        "unknown" => CommandStatus::Unknown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
