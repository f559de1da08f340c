//! A secret argument reaches its node and rests nowhere in the open.

use std::{
    fs,
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;
use worpen::{core::port::records::EventFilter, proto::command::CommandStatus};

use super::{command::result, get, post};
use crate::{harness::TestServer, node::TestNode};

const CANARY: &str = "canary-8c5d1f-of-the-coal-mine";

/// What was logged.
#[derive(Clone, Default)]
pub(super) struct Log(pub(super) Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn holds(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes())
}

/// Every file below a folder.
pub(super) fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn assert_nothing_rests(server: &TestServer) {
    let mut found = Vec::new();
    files(&server.app.data, &mut found);
    assert!(found.iter().any(|path| path.ends_with("worpen.db")), "{found:?}");
    for path in found {
        assert!(!holds(&fs::read(&path).unwrap()), "{} holds the secret", path.display());
    }
}

#[tokio::test]
async fn a_secret_is_in_no_file_no_event_no_answer_and_no_log() {
    // With one subscriber alone, a place that another test's thread comes to first is taken for one that nobody listens to.
    let _other = tracing::Dispatch::new(tracing_subscriber::registry());
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let link = node.link().await;
    drop(link);
    let request = json!({ "verb": "exec", "agent_targets": ["web-1"], "timeout_s": 3600,
        "args": { "argv": ["login"], "secret_env": { "PASSWORD": CANARY } } });
    let mut answers = Vec::new();
    let (status, command) = post(&server, "/api/v1/commands?wait=0", &request, Some("once")).await;
    assert_eq!(status, 202, "{command}");
    answers.push(post(&server, "/api/v1/commands?wait=0", &request, Some("once")).await.1);
    let (status, plan) = post(&server, "/api/v1/plans", &request, None).await;
    assert_eq!(status, 201, "{plan}");
    let by_clock = json!({ "name": "nightly", "cron": "0 4 * * *", "command": request });
    let (status, schedule) = post(&server, "/api/v1/schedules", &by_clock, Some("twice")).await;
    assert_eq!(status, 201, "{schedule}");
    let mut wrong = request.clone();
    wrong["args"]["argv"] = json!("no list");
    let (status, problem) = post(&server, "/api/v1/commands", &wrong, None).await;
    assert_eq!(status, 400, "{problem}");
    let id = command["id"].as_str().unwrap().to_owned();
    answers.extend([command, plan, schedule, problem]);
    assert_nothing_rests(&server);

    // The secret outlives the server that was told it, for the node alone.
    let server = server.restart().await;
    let mut link = node.link().await;
    let order = link.order().await;
    assert_eq!(order.args["secret_env"]["PASSWORD"], CANARY);
    for (sequence, status) in [(1, CommandStatus::Started), (2, CommandStatus::Failed)] {
        link.say(&result(&order, sequence, status)).await;
    }
    link.acknowledged(2).await;
    for path in [
        format!("/api/v1/commands/{id}"),
        "/api/v1/commands".into(),
        "/api/v1/schedules".into(),
        "/api/v1/statistics/commands".into(),
        "/api/v1/events/history?limit=1000".into(),
    ] {
        let (status, answer) = get(&server, &path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answers.push(answer);
    }
    let events = server.app.records.events(0, &EventFilter::default(), 10_000).await.unwrap();
    answers.push(json!(events.items));
    for entry in server.app.records.audit(0, 10_000).await.unwrap() {
        answers.push(json!(entry.entry));
    }
    for answer in &answers {
        assert!(!holds(answer.to_string().as_bytes()), "{answer}");
    }
    assert!(answers.iter().any(|answer: &Value| answer.to_string().contains("[redacted]")));
    assert_nothing_rests(&server);
    server.stop().await;
    drop(guard);
    let log = log.0.lock().unwrap();
    assert!(log.len() > 1000, "little was logged: {}", String::from_utf8_lossy(&log));
    assert!(!holds(&log), "the log holds the secret");
}
