//! The audit log: listed, exported, verified; tampered with and found out.

mod denials;
mod heads;
mod list;
mod retention;
mod tampering;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;
use serde_json::Value;
use worpen::{core::audit::hash_of, id::ServerId};

use crate::harness::{TestServer, http};

/// How a run of the program ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program as a caller of this server.
async fn worpen(server: &TestServer, arguments: &[&str]) -> Ran {
    let (url, token) = (server.url.clone(), server.admin().await);
    run(arguments, vec![("WORPEN_SERVER", url), ("WORPEN_TOKEN", token)]).await
}

/// Runs the program where there is no server.
async fn offline(arguments: &[&str]) -> Ran {
    run(arguments, vec![("WORPEN_SERVER", "http://127.0.0.1:9".to_owned())]).await
}

async fn run(arguments: &[&str], variables: Vec<(&'static str, String)>) -> Ran {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    // The server of the test runs on this thread.
    let output = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(arguments)
            .env("WORPEN_CONFIG_DIR", folder.path())
            .envs(variables)
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A server whose log has grown.
async fn grown(entries: usize) -> TestServer {
    let server = TestServer::start().await;
    grow(&server, entries).await;
    server
}

async fn grow(server: &TestServer, entries: usize) {
    for _ in 0..entries {
        server.admin().await;
    }
}

/// The number of the last entry.
fn last(server: &TestServer) -> u64 {
    server.app.heads.chain.borrow().number
}

/// Exports the log of a server to a file.
async fn export(server: &TestServer) -> PathBuf {
    let ran = worpen(server, &["audit", "export"]).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    let path = server.data.join(format!("export-{}.ndjson", last(server)));
    fs::write(&path, ran.out).unwrap();
    path
}

/// Verifies an export without a server.
async fn verify(export: &Path, more: &[&str]) -> Ran {
    let mut arguments = vec!["audit", "verify", export.to_str().unwrap()];
    arguments.extend(more);
    offline(&arguments).await
}

/// Changes the store of a server that is stopped.
fn tamper(data: &Path, with: impl FnOnce(&Connection)) {
    let connection = Connection::open(data.join("worpen.db")).unwrap();
    with(&connection);
}

/// Makes the hashes fit from an entry on, as somebody does who knows how.
fn rechain(connection: &Connection, from: u64) {
    let from = i64::try_from(from).unwrap();
    let server: String = connection
        .query_row("SELECT value FROM settings WHERE name = 'server_id'", [], |row| row.get(0))
        .unwrap();
    let server: ServerId = server.parse().unwrap();
    let mut previous: [u8; 32] = connection
        .query_row("SELECT hash FROM audit WHERE number = ?1", [from - 1], |row| row.get(0))
        .unwrap();
    let mut statement =
        connection.prepare("SELECT number, entry FROM audit WHERE number >= ?1 ORDER BY number").unwrap();
    let rows: Vec<(i64, String)> = statement
        .query_map([from], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (number, text) in rows {
        let hash = hash_of(server, number.cast_unsigned(), &previous, text.as_bytes());
        connection
            .execute("UPDATE audit SET previous = ?2, hash = ?3 WHERE number = ?1", (number, previous, hash))
            .unwrap();
        previous = hash;
    }
}

/// What a server says of itself.
async fn health(server: &TestServer) -> Value {
    http().get(server.at("/api/v1/health")).send().await.unwrap().json().await.unwrap()
}

/// Events of a type.
async fn events(server: &TestServer, kind: &str) -> Vec<Value> {
    let path = format!("/api/v1/events/history?limit=1000&types={kind}");
    let answer = http().get(server.at(&path)).bearer_auth(server.admin().await).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["items"].as_array().unwrap().clone()
}
