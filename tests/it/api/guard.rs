//! What callers may take of a server, and what it says to browsers.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::{connect_async, tungstenite::client::IntoClientRequest};
use worpen::config::value::{Raw, Value};

use crate::{
    harness::{TestServer, http, until},
    node::TestNode,
};

#[tokio::test]
async fn a_caller_who_calls_too_often_is_told_when_to_come_back() {
    let server = TestServer::start_told(|config| {
        config.rate_limits.caller = 2;
        config.rate_limits.anonymous = 3;
    })
    .await;
    let key = server.admin().await;
    let ask = async |path: &str| http().get(server.at(path)).bearer_auth(&key).send().await.unwrap();
    assert_eq!(
        (ask("/api/v1/agents").await.status().as_u16(), ask("/health").await.status().as_u16()),
        (200, 200)
    );
    let refused = ask("/api/v1/agents").await;
    assert_eq!(refused.status().as_u16(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "too_many_requests");
    // Whoever has no credentials, or bad ones, is counted by address.
    for status in [401, 401, 401, 429] {
        let answer = http().get(server.at("/api/v1/agents")).bearer_auth("wpk_wrong").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
    // Agents of the same address link all the same.
    let mut node = TestNode::joined(&server, "web-1").await;
    drop(node.link().await);
    server.stop().await;
}

#[tokio::test]
async fn who_guesses_passwords_is_slowed_and_the_users_name_is_not_locked() {
    let server = TestServer::start_told(|config| {
        config.trusted_proxies = Value::read(&Raw::Untyped("127.0.0.1".into())).unwrap();
    })
    .await;
    let sign_in = async |from: &str, password: &str| {
        let body = json!({ "username": "admin", "password": password });
        let request =
            http().post(server.at("/api/v1/auth/login")).header("x-forwarded-for", from).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let mut refused = 0;
    while sign_in("203.0.113.9", "a guess").await == 401 {
        refused += 1;
    }
    assert_eq!(refused, 10, "so many tries are free");
    let password = std::fs::read_to_string(server.data.join("admin-password")).unwrap();
    assert_eq!(sign_in("198.51.100.7", password.trim()).await, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_is_believed_only_when_it_is_trusted() {
    for (trusted, address) in [("", "127.0.0.1"), ("127.0.0.0/8", "203.0.113.9")] {
        let server = TestServer::start_told(|config| {
            config.trusted_proxies = Value::read(&Raw::Untyped(trusted.into())).unwrap();
        })
        .await;
        let password = std::fs::read_to_string(server.data.join("admin-password")).unwrap();
        let body = json!({ "username": "admin", "password": password.trim() });
        let request = http().post(server.at("/api/v1/auth/login")).header("x-forwarded-for", "203.0.113.9");
        assert_eq!(request.json(&body).send().await.unwrap().status().as_u16(), 200);
        let audit = server.app.records.audit(0, 100).await.unwrap();
        let entry = audit.iter().find(|entry| entry.entry.action == "auth.login").unwrap();
        assert_eq!(entry.entry.address.as_deref(), Some(address));
        server.stop().await;
    }
}

#[tokio::test]
async fn only_websites_that_are_named_may_call() {
    let site = "https://console.example.com";
    let server = TestServer::start_told(|config| config.origins = vec![site.to_owned()]).await;
    let ask = async |origin: &str| {
        let request = http().request(Method::OPTIONS, server.at("/api/v1/agents")).header("origin", origin);
        let request = request.header("access-control-request-method", "GET");
        request.header("access-control-request-headers", "authorization").send().await.unwrap()
    };
    let allowed = ask(site).await;
    assert_eq!(allowed.headers()["access-control-allow-origin"], site);
    assert!(!allowed.headers().contains_key("access-control-allow-credentials"), "there are no cookies");
    assert!(!ask("https://evil.example").await.headers().contains_key("access-control-allow-origin"));
    let answer = http().get(server.at("/api/v1/agents")).header("origin", site).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(answer.headers()["access-control-allow-origin"], site, "the page may read the refusal");
    server.stop().await;

    let server = TestServer::start().await;
    let answer = http().get(server.at("/health")).header("origin", site).send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"), "nobody may until told");
    server.stop().await;
}

#[tokio::test]
async fn a_websocket_from_another_website_is_refused() {
    let server = TestServer::start_told(|config| config.origins = vec!["https://ok.example".into()]).await;
    let key = server.admin().await;
    let open = async |path: &str, origin: Option<&str>| {
        let mut request = server.at(path).replace("http", "ws").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((_, answer)) => answer.status().as_u16(),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => answer.status().as_u16(),
            Err(error) => panic!("{error}"),
        }
    };
    for path in ["/api/v1/events/subscribe", "/ws/agent"] {
        assert_eq!(open(path, None).await, 101, "programs send no origin");
        assert_eq!(open(path, Some(&server.url)).await, 101);
        assert_eq!(open(path, Some("https://ok.example")).await, 101);
        assert_eq!(open(path, Some("https://evil.example")).await, 403);
        assert_eq!(open(path, Some("null")).await, 403);
    }
    server.stop().await;
}

#[tokio::test]
async fn every_answer_carries_the_headers_for_browsers() {
    let server = TestServer::start().await;
    for path in ["/health", "/api/v1/agents", "/nowhere", "/api-docs", "/api-docs/openapi.json", "/ws/agent"]
    {
        let answer = http().get(server.at(path)).send().await.unwrap();
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin", "{path}");
        assert!(
            headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"),
            "{path}"
        );
        assert!(!headers.contains_key("server"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_sends_half_a_head_is_closed() {
    let server = TestServer::start_told(|config| config.request_timeout = Duration::from_millis(200)).await;
    let mut slow = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    slow.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    let mut said = Vec::new();
    slow.read_to_end(&mut said).await.unwrap();
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&said));
    until("its place is free", || server.app.connections.count().0 == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let server = TestServer::start_told(|config| config.request_timeout = Duration::from_millis(200)).await;
    let mut slow = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    slow.read_to_end(&mut said).await.unwrap();
    assert!(said.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&said));
    server.stop().await;
}

#[tokio::test]
async fn strangers_whose_bodies_do_not_come_keep_nobody_out() {
    let server = TestServer::start_told(|config| config.max_connections = 16).await;
    let key = server.admin().await;
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let head = "POST /api/v1/join HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    let all = server.app.connections.received.get() + 16 * head.len() as u64;
    let mut slow = Vec::new();
    for number in 0..16 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("127.0.0.{}:0", 2 + number % 2).parse().unwrap()).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    until("all are on their way", || server.app.connections.received.get() >= all).await;
    for _ in 0..4 {
        let answer = http().get(server.at("/api/v1/agents")).bearer_auth(&key).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    drop(slow);
    server.stop().await;
}

#[tokio::test]
async fn a_thousand_idle_connections_do_not_stop_a_caller() {
    let server = TestServer::start().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(TcpStream::connect(&address).await.unwrap());
    }
    let connections = &server.app.connections;
    until("all were accepted", || connections.accepted.get() >= 1000).await;
    assert!(connections.count().0 <= 500, "one address holds half of what callers may");
    let answer =
        http().get(server.at("/api/v1/agents")).bearer_auth(server.admin().await).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let mut node = TestNode::joined(&server, "web-1").await;
    drop(node.link().await);
    drop(idle);
    server.stop().await;
}

#[tokio::test]
async fn agents_are_linked_up_to_a_limit_of_their_own() {
    let server = TestServer::start_told(|config| config.max_agent_connections = 1).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let link = node.link().await;
    assert_eq!(server.app.connections.count().1, 1);
    let refused = connect_async(server.at("/ws/agent").replace("http", "ws")).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(answer)) = refused else {
        panic!("expected a refusal")
    };
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"30".parse().unwrap()));
    let answer = http().get(server.at("/health")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "callers have room of their own");
    drop(link);
    until("its place is free", || server.app.connections.count().1 == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_stranger_who_says_nothing_takes_no_agents_place() {
    let server = TestServer::start_told(|config| config.max_agent_connections = 1).await;
    let (silent, _) = connect_async(server.at("/ws/agent").replace("http", "ws")).await.unwrap();
    assert_eq!(server.app.connections.count().1, 0);
    let mut node = TestNode::joined(&server, "web-1").await;
    drop(node.link().await);
    drop(silent);
    server.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_with_a_space_is_refused_as_the_description_says() {
    let server = TestServer::start().await;
    let body = json!({ "name": "web-1" });
    let request = http().post(server.at("/api/v1/invitations")).bearer_auth(server.admin().await);
    let answer = request.header("idempotency-key", "a b").json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "bad_idempotency_key");
    server.stop().await;
}
