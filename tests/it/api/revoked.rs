//! Credentials that are revoked while what they opened goes on: requests whose bodies take their time, changes that wait for the
//! writer, and streams. How long each goes on is printed.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use worpen::{
    core::{
        access::Caller,
        change::{Change, CommitError},
        port::records::SessionRecord,
        statement,
    },
    id::SessionId,
    proto::user::Role,
};

use super::{get, post, post_as, story};
use crate::{
    harness::{TestServer, http},
    node::TestNode,
};

/// Sends the head of a request, and gives the connection and the body that is still to come.
async fn begun(server: &TestServer, token: &str, path: &str, body: &Value) -> (TcpStream, String) {
    let host = server.url.trim_start_matches("http://");
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..1]).await.unwrap();
    (stream, body[1..].to_owned())
}

/// A number somewhere in a record.
fn find(record: &Value, name: &str) -> Option<u64> {
    let fields = record.as_object()?;
    let own = fields.get(name).and_then(Value::as_u64);
    own.or_else(|| fields.values().find_map(|field| find(field, name)))
}

async fn ended((mut stream, rest): (TcpStream, String)) -> String {
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_body_that_comes_after_the_end_of_its_session_does_nothing() {
    let server = TestServer::start().await;
    let admin = server.signed_in().await;
    let thief = server.token(Role::Admin).await;
    let key = begun(&server, &thief, "/api/v1/auth/keys", &json!({ "name": "k", "role": "viewer" })).await;
    let user = json!({ "username": "mole", "password": "a-mole-of-mine-1", "role": "admin" });
    let user = begun(&server, &thief, "/api/v1/users", &user).await;
    // Both are let in and their bodies waited for, beside the request that asks.
    let until = Instant::now() + Duration::from_secs(20);
    while find(&get(&server, "/api/v1/status").await.1, "requests_in_flight").is_none_or(|count| count < 3) {
        assert!(Instant::now() < until, "the requests are not there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (status, _) = post_as(&server, &admin, "/api/v1/users/test-admin/sign-out", &json!({}), None).await;
    assert_eq!(status, 200);
    for request in [key, user] {
        let answer = ended(request).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    assert_eq!(
        story(&server, "user.created").await.iter().filter(|e| e.to_string().contains("mole")).count(),
        0
    );
    assert!(story(&server, "key.issued").await.iter().all(|e| !e.to_string().contains("test-admin")));
    server.stop().await;
}

#[tokio::test]
async fn nothing_is_written_for_a_caller_who_was_sent_away_before_the_writer_came_to_it() {
    let server = TestServer::start().await;
    server.token(Role::Operator).await;
    let record = server.app.records.user_by_name("test-operator").await.unwrap().unwrap();
    let (user, now) = (record.user, Timestamp::now());
    let session = SessionRecord { id: SessionId::generate(), user: user.id, expires_at: now, ended_at: None };
    let begin = Change::new()
        .write(statement::caller::signs_in(user.id, record.password_hash.clone()))
        .write(statement::session::begin(&session, now));
    server.app.store.commit(begin).await.unwrap();
    let caller = Caller {
        user: user.id,
        username: user.username.clone(),
        role: user.role,
        key: None,
        session: Some(session.id),
    };
    let write = || Change::new().write(statement::caller::stands(&caller));
    server.app.store.commit(write()).await.unwrap();
    let set_role = |role| Change::new().write(statement::user::set_role(user.id, role));
    server.app.store.commit(set_role(Role::Viewer)).await.unwrap();
    let refused = |error: CommitError| assert!(error.is_conflict_of(statement::caller::STANDS), "{error}");
    refused(server.app.store.commit(write()).await.unwrap_err());
    server.app.store.commit(set_role(Role::Admin)).await.unwrap();
    server.app.store.commit(write()).await.expect("one who may more may this too");
    let end = Change::new().write(statement::session::end(session.id, now));
    server.app.store.commit(end).await.unwrap();
    refused(server.app.store.commit(write()).await.unwrap_err());
    // A password that was changed while it was hashed lets nobody in.
    let late = Change::new().write(statement::caller::signs_in(user.id, "another".into()));
    assert!(server.app.store.commit(late).await.is_err());
    server.stop().await;
}

#[tokio::test]
async fn streams_end_with_the_key_that_opened_them_wherever_they_are() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&node.telemetry(1, Timestamp::now())).await;
    link.acknowledged(1).await;
    for path in [
        "/api/v1/events/subscribe",
        // A place that the log has not reached, and with it nothing to look at.
        "/api/v1/events/subscribe?from=18446744073709551615&live=telemetry,progress",
        "/api/v1/events/subscribe?from=0",
        "/api/v1/windows",
    ] {
        let token = server.token(Role::Viewer).await;
        let (_, issued) = post_as(&server, &token, "/api/v1/auth/keys", &json!({ "name": "k" }), None).await;
        let mut request = server.at(path).replace("http", "ws").into_client_request().unwrap();
        let bearer = format!("Bearer {}", issued["secret"].as_str().unwrap());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        let (mut socket, _) = connect_async(request).await.unwrap();
        let key = format!("/api/v1/auth/keys/{}", issued["key"]["id"].as_str().unwrap());
        let answer = http().delete(server.at(&key)).bearer_auth(server.admin().await).send().await.unwrap();
        let revoked = Instant::now();
        assert_eq!(answer.status().as_u16(), 200);
        let close = loop {
            match tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect(path) {
                Some(Ok(Message::Close(close))) => break close,
                Some(Ok(_)) => {}
                other => panic!("{path}: {other:?}"),
            }
        };
        assert_eq!(close.unwrap().reason.as_str(), "the credentials no longer hold", "{path}");
        eprintln!("{path}: ended {} ms after its key was revoked", revoked.elapsed().as_millis());
    }
    server.stop().await;
}

#[tokio::test]
async fn whoever_is_signed_out_everywhere_leaves_nothing_behind_that_acts() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let link = node.link().await;
    let token = server.token(Role::Operator).await;
    let command = json!({ "verb": "exec", "args": { "argv": ["true"] }, "all": true });
    let clock = json!({ "name": "minutely", "cron": "0 0 1 1 *", "command": command });
    assert_eq!(post_as(&server, &token, "/api/v1/schedules", &clock, None).await.0, 201);
    drop(link);
    crate::harness::until("its link ended", || !server.app.fleet.read().is_linked(node.joined.id)).await;
    let later =
        json!({ "verb": "exec", "args": { "argv": ["true"] }, "agent_targets": ["web-1"], "timeout_s": 60 });
    let (status, waits) = post_as(&server, &token, "/api/v1/commands?wait=0", &later, None).await;
    assert_eq!(status, 202, "{waits}");
    let (status, _) = post(&server, "/api/v1/users/test-operator/sign-out", &json!({}), None).await;
    assert_eq!(status, 200);
    let (_, command) =
        get(&server, &format!("/api/v1/commands/{}?wait=20", waits["id"].as_str().unwrap())).await;
    assert_eq!(command["status"], "refused", "{command}");
    let (_, schedule) = get(&server, "/api/v1/schedules/minutely").await;
    assert_eq!(schedule["paused"], true, "{schedule}");
    assert!(schedule["last_error"].as_str().unwrap().contains("signed out everywhere"), "{schedule}");
    server.stop().await;
}
