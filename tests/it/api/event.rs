//! Watchers' streams.

use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use worpen::{
    core::change::{Change, NewEvent},
    proto::{
        container::ContainerState::Running,
        event::{EventKind, StreamItem},
    },
};

use crate::{
    harness::{TestServer, until},
    node::TestNode,
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn subscribe(server: &TestServer, query: &str) -> Socket {
    subscribe_as(server, &server.admin().await, query).await
}

async fn subscribe_as(server: &TestServer, token: &str, query: &str) -> Socket {
    let url = format!("{}{query}", server.at("/api/v1/events/subscribe").replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {token}");
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let mut socket = connect_async(request).await.unwrap().0;
    assert!(matches!(next(&mut socket).await, StreamItem::Position { .. }), "the place comes first");
    socket
}

async fn next(socket: &mut Socket) -> StreamItem {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test]
async fn a_watcher_from_the_beginning_sees_every_event_once_and_in_order() {
    let server = TestServer::start().await;
    let mut socket = subscribe(&server, "?from=0").await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    let mut last = 0;
    loop {
        let StreamItem::Events { event } = next(&mut socket).await else { panic!("expected events") };
        assert_eq!(event.sequence, format!("{:020}", last + 1));
        last += 1;
        if event.kind.as_str() == "container.updated" {
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_chooses_kinds_nodes_and_live_measurements() {
    let server = TestServer::start().await;
    let mut socket = subscribe(&server, "?from=0&types=agent.online&node=web-1&live=telemetry").await;
    let mut other = TestNode::joined(&server, "web-2").await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut other = (other.link().await, other);
    let mut link = node.link().await;
    let StreamItem::Events { event } = next(&mut socket).await else { panic!("expected events") };
    assert_eq!((event.kind.as_str(), event.subject.as_deref()), ("agent.online", Some("web-1")));
    other.0.say(&other.1.telemetry(1, Timestamp::now())).await;
    other.0.acknowledged(1).await;
    link.say(&node.telemetry(1, Timestamp::now())).await;
    let StreamItem::Live { telemetry, dropped, .. } = next(&mut socket).await else {
        panic!("expected live")
    };
    assert_eq!((telemetry.unwrap().agent_id.as_str(), dropped), ("web-1", 0));
    server.stop().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_revoked() {
    let server = TestServer::start().await;
    let token = server.token(worpen::proto::user::Role::Viewer).await;
    let body = serde_json::json!({ "name": "watcher" });
    let (_, issued) = super::post_as(&server, &token, "/api/v1/auth/keys", &body, None).await;
    let mut socket = subscribe_as(&server, issued["secret"].as_str().unwrap(), "").await;
    let key = format!("/api/v1/auth/keys/{}", issued["key"]["id"].as_str().unwrap());
    let revoked = crate::harness::http().delete(server.at(&key)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(revoked.status().as_u16(), 200);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while !matches!(socket.next().await, None | Some(Ok(Message::Close(_)) | Err(_))) {}
    });
    assert!(ended.await.is_ok(), "the stream ended");
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_who_reads_nothing_is_let_go() {
    let server = TestServer::start().await;
    // More than the buffers of a connection take, here and there.
    let words = "x".repeat(16 * 1024);
    let event =
        || NewEvent::new(EventKind::ServerStarted, Timestamp::now(), "server", json!({ "words": words }));
    let change = (0..1024).fold(Change::new(), |change, _| change.event(event()));
    server.app.store.commit(change).await.unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let stream = socket.connect(address).await.unwrap();
    let url = format!("{}?from=0", server.at("/api/v1/events/subscribe").replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", server.admin().await);
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let (slow, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    until("it is served", || server.app.connections.count().0 == 1).await;
    until("it is let go", || server.app.connections.count().0 == 0).await;
    drop(slow);
    server.stop().await;
}
