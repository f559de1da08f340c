//! Secrets go every way there is, and then are sought everywhere: the log at its most talkative, every file, every answer,
//! the events, the audit log, the words of every refusal, a backup as it leaves and as it is opened.

use std::{fs, io::Cursor, path::Path};

use jiff::Timestamp;
use serde_json::{Value, json};
use worpen::{
    config::secret::Secret,
    core::port::records::EventFilter,
    infra::age::Identity,
    proto::{command::CommandStatus, user::Role},
    server::{How, restore},
};

use super::{
    command::result,
    post_as,
    secret::{Log, files},
};
use crate::{
    foreign::Foreign,
    harness::{TestServer, http},
    node::{TestNode, join},
};

const JWT_SECRET: &str = "canary-jwt-2f1c7be94d08a63e5b1f00c4";
const PASSWORD: &str = "canary-password-77d1";
const NEXT_PASSWORD: &str = "canary-next-password-18ab";
const WRONG_PASSWORD: &str = "canary-wrong-password-90ef";
const ARGUMENT: &str = "canary-argument-5512";

/// A place where no secret may be: what it is, and what is there.
type Place = (String, Vec<u8>);

/// What a secret may rest in: the file that is made to hold it.
const HOLDERS: [&str; 3] = ["admin-password", "command.key", "token.key"];

/// Everything that a server keeps or tells. What else is made of a store (a copy, an export) belongs here.
async fn places(server: &TestServer, admin: &str, log: &Log) -> Vec<Place> {
    let mut places = vec![("the log".to_owned(), log.0.lock().unwrap().clone())];
    places.extend(kept(&server.app.data));
    let events = server.app.records.events(0, &EventFilter::default(), 10_000).await.unwrap();
    places.push(("the events".into(), serde_json::to_vec(&events.items).unwrap()));
    let audit = server.app.records.audit(0, 10_000).await.unwrap();
    let entries: Vec<_> = audit.iter().map(|entry| format!("{:?}", entry.entry)).collect();
    places.push(("the audit log".into(), entries.concat().into_bytes()));
    for route in worpen::api::api().routes() {
        if route.method == "GET" && !route.path.contains('{') && !route.path.starts_with("/ws") {
            let answer = http().get(server.at(route.path)).bearer_auth(admin).send().await.unwrap();
            let mut told = format!("{:?}", answer.headers()).into_bytes();
            told.extend(answer.bytes().await.unwrap());
            places.push((route.path.to_owned(), told));
        }
    }
    places
}

/// The files of a data folder, but those that are made to hold a secret.
fn kept(data: &Path) -> Vec<Place> {
    let mut found = Vec::new();
    files(data, &mut found);
    assert!(found.iter().any(|path| path.ends_with("worpen.db")), "{found:?}");
    let is_holder = |path: &Path| HOLDERS.iter().any(|name| path.ends_with(name));
    let others = found.into_iter().filter(|path| !is_holder(path));
    others.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

/// A backup as it leaves, and what it holds.
async fn backup(server: &TestServer, admin: &str, identity: Identity) -> Vec<Place> {
    let call =
        http().post(server.at("/api/v1/backups")).bearer_auth(admin).json(&json!({ "telemetry": true }));
    let file = call.send().await.unwrap().bytes().await.unwrap().to_vec();
    let folder = tempfile::tempdir().unwrap();
    let from = Cursor::new(file.clone());
    restore(from, vec![identity], folder.path(), How::default(), Timestamp::now()).await.unwrap();
    let mut places = kept(folder.path());
    places.push(("a backup".to_owned(), file));
    places
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

#[tokio::test]
async fn no_secret_is_anywhere_but_where_it_belongs() {
    // With one subscriber alone, a place that another test's thread comes to first is taken for one that nobody listens to.
    let _other = tracing::Dispatch::new(tracing_subscriber::registry());
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let identity = Identity::generate().unwrap();
    let recipient = identity.recipient();
    let server = TestServer::start_told(|config| {
        config.jwt_secret = Some(Secret::new(JWT_SECRET));
        config.backup_recipients = vec![recipient];
    })
    .await;
    let admin = server.admin().await;
    let mut secrets: Vec<(&str, String)> = vec![
        ("JWT_SECRET", JWT_SECRET.into()),
        ("a password", PASSWORD.into()),
        ("a new password", NEXT_PASSWORD.into()),
        ("a wrong password", WRONG_PASSWORD.into()),
        ("a secret argument", ARGUMENT.into()),
        ("the first password", fs::read_to_string(server.data.join("admin-password")).unwrap().trim().into()),
        ("an admin's key", admin.clone()),
    ];
    // What is told back, that is no secret itself.
    let mut told = Vec::new();
    let post = async |token: &str, path: &str, body: Value| post_as(&server, token, path, &body, None).await;

    // Users and their ways in, right and wrong.
    let new = json!({ "username": "ada", "password": PASSWORD, "role": "operator" });
    told.push(post(&admin, "/api/v1/users", new.clone()).await);
    told.push(post(&admin, "/api/v1/users", new).await);
    told.push(
        post(&admin, "/api/v1/users", json!({ "username": "x", "password": [PASSWORD], "role": 1 })).await,
    );
    for body in [
        json!({ "username": "ada", "password": WRONG_PASSWORD }),
        json!({ "username": "nobody", "password": WRONG_PASSWORD }),
        json!({ "username": "ada", "password": { "is": WRONG_PASSWORD } }),
        json!({ "username": "ada", "passwort": WRONG_PASSWORD }),
    ] {
        told.push(post(&admin, "/api/v1/auth/login", body).await);
    }
    let (status, signed_in) =
        post(&admin, "/api/v1/auth/login", json!({ "username": "ada", "password": PASSWORD })).await;
    assert_eq!(status, 200, "{signed_in}");
    let token = text(&signed_in["token"]);
    secrets.push(("a token", token.clone()));
    let (_, issued) = post(&token, "/api/v1/auth/keys", json!({ "name": "k" })).await;
    secrets.push(("a key", text(&issued["secret"])));
    told.push((201, issued["key"].clone()));
    let rotate = format!("/api/v1/auth/keys/{}/rotate", text(&issued["key"]["id"]));
    let (_, rotated) = post(&token, &rotate, json!({ "overlap": 60 })).await;
    let key = text(&rotated["secret"]);
    secrets.push(("a rotated key", key.clone()));
    let forged = format!("{token}x");
    for shown in [format!("Bearer {forged}"), format!("Basic {key}"), key.clone()] {
        let answer =
            http().get(server.at("/api/v1/agents")).header("authorization", shown).send().await.unwrap();
        told.push((answer.status().as_u16(), answer.json().await.unwrap()));
    }

    // Nodes: an invitation, a plain agent's token by the header and by the query.
    let (_, invited) = post(&admin, "/api/v1/invitations", json!({ "name": "db-1" })).await;
    let invitation = text(&invited["token"]);
    secrets.push(("an invitation", invitation.clone()));
    for _ in 0..2 {
        let joined = join(&server.url, &invitation, [7; 32]).await;
        told.push((joined.status().as_u16(), joined.json().await.unwrap()));
    }
    let foreign = Foreign::of(&server, "press-1").await;
    secrets.push(("an agent's token", foreign.token.clone()));
    drop(foreign.connect().await);
    drop(foreign.connect_by_query().await);
    let beat = http().post(server.at("/api/v1/internal/heartbeat")).bearer_auth(&foreign.token);
    let beat = beat.json(&json!({ "id": "press-2", "status": "ONLINE" })).send().await.unwrap();
    told.push((beat.status().as_u16(), beat.json().await.unwrap()));

    // Commands, plans and schedules with a secret argument.
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let mut link = node.link().await;
    let command = json!({ "verb": "exec", "agent_targets": ["web-1"], "args": { "argv": ["login"],
        "secret_env": { "PASSWORD": ARGUMENT } } });
    told.push(post(&key, "/api/v1/plans", command.clone()).await);
    let clock = json!({ "name": "nightly", "cron": "0 4 * * *", "command": command });
    told.push(post(&key, "/api/v1/schedules", clock).await);
    let mut wrong = command.clone();
    wrong["args"]["secret_env"] = json!([ARGUMENT]);
    told.push(post(&key, "/api/v1/commands", wrong).await);
    told.push(post(&key, "/api/v1/commands?wait=0", command).await);
    let order = link.order().await;
    assert_eq!(order.args["secret_env"]["PASSWORD"], ARGUMENT);
    link.say(&result(&order, 1, CommandStatus::Failed)).await;
    link.acknowledged(1).await;

    // Another password, told wrongly and rightly; then everything of the user ends.
    for current in [WRONG_PASSWORD, PASSWORD] {
        let body = json!({ "password": NEXT_PASSWORD, "current": current });
        let answer =
            http().put(server.at("/api/v1/users/ada/password")).bearer_auth(&token).json(&body).send().await;
        let answer = answer.unwrap();
        told.push((answer.status().as_u16(), answer.json().await.unwrap()));
    }
    told.push(post(&admin, "/api/v1/users/ada/disable", json!({})).await);
    secrets.push(("a token of a role", server.token(Role::Viewer).await));

    let mut places = places(&server, &admin, &log).await;
    places.extend(backup(&server, &admin, identity).await);
    for (status, answer) in told {
        places.push((format!("an answer ({status})"), answer.to_string().into_bytes()));
    }
    drop(guard);
    for (what, secret) in &secrets {
        for (place, bytes) in &places {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{what} is in {place}");
        }
    }
    assert!(secrets.len() >= 13 && places.len() >= 40, "{} {}", secrets.len(), places.len());
    server.stop().await;
}
