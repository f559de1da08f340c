//! What nodes report, once and in order.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use worpen::proto::{
    container::ContainerState::{Exited, Running},
    link::{LinkErrorCode, ServerFrame},
    telemetry::DiskUsage,
};

use super::{get, story};
use crate::{harness::TestServer, node::TestNode};

#[tokio::test]
async fn a_repeated_frame_changes_nothing() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let at = Timestamp::now();
    for _ in 0..2 {
        link.say(&TestNode::inventory(1, &[("aaa", Running), ("bbb", Exited)])).await;
        link.say(&node.telemetry(2, at)).await;
        link.acknowledged(2).await;
    }
    let mut link = node.link().await;
    assert_eq!(link.welcome.acknowledged, 1, "what the control data holds");
    link.say(&TestNode::inventory(1, &[("aaa", Exited)])).await;
    link.acknowledged(1).await;
    let (_, page) = get(&server, "/api/v1/agents/web-1/telemetry").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(story(&server, "container.*").await.len(), 2);
    let (_, page) = get(&server, "/api/v1/containers?node=web-1&state=running").await;
    assert_eq!(page["items"][0]["name"], "c-aaa");
    server.stop().await;
}

#[tokio::test]
async fn a_full_report_after_an_absence_tells_what_happened() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running), ("bbb", Exited)])).await;
    link.say(&TestNode::inventory(2, &[("aaa", Exited), ("ccc", Running)])).await;
    link.acknowledged(2).await;
    let story = story(&server, "container.*").await;
    let told: Vec<(&str, &str)> = story
        .iter()
        .skip(2)
        .map(|event| (event["type"].as_str().unwrap(), event["data"]["container"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("container.died", "c-aaa"), ("container.updated", "c-ccc"), ("container.removed", "c-bbb")]
    );
    server.stop().await;
}

#[tokio::test]
async fn what_memory_holds_is_what_a_restarted_server_reads() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.say(&node.telemetry(2, Timestamp::now())).await;
    link.acknowledged(2).await;
    drop(link);
    let server = server.restart().await;
    let (_, container) = get(&server, "/api/v1/containers/web-1%2Fc-aaa").await;
    assert_eq!(container["state"], "running");
    assert!(container["stale_since"].is_string(), "nothing is heard of the node: {container}");
    let (_, agent) = get(&server, "/api/v1/agents/web-1").await;
    assert_eq!(agent["telemetry"]["cpu_usage"], 12.5);
    server.stop().await;
}

#[tokio::test]
async fn a_measurement_from_the_spool_does_not_pass_for_the_latest() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let now = worpen::api::clock::now();
    link.say(&node.telemetry(1, now)).await;
    link.say(&node.telemetry(2, now - SignedDuration::from_secs(60))).await;
    link.acknowledged(2).await;
    let (_, agent) = get(&server, "/api/v1/agents/web-1").await;
    assert_eq!(agent["telemetry"]["timestamp"], now.to_string());
    let (_, page) = get(&server, "/api/v1/agents/web-1/telemetry?limit=1").await;
    let next = page["next_cursor"].as_str().unwrap();
    let (_, rest) = get(&server, &format!("/api/v1/agents/web-1/telemetry?limit=1&cursor={next}")).await;
    assert_eq!(rest["items"][0]["timestamp"], now.to_string());
    assert!(rest["next_cursor"].is_null());
    server.stop().await;
}

#[tokio::test]
async fn a_frame_that_is_not_of_the_protocol_is_answered_by_its_code() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let forged = json!({ "type": "EVENT", "payload": { "sequence": 1, "time": Timestamp::now(), "kind": "user.created" } });
    for (text, code) in [
        ("{", LinkErrorCode::BadFrame),
        (r#"{"type":"DANCE","payload":{}}"#, LinkErrorCode::BadFrame),
        (&forged.to_string(), LinkErrorCode::BadFrame),
    ] {
        link.say_text(text.to_owned()).await;
        let ServerFrame::Error(error) = link.next().await else { panic!("expected ERROR") };
        assert_eq!(error.code, code, "{text}");
    }
    assert!(story(&server, "user.created").await.iter().all(|event| event["actor"] == "server"));
    server.stop().await;
}

#[tokio::test]
async fn a_node_cannot_pass_an_attribute_for_a_record() {
    let server = TestServer::start().await;
    let victim = TestNode::joined(&server, "db-1").await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let mut forged = get(&server, "/api/v1/agents/web-1").await.1;
    forged["agent_id"] = json!("db-1");
    let event = json!({ "type": "EVENT", "payload": {
        "sequence": 1, "time": Timestamp::now(), "kind": "container.updated",
        "container": crate::node::container("aaa", Running),
        "attributes": { "agent": forged },
    } });
    link.say_text(event.to_string()).await;
    link.acknowledged(1).await;
    let (_, named) = get(&server, "/api/v1/agents/db-1").await;
    assert_eq!(named["id"], json!(victim.joined.id), "the name is still its holder's");
    let (_, page) = get(&server, "/api/v1/containers?node=web-1").await;
    assert_eq!(page["items"][0]["name"], "c-aaa");
    server.stop().await;
}

/// A measurement with one field changed in its text.
fn altered(node: &TestNode, sequence: u64, from: &str, to: &str) -> String {
    let text = serde_json::to_string(&node.telemetry(sequence, Timestamp::now())).unwrap();
    assert!(text.contains(from), "{text}");
    text.replace(from, to)
}

#[tokio::test]
async fn a_number_that_is_none_is_refused_and_harms_no_start() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say_text(altered(&node, 1, "\"cpu_usage\":12.5", "\"cpu_usage\":1e39")).await;
    let ServerFrame::Error(error) = link.next().await else { panic!("expected ERROR") };
    assert_eq!(error.code, LinkErrorCode::BadFrame);
    link.say(&node.telemetry(2, Timestamp::now())).await;
    link.acknowledged(2).await;
    drop(link);
    let server = server.restart().await;
    assert_eq!(get(&server, "/api/v1/agents/web-1/telemetry").await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn an_absurd_time_of_a_node_becomes_the_servers() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let end_of_time: Timestamp = "9999-12-30T22:00:00.999999999Z".parse().unwrap();
    let event = json!({ "type": "EVENT", "payload": { "sequence": 1, "time": end_of_time,
        "kind": "container.updated", "container": crate::node::container("aaa", Running) } });
    link.say_text(event.to_string()).await;
    link.say(&node.telemetry(2, end_of_time)).await;
    let now = Timestamp::now();
    link.say(&node.telemetry(3, now)).await;
    link.acknowledged(3).await;
    assert_eq!(story(&server, "container.*").await.len(), 1, "the log can be read");
    let (_, agent) = get(&server, "/api/v1/agents/web-1").await;
    let shown: Timestamp = agent["telemetry"]["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(
        now.duration_until(shown).abs().as_secs() < 60,
        "the latest is not from the end of time: {shown}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_sequence_that_leaps_or_is_missing_is_refused() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    for sequence in [json!(u64::MAX), json!(null)] {
        let event = json!({ "type": "EVENT", "payload": { "sequence": sequence, "time": Timestamp::now(),
            "kind": "container.updated", "container": crate::node::container("aaa", Running) } });
        link.say_text(event.to_string()).await;
        let ServerFrame::Error(error) = link.next().await else { panic!("expected ERROR") };
        assert_eq!(error.code, LinkErrorCode::BadFrame, "{error:?}");
    }
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    assert_eq!(story(&server, "container.*").await.len(), 1, "the agent is heard as before");
    server.stop().await;
}

#[tokio::test]
async fn an_event_carries_the_record_of_its_noun_alone() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    for (sequence, kind) in [(1, "spool.trimmed"), (2, "image.removed")] {
        let event = json!({ "type": "EVENT", "payload": { "sequence": sequence, "time": Timestamp::now(),
            "kind": kind, "container": crate::node::container("aaa", Running) } });
        link.say_text(event.to_string()).await;
        let ServerFrame::Error(error) = link.next().await else { panic!("expected ERROR") };
        assert_eq!(error.code, LinkErrorCode::BadFrame, "{kind}");
    }
    assert_eq!(get(&server, "/api/v1/containers").await.1["items"], json!([]));
    server.stop().await;
}

/// A container whose label has so many bytes.
fn labelled(id: &str, bytes: usize) -> Value {
    let mut facts = json!(crate::node::container(id, Running));
    facts["labels"] = json!({ "note": "x".repeat(bytes) });
    facts
}

#[tokio::test]
async fn a_container_with_a_novel_for_a_label_is_refused_by_its_place() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let event = json!({ "type": "EVENT", "payload": { "sequence": 1, "time": Timestamp::now(),
        "kind": "container.updated", "container": labelled("aaa", 65_536) } });
    let report = json!({ "type": "INVENTORY", "payload": { "sequence": 2, "time": Timestamp::now(),
        "containers": [labelled("aaa", 10), labelled("bbb", 65_536)], "images": [] } });
    for (frame, place) in [(event, "/container: expected"), (report, "/containers/1: expected")] {
        link.say_text(frame.to_string()).await;
        let ServerFrame::Error(error) = link.next().await else { panic!("expected ERROR") };
        assert_eq!(error.code, LinkErrorCode::BadFrame);
        assert!(error.detail.starts_with(place), "{}", error.detail);
    }
    assert_eq!(get(&server, "/api/v1/containers").await.1["items"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_large_events_ends_early_and_the_next_goes_on() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    for sequence in 1..=100 {
        let event = json!({ "type": "EVENT", "payload": { "sequence": sequence, "time": Timestamp::now(),
            "kind": "container.updated", "container": labelled("aaa", 60_000) } });
        link.say_text(event.to_string()).await;
    }
    link.acknowledged(100).await;
    let path = "/api/v1/events/history?limit=100&types=container.*";
    let (_, page) = get(&server, path).await;
    let first = page["items"].as_array().unwrap().len();
    assert!((1..=70).contains(&first), "4 MiB are {first} of them");
    let next = page["next_cursor"].as_str().unwrap();
    let (_, rest) = get(&server, &format!("{path}&cursor={next}")).await;
    assert_eq!(first + rest["items"].as_array().unwrap().len(), 100);
    assert!(rest["next_cursor"].is_null());
    server.stop().await;
}

#[tokio::test]
async fn a_measurement_of_a_thousand_disks_is_refused() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let mut frame = json!(node.telemetry(1, Timestamp::now()));
    for disk in 0..65 {
        frame["payload"]["disk_usage"][format!("/mnt/{disk}")] = json!(DiskUsage::default());
    }
    link.say_text(frame.to_string()).await;
    let ServerFrame::Error(error) = link.next().await else { panic!("expected ERROR") };
    assert!(error.detail.starts_with("/payload/disk_usage: expected at most 64"), "{}", error.detail);
    frame["payload"]["sequence"] = json!(2);
    frame["payload"]["disk_usage"].as_object_mut().unwrap().remove("/mnt/64");
    link.say_text(frame.to_string()).await;
    link.acknowledged(2).await;
    server.stop().await;
}

#[tokio::test]
async fn an_agent_that_changes_its_mind_all_the_time_writes_few_events() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    for turn in 0..200 {
        let mut pulse = json!(node.heartbeat());
        pulse["payload"]["status"] = json!(if turn % 2 == 0 { "DEGRADED" } else { "ONLINE" });
        link.say_text(pulse.to_string()).await;
    }
    link.say(&node.telemetry(1, Timestamp::now())).await;
    link.acknowledged(1).await;
    let told = story(&server, "agent.degraded").await.len();
    assert!((1..100).contains(&told), "{told} of 100");
    server.stop().await;
}
