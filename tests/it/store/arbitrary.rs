//! Records of every shape, from a printed seed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::Value as Json;
use worpen::{
    core::command::queued_execution,
    core::port::records::{AgentLinkRecord, UserRecord},
    id::{AgentId, CommandId, ExecutionId, UserId},
    proto::{
        agent::{Agent, AgentStatus, ContainerEngine, HostFacts},
        command::{Batch, Command, CommandStatus, Execution, Priority, Rollout},
        container::{ContainerFacts, ContainerState},
        image::ImageFacts,
        user::{Role, User},
    },
};

use crate::support::Seeded;

/// So many values of a strategy.
pub(super) fn some<T: std::fmt::Debug>(
    test: &str,
    count: usize,
    strategy: &impl Strategy<Value = T>,
) -> Vec<T> {
    let mut random = Seeded::new(test);
    let seed: Vec<u8> = (0..32).map(|_| u8::try_from(random.within(0..256)).unwrap()).collect();
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

pub(super) fn text() -> impl Strategy<Value = String> {
    "[^\u{0}]{0,16}"
}

pub(super) fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(|time| Timestamp::from_microsecond(time).unwrap())
}

pub(super) fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::from),
            btree_map(text(), inner, 0..4).prop_map(|map| map.into_iter().collect::<Json>()),
        ]
    })
}

fn words() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(text(), text(), 0..3)
}

fn count() -> impl Strategy<Value = u64> {
    0..=u64::MAX / 2
}

pub(super) fn role() -> impl Strategy<Value = Role> {
    select(&[Role::Viewer, Role::Operator, Role::Admin][..])
}

pub(super) fn user() -> impl Strategy<Value = UserRecordParts> {
    (text(), role(), time(), text())
}

/// A record without the name and the id, which must be unique.
pub(super) type UserRecordParts = (String, Role, Timestamp, String);

pub(super) fn user_record(
    (name, role, created_at, password_hash): UserRecordParts,
    number: usize,
) -> UserRecord {
    let username = format!("{number:03}{name}");
    UserRecord {
        user: User { id: UserId::generate(), username, role, created_at, disabled_at: None },
        password_hash,
    }
}

pub(super) fn agent() -> impl Strategy<Value = AgentLinkRecord> {
    let status = select(
        &[
            AgentStatus::Online,
            AgentStatus::Degraded,
            AgentStatus::Unknown,
            AgentStatus::Offline,
            AgentStatus::Maintenance,
            AgentStatus::Quarantined,
            AgentStatus::Revoked,
        ][..],
    );
    let host = (option::of(text()), option::of(any::<u32>()), option::of(count()), option::of(time()))
        .prop_map(|(hostname, cpu_count, memory_total_bytes, booted_at)| HostFacts {
            hostname,
            cpu_count,
            memory_total_bytes,
            booted_at,
            ..HostFacts::default()
        });
    let engine = (text(), text(), text()).prop_map(|(name, version, api_version)| ContainerEngine {
        name,
        version,
        api_version,
    });
    let agent = (
        (text(), text(), status, time(), option::of(text())),
        (vec(text(), 0..4), words(), host, option::of(engine)),
        (time(), option::of(time()), option::of(text())),
    )
        .prop_map(
            |(
                (name, site, status, status_since, version),
                (capabilities, labels, host, container_engine),
                (created_at, last_seen_at, address),
            )| {
                let id = AgentId::generate();
                let agent_id = format!("{name}{id}");
                Agent {
                    id,
                    agent_id,
                    site,
                    status,
                    status_since,
                    version,
                    capabilities: capabilities.into_iter().map(Into::into).collect(),
                    site_verbs: Vec::new(),
                    labels: labels.into_iter().collect(),
                    host,
                    container_engine,
                    created_at,
                    last_seen_at,
                    address,
                }
            },
        );
    (agent, text(), count(), count(), count(), option::of(time())).prop_map(
        |(agent, public_key, epoch, offered_epoch, ingested, removed_at)| AgentLinkRecord {
            agent,
            public_key,
            epoch,
            offered_epoch,
            ingested,
            removed_at,
        },
    )
}

pub(super) fn container() -> impl Strategy<Value = ContainerFacts> {
    let state = select(&[ContainerState::Created, ContainerState::Running, ContainerState::Exited][..]);
    let id = "[0-9a-f]{64}";
    (
        (id, text(), text(), text(), option::of(text()), state),
        (option::of(text()), option::of(any::<i64>()), option::of(time()), vec(text(), 0..3), words()),
    )
        .prop_map(
            |(
                (id, name, image, image_id, command, state),
                (health, exit_code, created_at, ports, labels),
            )| {
                ContainerFacts {
                    id,
                    name,
                    image: image.into(),
                    image_id: image_id.into(),
                    command: command.map(Into::into),
                    state,
                    health: health.map(Into::into),
                    exit_code,
                    created_at,
                    started_at: created_at,
                    finished_at: None,
                    ports: ports.into_iter().map(Into::into).collect(),
                    labels: labels.into_iter().collect(),
                }
            },
        )
}

pub(super) fn image() -> impl Strategy<Value = ImageFacts> {
    ("sha256:[0-9a-f]{64}", vec(text(), 0..3), vec(text(), 0..3), count(), option::of(time())).prop_map(
        |(id, tags, digests, size_bytes, created_at)| ImageFacts {
            id: id.into(),
            tags: tags.into_iter().map(Into::into).collect(),
            digests: digests.into_iter().map(Into::into).collect(),
            size_bytes,
            created_at,
        },
    )
}

fn status() -> impl Strategy<Value = CommandStatus> {
    select(
        &[
            CommandStatus::Queued,
            CommandStatus::Started,
            CommandStatus::Succeeded,
            CommandStatus::Failed,
            CommandStatus::TimedOut,
            CommandStatus::Cancelled,
            CommandStatus::Expired,
            CommandStatus::Refused,
            CommandStatus::Unknown,
            CommandStatus::Partial,
        ][..],
    )
}

/// A command with up to three attempts on one agent.
pub(super) fn command(agent: AgentId) -> impl Strategy<Value = Command> {
    let execution = (
        (text(), status(), option::of(time()), option::of(time())),
        (option::of(json().prop_filter("null is nothing", |json| !json.is_null())), option::of(text())),
    )
        .prop_map(move |((node, status, started_at, ended_at), (result, error_message))| Execution {
            id: ExecutionId::generate(),
            agent,
            node,
            attempt: 1,
            status,
            started_at,
            ended_at,
            result,
            error_message,
            ..queued_execution(agent, "")
        });
    (
        (text(), json(), status(), text(), time(), time(), option::of(time())),
        (any::<u32>(), text(), vec(execution, 0..4)),
    )
        .prop_map(
            |(
                (verb, args, status, actor, created_at, expires_at, ended_at),
                (timeout_s, correlation_id, mut executions),
            )| {
                executions.sort_by_key(|execution| execution.id);
                for (execution, attempt) in executions.iter_mut().zip(1..) {
                    execution.attempt = attempt;
                }
                Command {
                    id: CommandId::generate(),
                    verb,
                    args,
                    status,
                    actor,
                    created_at,
                    expires_at,
                    ended_at,
                    timeout_s,
                    priority: Priority::Low,
                    scheduled_at: Some(created_at),
                    max_retries: 3,
                    precondition: Some("cpu < 50".into()),
                    rollout: Some(Rollout { batch: Batch::Percent(10), pause_s: 3, max_failures: 2 }),
                    output_bytes: 77,
                    plan: None,
                    schedule: Some("nightly".into()),
                    correlation_id,
                    executions,
                }
            },
        )
}
