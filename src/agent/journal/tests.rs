use std::path::Path;

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::{
    agent::spool::Spool,
    id::AgentId,
    proto::{command::OutputSize, link::AgentFrame, output::LogStream, verb::Effect},
};

struct Node {
    journal: Arc<Journal>,
    spool: Arc<Spool>,
    lane: Arc<Lane>,
}

fn open(folder: &Path) -> Node {
    let state = Arc::new(State::open(&folder.join("state.db"), false).unwrap());
    let spool = Arc::new(Spool::new(Arc::clone(&state), 1024 * 1024).unwrap());
    let lane = Lane::new(Arc::clone(&state), 1024 * 1024).unwrap();
    Node { journal: Journal::new(state, Arc::clone(&spool), Arc::clone(&lane)), spool, lane }
}

fn order() -> CommandOrder {
    let now = Timestamp::now();
    CommandOrder {
        agent: AgentId::generate(),
        execution: ExecutionId::generate(),
        command: CommandId::generate(),
        verb: "exec".into(),
        args: json!({"argv": ["true"]}),
        not_before: now,
        expires_at: now + SignedDuration::from_secs(30),
        timeout_s: 30,
        epoch: 1,
        sequence: 1,
        actor: "user:ada".into(),
        is_question: false,
        has_begun: false,
        precondition: None,
        output_bytes: 1024,
    }
}

/// What the server is told, oldest first.
fn told(node: &Node) -> Vec<(ExecutionId, CommandStatus, bool)> {
    let read = |text: &str| match serde_json::from_str(text).unwrap() {
        AgentFrame::CommandResult(result) => {
            (result.body.execution_id.unwrap(), result.body.status, result.body.not_begun)
        }
        other => panic!("{other:?}"),
    };
    let (mut results, mut last) = (Vec::new(), 0);
    loop {
        let frames = node.spool.batch(last, 1000).unwrap();
        let Some((sequence, _)) = frames.last() else { return results };
        last = *sequence;
        results.extend(frames.iter().map(|(_, text)| read(text)));
    }
}

fn ended(order: &CommandOrder) -> CommandResult {
    CommandResult {
        output: Some(OutputSize { bytes: 3, kept: 3 }),
        ..outcome(order, CommandStatus::Succeeded, Some(json!({"exit_code": 0})), None)
    }
}

fn printed() -> [Piece; 1] {
    [Piece { stream: LogStream::Stdout, offset: 0, time: Timestamp::UNIX_EPOCH, bytes: b"abc".to_vec() }]
}

#[tokio::test]
async fn an_execution_begins_once_however_often_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    let order = order();
    assert!(matches!(node.journal.begin(&order, Effect::Acts).await, Ok(Begin::Now(_))));
    assert_eq!(told(&node), [], "only its end is told at once");
    assert!(node.journal.end(&order, &ended(&order), &[]).unwrap());
    assert_eq!(node.journal.begin(&order, Effect::Acts).await.unwrap(), Begin::Answered);
    let expected = (order.execution, CommandStatus::Succeeded, false);
    assert_eq!(told(&node), [expected, expected], "and told again");
    drop(node);
    let node = open(folder.path());
    assert_eq!(node.journal.begin(&order, Effect::Idempotent).await.unwrap(), Begin::Answered);
}

#[tokio::test]
async fn many_that_arrive_together_all_begin() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    let orders: Vec<_> = (0..1_000).map(|_| order()).collect();
    let begins = orders.iter().map(|order| node.journal.begin(order, Effect::Acts));
    for begin in futures_util::future::join_all(begins).await {
        assert!(matches!(begin, Ok(Begin::Now(_))));
    }
    node.journal.recover().unwrap();
    let told = told(&node);
    assert_eq!(told.len(), 1_000);
    assert!(told.iter().all(|(_, status, _)| *status == CommandStatus::Unknown));
}

#[tokio::test]
async fn what_a_crash_cut_off_is_unknown_and_what_was_not_told_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    let (cut, untold, look) = (order(), order(), order());
    for begun in [&cut, &untold] {
        node.journal.begin(begun, Effect::Acts).await.unwrap();
    }
    node.journal.begin(&look, Effect::Reads).await.unwrap();
    node.journal.link(true);
    assert!(node.lane.reserve(3) && !node.journal.end(&untold, &ended(&untold), &printed()).unwrap());
    assert_eq!(told(&node), []);
    drop(node);
    let node = open(folder.path());
    node.journal.recover().unwrap();
    let expected =
        [(cut.execution, CommandStatus::Unknown, false), (untold.execution, CommandStatus::Succeeded, false)];
    assert_eq!(told(&node), expected, "a look is not journalled");
    node.journal.recover().unwrap();
    assert_eq!(told(&node), expected, "once");
    let begin = node.journal.begin(&look, Effect::Reads).await.unwrap();
    assert!(matches!(begin, Begin::Now(_)), "a look is done again");
    assert!(node.lane.holds(untold.execution).unwrap(), "what was printed still waits");
}

#[tokio::test]
async fn an_end_waits_for_its_output_while_there_is_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    node.journal.link(true);
    let (kept, lost, late, look) = (order(), order(), order(), order());
    for begun in [&kept, &lost, &late] {
        node.journal.begin(begun, Effect::Acts).await.unwrap();
    }
    node.journal.begin(&look, Effect::Reads).await.unwrap();
    for one in [&kept, &lost, &late, &look] {
        assert!(node.lane.reserve(3) && !node.journal.end(one, &ended(one), &printed()).unwrap());
    }
    node.journal.kept(kept.execution, 2).unwrap();
    assert_eq!(told(&node), [], "one byte is missing");
    node.journal.kept(kept.execution, 3).unwrap();
    node.journal.kept(kept.execution, 3).unwrap();
    node.journal.tell(late.execution).unwrap();
    node.journal.kept(late.execution, 3).unwrap();
    node.journal.kept(look.execution, 3).unwrap();
    let executions = |node: &Node| told(node).into_iter().map(|(id, ..)| id).collect::<Vec<_>>();
    assert_eq!(executions(&node), [kept.execution, late.execution, look.execution], "each once");
    node.journal.link(false);
    assert_eq!(executions(&node).last(), Some(&lost.execution), "without a link nobody waits");
}

#[tokio::test]
async fn a_cancel_forestalls_what_did_not_come() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    let order = order();
    let cancel = Cancel { command_id: order.command, execution_id: Some(order.execution) };
    node.journal.forestall(cancel, order.execution).unwrap();
    assert_eq!(told(&node), [(order.execution, CommandStatus::Cancelled, true)]);
    for effect in [Effect::Acts, Effect::Idempotent, Effect::Reads] {
        assert_eq!(node.journal.begin(&order, effect).await.unwrap(), Begin::Answered);
    }
}

#[tokio::test]
async fn a_journal_that_was_lost_does_not_run_an_act_again() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    let (mut act, mut again) = (order(), order());
    (act.has_begun, again.has_begun) = (true, true);
    assert_eq!(node.journal.begin(&act, Effect::Acts).await.unwrap(), Begin::Answered);
    assert_eq!(told(&node), [(act.execution, CommandStatus::Unknown, false)]);
    assert!(matches!(node.journal.begin(&again, Effect::Idempotent).await, Ok(Begin::Now(_))));
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_begins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    let drop_table = |transaction: &Transaction<'_>| transaction.execute_batch("DROP TABLE execution");
    node.journal.state.write(Durability::Written, drop_table).unwrap();
    assert!(node.journal.begin(&order(), Effect::Acts).await.is_err());
}
