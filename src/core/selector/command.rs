//! The fields of commands.

use jiff::Timestamp;

use super::{Field, Kind, Needs, Row, Value, agent::age};
use crate::proto::command::Command;

/// A command, looked at now.
#[derive(Clone, Debug)]
pub struct CommandRow {
    /// The command.
    pub command: Command,
    /// Now.
    pub now: Timestamp,
}

impl Row for CommandRow {
    fn id(&self) -> String {
        self.command.id.to_string()
    }

    fn name(&self) -> String {
        self.id()
    }
}

/// The whole table.
pub const FIELDS: &[Field<CommandRow>] = &[
    field("id", Kind::Text, Needs::NOTHING, "the command's id", |row| owned(row.command.id)),
    field("verb", Kind::Text, Needs::NOTHING, "what to do: docker.stop", |row| (&row.command.verb).into()),
    field("status", Kind::Text, Needs::NOTHING, "how it stands, over all its nodes: failed ...", |row| {
        let word = serde_json::to_value(row.command.status).ok();
        Value::Text(word.as_ref().and_then(|word| word.as_str()).unwrap_or_default().to_owned().into())
    }),
    field("actor", Kind::Text, Needs::NOTHING, "who gave it: user:NAME, key:NAME ...", |row| {
        (&row.command.actor).into()
    }),
    field("node", Kind::Text, Needs::NOTHING, "the name of its first node", |row| {
        row.command.executions.first().map(|execution| &execution.node).into()
    }),
    field("targets", Kind::Integer, Needs::NOTHING, "how many nodes it is for", |row| {
        i64::try_from(row.command.executions.len()).ok().into()
    }),
    field("error", Kind::Text, Needs::NOTHING, "why it failed first", |row| {
        row.command.executions.iter().find_map(|execution| execution.error_message.as_ref()).into()
    }),
    field("timeout_s", Kind::Integer, Needs::NOTHING, "seconds it may take once started", |row| {
        Value::Integer(row.command.timeout_s.into())
    }),
    field("age", Kind::Integer, Needs::CLOCK, "since it was given, seconds", |row| {
        age(Some(row.command.created_at), row.now)
    }),
    field("ended_age", Kind::Integer, Needs::CLOCK, "since it ended, seconds", |row| {
        age(row.command.ended_at, row.now)
    }),
    field("duration", Kind::Integer, Needs::NOTHING, "from when it was given to its end, seconds", |row| {
        row.command.ended_at.map(|ended| ended.duration_since(row.command.created_at).as_secs()).into()
    }),
];

#[expect(clippy::needless_pass_by_value, reason = "values are made where this is called")]
fn owned(text: impl ToString) -> Value<'static> {
    Value::Text(text.to_string().into())
}

const fn field(
    name: &'static str,
    kind: Kind,
    needs: Needs,
    about: &'static str,
    read: for<'a> fn(&'a CommandRow) -> Value<'a>,
) -> Field<CommandRow> {
    Field { name, kind, needs, about, read }
}
