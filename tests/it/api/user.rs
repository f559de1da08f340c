//! Users: disabled, given other roles and passwords, signed out; and the tokens that they sign in with.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use worpen::{
    core::{
        change::{Change, Rows, Statement},
        token::{self, Claims, key_from_secret},
    },
    id::{ServerId, SessionId},
    proto::user::Role,
};

use super::{get, post, post_as};
use crate::harness::{TestServer, http};

async fn login(server: &TestServer, name: &str, password: &str) -> (u16, Value) {
    let body = json!({ "username": name, "password": password });
    let answer = http().post(server.at("/api/v1/auth/login")).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Signs the user in that the harness makes for a role: a token.
async fn signed_in(server: &TestServer, role: Role) -> String {
    server.token(role).await
}

async fn put_as(server: &TestServer, token: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = http().put(server.at(path)).bearer_auth(token).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn issue(server: &TestServer, token: &str) -> (String, String) {
    let (_, issued) = post_as(server, token, "/api/v1/auth/keys", &json!({ "name": "k" }), None).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&issued["secret"]), text(&issued["key"]["id"]))
}

/// Whether credentials hold.
async fn holds(server: &TestServer, token: &str) -> bool {
    let answer = http().get(server.at("/api/v1/auth/me")).bearer_auth(token).send().await.unwrap();
    match answer.status().as_u16() {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_disabled_user_is_let_in_by_nothing_and_told_no_more_than_a_stranger() {
    let server = TestServer::start().await;
    let token = signed_in(&server, Role::Operator).await;
    let (key, _) = issue(&server, &token).await;
    let (status, user) = post(&server, "/api/v1/users/test-operator/disable", &json!({}), None).await;
    assert_eq!(status, 200, "{user}");
    assert!(user["disabled_at"].is_string());
    assert!(!holds(&server, &token).await && !holds(&server, &key).await);
    let (status, refused) = login(&server, "test-operator", "test-operator-password-1").await;
    let (_, unknown) = login(&server, "nobody", "test-operator-password-1").await;
    assert_eq!((status, &refused["detail"]), (401, &unknown["detail"]));
    let (status, _) = post(&server, "/api/v1/users/test-operator/enable", &json!({}), None).await;
    assert_eq!(status, 200);
    assert!(!holds(&server, &token).await && !holds(&server, &key).await, "what ended stays ended");
    assert_eq!(login(&server, "test-operator", "test-operator-password-1").await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn the_last_admin_can_neither_be_disabled_nor_made_less() {
    let server = TestServer::start().await;
    let role = async |name: &str, role: &str| {
        let admin = server.admin().await;
        put_as(&server, &admin, &format!("/api/v1/users/{name}/role"), &json!({ "role": role })).await
    };
    let (status, refused) = post(&server, "/api/v1/users/admin/disable", &json!({}), None).await;
    assert_eq!((status, &refused["code"]), (409, &json!("last_admin")), "{refused}");
    assert_eq!(role("admin", "viewer").await.1["code"], "last_admin");
    signed_in(&server, Role::Admin).await;
    assert_eq!(post(&server, "/api/v1/users/test-admin/disable", &json!({}), None).await.0, 200);
    assert_eq!(role("admin", "viewer").await.1["code"], "last_admin", "one who is disabled is none");
    let path = "/api/v1/users/test-admin/enable";
    assert_eq!(post(&server, path, &json!({}), None).await.0, 403, "no key lets an admin in");
    let admin = server.signed_in().await;
    assert_eq!(post_as(&server, &admin, path, &json!({}), None).await.0, 200);
    assert_eq!(role("admin", "viewer").await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn another_role_counts_at_once_for_every_token_and_key() {
    let server = TestServer::start().await;
    let token = signed_in(&server, Role::Admin).await;
    let (key, _) = issue(&server, &token).await;
    let users = async |token: &str| {
        http().get(server.at("/api/v1/users")).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    assert_eq!((users(&token).await, users(&key).await), (200, 200));
    let admin = server.admin().await;
    let (status, user) =
        put_as(&server, &admin, "/api/v1/users/test-admin/role", &json!({ "role": "viewer" })).await;
    assert_eq!((status, &user["role"]), (200, &json!("viewer")), "{user}");
    assert_eq!((users(&token).await, users(&key).await), (403, 403));
    server.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_whatever_the_one_before_let_in() {
    let server = TestServer::start().await;
    let (mine, other) = (signed_in(&server, Role::Viewer).await, signed_in(&server, Role::Viewer).await);
    let (key, _) = issue(&server, &other).await;
    let path = "/api/v1/users/test-viewer/password";
    let fresh = "a-fresh-password-1";
    let set = async |body: Value| put_as(&server, &mine, path, &body).await;
    assert_eq!(set(json!({ "password": fresh })).await.1["errors"][0]["pointer"], "/current");
    assert_eq!(set(json!({ "password": fresh, "current": "another-password" })).await.0, 403);
    assert!(holds(&server, &other).await);
    let (status, set) = set(json!({ "password": fresh, "current": "test-viewer-password-1" })).await;
    assert_eq!(status, 200, "{set}");
    assert!(holds(&server, &mine).await, "whoever set it stays signed in");
    assert!(!holds(&server, &other).await && !holds(&server, &key).await);
    assert_eq!(login(&server, "test-viewer", "test-viewer-password-1").await.0, 401);
    assert_eq!(login(&server, "test-viewer", fresh).await.0, 200);
    // Others than admins learn nothing of whom there is.
    let of = |name: &str| format!("/api/v1/users/{name}/password");
    for name in ["admin", "nobody"] {
        let (status, refused) = put_as(&server, &mine, &of(name), &json!({ "password": fresh })).await;
        assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{refused}");
    }
    let admin = server.admin().await;
    assert_eq!(put_as(&server, &admin, path, &json!({ "password": "yet-another-one-2" })).await.0, 200);
    assert!(!holds(&server, &mine).await);
    server.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_at_the_server() {
    let server = TestServer::start().await;
    let (one, other) = (signed_in(&server, Role::Viewer).await, signed_in(&server, Role::Viewer).await);
    let (key, _) = issue(&server, &other).await;
    assert_eq!(post_as(&server, &one, "/api/v1/auth/logout", &json!({}), None).await.0, 200);
    assert!(!holds(&server, &one).await && holds(&server, &other).await && holds(&server, &key).await);
    assert_eq!(post_as(&server, &key, "/api/v1/auth/logout", &json!({}), None).await.0, 200);
    assert!(!holds(&server, &key).await && holds(&server, &other).await);
    let third = signed_in(&server, Role::Viewer).await;
    assert_eq!(post_as(&server, &third, "/api/v1/users/test-viewer/sign-out", &json!({}), None).await.0, 200);
    assert!(!holds(&server, &third).await && !holds(&server, &other).await);
    assert_eq!(login(&server, "test-viewer", "test-viewer-password-1").await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_rotated_key_keeps_its_rights_and_its_secret_before_for_as_long_as_told() {
    let server = TestServer::start().await;
    let token = signed_in(&server, Role::Operator).await;
    let (first, id) = issue(&server, &token).await;
    let path = format!("/api/v1/auth/keys/{id}/rotate");
    let rotate = async |token: &str, overlap: u64| {
        let (status, answer) = post_as(&server, token, &path, &json!({ "overlap": overlap }), None).await;
        (status, answer["secret"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(rotate(&first, 0).await.0, 403, "a key takes over none");
    assert_eq!(rotate(&server.token(Role::Admin).await, 0).await.0, 404, "nor does an admin");
    let (status, second) = rotate(&token, 3600).await;
    assert_eq!(status, 200);
    assert!(holds(&server, &first).await && holds(&server, &second).await);
    let (_, third) = rotate(&token, 0).await;
    assert!(!holds(&server, &first).await && !holds(&server, &second).await && holds(&server, &third).await);
    let path = format!("/api/v1/auth/keys/{id}");
    http().delete(server.at(&path)).bearer_auth(&token).send().await.unwrap();
    assert!(!holds(&server, &third).await);
    assert_eq!(rotate(&token, 0).await.0, 404, "what is revoked stays so");
    server.stop().await;
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let server = TestServer::start().await;
    let token = signed_in(&server, Role::Viewer).await;
    assert!(holds(&server, &token).await);
    let [head, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let decoded =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims: Claims = serde_json::from_value(decoded(body)).unwrap();
    let key = &server.app.token_key;
    let signed = |head: &str, body: &str| {
        let text = format!("{head}.{body}");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes())))
    };
    let mut admin = decoded(body);
    admin["role"] = json!("admin");
    let mut kid = decoded(head);
    kid["kid"] = json!("0000000000000000");
    let now = Timestamp::now().as_second();
    let forged = [
        ("none", format!("{}.{body}.", encoded(&json!({ "alg": "none", "typ": "JWT" })))),
        ("none, signed", signed(&encoded(&json!({ "alg": "none", "typ": "JWT" })), body)),
        ("another algorithm", signed(&encoded(&json!({ "alg": "HS256", "typ": "JWT" })), body)),
        ("another key", token::issue(&key_from_secret(&[9; 32]), &claims)),
        ("a wrong kid", signed(&encoded(&kid), body)),
        ("a swapped claim", format!("{head}.{}.{signature}", encoded(&admin))),
        ("expired", token::issue(key, &Claims { exp: now - 1, ..claims.clone() })),
        ("another server", token::issue(key, &Claims { iss: ServerId::generate(), ..claims.clone() })),
        ("no session", token::issue(key, &Claims { sid: SessionId::generate(), ..claims.clone() })),
        ("no signature", format!("{head}.{body}")),
    ];
    for (what, token) in forged {
        assert!(!holds(&server, &token).await, "{what}: {token}");
    }
    // What is signed right says nothing of rights: the user's present role counts.
    let risen = token::issue(key, &Claims { role: Role::Admin, ..claims });
    let answer = http().get(server.at("/api/v1/users")).bearer_auth(&risen).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    server.stop().await;
}

#[tokio::test]
async fn the_first_start_never_comes_back_even_when_every_user_is_gone() {
    let server = TestServer::start().await;
    let all = |sql: &'static str| Statement { name: "test.clear", sql, values: vec![], rows: Rows::Any };
    let change = Change::new()
        .write(all("DELETE FROM sessions"))
        .write(all("DELETE FROM api_keys"))
        .write(all("DELETE FROM users"));
    server.app.store.commit(change).await.unwrap();
    let before = std::fs::read_to_string(server.data.join("admin-password")).unwrap();
    let server = server.restart().await;
    assert!(server.app.records.users(None, 10).await.unwrap().is_empty(), "nobody was made");
    assert_eq!(std::fs::read_to_string(server.data.join("admin-password")).unwrap(), before);
    assert_eq!(login(&server, "admin", before.trim()).await.0, 401);
    server.stop().await;
}

#[tokio::test]
async fn users_are_named_by_name_or_id_and_listed_with_when_they_were_disabled() {
    let server = TestServer::start().await;
    signed_in(&server, Role::Viewer).await;
    let (_, users) = get(&server, "/api/v1/users").await;
    let viewer =
        users["items"].as_array().unwrap().iter().find(|user| user["username"] == "test-viewer").unwrap();
    assert!(viewer.get("disabled_at").is_none());
    let path = format!("/api/v1/users/{}/disable", viewer["id"].as_str().unwrap());
    assert_eq!(post(&server, &path, &json!({}), None).await.0, 200);
    assert_eq!(post(&server, &path, &json!({}), None).await.0, 200, "a second time changes nothing");
    let (status, missing) = post(&server, "/api/v1/users/nobody/disable", &json!({}), None).await;
    assert_eq!((status, &missing["code"]), (404, &json!("user_not_found")), "{missing}");
    server.stop().await;
}

#[tokio::test]
async fn a_key_lets_no_admin_in_and_ends_nothing_that_may_more_than_it() {
    let server = TestServer::start().await;
    server.token(Role::Viewer).await;
    signed_in(&server, Role::Admin).await;
    let key = server.admin().await;
    let ada = json!({ "username": "ada", "password": "a-password-of-ada-1", "role": "admin" });
    for (method, path, body) in [
        ("POST", "/api/v1/users", ada),
        ("PUT", "/api/v1/users/test-viewer/role", json!({ "role": "admin" })),
        ("PUT", "/api/v1/users/test-admin/password", json!({ "password": "a-fresh-password-1" })),
    ] {
        let method = method.parse().unwrap();
        let asked = http().request(method, server.at(path)).bearer_auth(&key).json(&body);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 403, "{path}");
        let refused: Value = answer.json().await.unwrap();
        assert!(refused["detail"].as_str().unwrap().contains("an API key lets no admin in"), "{refused}");
    }
    // A key for looking that leaks takes down no other.
    let admin = signed_in(&server, Role::Admin).await;
    let request = json!({ "name": "monitor", "role": "viewer" });
    let (_, weak) = post_as(&server, &admin, "/api/v1/auth/keys", &request, None).await;
    let path = "/api/v1/users/test-admin/sign-out";
    let weak = weak["secret"].as_str().unwrap();
    assert_eq!(post_as(&server, weak, path, &json!({}), None).await.0, 403);
    assert!(holds(&server, &admin).await);
    server.stop().await;
}

#[tokio::test]
async fn accounts_of_others_are_in_no_event_that_others_than_admins_see() {
    let server = TestServer::start().await;
    let viewer = signed_in(&server, Role::Viewer).await;
    signed_in(&server, Role::Operator).await;
    let seen = async |token: &str| {
        let path = "/api/v1/events/history?types=user.*,key.*&limit=1000";
        let answer = http().get(server.at(path)).bearer_auth(token).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["items"].as_array().unwrap().clone()
    };
    let own = seen(&viewer).await;
    assert!(own.len() >= 2, "{own:?}");
    assert!(own.iter().all(|event| event["data"].to_string().contains("test-viewer")), "{own:?}");
    let all = seen(&server.admin().await).await;
    assert!(all.iter().any(|event| event["data"].to_string().contains("test-operator")), "{all:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_user_holds_no_more_keys_than_are_counted_apart() {
    // Each key has limits of its own: whoever issued them without end had no limit.
    let server = TestServer::start().await;
    let token = signed_in(&server, Role::Viewer).await;
    let (_, first) = issue(&server, &token).await;
    for _ in 1..100 {
        issue(&server, &token).await;
    }
    let ask = async || post_as(&server, &token, "/api/v1/auth/keys", &json!({ "name": "more" }), None).await;
    let (status, refused) = ask().await;
    assert_eq!((status, &refused["code"]), (409, &json!("too_many_keys")), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("worpen tokens revoke"), "{refused}");
    assert_eq!(
        issue(&server, &signed_in(&server, Role::Operator).await).await.1.len(),
        36,
        "others hold their own"
    );
    let path = format!("/api/v1/auth/keys/{first}");
    assert!(http().delete(server.at(&path)).bearer_auth(&token).send().await.unwrap().status().is_success());
    assert_eq!(ask().await.0, 201, "what was revoked makes room");
    server.stop().await;
}
