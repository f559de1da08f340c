//! What was written reads back as it was, through every read there is.

use jiff::SignedDuration;
use worpen::{
    core::{
        change::{Change, NewEvent},
        command::queued_execution,
        command::{aggregate_of, has_ended},
        port::{
            StoreError,
            records::{
                AgentLinkRecord, EventFilter, ExecutionRecord, IdempotencyRecord, InvitationRecord,
                KeyRecord, OpenOf, UserRecord,
            },
        },
        statement,
    },
    id::{AgentId, CommandId, EventId, ExecutionId, InvitationId, KeyId, UserId},
    proto::{
        auth::ApiKey,
        command::{Command, CommandStatus, Execution},
        container::Container,
        event::EventKind,
        image::Image,
        user::{Role, User},
    },
};

use super::{
    arbitrary,
    changes::{self, claiming, entry, now},
    engine::{Data, Engine, all_events},
    tables,
};

async fn put(store: &dyn Engine, change: Change) {
    store.commit(change).await.unwrap();
}

async fn an_agent(store: &dyn Engine) -> AgentLinkRecord {
    let mut record = arbitrary::some("an_agent", 1, &arbitrary::agent()).remove(0);
    record.removed_at = None;
    put(store, Change::new().write(tables::agent(&record))).await;
    record
}

fn same(found: Option<UserRecord>, wanted: &UserRecord) -> bool {
    found.is_some_and(|it| it.user == wanted.user && it.password_hash == wanted.password_hash)
}

pub(super) async fn users_read_back(data: &Data) {
    let store = data.open();
    let records: Vec<_> = arbitrary::some("users_read_back", 40, &arbitrary::user())
        .into_iter()
        .enumerate()
        .map(|(number, parts)| arbitrary::user_record(parts, number))
        .collect();
    for record in &records {
        put(&*store, Change::new().write(tables::user(record))).await;
    }
    for record in &records {
        assert!(same(store.user(record.user.id).await.unwrap(), record));
        assert!(same(store.user_by_name(&record.user.username).await.unwrap(), record));
    }
    assert!(store.user(UserId::generate()).await.unwrap().is_none());
    assert!(store.user_by_name("nobody").await.unwrap().is_none());
    let mut pages: Vec<User> = Vec::new();
    loop {
        let after = pages.last().map(|user| user.username.clone());
        let page = store.users(after.as_deref(), 7).await.unwrap();
        if page.is_empty() {
            break;
        }
        pages.extend(page);
    }
    assert_eq!(pages, records.iter().map(|record| record.user.clone()).collect::<Vec<_>>());
}

pub(super) async fn keys_read_back(data: &Data) {
    let store = data.open();
    let owner = |name: &str, role| UserRecord {
        user: User {
            id: UserId::generate(),
            username: name.to_owned(),
            role,
            created_at: now(),
            disabled_at: None,
        },
        password_hash: "hash".to_owned(),
    };
    let owners = [owner("ada", Role::Admin), owner("bob", Role::Viewer)];
    for owner in &owners {
        put(&*store, Change::new().write(tables::user(owner))).await;
    }
    let mut records = Vec::new();
    for number in 0..12 {
        let User { id: user, username, role: user_role, .. } = owners[number % 2].user.clone();
        let key = ApiKey {
            id: KeyId::generate(),
            name: format!("key {number}"),
            username,
            role: Role::Operator,
            created_at: now(),
            expires_at: now() + SignedDuration::from_hours(1),
            // A scope goes in where a key is issued, not where a test puts it.
            scope: None,
        };
        let revoked_at = (number % 3 == 0).then(now);
        let holds_until = key.expires_at;
        let record = KeyRecord { key, user, user_role, user_disabled_at: None, revoked_at, holds_until };
        put(&*store, Change::new().write(tables::key(&record, &format!("hash {number}")))).await;
        records.push(record);
    }
    for (number, record) in records.iter().enumerate() {
        assert_eq!(store.key(record.key.id).await.unwrap().as_ref(), Some(record));
        assert_eq!(store.key_by_hash(&format!("hash {number}")).await.unwrap().as_ref(), Some(record));
    }
    assert_eq!(store.key(KeyId::generate()).await.unwrap(), None);
    assert_eq!(store.key_by_hash("none").await.unwrap(), None);
    records.sort_by_key(|record| record.key.id);
    for user in [None, Some(owners[0].user.id)] {
        let held =
            records.iter().filter(|it| it.revoked_at.is_none() && user.is_none_or(|user| user == it.user));
        let held: Vec<_> = held.map(|record| record.key.clone()).collect();
        assert_eq!(store.keys(user, None, 100).await.unwrap(), held);
        assert_eq!(store.keys(user, Some(held[0].id), 2).await.unwrap(), held[1..3]);
    }
}

pub(super) async fn an_invitation_reads_back(data: &Data) {
    let store = data.open();
    for used_by in [None, Some(AgentId::generate())] {
        let record = InvitationRecord {
            id: InvitationId::generate(),
            name: "web-1".to_owned(),
            site: "eu".to_owned(),
            secret_hash: "hash".to_owned(),
            expires_at: now(),
            used_by,
            replaces: None,
        };
        put(&*store, Change::new().write(tables::invitation(&record))).await;
        assert_eq!(store.invitation(record.id).await.unwrap(), Some(record));
    }
    assert_eq!(store.invitation(InvitationId::generate()).await.unwrap(), None);
}

pub(super) async fn agents_read_back(data: &Data) {
    let store = data.open();
    let mut records = arbitrary::some("agents_read_back", 60, &arbitrary::agent());
    for record in &records {
        put(&*store, Change::new().write(tables::agent(record))).await;
    }
    for record in &records {
        assert_eq!(store.agent_link(record.agent.id).await.unwrap().as_ref(), Some(record));
    }
    assert_eq!(store.agent_link(AgentId::generate()).await.unwrap(), None);
    records.retain(|record| record.removed_at.is_none());
    records.sort_by(|a, b| a.agent.agent_id.cmp(&b.agent.agent_id));
    let kept: Vec<_> = records.into_iter().map(|record| record.agent).collect();
    assert_eq!(store.agents().await.unwrap(), kept);
}

pub(super) async fn inventory_reads_back(data: &Data) {
    let store = data.open();
    let agent = an_agent(&*store).await.agent;
    let mut containers = arbitrary::some("inventory_reads_back", 40, &arbitrary::container());
    let mut images = arbitrary::some("inventory_reads_back", 40, &arbitrary::image());
    for (container, image) in containers.iter().zip(&images) {
        put(
            &*store,
            Change::new().write(tables::container(agent.id, container)).write(tables::image(agent.id, image)),
        )
        .await;
    }
    containers.sort_by(|a, b| a.id.cmp(&b.id));
    images.sort_by(|a, b| a.id.cmp(&b.id));
    let (node, agent) = (agent.agent_id, agent.id);
    let containers: Vec<_> = containers
        .into_iter()
        .map(|facts| Container { facts, node: node.as_str().into(), agent, stale_since: None })
        .collect();
    let images: Vec<_> = images
        .into_iter()
        .map(|facts| Image { facts, node: node.as_str().into(), agent, stale_since: None })
        .collect();
    assert_eq!(store.containers().await.unwrap(), containers);
    assert_eq!(store.images().await.unwrap(), images);
}

fn record(command: &Command, execution: &Execution, cause: EventId) -> ExecutionRecord {
    ExecutionRecord {
        id: execution.id,
        command: command.id,
        agent: execution.agent,
        node: execution.node.clone(),
        attempt: execution.attempt,
        status: execution.status,
        batch: execution.batch,
        is_held: false,
        not_before: execution.not_before,
        expires_at: execution.expires_at,
        cancelled_at: execution.cancelled_at,
        due_at: None,
        started_at: execution.started_at,
        is_plain: false,
        verb: command.verb.clone(),
        args: command.args.clone(),
        is_sealed: false,
        actor: command.actor.clone(),
        by: None,
        created_at: command.created_at,
        timeout_s: command.timeout_s,
        priority: command.priority,
        max_retries: command.max_retries,
        is_idempotent: false,
        precondition: command.precondition.clone(),
        output_bytes: command.output_bytes,
        has_rollout: command.rollout.is_some(),
        cause,
    }
}

fn giving(command: &Command, cause: EventId) -> Change {
    command.executions.iter().fold(
        Change::new().write(statement::command::create(command, false, None, None)),
        |change, execution| change.write(tables::execution(command, execution, cause)),
    )
}

pub(super) async fn commands_read_back(data: &Data) {
    let store = data.open();
    let agent = an_agent(&*store).await.agent.id;
    for mut command in arbitrary::some("commands_read_back", 60, &arbitrary::command(agent)) {
        command.status = aggregate_of(&command.executions);
        let last = command.executions.iter().filter_map(|execution| execution.ended_at).max();
        command.ended_at = last.filter(|_| has_ended(command.status));
        let cause = EventId::generate();
        put(&*store, giving(&command, cause)).await;
        assert_eq!(store.command(command.id).await.unwrap().as_ref(), Some(&command));
        for execution in &command.executions {
            let wanted = record(&command, execution, cause);
            assert_eq!(store.execution(execution.id).await.unwrap(), Some(wanted));
        }
    }
    assert_eq!(store.command(CommandId::generate()).await.unwrap(), None);
    assert_eq!(store.execution(ExecutionId::generate()).await.unwrap(), None);
}

pub(super) async fn open_executions_come_oldest_first(data: &Data) {
    let store = data.open();
    let agents = [an_agent(&*store).await.agent.id, an_agent(&*store).await.agent.id];
    let (mut open, mut one) = (Vec::new(), None);
    for number in 0..20 {
        let agent = agents[usize::from(number % 2 == 0)];
        let mut command = arbitrary::some("queued", 1, &arbitrary::command(agent)).remove(0);
        let status = match number % 5 {
            0 => CommandStatus::Started,
            1 => CommandStatus::Succeeded,
            _ => CommandStatus::Queued,
        };
        command.executions = vec![Execution { status, ..queued_execution(agent, "node") }];
        let cause = EventId::generate();
        put(&*store, giving(&command, cause)).await;
        if status != CommandStatus::Succeeded {
            open.push(record(&command, &command.executions[0], cause));
            one = Some(command.id);
        }
    }
    assert_eq!(store.open_executions(OpenOf::All).await.unwrap(), open);
    for agent in agents {
        let own: Vec<_> = open.iter().filter(|it| it.agent == agent).cloned().collect();
        assert_eq!(store.open_executions(OpenOf::Agent(agent)).await.unwrap(), own);
    }
    let own = store.open_executions(OpenOf::Command(one.unwrap())).await.unwrap();
    assert_eq!(own, open[open.len() - 1..]);
}

pub(super) async fn an_idempotency_claim_reads_back(data: &Data) {
    let store = data.open();
    let record =
        IdempotencyRecord { body_hash: "hash".to_owned(), resource: "r".to_owned(), created_at: now() };
    put(&*store, Change::new().write(tables::idempotency("user:ada", "Invite", "key", &record))).await;
    assert_eq!(store.idempotency("user:ada", "Invite", "key").await.unwrap(), Some(record));
    for (caller, endpoint, key) in
        [("user:bob", "Invite", "key"), ("user:ada", "Other", "key"), ("user:ada", "Invite", "other")]
    {
        assert_eq!(store.idempotency(caller, endpoint, key).await.unwrap(), None);
    }
}

pub(super) async fn events_read_back_in_order_and_filtered(data: &Data) {
    let store = data.open();
    let kinds = [EventKind::ContainerDied, EventKind::CommandEnded, EventKind::AgentOnline];
    let mut cause = None;
    let facts = arbitrary::some("events_read_back_in_order_and_filtered", 60, &arbitrary::json());
    for (number, facts) in facts.into_iter().enumerate() {
        let mut event = NewEvent::new(kinds[number % 3], now(), "agent:web-1", facts).caused_by(cause);
        event.subject = (number % 2 == 0).then(|| format!("web-{}", number % 4));
        event.correlation = (number % 5 == 0).then(|| "correlation".to_owned());
        cause = Some(event.id);
        let wanted = event.clone();
        put(&*store, Change::new().event(event)).await;
        let found = store.events(number as u64, &EventFilter::default(), 1).await.unwrap().items.remove(0);
        assert_eq!((found.id, found.kind, found.subject), (wanted.id, wanted.kind, wanted.subject));
        assert_eq!((found.time, found.actor, found.data), (wanted.time, wanted.actor, wanted.data));
        assert_eq!((found.correlationid, found.causationid), (wanted.correlation, wanted.causation));
        assert_eq!((found.specversion, found.datacontenttype), ("1.0".into(), "application/json".into()));
    }
    let all = all_events(&*store).await;
    let filters = [
        EventFilter { kinds: vec![kinds[0]], node: None },
        EventFilter { kinds: kinds[1..].to_vec(), node: None },
        EventFilter { kinds: Vec::new(), node: Some("web-2".to_owned()) },
        EventFilter { kinds: vec![kinds[2]], node: Some("web-0".to_owned()) },
        EventFilter { kinds: Vec::new(), node: Some("nowhere".to_owned()) },
    ];
    for filter in filters {
        let wanted: Vec<_> =
            all.iter().skip(10).filter(|event| filter.wants(event)).take(5).cloned().collect();
        assert_eq!(store.events(10, &filter, 5).await.unwrap().items, wanted);
    }
    assert!(store.events(60, &EventFilter::default(), 5).await.unwrap().items.is_empty());
    assert!(store.events(u64::MAX, &EventFilter::default(), 5).await.unwrap().items.is_empty());
    assert_eq!(store.event_bounds().await.unwrap(), Some((1, 60)));
}

pub(super) async fn audit_entries_read_back(data: &Data) {
    let store = data.open();
    let mut wanted = Vec::new();
    for (number, detail) in
        arbitrary::some("audit_entries_read_back", 30, &arbitrary::json()).into_iter().enumerate()
    {
        let mut entry = entry(&number.to_string());
        entry.detail = detail;
        put(&*store, Change::new().audit(entry.clone())).await;
        wanted.push(entry);
    }
    let entries = |found: Vec<worpen::core::audit::ChainedEntry>| {
        found.into_iter().map(|found| found.entry).collect::<Vec<_>>()
    };
    assert_eq!(entries(store.audit(0, 100).await.unwrap()), wanted);
    assert_eq!(entries(store.audit(10, 5).await.unwrap()), wanted[10..15]);
}

pub(super) async fn a_row_that_cannot_be_read_says_where(data: &Data) {
    let store = data.open();
    let agent = an_agent(&*store).await.agent.id;
    put(&*store, claiming("a", 1)).await;
    for (sql, place) in [
        ("UPDATE agents SET labels = '{' WHERE id = ?1", "agents.labels"),
        ("UPDATE agents SET status = 'LOST', labels = '{}' WHERE id = ?1", "agents.status"),
    ] {
        put(
            &*store,
            Change::new().write(changes::statement("test.spoil", sql, vec![agent.to_string().into()])),
        )
        .await;
        let refused = store.agents().await.unwrap_err();
        assert!(matches!(&refused, StoreError::Corrupt(why) if why.contains(place)), "{refused}");
    }
    for (sql, place) in [
        ("UPDATE events SET time = 9223372036854775807", "events.time"),
        ("UPDATE events SET kind = 'none.such', time = 0", "events.kind"),
    ] {
        put(&*store, Change::new().write(changes::statement("test.spoil", sql, Vec::new()))).await;
        let refused = store.events(0, &EventFilter::default(), 10).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Corrupt(why) if why.contains(place)), "{refused}");
    }
}
