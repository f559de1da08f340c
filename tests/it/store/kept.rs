//! Plans, schedules and commands that have ended: read back as they were, and gone when their time is over.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use worpen::{
    core::{
        access::Principal,
        change::{Change, Value},
        command::queued_execution,
        port::records::{PlanRecord, ScheduleRecord},
        statement::{self, schedule::Came},
        usecase::retention::command::{KeptCommands, next_due, trim_old, trim_surplus},
    },
    id::{AgentId, CommandId, EventId, ExecutionId, KeyId, PlanId, ScheduleId, UserId},
    proto::{
        agent::AgentStatus,
        command::{CommandStatus, GiveCommandRequest},
        container::ContainerState,
        plan::{Plan, PlannedContainer, PlannedTarget},
        schedule::{Overlap, Schedule},
    },
};

use super::{
    arbitrary,
    changes::{now, statement},
    engine::{Data, Engine},
    tables,
};

async fn put(store: &dyn Engine, change: Change) {
    store.commit(change).await.unwrap();
}

fn request() -> GiveCommandRequest {
    let args = json!({ "argv": ["true"], "secret_env": "[redacted]" }).as_object().cloned().unwrap();
    GiveCommandRequest { verb: "exec".into(), args, all: true, any: Some(2), ..GiveCommandRequest::default() }
}

fn plan(expires_at: Timestamp) -> Plan {
    let container =
        PlannedContainer { id: "aaa".into(), name: "nginx".into(), state: ContainerState::Running };
    let target = PlannedTarget {
        agent: AgentId::generate(),
        node: "web-1".into(),
        status: AgentStatus::Online,
        batch: 1,
        container: Some(container),
    };
    Plan {
        id: PlanId::generate(),
        request: request(),
        targets: vec![target],
        actor: "user:ada".into(),
        created_at: now(),
        expires_at,
        applied_at: None,
    }
}

pub(super) async fn plans_read_back_and_go_by_number_and_age(data: &Data) {
    let store = data.open();
    assert_eq!(store.first_plan_expiry().await.unwrap(), None);
    let start = now();
    let by = Principal { user: UserId::generate(), key: Some(KeyId::generate()) };
    let plans: Vec<Plan> = (1..=5).map(|minutes| plan(start + SignedDuration::from_mins(minutes))).collect();
    for plan in &plans {
        put(&*store, Change::new().write(statement::plan::create(plan, Some(vec![1, 2]), by))).await;
        let record = PlanRecord { plan: plan.clone(), sealed: Some(vec![1, 2]), by: Some(by) };
        assert_eq!(store.plan(plan.id).await.unwrap(), Some(record));
    }
    assert_eq!(store.first_plan_expiry().await.unwrap(), Some(plans[0].expires_at));
    let apply = |plan: &Plan, at| Change::new().write(statement::plan::apply(plan.id, at));
    put(&*store, apply(&plans[4], start)).await;
    let applied = store.plan(plans[4].id).await.unwrap().unwrap();
    assert_eq!((applied.plan.applied_at, applied.sealed), (Some(start), None), "its secrets are forgotten");
    for change in [apply(&plans[4], start), apply(&plans[3], plans[3].expires_at)] {
        let refused = store.commit(change).await.unwrap_err();
        assert!(refused.is_conflict_of("plan.apply"), "{refused}");
    }
    put(&*store, Change::new().write(statement::plan::keep(4))).await;
    put(&*store, Change::new().write(statement::plan::forget(plans[2].expires_at, 10))).await;
    let mut left = Vec::new();
    for plan in &plans {
        left.push(store.plan(plan.id).await.unwrap().is_some());
    }
    assert_eq!(left, [false, false, true, true, true]);
}

fn schedule(name: &str, next_at: Timestamp) -> ScheduleRecord {
    let schedule = Schedule {
        id: ScheduleId::generate(),
        name: name.into(),
        cron: "30 4 * * mon-fri".into(),
        time_zone: "Europe/Berlin".into(),
        overlap: Overlap::Skip,
        command: request(),
        actor: "key:ada/ci".into(),
        created_at: now(),
        paused: false,
        next_at: Some(next_at),
        last_at: None,
        last_command: None,
        last_error: None,
    };
    let sealed = (name == "b").then(|| vec![7; 40]);
    ScheduleRecord { schedule, sealed, user: UserId::generate(), key: Some(KeyId::generate()) }
}

pub(super) async fn schedules_read_back_and_come_by_their_time(data: &Data) {
    let store = data.open();
    let start = now();
    let at = |minutes: i64| start + SignedDuration::from_mins(minutes);
    let records = [schedule("b", at(2)), schedule("a", at(1)), schedule("c", at(3))];
    for record in &records {
        put(&*store, Change::new().write(statement::schedule::create(record, 3))).await;
        let [by_id, by_name] = [record.schedule.id.to_string(), record.schedule.name.clone()];
        assert_eq!(store.schedule(&by_id).await.unwrap().as_ref(), Some(record));
        assert_eq!(store.schedule(&by_name).await.unwrap().as_ref(), Some(record));
    }
    for refused in [schedule("d", at(1)), schedule("a", at(1))] {
        let most = if refused.schedule.name == "a" { 10 } else { 3 };
        let refused = store.commit(Change::new().write(statement::schedule::create(&refused, most))).await;
        assert!(refused.unwrap_err().is_conflict_of("schedule.create"));
    }
    let names = |schedules: Vec<Schedule>| schedules.into_iter().map(|it| it.name).collect::<Vec<_>>();
    assert_eq!(names(store.schedules(None, None, 2).await.unwrap()), ["a", "b"]);
    assert_eq!(names(store.schedules(None, Some("b"), 2).await.unwrap()), ["c"]);
    assert_eq!(store.next_schedule().await.unwrap(), Some(at(1)));
    let due = store.due_schedules(at(2)).await.unwrap();
    assert_eq!(due, [records[1].clone(), records[0].clone()], "the earliest first");

    let (a, command) = (&records[1].schedule, CommandId::generate());
    let came = Came {
        id: a.id,
        waited_for: at(1),
        at: at(1),
        next_at: Some(at(60)),
        command: Some(command),
        error: Some("why".into()),
    };
    put(&*store, Change::new().write(statement::schedule::come(came.clone()))).await;
    let again = store.commit(Change::new().write(statement::schedule::come(came))).await;
    assert!(again.unwrap_err().is_conflict_of("schedule.come"), "a time is served once");
    let after = store.schedule("a").await.unwrap().unwrap().schedule;
    let wanted = Schedule {
        next_at: Some(at(60)),
        last_at: Some(at(1)),
        last_command: Some(command),
        last_error: Some("why".into()),
        ..a.clone()
    };
    assert_eq!(after, wanted);
    put(&*store, Change::new().write(statement::schedule::pause(a.id, None))).await;
    let rests = store.schedule("a").await.unwrap().unwrap().schedule;
    assert_eq!((rests.paused, rests.next_at, rests.last_error), (true, None, Some("why".into())));
    put(&*store, Change::new().write(statement::schedule::resume(a.id, Some(at(90)), None))).await;
    assert_eq!(store.schedule("a").await.unwrap().unwrap().schedule.next_at, Some(at(90)));
    put(&*store, Change::new().write(statement::schedule::remove(a.id))).await;
    assert_eq!(store.schedule("a").await.unwrap(), None);
}

/// Gives a command with one execution; `None` leaves it open.
async fn give(store: &dyn Engine, agent: AgentId, ended_at: Option<Timestamp>) -> CommandId {
    let mut command = arbitrary::some("give", 1, &arbitrary::command(agent)).remove(0);
    command.id = CommandId::generate();
    command.created_at = now();
    let execution = queued_execution(agent, "node");
    let mut change = Change::new()
        .write(statement::command::create(&command, false, None, None))
        .write(statement::command::create_execution(command.id, &execution, EventId::generate()));
    if let Some(ended_at) = ended_at {
        let values: Vec<Value> = vec![execution.id.to_string().into(), ended_at.into()];
        let sql = "UPDATE executions SET status = 'succeeded', started_at = ?2, ended_at = ?2 WHERE id = ?1";
        change = change.write(statement("test.end", sql, values));
    }
    put(store, change).await;
    command.id
}

pub(super) async fn commands_that_ended_go_from_the_oldest(data: &Data) {
    let store = data.open();
    let mut agent = arbitrary::some("agent", 1, &arbitrary::agent()).remove(0);
    agent.removed_at = None;
    put(&*store, Change::new().write(tables::agent(&agent))).await;
    let agent = agent.agent.id;
    let start = now();
    let open = give(&*store, agent, None).await;
    let mut ended = Vec::new();
    for minutes in [9, 1, 2] {
        ended.push(give(&*store, agent, Some(start + SignedDuration::from_mins(minutes))).await);
    }
    assert_eq!(store.command_count().await.unwrap(), 4);
    let recent = store.recent_executions(start - SignedDuration::from_mins(1), 3).await.unwrap();
    assert_eq!(recent.len(), 3);
    assert_eq!((recent[0].command, recent[0].status), (ended[2], CommandStatus::Succeeded));
    let oldest = store.oldest_ended(None, 10).await.unwrap();
    assert_eq!(oldest.iter().map(|it| it.id).collect::<Vec<_>>(), ended, "one that is open is left out");
    assert_eq!(oldest[0].executions.len(), 1);

    // What was given is young by its id; a clock that is an hour ahead makes it old.
    let age = SignedDuration::from_mins(30);
    let kept = KeptCommands { age, count: 2 };
    let later = start + SignedDuration::from_mins(35);
    let mut forgotten = Vec::new();
    let forget = async |executions: &[ExecutionId]| {
        forgotten.extend_from_slice(executions);
        Ok(())
    };
    assert!(trim_old(&*store, &*store, kept, forget, later).await.unwrap());
    assert_eq!(forgotten.len(), 2, "what they printed goes with them");
    let first = next_due(&*store, kept).await.unwrap().unwrap();
    assert_eq!(first, start + SignedDuration::from_mins(9 + 30) + SignedDuration::from_micros(1));
    let quiet = async |_: &[ExecutionId]| Ok(());
    assert!(!trim_old(&*store, &*store, kept, quiet, later).await.unwrap());
    assert!(store.command(ended[1]).await.unwrap().is_none());
    assert!(store.command(ended[0]).await.unwrap().is_some());

    assert_eq!(trim_surplus(&*store, &*store, 5, quiet).await.unwrap(), 1);
    assert_eq!(trim_surplus(&*store, &*store, 5, quiet).await.unwrap(), 0, "what has not ended stays");
    assert!(store.command(open).await.unwrap().is_some());
    assert_eq!(store.command_count().await.unwrap(), 1);
}
