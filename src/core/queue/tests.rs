use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Assignment, Entry, FAIR_TURN, Handout, Job, Limits, Queue, Stage};
use crate::{
    id::{AgentId, CommandId, EventId, ExecutionId},
    proto::{
        command::Priority,
        event::{Event, EventKind},
    },
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const LINK: u64 = 7;

fn job(priority: Priority) -> Arc<Job> {
    Arc::new(Job {
        id: CommandId::generate(),
        verb: "exec".into(),
        args: json!({}),
        is_sealed: false,
        by: None,
        actor: "user:ada".into(),
        created_at: NOW,
        timeout_s: 10,
        priority,
        precondition: None,
        output_bytes: 0,
    })
}

fn entry(agent: AgentId) -> Entry {
    Entry {
        id: ExecutionId::generate(),
        agent,
        attempt: 1,
        batch: 0,
        stage: Stage::Ready,
        due_at: Some(NOW + SignedDuration::from_secs(60)),
        was_sent: false,
        is_cancelled: false,
    }
}

fn add(queue: &mut Queue, agent: AgentId, priority: Priority) -> ExecutionId {
    let entry = entry(agent);
    let id = entry.id;
    queue.add(&job(priority), entry);
    id
}

fn linked(limits: Limits) -> (Queue, AgentId) {
    let (mut queue, agent) = (Queue::new(limits), AgentId::generate());
    queue.relinked(agent, Some(LINK));
    (queue, agent)
}

fn next(queue: &mut Queue, agent: AgentId) -> Option<ExecutionId> {
    match queue.take(agent, LINK, NOW)? {
        Handout::Order(Assignment { execution, .. }) | Handout::Cancel { execution, .. } => Some(execution),
    }
}

fn event(kind: EventKind, data: Value) -> Event {
    Event {
        specversion: "1.0".into(),
        id: EventId::generate(),
        source: "test".into(),
        kind,
        subject: None,
        time: NOW,
        sequence: String::new(),
        actor: "server".into(),
        correlationid: None,
        causationid: None,
        datacontenttype: "application/json".into(),
        data,
    }
}

fn end(queue: &mut Queue, id: ExecutionId) -> Vec<AgentId> {
    let ended = event(EventKind::CommandEnded, json!({ "execution_id": id }));
    queue.committed(&[ended]).into_iter().collect()
}

#[test]
fn the_higher_priority_goes_first_and_the_older_within_one() {
    let (mut queue, agent) = linked(Limits::default());
    let low = add(&mut queue, agent, Priority::Low);
    let (first, second) = (add(&mut queue, agent, Priority::High), add(&mut queue, agent, Priority::High));
    let critical = add(&mut queue, agent, Priority::Critical);
    let order: Vec<_> = (0..4).filter_map(|_| next(&mut queue, agent)).collect();
    assert_eq!(order, [critical, first, second, low]);
    assert_eq!(next(&mut queue, agent), None);
}

#[test]
fn what_is_low_waits_for_no_more_than_a_turn_however_much_is_critical() {
    let (mut queue, agent) = linked(Limits { per_agent: 1, ..Limits::default() });
    let low = add(&mut queue, agent, Priority::Low);
    for sent in 1..=u32::from(FAIR_TURN) {
        add(&mut queue, agent, Priority::Critical);
        add(&mut queue, agent, Priority::Critical);
        let id = next(&mut queue, agent).unwrap();
        if id == low {
            assert_eq!(sent, u32::from(FAIR_TURN));
            return;
        }
        end(&mut queue, id);
    }
    panic!("it was starved");
}

#[test]
fn a_node_has_no_more_than_its_limit_and_is_nudged_when_one_ends() {
    let (mut queue, agent) = linked(Limits { per_agent: 2, ..Limits::default() });
    let ids: Vec<_> = (0..3).map(|_| add(&mut queue, agent, Priority::Normal)).collect();
    assert_eq!((next(&mut queue, agent), next(&mut queue, agent)), (Some(ids[0]), Some(ids[1])));
    assert_eq!(next(&mut queue, agent), None);
    let words = queue.waits_for(ids[2], NOW).unwrap();
    assert!(words.contains("2 others that its node runs"), "{words}");
    assert_eq!(end(&mut queue, ids[0]), [agent]);
    assert_eq!(next(&mut queue, agent), Some(ids[2]));
}

#[test]
fn the_limit_of_all_holds_and_the_more_urgent_node_goes_on_first() {
    let (mut queue, one) = linked(Limits { in_all: 1, ..Limits::default() });
    let (two, three) = (AgentId::generate(), AgentId::generate());
    queue.relinked(two, Some(LINK));
    queue.relinked(three, Some(LINK));
    let first = add(&mut queue, one, Priority::Normal);
    let normal = add(&mut queue, two, Priority::Normal);
    let high = add(&mut queue, three, Priority::High);
    assert_eq!(next(&mut queue, one), Some(first));
    assert_eq!((next(&mut queue, two), next(&mut queue, three)), (None, None));
    assert_eq!(end(&mut queue, first), [three]);
    assert_eq!(next(&mut queue, three), Some(high));
    assert_eq!(end(&mut queue, high), [two]);
    assert_eq!(next(&mut queue, two), Some(normal));
}

#[test]
fn what_was_sent_on_a_link_that_broke_is_sent_again_and_what_began_is_asked_after() {
    let (mut queue, agent) = linked(Limits::default());
    let (sent, began) = (add(&mut queue, agent, Priority::Normal), add(&mut queue, agent, Priority::Normal));
    assert_eq!((next(&mut queue, agent), next(&mut queue, agent)), (Some(sent), Some(began)));
    let due = (NOW + SignedDuration::from_secs(70)).to_string();
    queue.committed(&[event(EventKind::CommandStarted, json!({ "execution_id": began, "due_at": due }))]);
    queue.relinked(agent, None);
    assert_eq!(queue.take(agent, LINK, NOW), None, "a link that ended takes nothing");
    queue.relinked(agent, Some(8));
    let first = queue.take(agent, 8, NOW);
    assert!(
        matches!(first, Some(Handout::Order(Assignment { execution, has_begun: true, .. })) if execution == began),
        "{first:?}"
    );
    let second = queue.take(agent, 8, NOW);
    assert!(
        matches!(second, Some(Handout::Order(Assignment { execution, has_begun: false, .. })) if execution == sent)
    );
    assert_eq!(queue.take(agent, 8, NOW), None);
}

#[test]
fn only_what_no_node_may_have_can_be_withdrawn() {
    let (mut queue, agent) = linked(Limits::default());
    let (sent, waits) = (add(&mut queue, agent, Priority::Normal), add(&mut queue, agent, Priority::Normal));
    assert_eq!(next(&mut queue, agent), Some(sent));
    assert!(!queue.withdraw(sent));
    assert!(queue.withdraw(waits));
    assert_eq!(next(&mut queue, agent), None);
    queue.put_back(waits);
    assert_eq!(next(&mut queue, agent), Some(waits));
    queue.relinked(agent, Some(LINK));
    assert!(!queue.withdraw(waits), "its node may have had it on the link before");
}

#[test]
fn what_is_to_be_stopped_is_said_first_and_not_sent_any_more() {
    let (mut queue, agent) = linked(Limits::default());
    let sent = add(&mut queue, agent, Priority::Normal);
    assert_eq!(next(&mut queue, agent), Some(sent));
    queue.relinked(agent, None);
    queue.committed(&[event(EventKind::CommandCancelling, json!({ "executions": [sent] }))]);
    add(&mut queue, agent, Priority::Critical);
    queue.relinked(agent, Some(LINK));
    let first = queue.take(agent, LINK, NOW);
    assert!(matches!(first, Some(Handout::Cancel { execution, .. }) if execution == sent), "{first:?}");
    assert!(next(&mut queue, agent).is_some_and(|id| id != sent));
    assert_eq!(next(&mut queue, agent), None);
}

#[test]
fn what_is_not_ripe_waits_and_what_is_overdue_is_told() {
    let (mut queue, agent) = linked(Limits::default());
    let ripe_at = NOW + SignedDuration::from_secs(5);
    let unripe = Entry { stage: Stage::Unripe(ripe_at), ..entry(agent) };
    queue.add(&job(Priority::Critical), unripe.clone());
    assert_eq!((next(&mut queue, agent), queue.next_moment()), (None, Some(ripe_at)));
    assert!(queue.ripen(NOW).is_empty());
    assert!(queue.ripen(ripe_at).contains(&agent));
    assert_eq!(next(&mut queue, agent), Some(unripe.id));
    assert_eq!(queue.overdue(ripe_at), []);
    assert_eq!(queue.overdue(NOW + SignedDuration::from_secs(60)), [unripe.id]);
}

#[test]
fn a_full_queue_refuses_and_says_why() {
    let (mut queue, agent) = linked(Limits { waiting: 2, ..Limits::default() });
    add(&mut queue, agent, Priority::Normal);
    assert!(queue.room(1).is_ok());
    let refused = queue.room(2).unwrap_err().to_string();
    assert!(refused.contains("1 executions wait and 2 more"), "{refused}");
}

#[test]
fn nothing_is_left_of_what_ended() {
    let (mut queue, agent) = linked(Limits::default());
    let ids: Vec<_> = (0..100).map(|_| add(&mut queue, agent, Priority::Normal)).collect();
    while next(&mut queue, agent).is_some() {}
    ids.iter().for_each(|id| drop(end(&mut queue, *id)));
    while let Some(id) = next(&mut queue, agent) {
        end(&mut queue, id);
    }
    assert_eq!((queue.waiting(), queue.underway(), queue.load(agent)), (0, 0, 0));
    assert!(queue.jobs.is_empty() && queue.due.is_empty() && queue.open.is_empty());
}

#[test]
fn what_began_and_is_to_be_stopped_counts_after_a_restart() {
    let (mut queue, agent) = linked(Limits::default());
    let began = Entry { stage: Stage::Started, is_cancelled: true, ..entry(agent) };
    queue.add(&job(Priority::Normal), began.clone());
    assert_eq!(queue.underway(), 1);
    assert!(
        matches!(queue.take(agent, LINK, NOW), Some(Handout::Cancel { execution, .. }) if execution == began.id)
    );
    end(&mut queue, began.id);
    assert_eq!(queue.underway(), 0);
}

#[test]
fn a_beginning_that_is_told_late_does_not_call_off_a_cancel() {
    let (mut queue, agent) = linked(Limits::default());
    let sent = Entry { was_sent: true, is_cancelled: true, ..entry(agent) };
    queue.add(&job(Priority::Normal), sent.clone());
    queue.committed(&[event(EventKind::CommandStarted, json!({ "execution_id": sent.id }))]);
    assert!(
        matches!(queue.take(agent, LINK, NOW), Some(Handout::Cancel { execution, .. }) if execution == sent.id)
    );
}

#[test]
fn a_moment_that_was_heard_meanwhile_is_not_dismissed() {
    let (mut queue, agent) = linked(Limits::default());
    let sent = add(&mut queue, agent, Priority::Normal);
    let due = NOW + SignedDuration::from_secs(600);
    queue.committed(&[event(
        EventKind::CommandStarted,
        json!({ "execution_id": sent, "due_at": due.to_string() }),
    )]);
    queue.dismiss(sent, NOW + SignedDuration::from_secs(60));
    assert_eq!(queue.overdue(due), [sent], "it is still to be given up");
    queue.dismiss(sent, due);
    assert_eq!(queue.overdue(due), []);
}

#[test]
fn the_room_that_a_broken_link_leaves_is_the_next_nodes() {
    let (mut queue, one) = linked(Limits { in_all: 1, ..Limits::default() });
    let (two, three) = (AgentId::generate(), AgentId::generate());
    queue.relinked(two, Some(LINK));
    queue.relinked(three, Some(LINK));
    add(&mut queue, one, Priority::Normal);
    add(&mut queue, two, Priority::High);
    let waits = add(&mut queue, three, Priority::Normal);
    assert!(next(&mut queue, one).is_some());
    assert_eq!((next(&mut queue, two), next(&mut queue, three)), (None, None));
    assert_eq!(queue.relinked(one, None), [two].into());
    assert_eq!(
        queue.relinked(two, None),
        [three].into(),
        "the one that was nudged went before it took anything"
    );
    assert_eq!(next(&mut queue, three), Some(waits));
}
