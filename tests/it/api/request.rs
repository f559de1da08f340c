//! What requests may look like, and what is said of those that may not.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{get, post, post_as};
use crate::{
    harness::{TestServer, http},
    node::TestNode,
};

#[tokio::test]
async fn health_answers_ok_as_text() {
    let server = TestServer::start().await;
    let answer = http().get(server.at("/health")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(answer.text().await.unwrap(), "OK");
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_field_is_named_with_its_cure() {
    let server = TestServer::start().await;
    for (path, pointer) in [
        ("/api/v1/agents?limit=0", "/limit"),
        ("/api/v1/agents?limit=many", "/limit"),
        ("/api/v1/agents?status=SLEEPY", "/status"),
        ("/api/v1/agents?colour=red", "/colour"),
        ("/api/v1/agents?cursor=x", "/cursor"),
        ("/api/v1/events/history?types=container.flew", "/types"),
        ("/api/v1/commands/x", "/id"),
    ] {
        let (status, problem) = get(&server, path).await;
        assert_eq!((status, problem["errors"][0]["pointer"].as_str()), (400, Some(pointer)), "{problem}");
    }
    let (status, problem) = post(&server, "/api/v1/invitations", &json!({ "name": "Web_1" }), None).await;
    assert_eq!((status, problem["errors"][0]["pointer"].as_str()), (400, Some("/name")), "{problem}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_json_or_too_large_is_refused_by_name() {
    let server = TestServer::start().await;
    let key = server.admin().await;
    let send = |kind: &'static str, body: String| {
        let request = http().post(server.at("/api/v1/invitations")).bearer_auth(&key);
        async move {
            let answer = request.header("content-type", kind).body(body).send().await.unwrap();
            let status = answer.status().as_u16();
            let problem: serde_json::Value = answer.json().await.unwrap();
            (status, problem["code"].as_str().unwrap().to_owned())
        }
    };
    assert_eq!(send("text/plain", "{}".into()).await, (415, "json_expected".into()));
    assert_eq!(send("application/json", "{".into()).await, (400, "bad_json".into()));
    assert_eq!(send("application/json", "[]".into()).await, (400, "object_expected".into()));
    assert_eq!(send("application/json", "x".repeat(2 << 20)).await, (413, "body_too_large".into()));
    server.stop().await;
}

#[tokio::test]
async fn a_strangers_body_is_held_to_a_few_kilobytes() {
    // Whoever had no credentials could have a mebibyte held for each of a hundred requests on each connection.
    let server = TestServer::start().await;
    let send = async |path: &str, token: Option<&str>, bytes: usize| {
        let body = json!({ "username": "x".repeat(bytes), "password": "y" });
        let request = http().post(server.at(path)).json(&body);
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<serde_json::Value>().await.unwrap())
    };
    for path in ["/api/v1/auth/login", "/api/v1/join", "/api/v1/internal/heartbeat"] {
        let (status, problem) = send(path, None, 17 * 1024).await;
        assert_eq!((status, &problem["code"]), (413, &json!("body_too_large")), "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("16384"), "{problem}");
    }
    assert_eq!(send("/api/v1/auth/login", None, 12 * 1024).await.0, 401, "the longest password fits");
    let admin = server.admin().await;
    assert_eq!(
        send("/api/v1/auth/login", Some(&admin), 100 * 1024).await.0,
        401,
        "whoever is known may send more"
    );
    // Certificates are given elsewhere: that is said before a byte of the body has come.
    let mut stream = tokio::net::TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/v1/certificates HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 12];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 403");
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_path_or_method_is_a_problem() {
    let server = TestServer::start().await;
    let answer = http().get(server.at("/api/v1/nothing")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let answer = http().put(server.at("/health")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 405);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let (status, problem) = get(&server, "/api/v1/events/subscribe").await;
    assert_eq!((status, problem["code"].as_str()), (426, Some("websocket_expected")));
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_one_answer() {
    let server = TestServer::start().await;
    let mut answers = Vec::new();
    for username in ["admin", "nobody"] {
        let body = json!({ "username": username, "password": "not the password" });
        let answer = http().post(server.at("/api/auth/login")).json(&body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401);
        let mut problem: serde_json::Value = answer.json().await.unwrap();
        problem["request_id"].take();
        answers.push(problem);
    }
    assert_eq!(answers[0], answers[1]);
    server.stop().await;
}

#[tokio::test]
async fn the_first_admin_signs_in_with_the_password_of_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start().await;
    let file = server.data.join("admin-password");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let password = std::fs::read_to_string(&file).unwrap();
    let body = json!({ "username": "admin", "password": password.trim() });
    let answer = http().post(server.at("/api/v1/auth/login")).json(&body).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    let me = http().get(server.at("/api/v1/auth/me")).bearer_auth(answer["token"].as_str().unwrap());
    let me: serde_json::Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!((me["username"].as_str(), me["role"].as_str()), (Some("admin"), Some("admin")));
    server.stop().await;
}

#[tokio::test]
async fn a_key_never_rises_above_its_holder_and_ends_when_revoked() {
    let server = TestServer::start().await;
    let viewer = server.token(worpen::proto::user::Role::Viewer).await;
    let ask = |role: &str| {
        let body = json!({ "name": "ci", "role": role });
        http().post(server.at("/api/v1/auth/keys")).bearer_auth(&viewer).json(&body)
    };
    assert_eq!(ask("admin").send().await.unwrap().status().as_u16(), 403);
    let issued: serde_json::Value = ask("viewer").send().await.unwrap().json().await.unwrap();
    let secret = issued["secret"].as_str().unwrap();
    let me = || http().get(server.at("/api/v1/auth/me")).bearer_auth(secret).send();
    assert_eq!(me().await.unwrap().status().as_u16(), 200);
    let path = format!("/api/v1/auth/keys/{}", issued["key"]["id"].as_str().unwrap());
    let revoked = http().delete(server.at(&path)).bearer_auth(&viewer).send().await.unwrap();
    assert_eq!(revoked.status().as_u16(), 200);
    assert_eq!(me().await.unwrap().status().as_u16(), 401);
    server.stop().await;
}

#[tokio::test]
async fn what_a_repeated_request_creates_is_created_once() {
    let server = TestServer::start().await;
    let ada = json!({ "username": "ada", "password": "a long password", "role": "viewer" });
    let (status, first) = post(&server, "/api/v1/users", &ada, Some("k1")).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(post(&server, "/api/v1/users", &ada, Some("k1")).await, (201, first));
    let (status, problem) = post(&server, "/api/v1/users", &ada, None).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("username_taken")));
    let token = server.token(worpen::proto::user::Role::Admin).await;
    for (path, body) in
        [("/api/v1/invitations", json!({ "name": "web-1" })), ("/api/v1/auth/keys", json!({ "name": "ci" }))]
    {
        assert_eq!(post_as(&server, &token, path, &body, Some("k1")).await.0, 201, "{path}");
        let (status, problem) = post_as(&server, &token, path, &body, Some("k1")).await;
        assert_eq!((status, problem["code"].as_str()), (409, Some("shown_once")), "{path}");
        let other = json!({ "name": "other" });
        let (status, problem) = post_as(&server, &token, path, &other, Some("k1")).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some("idempotency_key_reused")), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_key_cannot_issue_its_own_successor() {
    let server = TestServer::start().await;
    let (status, problem) = post(&server, "/api/v1/auth/keys", &json!({ "name": "heir" }), None).await;
    assert_eq!(status, 403, "{problem}");
    server.stop().await;
}

/// The moment after the last one that can be told was once a panic.
#[tokio::test]
async fn a_cursor_at_the_end_of_time_is_a_wrong_field() {
    let server = TestServer::start().await;
    TestNode::joined(&server, "web-1").await;
    let path = "/api/v1/agents/web-1/telemetry?cursor=9999-12-30T22:00:00.999999999Z";
    let (status, problem) = get(&server, path).await;
    assert_eq!((status, problem["errors"][0]["pointer"].as_str()), (400, Some("/cursor")), "{problem}");
    server.stop().await;
}
