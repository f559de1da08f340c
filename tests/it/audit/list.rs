//! Looking through the log.

use serde_json::{Value, json};
use worpen::proto::user::Role;

use super::{grown, last, worpen};
use crate::harness::{TestServer, http};

async fn list(server: &TestServer, token: &str, query: &str) -> Value {
    let path = server.at(&format!("/api/v1/audit?{query}"));
    let answer = http().get(path).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{query}");
    answer.json().await.unwrap()
}

fn numbers(page: &Value) -> Vec<u64> {
    page["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_log_is_listed_newest_first_and_by_what_is_asked_for() {
    let server = grown(12).await;
    let token = server.admin().await;
    let end = last(&server);
    let all = list(&server, &token, "limit=1000").await;
    assert_eq!(numbers(&all), (1..=end).rev().collect::<Vec<_>>());
    assert_eq!(all["next_cursor"], Value::Null);

    let mut walked = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = list(&server, &token, &format!("limit=5{cursor}")).await;
        walked.extend(numbers(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, numbers(&all), "pages are the whole list");

    let first = &all["items"].as_array().unwrap()[end as usize - 1];
    assert_eq!(first["action"], "user.create");
    for (query, found) in [
        ("action=user.create", vec![1]),
        ("action=user.*", vec![1]),
        ("target=user/admin", vec![1]),
        ("actor=serv*&action=user.create&outcome=done", vec![1]),
        ("actor=serv", vec![]),
        ("outcome=denied", vec![]),
        ("action=user.create&since=2999-01-01T00:00:00Z", vec![]),
        ("action=user.create&until=2999-01-01T00:00:00Z", vec![1]),
    ] {
        assert_eq!(numbers(&list(&server, &token, query).await), found, "{query}");
    }
    let correlation = first["correlation"].as_str().unwrap();
    assert!(numbers(&list(&server, &token, &format!("correlation={correlation}")).await).contains(&1));

    let ran = worpen(&server, &["audit", "ls", "--action", "user.*", "-o", "json"]).await;
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &shown[0]["target"]), (0, &json!("user/admin")), "{}", ran.err);
    let ran = worpen(&server, &["audit", "ls", "--limit", "3"]).await;
    assert_eq!((ran.code, ran.out.lines().count()), (0, 4), "{}", ran.out);
    assert!(ran.out.lines().next().unwrap().contains("TARGET"), "{}", ran.out);
    let ran = worpen(&server, &["audit", "ls", "-o", "csv", "--limit", "1"]).await;
    assert!(ran.out.starts_with("number,time,actor,action,target,outcome,address"), "{}", ran.out);
    server.stop().await;
}

#[tokio::test]
async fn a_caller_who_signed_in_and_was_turned_away_is_in_the_log() {
    let server = TestServer::start().await;
    let viewer = server.token(Role::Viewer).await;
    let answer = http().get(server.at("/api/v1/audit")).bearer_auth(&viewer).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    let token = server.admin().await;
    // A rule of the handler, not the role: a key cannot issue keys.
    let issue = http().post(server.at("/api/v1/auth/keys")).bearer_auth(&token);
    let answer = issue.json(&json!({ "name": "successor" })).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    let denied = list(&server, &token, "outcome=denied").await;
    let denied = denied["items"].as_array().unwrap();
    assert_eq!(denied.len(), 2, "{denied:?}");
    assert_eq!(denied[1]["actor"], "user:test-viewer");
    assert_eq!(
        (&denied[1]["action"], &denied[1]["detail"]["needs"]),
        (&json!("GET /api/v1/audit"), &json!("admin"))
    );
    assert_eq!(denied[0]["action"], "POST /api/v1/auth/keys");
    assert!(denied[0]["detail"]["why"].as_str().unwrap().contains("cannot issue keys"));
    server.stop().await;
}
