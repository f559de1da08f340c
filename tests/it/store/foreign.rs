//! What agents that are not ours need of the store: their tokens, and what they did not answer.

use worpen::{
    core::{
        change::Change,
        command::aggregate,
        command::queued_execution,
        port::records::{AgentLinkRecord, CommandFilter, PAGE_BYTES},
        statement,
    },
    id::{EventId, ExecutionId},
    proto::command::{Command, CommandStatus},
};

use super::{
    arbitrary,
    changes::now,
    engine::{Data, Engine},
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

async fn give(store: &dyn Engine, command: &Command, cause: EventId) {
    let mut change = Change::new().write(statement::command::create(command, false, None, None));
    for execution in &command.executions {
        change = change.write(tables::execution(command, execution, cause));
    }
    put(store, change).await;
}

pub(super) async fn a_token_finds_its_agent_until_it_is_forgotten(data: &Data) {
    let store = data.open();
    let (one, other) = (an_agent(&*store).await, an_agent(&*store).await);
    for (record, hash) in [(&one, "hash of one"), (&other, "hash of the other")] {
        let given = statement::bearer::give(record.agent.id, hash.to_owned(), now());
        put(&*store, Change::new().write(given)).await;
    }
    assert_eq!(store.agent_link_by_bearer("hash of one").await.unwrap().as_ref(), Some(&one));
    assert_eq!(store.agent_link_by_bearer("hash of the other").await.unwrap().as_ref(), Some(&other));
    assert_eq!(store.agent_link_by_bearer("").await.unwrap(), None);
    put(&*store, Change::new().write(statement::bearer::forget(one.agent.id))).await;
    assert_eq!(store.agent_link_by_bearer("hash of one").await.unwrap(), None);
    assert_eq!(store.agent_link_by_bearer("hash of the other").await.unwrap().as_ref(), Some(&other));
}

pub(super) async fn a_page_of_commands_ends_where_it_weighs_too_much(data: &Data) {
    // A thousand commands of ten thousand targets each were held at once.
    let store = data.open();
    let agent = an_agent(&*store).await.agent.id;
    let mut given = Vec::new();
    for _ in 0..12 {
        let mut command = arbitrary::some("heavy", 1, &arbitrary::command(agent)).remove(0);
        command.id = worpen::id::CommandId::generate();
        command.args = serde_json::json!({ "text": "x".repeat(PAGE_BYTES / 5) });
        command.executions.truncate(1);
        for execution in &mut command.executions {
            execution.id = ExecutionId::generate();
        }
        give(&*store, &command, EventId::generate()).await;
        given.insert(0, command.id);
    }
    let (mut found, mut pages, mut next) = (Vec::new(), Vec::new(), None);
    loop {
        let page = store.commands(&CommandFilter::default(), next, 1000).await.unwrap();
        pages.push(page.commands.len());
        found.extend(page.commands.iter().map(|command| command.id));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (given, vec![5, 5, 2]));
}

pub(super) async fn commands_are_listed_from_the_newest(data: &Data) {
    let store = data.open();
    let agents = [an_agent(&*store).await.agent.id, an_agent(&*store).await.agent.id];
    let mut commands = Vec::new();
    for number in 0..600 {
        let mut command = arbitrary::some("listed", 1, &arbitrary::command(agents[number % 2])).remove(0);
        command.id = worpen::id::CommandId::generate();
        command.verb = format!("verb-{}", number % 3);
        command.executions.truncate(1);
        for execution in &mut command.executions {
            execution.id = ExecutionId::generate();
        }
        give(&*store, &command, EventId::generate()).await;
        commands.insert(0, command);
    }
    let status = |command: &Command| {
        aggregate(&command.executions.iter().map(|execution| execution.status).collect::<Vec<_>>())
    };
    let targets = |command: &Command, agent| command.executions.iter().any(|it| it.agent == agent);
    for filter in [
        CommandFilter::default(),
        CommandFilter { status: Some(CommandStatus::Failed), ..CommandFilter::default() },
        CommandFilter { agent: Some(agents[1]), ..CommandFilter::default() },
        CommandFilter {
            verb: Some("verb-2".into()),
            agent: Some(agents[0]),
            status: Some(CommandStatus::Queued),
        },
    ] {
        let wanted: Vec<_> = commands
            .iter()
            .filter(|it| filter.status.is_none_or(|wanted| status(it) == wanted))
            .filter(|it| filter.agent.is_none_or(|agent| targets(it, agent)))
            .filter(|it| filter.verb.as_ref().is_none_or(|verb| it.verb == *verb))
            .map(|it| it.id)
            .collect();
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = store.commands(&filter, next, 70).await.unwrap();
            assert!(page.commands.len() <= 70, "{filter:?}");
            assert!(page.commands.iter().all(|it| it.status == status(it)), "{filter:?}");
            found.extend(page.commands.iter().map(|it| it.id));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(found, wanted, "{filter:?}");
    }
}

pub(super) async fn a_rare_command_is_found_page_by_page(data: &Data) {
    let store = data.open();
    let agent = an_agent(&*store).await.agent.id;
    let template = arbitrary::some("rare", 1, &arbitrary::command(agent)).remove(0);
    let mut change = Change::new();
    let mut oldest = None;
    for number in 0..5000 {
        let mut command = Command { id: worpen::id::CommandId::generate(), ..template.clone() };
        command.verb = if number == 0 { "rare" } else { "frequent" }.to_owned();
        oldest = oldest.or(Some(command.id));
        change = change.write(statement::command::create(&command, false, None, None));
    }
    put(&*store, change).await;
    let rare = CommandFilter { verb: Some("rare".into()), ..CommandFilter::default() };
    let first = store.commands(&rare, None, 10).await.unwrap();
    assert!(first.commands.is_empty() && first.next.is_some(), "one call does not look at all of them");
    let second = store.commands(&rare, first.next, 10).await.unwrap();
    assert_eq!(second.commands.iter().map(|it| Some(it.id)).collect::<Vec<_>>(), [oldest]);
    assert_eq!(second.next, None);
}

pub(super) async fn whether_a_target_is_plain_is_read_with_its_executions(data: &Data) {
    let store = data.open();
    let (plain, ours) = (an_agent(&*store).await.agent.id, an_agent(&*store).await.agent.id);
    put(&*store, Change::new().write(statement::bearer::give(plain, "hash".to_owned(), now()))).await;
    for agent in [plain, ours] {
        let mut command = arbitrary::some("plain", 1, &arbitrary::command(agent)).remove(0);
        command.id = worpen::id::CommandId::generate();
        command.executions = vec![queued_execution(agent, "node")];
        give(&*store, &command, EventId::generate()).await;
        let read = store.execution(command.executions[0].id).await.unwrap().unwrap();
        assert_eq!(read.is_plain, agent == plain);
    }
}
