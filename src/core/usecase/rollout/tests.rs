use jiff::{SignedDuration, Timestamp};

use super::{Step, step};
use crate::{
    core::{command::queued_execution, port::records::RolloutRecord},
    id::{AgentId, CommandId},
    proto::command::{Batch, CommandStatus, Execution, Rollout},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn rollout(pause_s: u32, max_failures: u32) -> Rollout {
    Rollout { batch: Batch::Targets(2), pause_s, max_failures }
}

/// Six targets in three parts, which stand so.
fn executions(statuses: [CommandStatus; 6]) -> Vec<Execution> {
    (0..)
        .zip(statuses)
        .map(|(place, status)| Execution {
            status,
            batch: place / 2 + 1,
            ..queued_execution(AgentId::generate(), "node")
        })
        .collect()
}

fn at(batch: u32, resume_at: Option<Timestamp>) -> RolloutRecord {
    RolloutRecord { command: CommandId::generate(), batch, resume_at }
}

use CommandStatus::{Failed, Queued, Started, Succeeded};

#[test]
fn a_part_follows_when_the_one_before_has_ended_and_its_pause_is_over() {
    let running = executions([Succeeded, Started, Queued, Queued, Queued, Queued]);
    assert_eq!(step(rollout(0, 1), at(1, None), &running, NOW), Step::Wait);
    let ended = executions([Succeeded, Succeeded, Queued, Queued, Queued, Queued]);
    assert_eq!(step(rollout(0, 1), at(1, None), &ended, NOW), Step::Advance);
    let rest = NOW + SignedDuration::from_secs(30);
    assert_eq!(step(rollout(30, 1), at(1, None), &ended, NOW), Step::Rest(rest));
    assert_eq!(step(rollout(30, 1), at(1, Some(rest)), &ended, NOW), Step::Rest(rest));
    assert_eq!(step(rollout(30, 1), at(1, Some(rest)), &ended, rest), Step::Advance);
}

#[test]
fn with_too_many_failures_no_further_part_begins() {
    let one = executions([Failed, Succeeded, Queued, Queued, Queued, Queued]);
    assert_eq!(step(rollout(0, 2), at(1, None), &one, NOW), Step::Advance);
    let two = executions([Failed, Succeeded, Failed, Started, Queued, Queued]);
    assert_eq!(step(rollout(0, 2), at(2, None), &two, NOW), Step::Stop(2));
}

#[test]
fn it_is_done_when_the_last_part_has_ended_and_an_attempt_that_was_repeated_is_no_failure() {
    let mut all = executions([Succeeded, Failed, Succeeded, Succeeded, Succeeded, Succeeded]);
    let again = Execution { attempt: 2, status: Succeeded, ..all[1].clone() };
    all.push(again);
    assert_eq!(step(rollout(0, 1), at(3, None), &all, NOW), Step::Done);
}
