//! A log that is followed from a terminal while links break and the server is killed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use worpen::proto::container::LogLine;

use crate::{
    agent::docker::{self, Container},
    halves::{Process, sign_in},
    harness::http,
};

const LINES: u32 = 30_000;

/// A way to the server that can be cut.
#[derive(Clone, Default)]
struct Cable(Arc<Mutex<JoinSet<()>>>);

impl Cable {
    async fn lay(to: String) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let cable = Self::default();
        let carried = cable.0.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let Ok(mut far) = TcpStream::connect(&to).await else { continue };
                carried.lock().unwrap().spawn(async move {
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        (cable, url)
    }

    fn cut(&self) {
        self.0.lock().unwrap().abort_all();
    }
}

fn lines(path: &std::path::Path) -> usize {
    fs::read(path).unwrap().iter().filter(|byte| **byte == b'\n').count()
}

async fn until_longer(path: &std::path::Path, than: usize) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while lines(path) <= than {
        assert!(tokio::time::Instant::now() < deadline, "the log stands still at {} lines", lines(path));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_is_lost_and_none_told_twice_while_links_break_and_the_server_is_killed() {
    if !docker::is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, ready) = Process::server("127.0.0.1:0", folder.path());
    let token = sign_in(&ready).await;
    let url = ready["server"].as_str().unwrap().to_owned();
    let address = url.trim_start_matches("http://").to_owned();
    let invite = http().post(format!("{url}/api/v1/invitations")).bearer_auth(&token);
    let invitation: Value =
        invite.json(&json!({ "name": "web-1" })).send().await.unwrap().json().await.unwrap();
    let (cable, way) = Cable::lay(address.clone()).await;
    let data = folder.path().join("agent");
    let join = invitation["token"].as_str().unwrap();
    let arguments = ["agent", "--server", &way, "--join", join, "--data", data.to_str().unwrap()];
    let _agent = Process::worpen_on(&docker::socket(), &arguments, folder.path());

    let script = format!(
        "i=0; while [ $i -lt {LINES} ]; do echo $i; i=$((i+1)); echo $i >&2; i=$((i+1)); \
         [ $((i % 100)) = 0 ] && sleep 0.02; done; true"
    );
    let container = Container::run(&script);
    let known = format!("{url}/api/v1/containers/{}", container.id);
    while http().get(&known).bearer_auth(&token).send().await.unwrap().status().as_u16() != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (told, notes) = (folder.path().join("told"), folder.path().join("notes"));
    let mut reader = Command::new(env!("CARGO_BIN_EXE_worpen"))
        .args(["containers", "logs", &container.id, "--follow", "-o", "ndjson"])
        .env("WORPEN_CONFIG_DIR", folder.path().join("reader"))
        .env("WORPEN_SERVER", &url)
        .env("WORPEN_TOKEN", &token)
        .stdin(Stdio::null())
        .stdout(File::create(&told).unwrap())
        .stderr(File::create(&notes).unwrap())
        .spawn()
        .unwrap();

    until_longer(&told, 2000).await;
    cable.cut();
    until_longer(&told, lines(&told) + 2000).await;
    server.signal("-KILL");
    drop(server);
    let (_server, _) = Process::server(&address, folder.path());
    until_longer(&told, lines(&told) + 2000).await;
    let ended = tokio::task::spawn_blocking(move || reader.wait().unwrap()).await.unwrap();
    let notes = fs::read_to_string(&notes).unwrap();
    assert_eq!(ended.code(), Some(0), "{notes}");
    assert!(notes.matches("linked again").count() >= 2, "{notes}");

    let text = fs::read_to_string(&told).unwrap();
    let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
    for line in text.lines() {
        let line: LogLine = serde_json::from_str(line).unwrap();
        *seen.entry(line.line.parse().unwrap()).or_default() += 1;
    }
    let lost = (0..LINES).filter(|number| !seen.contains_key(number)).count();
    let twice = seen.values().filter(|count| **count > 1).count();
    assert_eq!((lost, twice, seen.len()), (0, 0, LINES as usize), "{notes}");
}
