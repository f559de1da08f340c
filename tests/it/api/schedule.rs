//! Schedules: made, paused, removed, and served once when their time comes.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use worpen::{
    core::{
        change::{Change, NewEvent, Rows, Statement},
        port::store::Store,
    },
    proto::{command::CommandStatus, event::EventKind, user::Role},
};

use super::{command::result, get, post, post_as, story};
use crate::{
    harness::{TestServer, http},
    node::{TestLink, TestNode},
};

const PATH: &str = "/api/v1/schedules";

async fn one_node() -> (TestServer, TestNode, TestLink) {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let link = node.link().await;
    (server, node, link)
}

fn a_schedule(name: &str) -> Value {
    json!({ "name": name, "cron": "0 0 1 1 *", "time_zone": "Europe/Berlin",
        "command": { "verb": "exec", "args": { "argv": ["true"] }, "all": true } })
}

/// Sets the time that a schedule waits for, and wakes whoever waits.
async fn comes_at(store: &dyn Store, name: &str, at: Timestamp) {
    let set = Statement {
        name: "test.set_clock",
        sql: "UPDATE schedules SET next_at = ?2 WHERE name = ?1",
        values: vec![name.to_owned().into(), at.into()],
        rows: Rows::Exactly(1),
    };
    let wake = NewEvent::new(EventKind::ScheduleResumed, Timestamp::now(), "server", Value::Null);
    store.commit(Change::new().write(set).event(wake)).await.unwrap();
}

/// Waits for the next event of a kind after so many.
async fn told(server: &TestServer, kind: &str, before: usize) -> Value {
    loop {
        let seen = server.app.feed.last();
        if let Some(event) = story(server, kind).await.get(before) {
            return event.clone();
        }
        let any = server.app.feed.next_where(seen, |_| true);
        tokio::time::timeout(std::time::Duration::from_secs(20), any).await.expect("an event within 20 s");
    }
}

async fn schedule(server: &TestServer, name: &str) -> Value {
    get(server, &format!("{PATH}/{name}")).await.1
}

#[tokio::test]
async fn schedules_are_made_paused_listed_and_removed() {
    let (server, _node, _link) = one_node().await;
    for name in ["b-second", "a-first"] {
        let (status, made) = post(&server, PATH, &a_schedule(name), Some(name)).await;
        assert_eq!((status, &made["time_zone"]), (201, &json!("Europe/Berlin")), "{made}");
        let next: Timestamp = made["next_at"].as_str().unwrap().parse().unwrap();
        let clock = next.in_tz("Europe/Berlin").unwrap();
        assert_eq!((clock.month(), clock.day(), clock.hour(), clock.minute()), (1, 1, 0, 0));
        let (status, again) = post(&server, PATH, &a_schedule(name), Some(name)).await;
        assert_eq!((status, &again["id"]), (201, &made["id"]), "a repeated request makes no other");
    }
    let (status, problem) = post(&server, PATH, &a_schedule("a-first"), None).await;
    assert_eq!((status, &problem["code"]), (409, &json!("schedule_exists")), "{problem}");
    let (_, page) = get(&server, &format!("{PATH}?limit=1")).await;
    assert_eq!((&page["items"][0]["name"], &page["next_cursor"]), (&json!("a-first"), &json!("a-first")));
    let (_, page) = get(&server, &format!("{PATH}?cursor=a-first")).await;
    assert_eq!((&page["items"][0]["name"], &page["next_cursor"]), (&json!("b-second"), &Value::Null));

    let pause = async |paused: bool| {
        let (status, told) =
            post(&server, &format!("{PATH}/a-first/pause"), &json!({ "paused": paused }), None).await;
        assert_eq!(status, 200, "{told}");
        told
    };
    assert_eq!(pause(true).await["next_at"], Value::Null);
    assert_eq!(pause(true).await["paused"], true, "a second time changes nothing");
    assert!(pause(false).await["next_at"].is_string());
    let by_id = schedule(&server, "a-first").await["id"].as_str().unwrap().to_owned();
    assert_eq!(schedule(&server, &by_id).await["name"], "a-first");
    let remove = http().delete(server.at(&format!("{PATH}/{by_id}"))).bearer_auth(server.admin().await);
    assert_eq!(remove.send().await.unwrap().status().as_u16(), 200);
    let (status, problem) = get(&server, &format!("{PATH}/a-first")).await;
    assert_eq!((status, &problem["code"]), (404, &json!("schedule_not_found")), "{problem}");
    let kinds: Vec<_> =
        story(&server, "schedule.*").await.iter().map(|event| event["type"].clone()).collect();
    let wanted =
        ["created", "created", "paused", "resumed", "removed"].map(|verb| json!(format!("schedule.{verb}")));
    assert_eq!(kinds, wanted);
    let audit = server.app.records.audit(0, 1000).await.unwrap();
    let actions: Vec<_> = audit.iter().map(|entry| entry.entry.action.as_str()).collect();
    for action in ["schedule.create", "schedule.pause", "schedule.resume", "schedule.remove"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_schedule_that_cannot_be_says_which_part() {
    let (server, _node, _link) = one_node().await;
    let with = |field: &str, value: Value| {
        let mut body = a_schedule("nightly");
        *body.pointer_mut(field).unwrap() = value;
        body
    };
    let mut dated = a_schedule("nightly");
    dated["command"]["scheduled_at"] = json!("2030-01-01T00:00:00Z");
    for (body, field) in [
        (with("/name", json!("Nightly!")), "/name"),
        (with("/name", json!("0198c0de-0000-7000-8000-000000000000")), "/name"),
        (with("/cron", json!("61 * * * *")), "/cron"),
        (with("/cron", json!("0 0 30 2 *")), "/cron"),
        (with("/time_zone", json!("Europe/Atlantis")), "/time_zone"),
        (with("/command/args", json!({})), "/command/args/argv"),
        (with("/command/all", json!(false)), "/command/agent_targets"),
        (dated, "/command/scheduled_at"),
    ] {
        let (status, problem) = post(&server, PATH, &body, None).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!(field)), "{problem}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_schedule_gives_its_command_when_its_time_comes() {
    let (server, _node, mut link) = one_node().await;
    let mut body = a_schedule("nightly");
    body["command"]["args"]["secret_env"] = json!({ "TOKEN": "canary-of-the-schedule" });
    let (status, made) = post(&server, PATH, &body, None).await;
    assert_eq!(status, 201, "{made}");
    assert!(!made.to_string().contains("canary"), "{made}");
    comes_at(&*server.app.store, "nightly", Timestamp::now()).await;
    let order = link.order().await;
    assert_eq!(order.args["secret_env"]["TOKEN"], "canary-of-the-schedule");
    let fired = told(&server, "schedule.fired", 0).await;
    assert_eq!(fired["data"]["command_id"], json!(order.command));
    let (_, command) = get(&server, &format!("/api/v1/commands/{}", order.command)).await;
    assert_eq!((&command["schedule"], &command["actor"]), (&json!("nightly"), &made["actor"]), "{command}");
    let after = schedule(&server, "nightly").await;
    assert_eq!(after["last_command"], command["id"]);
    assert_eq!((&after["next_at"], &after["last_error"]), (&made["next_at"], &Value::Null));

    // The command before still runs.
    comes_at(&*server.app.store, "nightly", Timestamp::now()).await;
    let missed = told(&server, "schedule.missed", 0).await;
    assert!(missed["data"]["reason"].as_str().unwrap().contains("has not ended"), "{missed}");
    link.say(&result(&order, 1, CommandStatus::Started)).await;
    link.say(&result(&order, 2, CommandStatus::Succeeded)).await;
    link.acknowledged(2).await;
    comes_at(&*server.app.store, "nightly", Timestamp::now()).await;
    let second = link.order().await;
    assert_ne!(second.command, order.command);
    server.stop().await;
}

#[tokio::test]
async fn of_the_times_while_the_server_was_away_the_latest_is_made_up_for() {
    let (server, _node, mut link) = one_node().await;
    let mut body = a_schedule("minutely");
    body["cron"] = json!("* * * * *");
    body["overlap"] = json!("allow");
    assert_eq!(post(&server, PATH, &body, None).await.0, 201);
    let past = |minutes: i64| Timestamp::now() - SignedDuration::from_mins(minutes);
    comes_at(&*server.app.store, "minutely", past(10)).await;
    link.order().await;
    let fired = told(&server, "schedule.fired", 0).await;
    assert!((9..=11).contains(&fired["data"]["missed"].as_u64().unwrap()), "{fired}");
    let error = schedule(&server, "minutely").await["last_error"].clone();
    assert!(error.as_str().unwrap().contains("times were missed while the server was away"), "{error}");
    assert_eq!(story(&server, "schedule.fired").await.len(), 1);

    // Once a year, and five hours ago.
    assert_eq!(post(&server, PATH, &a_schedule("yearly"), None).await.0, 201);
    comes_at(&*server.app.store, "yearly", past(300)).await;
    told(&server, "schedule.missed", 0).await;
    let yearly = schedule(&server, "yearly").await;
    assert_eq!(yearly["last_command"], Value::Null);
    assert!(yearly["last_error"].as_str().unwrap().contains("too long ago"), "{yearly}");
    server.stop().await;
}

#[tokio::test]
async fn a_schedule_rests_once_its_maker_may_not_give_commands() {
    let (server, _node, _link) = one_node().await;
    let operator = server.token(Role::Operator).await;
    let issue = json!({ "name": "nightly" });
    let (_, key) = post_as(&server, &operator, "/api/v1/auth/keys", &issue, None).await;
    let secret = key["secret"].as_str().unwrap();
    let (status, made) = post_as(&server, secret, PATH, &a_schedule("nightly"), None).await;
    assert_eq!((status, &made["actor"]), (201, &json!("key:test-operator/nightly")), "{made}");
    let revoke =
        http().delete(server.at(&format!("/api/v1/auth/keys/{}", key["key"]["id"].as_str().unwrap())));
    assert!(revoke.bearer_auth(&operator).send().await.unwrap().status().is_success());
    // It does not wait for its time to be told so.
    told(&server, "schedule.paused", 0).await;
    let rests = schedule(&server, "nightly").await;
    assert_eq!((&rests["paused"], &rests["next_at"]), (&json!(true), &Value::Null));
    assert!(rests["last_error"].as_str().unwrap().contains("was revoked"), "{rests}");

    let (status, _) = post_as(&server, &operator, PATH, &a_schedule("weekly"), None).await;
    assert_eq!(status, 201);
    let demote = Statement {
        name: "test.demote",
        sql: "UPDATE users SET role = 'viewer' WHERE username = 'test-operator'",
        values: vec![],
        rows: Rows::Exactly(1),
    };
    server.app.store.commit(Change::new().write(demote)).await.unwrap();
    comes_at(&*server.app.store, "weekly", Timestamp::now()).await;
    told(&server, "schedule.paused", 1).await;
    let rests = schedule(&server, "weekly").await;
    assert!(rests["last_error"].as_str().unwrap().contains("no operator any more"), "{rests}");
    let (_, page) = get(&server, "/api/v1/commands").await;
    assert_eq!(page["items"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_time_without_targets_says_so_and_the_next_comes() {
    let (server, _node, link) = one_node().await;
    let mut body = a_schedule("nightly");
    body["command"] =
        json!({ "verb": "exec", "args": { "argv": ["true"] }, "where": "status == \"ONLINE\"" });
    let (status, made) = post(&server, PATH, &body, None).await;
    assert_eq!(status, 201, "{made}");
    drop(link);
    told(&server, "agent.unknown", 0).await;
    comes_at(&*server.app.store, "nightly", Timestamp::now()).await;
    let missed = told(&server, "schedule.missed", 0).await;
    assert!(missed["data"]["reason"].as_str().unwrap().contains("selects no agent"), "{missed}");
    let after = schedule(&server, "nightly").await;
    assert_eq!((&after["next_at"], &after["paused"]), (&made["next_at"], &json!(false)));
    assert!(after["last_error"].as_str().unwrap().contains("selects no agent"), "{after}");
    server.stop().await;
}
