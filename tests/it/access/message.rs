//! Who may say what over a WebSocket: every message that agents and watchers can send, for every kind of sender. A message
//! that is added does not compile here until it is listed.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};
use worpen::proto::{
    link::{AgentFrame, LinkErrorCode},
    user::Role,
    window::WindowAsk,
};

use super::{agents, scoped_key};
use crate::{
    harness::{TestServer, http},
    node::TestNode,
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What an agent can say, by type.
const FRAMES: [&str; 11] = [
    "ACK",
    "CERTIFY",
    "COMMAND_RESULT",
    "ERROR",
    "EVENT",
    "HEARTBEAT",
    "HELLO",
    "HOLDS",
    "INVENTORY",
    "PROGRESS",
    "TELEMETRY",
];
/// What a watcher of windows can say; a watcher of events is heard by nobody.
const ASKS: [&str; 2] = ["close", "open"];

/// The row of a frame. There is no wildcard, so that a new type is listed or does not compile.
const fn row(frame: &AgentFrame) -> &'static str {
    match frame {
        AgentFrame::Hello(_) => "HELLO",
        AgentFrame::Heartbeat(_) => "HEARTBEAT",
        AgentFrame::Telemetry(_) => "TELEMETRY",
        AgentFrame::Inventory(_) => "INVENTORY",
        AgentFrame::Event(_) => "EVENT",
        AgentFrame::CommandResult(_) => "COMMAND_RESULT",
        AgentFrame::Progress(_) => "PROGRESS",
        AgentFrame::Ack(_) => "ACK",
        AgentFrame::Certify(_) => "CERTIFY",
        AgentFrame::Holds(_) => "HOLDS",
        AgentFrame::Error(_) => "ERROR",
    }
}

/// The row of an ask.
const fn asked(ask: &WindowAsk) -> &'static str {
    match ask {
        WindowAsk::Open(_) => "open",
        WindowAsk::Close { .. } => "close",
    }
}

/// One frame of each type, as a node of this name would say it.
fn frames(name: &str) -> Vec<Value> {
    let (now, nil) = (Timestamp::now(), "0198c0de-0000-7000-8000-000000000000");
    let payloads = [
        ("HELLO", json!({ "agent_id": name, "site": "local", "version": "1" })),
        ("HEARTBEAT", json!({ "agent_id": name, "status": "ONLINE" })),
        (
            "TELEMETRY",
            json!({ "sequence": 1, "agent_id": name, "timestamp": now, "cpu_usage": 1.0,
                "memory_usage": { "total_bytes": 1, "used_bytes": 1, "available_bytes": 0, "percent": 1.0 }, "disk_usage": {}, "load_average": [0.0, 0.0, 0.0],
                "network_stats": {}, "service_status": {} }),
        ),
        ("INVENTORY", json!({ "sequence": 1, "time": now })),
        ("EVENT", json!({ "sequence": 1, "time": now, "kind": "spool.trimmed" })),
        (
            "COMMAND_RESULT",
            json!({ "sequence": 1, "command_id": nil, "execution_id": nil, "status": "succeeded" }),
        ),
        ("PROGRESS", json!({ "execution_id": nil, "time": now, "subject": "x", "parts": [] })),
        ("ACK", json!({ "sequence": 1 })),
        ("CERTIFY", json!({ "tls_key": "x" })),
        ("HOLDS", json!({ "revision": 0 })),
        ("ERROR", json!({ "code": "refused", "detail": "x" })),
    ];
    let frames = payloads.map(|(kind, payload)| json!({ "type": kind, "payload": payload }));
    for frame in &frames {
        let read: AgentFrame =
            serde_json::from_value(frame.clone()).unwrap_or_else(|e| panic!("{frame}: {e}"));
        assert_eq!(row(&read), frame["type"], "{frame}");
    }
    frames.into()
}

async fn open(server: &TestServer, path: &str, token: Option<&str>) -> Result<Socket, u16> {
    let mut request = server.at(path).replace("http", "ws").into_client_request().unwrap();
    if let Some(token) = token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The code of the ERROR that a connection ends with; `None` when it ends without one.
async fn end_of(socket: &mut Socket) -> Option<Value> {
    let mut code = None;
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
        match message.expect("the connection ends within 20 s") {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(frame["type"], "ERROR", "{frame}");
                code = Some(frame["payload"]["code"].clone());
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return code,
            Some(Ok(_)) => {}
        }
    }
}

#[test]
fn every_message_has_its_row() {
    let mut kinds: Vec<String> =
        frames("web-1").iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, FRAMES);
    let asks = [
        json!({ "type": "close", "window": 1 }),
        json!({ "type": "open", "window": 1, "ask": 1, "list": "agents", "limit": 1 }),
    ];
    let rows = asks.map(|ask| asked(&serde_json::from_value(ask).unwrap()));
    assert_eq!(rows, ASKS);
}

#[tokio::test]
async fn whoever_did_not_prove_to_be_an_agent_is_heard_in_nothing() {
    let server = TestServer::start().await;
    TestNode::joined(&server, "web-1").await;
    let (_, removed) = agents(&server).await;
    let callers =
        [None, Some(server.token(Role::Admin).await), Some(scoped_key(&server).await), Some(removed)];
    let before = server.app.feed.last();
    for token in &callers {
        for frame in frames("web-1") {
            let mut socket = open(&server, "/ws/agent", token.as_deref()).await.unwrap();
            // One that was removed may be gone before it has spoken.
            let _ = socket.send(Message::Text(frame.to_string().into())).await;
            let code = end_of(&mut socket).await;
            let refused = ["bad_frame", "out_of_order", "not_proven"];
            let is_refused = code.as_ref().is_none_or(|code| refused.iter().any(|word| code == word));
            assert!(is_refused, "{frame}: {code:?}");
        }
    }
    assert_eq!(server.app.feed.last(), before, "nothing happened");
    server.stop().await;
}

#[tokio::test]
async fn an_agent_is_heard_in_every_frame_but_a_second_hello_and_in_none_once_it_is_removed() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    for frame in frames("web-1") {
        link.say_text(frame.to_string()).await;
        if frame["type"] == "HELLO" {
            let answer = link.next().await;
            let worpen::proto::link::ServerFrame::Error(error) = answer else { panic!("{answer:?}") };
            assert_eq!(error.code, LinkErrorCode::OutOfOrder);
        }
        if frame["type"] == "CERTIFY" {
            // It is heard: what it asks to be certified is no key.
            while !matches!(link.next().await, worpen::proto::link::ServerFrame::Error(error) if error.code == LinkErrorCode::BadFrame)
            {
            }
        }
    }
    link.acknowledged(1).await;
    let removed = http().delete(server.at("/api/v1/agents/web-1")).bearer_auth(server.admin().await);
    assert_eq!(removed.send().await.unwrap().status().as_u16(), 200);
    assert_eq!(link.idle().await, Some(LinkErrorCode::Revoked));
    assert_eq!(node.refused().await, LinkErrorCode::Revoked);
    let before = server.app.feed.last();
    for frame in frames("web-1") {
        let mut socket = node.hello(None).await;
        let _ = socket.send(Message::Text(frame.to_string().into())).await;
        let code = end_of(&mut socket).await;
        assert!(code.is_none_or(|code| code == "revoked"), "{frame}");
    }
    assert_eq!(server.app.feed.last(), before);
    server.stop().await;
}

#[tokio::test]
async fn watchers_are_those_who_may_look_and_nobody_else() {
    let server = TestServer::start().await;
    TestNode::joined(&server, "web-1").await;
    TestNode::joined(&server, "db-1").await;
    let (agent, removed) = agents(&server).await;
    for path in ["/api/v1/windows", "/api/v1/events/subscribe", "/api/events/subscribe"] {
        for token in [None, Some(agent.as_str()), Some(removed.as_str())] {
            assert_eq!(open(&server, path, token).await.err(), Some(401), "{path}");
        }
    }
    let callers = [
        (server.token(Role::Viewer).await, 3),
        (server.token(Role::Operator).await, 3),
        (server.token(Role::Admin).await, 3),
        (scoped_key(&server).await, 1),
    ];
    for (token, nodes) in callers {
        let mut socket = open(&server, "/api/v1/windows", Some(&token)).await.unwrap();
        for list in ["agents", "heat", "summary"] {
            let ask = json!({ "type": "open", "window": 1, "ask": 1, "list": list, "limit": 10 });
            socket.send(Message::Text(ask.to_string().into())).await.unwrap();
            let total = loop {
                let told = match socket.next().await.unwrap().unwrap() {
                    Message::Text(text) => text.to_string(),
                    Message::Binary(packed) => {
                        String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap()
                    }
                    _ => continue,
                };
                let told: Value = serde_json::from_str(&told).unwrap();
                match told["type"].as_str().unwrap() {
                    "rows" | "heat" => break told["total"].clone(),
                    "summary" => break told["stats"]["nodes"]["total"].clone(),
                    "fields" => {}
                    other => panic!("{other}: {told}"),
                }
            };
            // Of the two plain agents one was removed.
            assert_eq!(total, json!(nodes), "{list}");
            socket
                .send(Message::Text(json!({ "type": "close", "window": 1 }).to_string().into()))
                .await
                .unwrap();
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_who_says_more_at_once_than_it_may_is_cut_off() {
    let server = TestServer::start().await;
    let token = server.token(Role::Viewer).await;
    for (path, most) in [("/api/v1/windows", 32 * 1024), ("/api/v1/events/subscribe", 4096)] {
        let mut socket = open(&server, path, Some(&token)).await.unwrap();
        let ask = json!({ "type": "open", "window": 1, "ask": 1, "list": "agents", "limit": 1, "where": "x".repeat(most) });
        // It may be cut off before all of it was sent.
        let _ = socket.send(Message::Text(ask.to_string().into())).await;
        loop {
            match tokio::time::timeout(Duration::from_secs(20), socket.next())
                .await
                .expect("it ends within 20 s")
            {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(message)) => {
                    assert!(!message.to_string().contains("\"refused\""), "{path}: {message}")
                }
            }
        }
    }
    server.stop().await;
}
