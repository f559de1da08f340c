//! A schedule whose server is killed around its time: it gives its command once, or has not yet.

use std::{
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use worpen::{
    core::{
        change::{Change, Value},
        port::{
            records::{CommandFilter, Records, ScheduleRecord, UserRecord},
            store::Store,
        },
        statement,
    },
    id::{ScheduleId, UserId},
    infra::store::SqliteStore,
    proto::{
        command::GiveCommandRequest,
        schedule::{Overlap, Schedule},
        user::{Role, User},
    },
};

use super::{
    arbitrary,
    changes::{now, statement},
    engine::Seen,
    tables,
};
use crate::support::Seeded;

const NAME: &str = "nightly";
const ROUNDS: u64 = 30;

fn user() -> UserRecord {
    let user = User {
        id: UserId::generate(),
        username: "ada".into(),
        role: Role::Operator,
        created_at: now(),
        disabled_at: None,
    };
    UserRecord { user, password_hash: "none".into() }
}

/// Every hour at its start, of a maker who may.
fn schedule(user: &User) -> ScheduleRecord {
    let args = json!({ "argv": ["true"] }).as_object().cloned().unwrap();
    let schedule = Schedule {
        id: ScheduleId::generate(),
        name: NAME.into(),
        cron: "0 0 1 1 *".into(),
        time_zone: "UTC".into(),
        overlap: Overlap::Allow,
        command: GiveCommandRequest { verb: "exec".into(), args, all: true, ..GiveCommandRequest::default() },
        actor: "user:ada".into(),
        created_at: now(),
        paused: false,
        next_at: Some(now()),
        last_at: None,
        last_command: None,
        last_error: None,
    };
    ScheduleRecord { schedule, sealed: None, user: user.id, key: None }
}

/// How many commands the schedule gave.
async fn given(store: &SqliteStore) -> usize {
    let commands = store.commands(&CommandFilter::default(), None, 1000).await.unwrap().commands;
    commands.iter().filter(|command| command.schedule.as_deref() == Some(NAME)).count()
}

#[tokio::test]
async fn a_time_is_served_once_wherever_its_server_is_killed() {
    let mut random = Seeded::new("a_time_is_served_once_wherever_its_server_is_killed");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("server");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let open = || SqliteStore::open(&data, Arc::new(Seen::default())).unwrap();
    let store = open();
    let mut agent = arbitrary::some("a_time_is_served_once", 1, &arbitrary::agent()).remove(0);
    (agent.removed_at, agent.agent.capabilities) = (None, vec!["exec".into()]);
    agent.agent.status = worpen::proto::agent::AgentStatus::Offline;
    let user = user();
    let made = Change::new()
        .write(tables::user(&user))
        .write(tables::agent(&agent))
        .write(statement::schedule::create(&schedule(&user.user), 10));
    store.commit(made).await.unwrap();
    drop(store);

    let (mut known, mut left) = (0, 0);
    for round in 0..ROUNDS {
        let store = open();
        let at =
            Timestamp::from_microsecond((now() - SignedDuration::from_secs(1)).as_microsecond()).unwrap();
        let values: Vec<Value> = vec![NAME.to_owned().into(), at.into()];
        let set = statement("test.set_clock", "UPDATE schedules SET next_at = ?2 WHERE name = ?1", values);
        store.commit(Change::new().write(set)).await.unwrap();
        drop(store);
        let mut server = Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(["server", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()])
            .env("WORPEN_CONFIG_DIR", dir.path().join("config"))
            .env("WORPEN_AGENT_MANAGEMENT_PORT", "0")
            .env_remove("JWT_SECRET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(random.within(0..1200)));
        server.kill().unwrap();
        server.wait().unwrap();

        let store = open();
        let (schedule, given) = (store.schedule(NAME).await.unwrap().unwrap().schedule, given(&store).await);
        if schedule.next_at == Some(at) {
            assert_eq!(given, known, "round {round}: the time is still due");
            left += 1;
        } else {
            assert_eq!(given, known + 1, "round {round}: {schedule:?}");
            assert_eq!(schedule.last_at, Some(at));
            let last = store.command(schedule.last_command.unwrap()).await.unwrap().unwrap();
            assert_eq!(last.schedule.as_deref(), Some(NAME));
        }
        known = given;
    }
    eprintln!("{ROUNDS} kills: {known} times were served before, {left} were not yet");
    assert!(known > 0, "no server lived long enough");
}
