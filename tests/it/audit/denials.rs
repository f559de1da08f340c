//! Strangers who are turned away.

use serde_json::{Value, json};

use crate::harness::{TestServer, http};

#[tokio::test]
async fn strangers_who_are_turned_away_are_one_entry_with_counts() {
    let server = TestServer::start().await;
    let client = http();
    let wrong = json!({ "username": "admin", "password": "not-the-password" });
    for _ in 0..3 {
        let answer = client.post(server.at("/api/v1/auth/login")).json(&wrong).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401);
    }
    for token in ["wpk_unknown", "a.b.c"] {
        let answer = client.get(server.at("/api/v1/agents")).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401);
    }
    let invitation = worpen::server::invite_locally(&server.app, "web-1").await.unwrap();
    let spent = crate::node::join(&server.url, &invitation.token, [1; 32]).await;
    assert_eq!(spent.status().as_u16(), 200);
    let again = crate::node::join(&server.url, &invitation.token, [2; 32]).await;
    assert!(again.status().is_client_error(), "{}", again.status());
    let pulse = client.post(server.at("/api/v1/internal/heartbeat")).bearer_auth("wpa_unknown");
    let pulse = pulse.json(&json!({ "id": "web-1", "status": "ONLINE" })).send().await.unwrap();
    assert_eq!(pulse.status().as_u16(), 401);

    // They are written when the server ends, if the minute has not passed.
    let server = server.restart_after(|_| ()).await;
    let token = server.admin().await;
    let path = server.at("/api/v1/audit?action=anonymous.denied");
    let page: Value = client.get(path).bearer_auth(token).send().await.unwrap().json().await.unwrap();
    let found = page["items"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let (entry, detail) = (&found[0], &found[0]["detail"]);
    assert_eq!((&entry["actor"], &entry["outcome"]), (&json!("anonymous"), &json!("denied")));
    assert_eq!(entry["address"], "127.0.0.1");
    let counts = ["sign_in", "credentials", "join", "agent"].map(|door| detail[door].as_u64().unwrap());
    assert_eq!(counts, [3, 2, 1, 1], "{detail}");
    assert!(!entry.to_string().contains("not-the-password"));
    server.stop().await;
}
