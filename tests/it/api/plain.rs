//! Agents that are not ours: the documents' protocol and a token.

use std::time::Duration;

use serde_json::{Value, json};
use worpen::{
    core::usecase::{Origin, presence},
    proto::agent::AgentStatus::{self, Offline, Online, Unknown},
};

use super::{get, post, story};
use crate::{
    foreign::{Foreign, ForeignLink},
    harness::{TestServer, http, until},
    node::{TestNode, join},
};

fn status(server: &TestServer, name: &str) -> AgentStatus {
    server.app.fleet.read().agent(name).unwrap().status
}

/// Gives a command to `press-7` and does not wait for its end.
async fn give(server: &TestServer, verb: &str, timeout_s: u32) -> Value {
    let body = json!({ "verb": verb, "args": { "username": "ada" }, "agent_targets": ["press-7"],
        "timeout_s": timeout_s });
    let (status, command) = post(server, "/api/v1/commands?wait=0", &body, None).await;
    assert_eq!(status, 202, "{command}");
    command
}

/// A command once it stands so.
async fn settled(server: &TestServer, command: &Value, status: &str) -> Value {
    let path = format!("/api/v1/commands/{}?wait=20", command["id"].as_str().unwrap());
    let (_, command) = get(server, &path).await;
    assert_eq!(command["status"], status, "{command}");
    command
}

fn result(command: &Value, status: &str) -> Value {
    json!({ "type": "RESULT", "payload": { "command_id": command["id"], "status": status } })
}

async fn server_with_link(verbs: &[&str]) -> (TestServer, Foreign, ForeignLink) {
    let server = TestServer::start().await;
    let foreign = Foreign::of(&server, "press-7").await;
    let link = foreign.link(verbs).await;
    (server, foreign, link)
}

#[tokio::test]
async fn an_invited_foreign_agent_is_there_at_once_and_links_by_header_or_query() {
    let server = TestServer::start().await;
    let foreign = Foreign::of(&server, "press-7").await;
    let (_, agent) = get(&server, "/api/v1/agents/press-7").await;
    assert_eq!((&agent["status"], &agent["site"]), (&json!("OFFLINE"), &json!("floor")));
    assert!(agent["last_seen_at"].is_null() && agent["version"].is_null());
    let link = foreign.link(&["create_user", "docker.stop", "exec"]).await;
    assert_eq!(link.welcome["payload"]["heartbeat_interval_s"], 10);
    assert!(link.welcome["payload"].get("proof").is_none());
    let (_, agent) = get(&server, "/api/v1/agents/press-7").await;
    assert_eq!((&agent["status"], &agent["version"]), (&json!("ONLINE"), &json!("1.0.0")));
    assert_eq!((&agent["site"], &agent["capabilities"]), (&json!("floor"), &json!(["create_user"])));
    drop(link);
    until("the link ended", || status(&server, "press-7") == Unknown).await;
    let mut link = ForeignLink { socket: foreign.connect_by_query().await, welcome: Value::Null };
    link.say(&foreign.hello(&[])).await;
    assert_eq!(link.next().await["type"], "WELCOME");
    server.stop().await;
}

#[tokio::test]
async fn verbs_of_our_own_agents_are_withheld_from_a_foreign_one_and_it_is_told() {
    let (server, _foreign, mut link) = server_with_link(&["create_user", "docker.stop", "exec"]).await;
    let told = link.next().await;
    assert_eq!((&told["type"], &told["payload"]["code"]), (&json!("ERROR"), &json!("refused")), "{told}");
    let body =
        json!({ "verb": "docker.stop", "args": { "container": "nginx" }, "agent_targets": ["press-7"] });
    let (status, problem) = post(&server, "/api/v1/commands?wait=0", &body, None).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("verb_not_announced")), "{problem}");
    server.stop().await;
}

#[tokio::test]
async fn a_token_is_good_for_its_own_agent_and_for_nothing_else() {
    let server = TestServer::start().await;
    let foreign = Foreign::of(&server, "press-7").await;
    let other = Foreign::of(&server, "press-8").await;
    let node = TestNode::joined(&server, "web-1").await;
    for (name, token) in [
        ("press-8", foreign.token.as_str()),
        ("web-1", foreign.token.as_str()),
        ("press-7", "wpa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("press-7", "wpa_"),
        ("press-7", "wpk_something"),
        ("press-7", ""),
    ] {
        let mut stranger = foreign.clone();
        (stranger.name, stranger.token) = (name.into(), token.into());
        assert_eq!(stranger.refused().await, "not_proven", "{name} with '{token}'");
    }
    let with_token = http().get(server.at("/api/v1/agents")).bearer_auth(&other.token);
    assert_eq!(with_token.send().await.unwrap().status().as_u16(), 401, "it is no caller of the API");
    // A node's key does not help a foreign name, and a foreign agent's secret makes no node.
    let mut named = node.clone();
    named.joined.agent_id = "press-7".into();
    assert_eq!(named.refused().await, worpen::proto::link::LinkErrorCode::NotProven);
    assert_eq!(status(&server, "press-7"), Offline);
    let invitation = worpen::server::invite_locally(&server.app, "press-7").await;
    assert!(invitation.is_err(), "the name is taken");
    let spare = worpen::server::invite_locally(&server.app, "web-2").await.unwrap();
    assert_eq!(join(&server.url, &spare.token, [9; 32]).await.status().as_u16(), 200);
    server.stop().await;
}

#[tokio::test]
async fn removing_a_foreign_agent_ends_its_link_and_its_token() {
    let (server, foreign, link) = server_with_link(&[]).await;
    let removal = http().delete(server.at("/api/v1/agents/press-7")).bearer_auth(server.admin().await);
    assert_eq!(removal.send().await.unwrap().status().as_u16(), 200);
    assert_eq!(link.idle().await, Some(json!("revoked")));
    assert_eq!(foreign.refused().await, "not_proven");
    let again = Foreign::of(&server, "press-7").await;
    assert_ne!(again.token, foreign.token);
    drop(again.link(&[]).await);
    assert_eq!(foreign.refused().await, "not_proven", "the old token stays dead");
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_agent_reports_in_the_documents_words() {
    let (server, _foreign, mut link) = server_with_link(&[]).await;
    link.say(&json!({ "type": "TELEMETRY", "payload": { "agent_id": "press-7", "cpu_usage": 12.5,
        "memory_usage": { "total": 1000, "used": 250 }, "disk_usage": { "/": { "total": 100, "used": 50, "free": 50 } },
        "load_average": [0.5, 0.25, 0.125], "container_count": 0, "service_status": { "nginx": "running" },
        "sequence": 1 } }))
        .await;
    assert_eq!(link.next().await["payload"], json!({ "sequence": 1 }));
    let (_, agent) = get(&server, "/api/v1/agents/press-7").await;
    let told = &agent["telemetry"];
    assert_eq!((&told["cpu_usage"], &told["memory_usage"]["percent"]), (&json!(12.5), &json!(25.0)));
    assert_eq!((&told["service_status"]["nginx"], &told["network_stats"]), (&json!("running"), &json!({})));
    let (_, page) = get(&server, "/api/v1/agents/press-7/telemetry").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    link.say(
        &json!({ "type": "HEARTBEAT", "payload": { "agent_id": "press-7", "status": "DEGRADED", "cpu": 99,
        "ram": 41, "sequence": 2 } }),
    )
    .await;
    assert_eq!(link.next().await["payload"], json!({ "sequence": 2 }));
    let (_, health) = get(&server, "/api/v1/agents/press-7/health").await;
    assert_eq!((&health["status"], &health["linked"]), (&json!("DEGRADED"), &json!(true)));
    assert_eq!((&health["cpu_usage"], &health["memory_usage"]), (&json!(99.0), &json!(41.0)));
    // A later pulse that says nothing of them does not hide what was measured.
    link.say(&json!({ "type": "HEARTBEAT", "payload": { "status": "ONLINE", "sequence": 3 } })).await;
    assert_eq!(link.next().await["payload"], json!({ "sequence": 3 }));
    let (_, health) = get(&server, "/api/v1/agents/press-7/health").await;
    assert_eq!((&health["cpu_usage"], &health["memory_usage"]), (&json!(12.5), &json!(25.0)));
    server.stop().await;
}

#[tokio::test]
async fn each_wrong_frame_gets_an_error_with_a_code_and_stores_nothing() {
    let (server, foreign, mut link) = server_with_link(&["create_user"]).await;
    let before = story(&server, "agent.*").await.len();
    let id = "019e1f52-0d14-7b8e-8c3a-5a2b9d6f4e21";
    for (frame, code, place) in [
        (foreign.hello(&[]), "out_of_order", "HELLO comes once"),
        (json!({ "type": "GOODBYE" }), "bad_frame", "/type"),
        (json!({ "type": "TELEMETRY", "payload": { "cpu_usage": 1 } }), "bad_frame", "/payload/memory_usage"),
        (json!({ "type": "HEARTBEAT", "payload": { "status": "DEAD" } }), "bad_frame", "/payload/status"),
        (
            json!({ "type": "HEARTBEAT", "payload": { "agent_id": "web-1" } }),
            "bad_frame",
            "/payload/agent_id",
        ),
        (result(&json!({ "id": id }), "ok"), "bad_frame", "/payload/command_id"),
        (json!({ "type": "INVENTORY", "payload": {} }), "bad_frame", "/type"),
    ] {
        let (got, detail) = link.error_of(&frame).await;
        assert_eq!((got.as_str(), detail.starts_with(place)), (code, true), "{frame}: {detail}");
    }
    link.say(&json!({ "type": "HEARTBEAT", "payload": { "sequence": 7 } })).await;
    assert_eq!(link.next().await["payload"], json!({ "sequence": 7 }));
    for sequence in [7, 6, 0] {
        let repeated =
            json!({ "type": "HEARTBEAT", "payload": { "sequence": sequence, "status": "DEGRADED" } });
        assert_eq!(link.error_of(&repeated).await.0, "out_of_order");
    }
    assert_eq!(status(&server, "press-7"), Online);
    assert_eq!(story(&server, "agent.*").await.len(), before);
    let (_, page) = get(&server, "/api/v1/agents/press-7/telemetry").await;
    assert_eq!(page["items"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_command_reaches_a_foreign_agent_once_and_its_answer_is_the_result() {
    let (server, _foreign, mut link) = server_with_link(&["create_user"]).await;
    let given = give(&server, "create_user", 60).await;
    let command = link.next().await;
    let payload =
        json!({ "id": given["id"], "verb": "create_user", "args": { "username": "ada" }, "timeout_s": 60 });
    assert_eq!(command, json!({ "type": "COMMAND", "payload": payload }));
    link.answer(&command, 1, "running", &Value::Null).await;
    link.answer(&command, 2, "SUCCESS", &json!({ "uid": 7 })).await;
    let ended = settled(&server, &given, "succeeded").await;
    assert_eq!(ended["executions"][0]["result"], json!({ "uid": 7 }));
    link.answer(&command, 3, "SUCCESS", &json!({ "uid": 7 })).await;
    let (code, detail) = link.error_of(&result(&given, "failed")).await;
    assert_eq!((code.as_str(), detail.contains("succeeded")), ("out_of_order", true), "{detail}");
    let kinds: Vec<Value> =
        story(&server, "command.*").await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["command.queued", "command.started", "command.ended"], "never a second event");
    server.stop().await;
}

#[tokio::test]
async fn one_foreign_agent_cannot_answer_for_another() {
    let (server, _foreign, mut link) = server_with_link(&["create_user"]).await;
    let stranger = Foreign::of(&server, "press-8").await;
    let mut strange = stranger.link(&["create_user"]).await;
    let given = give(&server, "create_user", 60).await;
    let command = link.next().await;
    assert_eq!(strange.error_of(&result(&given, "ok")).await.0, "bad_frame");
    link.answer(&command, 1, "failed", &Value::Null).await;
    settled(&server, &given, "failed").await;
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_agent_that_does_not_answer_in_time_is_timed_out() {
    let (server, _foreign, mut link) = server_with_link(&["create_user"]).await;
    let given = give(&server, "create_user", 1).await;
    let command = link.next().await;
    let ended = settled(&server, &given, "timed_out").await;
    assert_eq!(ended["executions"][0]["error_message"], "press-7 did not answer within 1 s");
    let (code, detail) = link.error_of(&result(&command["payload"], "ok")).await;
    assert_eq!((code.as_str(), detail.contains("timed_out")), ("out_of_order", true), "{detail}");
    server.stop().await;
}

#[tokio::test]
async fn what_a_broken_link_was_sent_is_unknown_and_never_sent_twice() {
    let (server, foreign, mut link) = server_with_link(&["create_user"]).await;
    let given = give(&server, "create_user", 1).await;
    link.next().await;
    drop(link);
    until("the link ended", || status(&server, "press-7") == Unknown).await;
    let mut link = foreign.link(&["create_user"]).await;
    let ended = settled(&server, &given, "unknown").await;
    let why = ended["executions"][0]["error_message"].as_str().unwrap();
    assert!(why.starts_with("the link of press-7 broke"), "{why}");
    let second = give(&server, "create_user", 60).await;
    let command = link.next().await;
    assert_eq!(command["payload"]["id"], second["id"], "the first is not sent again");
    link.answer(&json!({ "payload": given }), 1, "ok", &json!(1)).await;
    settled(&server, &given, "succeeded").await;
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_agent_that_comes_back_in_time_may_still_answer() {
    let (server, foreign, mut link) = server_with_link(&["create_user"]).await;
    let given = give(&server, "create_user", 60).await;
    let command = link.next().await;
    drop(link);
    until("the link ended", || status(&server, "press-7") == Unknown).await;
    let mut link = foreign.link(&["create_user"]).await;
    link.answer(&command, 1, "ok", &json!({ "uid": 7 })).await;
    settled(&server, &given, "succeeded").await;
    server.stop().await;
}

#[tokio::test]
async fn a_verb_that_is_no_longer_announced_is_refused_and_not_sent() {
    let (server, foreign, link) = server_with_link(&["create_user"]).await;
    drop(link);
    until("the link ended", || status(&server, "press-7") == Unknown).await;
    let given = give(&server, "create_user", 60).await;
    let _link = foreign.link(&["delete_user"]).await;
    let ended = settled(&server, &given, "refused").await;
    assert_eq!(ended["executions"][0]["error_message"], "press-7 no longer announces 'create_user'");
    server.stop().await;
}

#[tokio::test]
async fn a_second_live_connection_with_one_token_quarantines_both() {
    let (server, foreign, link) = server_with_link(&[]).await;
    let idle = tokio::spawn(link.idle());
    assert_eq!(foreign.refused().await, "quarantined");
    assert_eq!(idle.await.unwrap(), Some(json!("quarantined")));
    assert_eq!(status(&server, "press-7"), AgentStatus::Quarantined);
    assert_eq!(foreign.refused().await, "quarantined", "neither is believed");
    server.stop().await;
}

#[tokio::test]
async fn a_link_that_does_not_answer_a_ping_gives_way_to_a_new_one() {
    let server = TestServer::start_with(Duration::from_secs(30)).await;
    let foreign = Foreign::of(&server, "press-7").await;
    // Nobody reads this one, so nobody answers its pings.
    let mut stuck = foreign.link(&[]).await;
    drop(foreign.link(&[]).await);
    let last = stuck.next().await;
    assert_eq!((&last["type"], &last["payload"]["code"]), (&json!("ERROR"), &json!("replaced")), "{last}");
    until("the new link ended", || status(&server, "press-7") == Unknown).await;
    server.stop().await;
}

#[tokio::test]
async fn a_repeated_invitation_under_one_key_makes_one_agent_and_shows_its_token_once() {
    let server = TestServer::start().await;
    let body = json!({ "name": "press-7", "plain": true });
    let (status, first) = post(&server, "/api/v1/invitations", &body, Some("k1")).await;
    assert_eq!((status, first["token"].is_string()), (201, true), "{first}");
    let (status, problem) = post(&server, "/api/v1/invitations", &body, Some("k1")).await;
    assert_eq!((status, &problem["code"]), (409, &json!("shown_once")), "{problem}");
    let (status, problem) = post(&server, "/api/v1/invitations", &body, None).await;
    assert_eq!((status, &problem["code"]), (409, &json!("agent_name_taken")), "{problem}");
    let timed = json!({ "name": "press-8", "plain": true, "expires_in": 900 });
    let (status, problem) = post(&server, "/api/v1/invitations", &timed, None).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!("/expires_in")), "{problem}");
    assert_eq!(story(&server, "agent.joined").await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_lost_foreign_agent_is_unknown_and_then_offline() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let foreign = Foreign::of(&server, "press-7").await;
    drop(foreign.link(&[]).await);
    until("the agent is unknown", || status(&server, "press-7") == Unknown).await;
    until("the agent is offline", || status(&server, "press-7") == Offline).await;
    server.stop().await;
}

#[tokio::test]
async fn a_pulse_without_a_judgement_tells_that_the_agent_is_there() {
    let (server, _foreign, mut link) = server_with_link(&[]).await;
    let id = server.app.fleet.read().agent("press-7").unwrap().id;
    until("the agent is online", || status(&server, "press-7") == Online).await;
    // As when the end of an earlier link is written late.
    let origin = Origin::server(jiff::Timestamp::now(), "test");
    presence::move_to(&*server.app.store, &server.app.fleet, id, Unknown, "late", &origin).await.unwrap();
    assert_eq!(status(&server, "press-7"), Unknown);
    link.say(&json!({ "type": "HEARTBEAT", "payload": { "cpu": 1.0 } })).await;
    until("the agent is online again", || status(&server, "press-7") == Online).await;
    server.stop().await;
}
