//! [`Tally`]: how a command stands on each of its targets, counted and told in a line.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::{commands::words, exit::ExitStatus, measure::shortened};
use crate::{
    id::{CommandId, ExecutionId},
    proto::{
        command::{Command, CommandStatus, Execution},
        output::OutputItem,
    },
};

/// How many of the nodes that run are named.
const NAMED: usize = 3;

/// A target, and how its last attempt stands.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) node: String,
    pub(super) execution: ExecutionId,
    pub(super) attempt: u32,
    pub(super) status: CommandStatus,
    pub(super) waits_for: Option<String>,
    pub(super) result: Option<serde_json::Value>,
    pub(super) error: Option<String>,
    pub(super) took_ms: Option<u64>,
    /// Bytes that it printed and nobody kept.
    pub(super) lost_bytes: u64,
}

impl Target {
    /// The exit code of a program that ran; as a shell tells it where a signal ended it.
    pub(super) fn exit_code(&self) -> Option<i64> {
        let number = |field| self.result.as_ref()?.get(field)?.as_i64();
        number("exit_code").or_else(|| number("signal").map(|signal| 128 + signal))
    }

    /// Why it did not succeed, in a few words.
    fn reason(&self) -> Option<String> {
        let number = |field| self.result.as_ref()?.get(field)?.as_i64();
        match (self.status, number("signal"), number("exit_code")) {
            (CommandStatus::Failed, Some(signal), _) => Some(format!("signal {signal}")),
            (CommandStatus::Failed, None, Some(code)) if code != 0 => Some(format!("exit code {code}")),
            _ => self.error.clone(),
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        !matches!(self.status, CommandStatus::Queued | CommandStatus::Started)
    }
}

/// The targets of a command, in their order.
#[derive(Debug, Default)]
pub(super) struct Tally {
    targets: Vec<Target>,
    places: HashMap<String, usize>,
    /// How many stand how.
    counts: BTreeMap<CommandStatus, usize>,
    /// What was said to be waited for already.
    waits_told: BTreeSet<String>,
}

impl Tally {
    /// The targets as the command knows them; of one of them where it was asked for.
    pub(super) fn new(command: &Command, only: Option<&str>) -> Self {
        let mut tally = Self::default();
        tally.look(command, only);
        tally
    }

    /// Takes how a command stands now.
    pub(super) fn look(&mut self, command: &Command, only: Option<&str>) {
        for execution in &command.executions {
            let Execution { id, agent, node, attempt, status, waits_for, result, error_message, .. } =
                execution;
            if only.is_some_and(|only| only != node && only != agent.to_string()) {
                continue;
            }
            self.put(Target {
                node: node.clone(),
                execution: *id,
                attempt: *attempt,
                status: *status,
                waits_for: waits_for.clone(),
                result: result.clone(),
                error: error_message.clone(),
                took_ms: None,
                lost_bytes: 0,
            });
        }
    }

    /// Takes an item, and gives what somebody should be told of it.
    pub(super) fn take(&mut self, item: &OutputItem) -> Option<String> {
        match item {
            OutputItem::Status {
                node,
                execution,
                attempt,
                status,
                waits_for,
                result,
                error_message,
                took_ms,
            } => {
                let target = Target {
                    node: node.clone(),
                    execution: *execution,
                    attempt: *attempt,
                    status: *status,
                    waits_for: waits_for.clone(),
                    result: result.clone(),
                    error: error_message.clone(),
                    took_ms: *took_ms,
                    lost_bytes: 0,
                };
                self.put(target)
            }
            OutputItem::Gap { node, bytes, .. } => {
                if let Some(at) = self.places.get(node) {
                    self.targets[*at].lost_bytes += bytes;
                }
                None
            }
            OutputItem::Output { .. } | OutputItem::Ended { .. } => None,
        }
    }

    /// Takes how a target stands; gives why it is tried again, where it is.
    fn put(&mut self, mut target: Target) -> Option<String> {
        let Some(at) = self.places.get(&target.node) else {
            self.places.insert(target.node.clone(), self.targets.len());
            *self.counts.entry(target.status).or_default() += 1;
            self.targets.push(target);
            return None;
        };
        let known = &mut self.targets[*at];
        // What is over stays as it is: a look at the command may be older than its output.
        if target.attempt < known.attempt || (target.execution == known.execution && known.is_over()) {
            return None;
        }
        *self.counts.entry(known.status).or_default() -= 1;
        *self.counts.entry(target.status).or_default() += 1;
        let again = (target.attempt > known.attempt).then(|| {
            let reason = known.reason().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{}: {}{reason}; attempt {} follows", known.node, words(known.status), target.attempt)
        });
        if target.execution == known.execution {
            target.lost_bytes = known.lost_bytes;
        }
        *known = target;
        again
    }

    /// Whether nothing goes on but to wait.
    pub(super) fn only_waits(&self) -> bool {
        self.count(CommandStatus::Started) == 0 && self.count(CommandStatus::Queued) > 0
    }

    /// What those that wait are waiting for; each reason is told once.
    pub(super) fn waits(&mut self) -> Option<String> {
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let waiting = self.targets.iter().filter(|target| target.status == CommandStatus::Queued);
        for target in waiting {
            let reason = target.waits_for.as_deref().unwrap_or("its turn");
            by_reason.entry(reason).or_default().push(&target.node);
        }
        by_reason.retain(|reason, _| !self.waits_told.contains(*reason));
        let told: Vec<String> = by_reason
            .iter()
            .map(|(reason, nodes)| {
                let wait = if nodes.len() == 1 { "waits" } else { "wait" };
                format!("{} {wait} for {reason}", shortened(nodes))
            })
            .collect();
        let reasons: Vec<String> = by_reason.into_keys().map(str::to_owned).collect();
        self.waits_told.extend(reasons);
        (!told.is_empty()).then(|| told.join("; "))
    }

    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The place of a node among the targets.
    pub(super) fn place(&self, node: &str) -> Option<usize> {
        self.places.get(node).copied()
    }

    /// The execution of the only target.
    pub(super) fn alone(&self) -> Option<ExecutionId> {
        match self.targets.as_slice() {
            [one] => Some(one.execution),
            _ => None,
        }
    }

    /// How many stand how, and who runs, for a line that changes.
    pub(super) fn counts(&self) -> String {
        let [queued, running, done] =
            [CommandStatus::Queued, CommandStatus::Started, CommandStatus::Succeeded]
                .map(|status| self.count(status));
        let failed = self.targets.len() - running - queued - done;
        let counts = [(queued, "queued"), (running, "running"), (done, "done"), (failed, "failed")];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        let last = self.targets.iter().rev().filter(|target| target.status == CommandStatus::Started);
        let last: Vec<&str> = last.take(NAMED.min(running)).map(|target| target.node.as_str()).collect();
        let names = if last.is_empty() { String::new() } else { format!(" · {}", last.join(", ")) };
        format!("{}{names}", counts.join(", "))
    }

    fn count(&self, status: CommandStatus) -> usize {
        self.counts.get(&status).copied().unwrap_or(0)
    }

    /// What became of all of them, in a line; of one that did what it should there is nothing to say.
    pub(super) fn summary(&self, id: CommandId) -> Option<String> {
        if let [one] = self.targets.as_slice() {
            if one.status == CommandStatus::Succeeded {
                return None;
            }
            let reason = one.reason().map_or_else(String::new, |reason| format!(": {reason}"));
            return Some(format!("{}: {}{reason}", one.node, words(one.status)));
        }
        const ORDER: [(CommandStatus, &str); 9] = [
            (CommandStatus::Succeeded, "succeeded"),
            (CommandStatus::Failed, "failed"),
            (CommandStatus::TimedOut, "timed out"),
            (CommandStatus::Refused, "refused"),
            (CommandStatus::Cancelled, "cancelled"),
            (CommandStatus::Expired, "expired"),
            (CommandStatus::Unknown, "ended unknown"),
            (CommandStatus::Started, "still running"),
            (CommandStatus::Queued, "still queued"),
        ];
        let parts: Vec<String> = ORDER
            .into_iter()
            .filter_map(|(status, word)| {
                let those: Vec<&Target> =
                    self.targets.iter().filter(|target| target.status == status).collect();
                let count = those.len();
                let why = if status == CommandStatus::Succeeded { String::new() } else { reasons(&those) };
                (count > 0).then(|| format!("{count} {word}{why}"))
            })
            .collect();
        (!parts.is_empty())
            .then(|| parts.join(", "))
            .or_else(|| Some(format!("nothing became of it; look with: worpen commands get {id}")))
    }

    /// How a run ends that followed them.
    pub(super) fn status(&self, own_code: bool) -> ExitStatus {
        if let [one] = self.targets.as_slice()
            && matches!(one.status, CommandStatus::Succeeded | CommandStatus::Failed)
            && let Some(code) = one.exit_code().filter(|_| own_code)
        {
            return ExitStatus::Program(u8::try_from(code).unwrap_or(u8::MAX));
        }
        let each: Vec<ExitStatus> =
            self.targets.iter().map(|target| ExitStatus::of_command(target.status)).collect();
        ExitStatus::of_all(&each)
    }
}

/// Reasons and whom they hit: ` (exit code 3: web-7, web-8; signal 9: db-1)`.
fn reasons(targets: &[&Target]) -> String {
    let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for target in targets {
        let waits = target.waits_for.as_ref().map(|reason| format!("waits for {reason}"));
        let reason = waits.or_else(|| target.reason()).unwrap_or_default();
        by_reason.entry(reason).or_default().push(&target.node);
    }
    let told: Vec<String> = by_reason
        .iter()
        .map(|(reason, nodes)| match reason.as_str() {
            "" => shortened(nodes),
            reason => format!("{reason}: {}", shortened(nodes)),
        })
        .collect();
    format!(" ({})", told.join("; "))
}

#[cfg(test)]
pub(super) mod tests;
