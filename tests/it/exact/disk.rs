//! A disk that fails under a real server: what was refused is not there, what was acknowledged is.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{harness::http, support::absent};

/// A server, under `strace` where it is to meet errors; killed when this goes.
struct Server {
    child: Child,
    url: String,
    data: std::path::PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // The tracer's child goes on without it.
        let traced = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id()));
        for pid in traced.unwrap_or_default().split_whitespace() {
            let _ = Command::new("kill").args(["-9", pid]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(data: &Path, inject: Option<&str>) -> Self {
        let mut words = Vec::new();
        if let Some(inject) = inject {
            let syscalls = inject.split(':').next().unwrap();
            words.extend(["strace", "-f", "-qq", "-o", "/dev/null", "-e"].map(str::to_owned));
            words.extend([format!("trace={syscalls}"), "-e".into(), format!("inject={inject}")]);
        }
        words.extend(
            [env!("CARGO_BIN_EXE_worpen"), "server", "--listen", "127.0.0.1:0", "--data"].map(str::to_owned),
        );
        words.push(data.to_str().unwrap().to_owned());
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .env("WORPEN_CONFIG", "")
            .env("WORPEN_AGENT_MANAGEMENT_PORT", "0")
            .env_remove("JWT_SECRET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the server starts");
        Self { child, url: ready["server"].as_str().unwrap().to_owned(), data: data.to_owned() }
    }

    async fn sign_in(&self) -> String {
        let password = fs::read_to_string(self.data.join("admin-password")).unwrap();
        let body = json!({ "username": "admin", "password": password.trim() });
        let answer = http().post(format!("{}/api/v1/auth/login", self.url)).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }

    /// Issues keys one after the other; says which were acknowledged, and with which status the others were refused.
    async fn issue(&self, count: usize) -> (Vec<String>, Vec<(String, u16)>) {
        let (token, http) = (self.sign_in().await, http());
        let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
        for number in 0..count {
            let name = format!("key-{number}");
            let call = http.post(format!("{}/api/v1/auth/keys", self.url)).bearer_auth(&token);
            let status = call.json(&json!({ "name": name })).send().await.unwrap().status().as_u16();
            if status == 201 {
                acknowledged.push(name)
            } else {
                refused.push((name, status))
            }
            if refused.len() > acknowledged.len() {
                // Somebody has to look again whether there is room.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        (acknowledged, refused)
    }

    async fn keys(&self) -> Vec<String> {
        let token = self.sign_in().await;
        let call = http().get(format!("{}/api/v1/auth/keys?limit=1000", self.url)).bearer_auth(token);
        let page: Value = call.send().await.unwrap().json().await.unwrap();
        page["items"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    traced.is_ok_and(|status| status.success())
}

/// Lets a server meet an error, kills it, and holds what it has against what it said.
async fn survive(inject: &str, expected: u16) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("server");
    // Making the files is not what is looked at here.
    drop(Server::start(&data, None));
    let server = Server::start(&data, Some(inject));
    let (mut acknowledged, refused) = server.issue(60).await;
    assert!(!refused.is_empty(), "{inject} was met");
    assert!(refused.iter().all(|(_, status)| *status == expected), "{refused:?}");
    // It goes on by itself.
    let mut number = 0;
    while !acknowledged.contains(&format!("late-{number}")) {
        number += 1;
        assert!(number < 100, "nothing is written any more");
        let call =
            http().post(format!("{}/api/v1/auth/keys", server.url)).bearer_auth(server.sign_in().await);
        let name = format!("late-{number}");
        if call.json(&json!({ "name": name })).send().await.unwrap().status().as_u16() == 201 {
            acknowledged.push(name);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(server);
    let server = Server::start(&data, None);
    let kept = server.keys().await;
    for name in &acknowledged {
        assert!(kept.contains(name), "{name} was acknowledged and is lost");
    }
    for (name, _) in &refused {
        assert!(!kept.contains(name), "{name} was refused and is there");
    }
}

#[tokio::test]
async fn a_failed_sync_is_never_acknowledged_and_leaves_no_phantom() {
    if !can_trace() {
        return absent("strace, for errors of the disk");
    }
    survive("fsync,fdatasync:error=EIO:when=20..22", 503).await;
}

#[tokio::test]
async fn a_write_that_finds_no_room_is_refused_as_such_and_the_next_goes_on() {
    if !can_trace() {
        return absent("strace, for errors of the disk");
    }
    survive("pwrite64:error=ENOSPC:when=70..71", 507).await;
}
