//! How commands went: counted by status, verb and node, with how long they took.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::{
    core::{
        command::{aggregate, has_ended},
        port::records::RecentExecution,
    },
    id::{AgentId, CommandId},
    proto::{
        command::CommandStatus,
        statistics::{CommandStatistics, FailingNode, Spread, VerbStatistics},
    },
};

/// The most executions that are looked at.
pub const MOST_EXECUTIONS: usize = 50_000;
/// The most verbs that are told apart.
const MOST_VERBS: usize = 100;
/// The most nodes that are named.
const MOST_NODES: usize = 10;

/// Counts executions, the latest first.
#[must_use]
pub fn of_commands(executions: &[RecentExecution], since: Timestamp, now: Timestamp) -> CommandStatistics {
    let (mut all, mut verbs) = (Tally::default(), HashMap::<&str, Tally>::new());
    let mut nodes: HashMap<AgentId, FailingNode> = HashMap::new();
    for execution in executions {
        all.add(execution);
        verbs.entry(&execution.verb).or_default().add(execution);
        let node = nodes.entry(execution.agent).or_insert_with(|| FailingNode {
            node: execution.node.clone(),
            failed: 0,
            ended: 0,
            last_error: None,
        });
        node.ended += u64::from(has_ended(execution.status));
        if has_failed(execution.status) {
            node.failed += 1;
            if node.last_error.is_none() {
                node.last_error.clone_from(&execution.error_message);
            }
        }
    }
    let mut verbs: Vec<_> = verbs.into_iter().collect();
    verbs.sort_by_key(|(verb, tally)| (std::cmp::Reverse(tally.count), *verb));
    verbs.truncate(MOST_VERBS);
    let mut failing_nodes: Vec<FailingNode> = nodes.into_values().filter(|node| node.failed > 0).collect();
    failing_nodes.sort_by(|one, other| other.failed.cmp(&one.failed).then_with(|| one.node.cmp(&other.node)));
    failing_nodes.truncate(MOST_NODES);
    CommandStatistics {
        since,
        counted_at: now,
        is_partial: executions.len() >= MOST_EXECUTIONS,
        commands: commands_by_status(executions),
        executions: in_words(all.statuses),
        waiting: spread(all.waiting),
        running: spread(all.running),
        verbs: verbs
            .into_iter()
            .map(|(verb, tally)| VerbStatistics {
                verb: verb.to_owned(),
                executions: in_words(tally.statuses),
                waiting: spread(tally.waiting),
                running: spread(tally.running),
            })
            .collect(),
        failing_nodes,
    }
}

/// What is counted of all executions, or of those of a verb.
#[derive(Default)]
struct Tally {
    count: u64,
    statuses: BTreeMap<CommandStatus, u64>,
    /// Microseconds.
    waiting: Vec<i64>,
    running: Vec<i64>,
}

impl Tally {
    fn add(&mut self, execution: &RecentExecution) {
        self.count += 1;
        *self.statuses.entry(execution.status).or_default() += 1;
        let Some(started) = execution.started_at else { return };
        self.waiting.push(between(execution.ready_at, started));
        if let Some(ended) = execution.ended_at {
            self.running.push(between(started, ended));
        }
    }
}

/// From one moment to another, microseconds; two clocks may disagree on which came first.
fn between(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_microsecond() - from.as_microsecond()).max(0)
}

/// Whether an execution ended and did not do what it should; one that somebody stopped did not fail.
const fn has_failed(status: CommandStatus) -> bool {
    has_ended(status) && !matches!(status, CommandStatus::Succeeded | CommandStatus::Cancelled)
}

/// Commands by how they stand; of several attempts on a target the last counts.
fn commands_by_status(executions: &[RecentExecution]) -> BTreeMap<String, u64> {
    let mut last: HashMap<CommandId, HashMap<AgentId, (u32, CommandStatus)>> = HashMap::new();
    for execution in executions {
        let attempt = (execution.attempt, execution.status);
        let known = last.entry(execution.command).or_default().entry(execution.agent).or_insert(attempt);
        if attempt.0 > known.0 {
            *known = attempt;
        }
    }
    let mut counted: BTreeMap<CommandStatus, u64> = BTreeMap::new();
    for targets in last.into_values() {
        let statuses: Vec<CommandStatus> = targets.into_values().map(|(_, status)| status).collect();
        *counted.entry(aggregate(&statuses)).or_default() += 1;
    }
    in_words(counted)
}

fn in_words(counted: BTreeMap<CommandStatus, u64>) -> BTreeMap<String, u64> {
    counted.into_iter().map(|(status, count)| (status.as_str().to_owned(), count)).collect()
}

/// The nearest-rank percentiles of some times.
fn spread(mut micros: Vec<i64>) -> Spread {
    micros.sort_unstable();
    let rank = |percent: usize| (micros.len() * percent).div_ceil(100).saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "a microsecond more or less of a century")]
    let at = |percent| micros.get(rank(percent)).map(|micros| *micros as f64 / 1_000_000.0);
    Spread { count: micros.len() as u64, p50_s: at(50), p90_s: at(90), p99_s: at(99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn ended(verb: &str, agent: AgentId, waited: i64, ran: i64, status: CommandStatus) -> RecentExecution {
        RecentExecution {
            command: CommandId::generate(),
            agent,
            node: "web-1".into(),
            attempt: 1,
            verb: verb.into(),
            status,
            ready_at: at(0),
            started_at: Some(at(waited)),
            ended_at: Some(at(waited + ran)),
            error_message: (status != CommandStatus::Succeeded).then(|| format!("failed after {ran} s")),
        }
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let (one, other) = (AgentId::generate(), AgentId::generate());
        let mut executions: Vec<_> =
            (1..=100).map(|ran| ended("exec", one, 1, ran, CommandStatus::Succeeded)).collect();
        executions.push(ended("docker.stop", other, 5, 7, CommandStatus::Failed));
        let told = of_commands(&executions, at(0), at(1000));
        let exec = &told.verbs[0];
        assert_eq!((exec.verb.as_str(), exec.running.count), ("exec", 100));
        let running = (exec.running.p50_s, exec.running.p90_s, exec.running.p99_s);
        assert_eq!(running, (Some(50.0), Some(90.0), Some(99.0)));
        assert_eq!(exec.waiting.p99_s, Some(1.0));
        assert_eq!(
            told.verbs[1].running,
            Spread { count: 1, p50_s: Some(7.0), p90_s: Some(7.0), p99_s: Some(7.0) }
        );
        assert_eq!(told.failing_nodes.len(), 1);
        let node = &told.failing_nodes[0];
        assert_eq!((node.failed, node.ended, node.last_error.as_deref()), (1, 1, Some("failed after 7 s")));
        assert_eq!(told.commands, BTreeMap::from([("succeeded".into(), 100), ("failed".into(), 1)]));
    }

    #[test]
    fn of_several_attempts_the_last_says_how_a_command_went() {
        let agent = AgentId::generate();
        let first = ended("exec", agent, 0, 1, CommandStatus::Failed);
        let second = RecentExecution {
            attempt: 2,
            status: CommandStatus::Succeeded,
            error_message: None,
            ..first.clone()
        };
        let told = of_commands(&[second, first], at(0), at(10));
        assert_eq!(told.commands, BTreeMap::from([("succeeded".into(), 1)]));
        assert_eq!(told.executions, BTreeMap::from([("failed".into(), 1), ("succeeded".into(), 1)]));
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        let told = of_commands(&[], at(0), at(0));
        assert_eq!((told.running, told.is_partial, told.verbs.len()), (Spread::default(), false, 0));
    }

    #[test]
    fn what_somebody_stopped_did_not_fail() {
        let told =
            of_commands(&[ended("exec", AgentId::generate(), 0, 1, CommandStatus::Cancelled)], at(0), at(10));
        assert!(told.failing_nodes.is_empty());
    }
}
