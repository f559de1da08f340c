//! What holds of commits, whatever the engine.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Waker},
};

use worpen::core::{
    audit::first_break,
    change::{Change, CommitError, Committed},
    port::store::Store,
};

use super::{
    changes::{broken_guard, claim, claiming, entry, event, statement},
    engine::{Data, Engine, Gate, Seen, all_events, assert_whole, sequence},
};
use crate::support::Seeded;

async fn is_claimed(store: &dyn Engine, key: &str) -> bool {
    store.idempotency("user:ada", "Test", key).await.unwrap().is_some()
}

pub(super) async fn a_guard_that_does_not_hold_writes_nothing(data: &Data) {
    let seen = Arc::new(Seen::default());
    let store = data.observed(seen.clone());
    let refused = store.commit(claiming("a", 2).write(broken_guard())).await.unwrap_err();
    assert!(refused.is_conflict_of("agent.guard"), "{refused}");
    assert!(!is_claimed(&*store, "a").await);
    assert_eq!(store.event_bounds().await.unwrap(), None);
    assert!(store.audit(0, 10).await.unwrap().is_empty());
    assert!(seen.events().is_empty());
}

pub(super) async fn a_broken_constraint_is_a_conflict_of_its_statement(data: &Data) {
    let store = data.open();
    store.commit(claiming("a", 1)).await.unwrap();
    let twice = store.commit(claiming("b", 1).write(claim("a"))).await.unwrap_err();
    assert!(twice.is_conflict_of("idempotency.claim"), "{twice}");
    let orphan = statement(
        "container.put",
        "INSERT INTO containers (agent, id, facts) VALUES ('nobody', 'c', '{}')",
        Vec::new(),
    );
    let orphan = store.commit(claiming("c", 1).write(orphan)).await.unwrap_err();
    assert!(orphan.is_conflict_of("container.put"), "{orphan}");
    assert!(!is_claimed(&*store, "b").await && !is_claimed(&*store, "c").await);
    assert_eq!(store.event_bounds().await.unwrap(), Some((1, 1)));
}

pub(super) async fn conflicts_leave_no_hole_in_the_sequences(data: &Data) {
    let store: Arc<dyn Engine> = data.open().into();
    let mut random = Seeded::new("conflicts_leave_no_hole_in_the_sequences");
    let callers: Vec<_> = (0..64)
        .map(|caller| {
            let (store, seed) = (Arc::clone(&store), random.within(0..u64::MAX));
            tokio::spawn(async move { commit_or_conflict(&*store, caller, seed).await })
        })
        .collect();
    let mut acknowledged = BTreeSet::new();
    for caller in callers {
        acknowledged.extend(caller.await.unwrap());
    }
    let events = all_events(&*store).await;
    assert_whole(&events, 1);
    let written: BTreeSet<_> =
        events.iter().map(|event| event.data["note"].as_str().unwrap().to_owned()).collect();
    assert_eq!(written, acknowledged.iter().map(|(key, _)| key.clone()).collect());
    for (key, last) in &acknowledged {
        let own = events.iter().filter(|event| event.data["note"] == **key).map(sequence);
        assert_eq!(own.max(), Some(*last), "the answer names the last event of the change");
    }
    let entries = store.audit(0, usize::MAX).await.unwrap();
    assert_eq!(entries.len(), acknowledged.len());
    assert_eq!(first_break(&entries, 0, [0; 32]), None);
}

/// Commits twenty changes, of which some cannot be; returns the keys and the sequences of those that were.
async fn commit_or_conflict(store: &dyn Engine, caller: u64, seed: u64) -> Vec<(String, u64)> {
    let mut done = Vec::new();
    for turn in 0..20 {
        let key = format!("{caller}-{turn}");
        let change = claiming(&key, 1 + (seed ^ turn) % 3);
        if (seed >> (turn % 60)) & 1 == 0 {
            let refused = store.commit(change.write(broken_guard())).await.unwrap_err();
            assert!(refused.is_conflict_of("agent.guard"), "{refused}");
        } else {
            done.push((key, store.commit(change).await.unwrap().sequence));
        }
    }
    done
}

type Commit<'s> = Pin<Box<dyn Future<Output = Result<Committed, CommitError>> + Send + 's>>;

/// Hands changes in so that they all wait together, and lets the writer take them as one batch.
async fn in_one_batch(
    data: &Data,
    changes: Vec<Change>,
) -> (Box<dyn Engine>, Vec<Result<Committed, CommitError>>) {
    let (gate, keeper) = Gate::new();
    let store = data.observed(gate);
    let mut first = store.commit(claiming("first", 1));
    hand_in(&mut first);
    keeper.wait();
    let mut commits: Vec<Commit<'_>> = changes.into_iter().map(|change| store.commit(change)).collect();
    commits.iter_mut().for_each(hand_in);
    keeper.open();
    first.await.unwrap();
    let mut answers = Vec::new();
    for commit in commits {
        answers.push(commit.await);
    }
    (store, answers)
}

/// Polls a commit once, which puts its change in the queue.
fn hand_in(commit: &mut Commit<'_>) {
    assert!(commit.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

pub(super) async fn a_conflict_does_not_touch_its_neighbours(data: &Data) {
    let changes = vec![
        claiming("before", 2),
        claiming("refused", 1).write(broken_guard()),
        claiming("first", 1),
        claiming("after", 1),
    ];
    let (store, answers) = in_one_batch(data, changes).await;
    let sequences: Vec<_> = answers.iter().map(|answer| answer.as_ref().ok().map(|it| it.sequence)).collect();
    assert_eq!(sequences, [Some(3), None, None, Some(4)]);
    assert!(answers[1].as_ref().unwrap_err().is_conflict_of("agent.guard"));
    assert!(answers[2].as_ref().unwrap_err().is_conflict_of("idempotency.claim"));
    assert!(is_claimed(&*store, "before").await && is_claimed(&*store, "after").await);
    assert!(!is_claimed(&*store, "refused").await);
    let entries = store.audit(0, 10).await.unwrap();
    assert_eq!((entries.len(), first_break(&entries, 0, [0; 32])), (3, None));
}

pub(super) async fn a_statement_that_cannot_run_fails_its_caller_alone(data: &Data) {
    let changes = vec![
        claiming("before", 1),
        claiming("words", 1).write(statement("test.words", "NOT A STATEMENT", Vec::new())),
        claiming("values", 1).write(statement("test.values", "DELETE FROM images WHERE id = ?1", Vec::new())),
        claiming("null", 1).write(statement(
            "test.null",
            "INSERT INTO settings (name) VALUES ('a')",
            Vec::new(),
        )),
        claiming("after", 1),
    ];
    let (store, answers) = in_one_batch(data, changes).await;
    assert!(answers[0].is_ok() && answers[4].is_ok(), "{answers:?}");
    for (answer, name) in answers[1..4].iter().zip(["test.words", "test.values", "test.null"]) {
        assert!(matches!(answer, Err(CommitError::Unavailable(why)) if why.contains(name)), "{answer:?}");
    }
    assert_eq!(store.event_bounds().await.unwrap(), Some((1, 3)));
}

pub(super) async fn events_come_in_order_and_before_the_answer(data: &Data) {
    let seen = Arc::new(Seen::default());
    let store: Arc<dyn Engine> = data.observed(seen.clone()).into();
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let (store, seen) = (Arc::clone(&store), Arc::clone(&seen));
            tokio::spawn(async move {
                for turn in 0..20 {
                    let committed = store.commit(claiming(&format!("{caller}-{turn}"), 2)).await.unwrap();
                    assert!(seen.last() >= committed.sequence);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let events = seen.events();
    assert_eq!(events.len(), 16 * 20 * 2);
    assert_whole(&events, 1);
    assert_eq!(events, all_events(&*store).await);
}

pub(super) async fn the_audit_chain_shows_an_edit(data: &Data) {
    let store = data.open();
    for turn in 0..20 {
        store.commit(Change::new().audit(entry(&turn.to_string()))).await.unwrap();
    }
    assert_eq!(first_break(&store.audit(0, 100).await.unwrap(), 0, [0; 32]), None);
    let edit = statement(
        "test.edit",
        "UPDATE audit SET entry = replace(entry, 'user:ada', 'user:eve') WHERE number = 7",
        Vec::new(),
    );
    store.commit(Change::new().write(edit)).await.unwrap();
    assert_eq!(first_break(&store.audit(0, 100).await.unwrap(), 0, [0; 32]), Some(7));
}

pub(super) async fn reads_see_what_was_acknowledged(data: &Data) {
    let store: Arc<dyn Engine> = data.open().into();
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for turn in 0..50 {
                    let key = format!("{caller}-{turn}");
                    let committed = store.commit(claiming(&key, 1)).await.unwrap();
                    assert!(is_claimed(&*store, &key).await, "{key}");
                    assert!(store.event_bounds().await.unwrap().unwrap().1 >= committed.sequence);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

pub(super) async fn reopening_goes_on_with_the_next_sequence(data: &Data) {
    for round in 0..3 {
        let store = data.open();
        let committed = store.commit(claiming(&round.to_string(), 2).event(event("more"))).await.unwrap();
        assert_eq!(committed.sequence, 3 * (round + 1));
    }
    let store = data.open();
    let events = all_events(&*store).await;
    assert_whole(&events, 1);
    assert!(events.iter().all(|event| event.source == events[0].source), "the server keeps its id");
    let entries = store.audit(0, 10).await.unwrap();
    assert_eq!((entries.len(), first_break(&entries, 0, [0; 32])), (3, None));
}

pub(super) async fn what_was_queued_is_finished_before_the_store_closes(data: &Data) {
    let (gate, keeper) = Gate::new();
    let store = data.observed(gate);
    let mut commits: Vec<Commit<'_>> =
        (0..50).map(|turn| Store::commit(&*store, claiming(&turn.to_string(), 1))).collect();
    commits.iter_mut().for_each(hand_in);
    keeper.wait();
    drop(commits);
    keeper.open();
    drop(store);
    assert_eq!(data.open().event_bounds().await.unwrap(), Some((1, 50)));
}
