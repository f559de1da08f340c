//! Simulated agents against a real server.

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::Timestamp;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use worpen::sim::{self, Plan, Report, SimError};

use crate::harness::{TestServer, http};

/// A simulation that runs beside the test.
struct Simulation {
    stop: CancellationToken,
    running: JoinHandle<Result<Report, SimError>>,
}

impl Simulation {
    fn start(plan: Plan) -> Self {
        let stop = CancellationToken::new();
        let running = tokio::spawn(sim::run(plan, stop.clone(), |_| {}));
        Self { stop, running }
    }

    /// Ends it, and returns its report.
    async fn ended(self) -> Report {
        self.stop.cancel();
        self.running.await.unwrap().unwrap()
    }
}

async fn plan(server: &TestServer, agents: u32) -> Plan {
    Plan {
        token: Some(server.admin().await),
        containers: 3,
        ramp: Duration::from_millis(200),
        duration: Duration::from_secs(120),
        ..Plan::new(&server.url, agents, 7)
    }
}

/// The items that a call of the API lists, once they are as they should be.
async fn listed(server: &TestServer, path: &str, good: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let (admin, deadline) = (server.admin().await, Instant::now() + Duration::from_secs(30));
    loop {
        let answer = http().get(server.at(path)).bearer_auth(&admin).send().await.unwrap();
        let page: Value = answer.json().await.unwrap();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        if good(&items) {
            return items;
        }
        assert!(Instant::now() < deadline, "waited 30 s in vain for {path}: {page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn online(agents: &[Value]) -> usize {
    agents.iter().filter(|agent| agent["status"] == "ONLINE").count()
}

#[tokio::test]
async fn simulated_agents_are_seen_and_obey() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let simulation = Simulation::start(plan(&server, 20).await);
    let agents = listed(&server, "/api/v1/agents?limit=100", |agents| online(agents) == 20).await;
    let containers =
        listed(&server, "/api/v1/containers?limit=100", |containers| containers.len() == 60).await;
    for agent in &agents {
        let name = agent["agent_id"].as_str().unwrap();
        listed(&server, &format!("/api/v1/agents/{name}/telemetry"), |stored| stored.len() >= 2).await;
    }
    let admin = server.admin().await;
    let running = containers.iter().find(|container| container["state"] == "running").unwrap();
    let id = running["id"].as_str().unwrap();
    let stop = http().post(server.at(&format!("/api/v1/containers/{id}/stop?wait=20")));
    let command: Value =
        stop.bearer_auth(&admin).json(&json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(command["status"], "succeeded", "{command}");
    assert_eq!(command["executions"][0]["result"], json!({ "changed": true, "state": "exited" }));
    let is_it = |container: &Value| container["id"] == running["id"];
    listed(&server, "/api/v1/containers?state=exited&limit=100", |exited| exited.iter().any(is_it)).await;

    let report = simulation.ended().await;
    assert_eq!((report.joins, report.peak, report.linked, report.links), (20, 20, 20, 20), "{report}");
    assert_eq!((report.orders.succeeded, report.orders.failed, report.orders.refused), (1, 0, 0));
    assert!(report.errors.is_empty(), "{report}");
    assert!(report.ack_latency.count > 40 && report.ack_latency.p99_ms >= report.ack_latency.p50_ms);
    assert_eq!((report.frames["inventory"], report.frames["command_result"]), (20, 2));
    server.stop().await;
}

#[tokio::test]
async fn simulated_agents_link_with_certificates_where_agents_are_managed() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let managed = Plan { managed: Some(server.agents.clone()), ..plan(&server, 5).await };
    let simulation = Simulation::start(managed);
    listed(&server, "/api/v1/agents?limit=100", |agents| online(agents) == 5).await;
    let used = |events: &[Value]| events.len() == 5;
    listed(&server, "/api/v1/events/history?types=agent.certified&limit=100", used).await;
    let report = simulation.ended().await;
    assert_eq!((report.joins, report.links, report.errors.len()), (5, 5, 0), "{report}");
    server.stop().await;
}

#[tokio::test]
async fn orders_fail_as_often_as_planned() {
    let server = TestServer::start().await;
    let simulation = Simulation::start(Plan { failures: 1.0, ..plan(&server, 1).await });
    let containers = listed(&server, "/api/v1/containers", |containers| containers.len() == 3).await;
    let id = containers[0]["id"].as_str().unwrap();
    let restart = http().post(server.at(&format!("/api/v1/containers/{id}/restart?wait=20")));
    let restart = restart.bearer_auth(server.admin().await).json(&json!({}));
    let command: Value = restart.send().await.unwrap().json().await.unwrap();
    assert_eq!(command["status"], "failed", "{command}");
    let problem: Value = log(&server, id, "").await.json().await.unwrap();
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(409), Some("engine_refused")));
    assert!(problem["detail"].as_str().unwrap().contains("simulation"), "{problem}");
    let report = simulation.ended().await;
    assert_eq!((report.orders.succeeded, report.orders.failed), (0, 1));
    assert_eq!((report.questions.answered, report.questions.refused), (0, 1));
}

/// Gives a program to the first agent of a simulation; what became of it.
async fn run(server: &TestServer, wait: u32) -> Value {
    let give = http().post(server.at(&format!("/api/v1/commands?wait={wait}")));
    let body = json!({ "verb": "exec", "args": { "argv": ["true"] }, "agent_targets": ["sim-000007-00000"],
        "output_bytes": 70_000 });
    let given = give.bearer_auth(server.admin().await).json(&body).send().await.unwrap();
    given.json().await.unwrap()
}

#[tokio::test]
async fn simulated_programs_end_where_they_begin_and_what_they_print_is_kept() {
    let server = TestServer::start().await;
    let simulation = Simulation::start(Plan { output_bytes: 100_000, ..plan(&server, 1).await });
    listed(&server, "/api/v1/agents", |agents| online(agents) == 1).await;
    for _ in 0..3 {
        let command = run(&server, 20).await;
        let execution = &command["executions"][0];
        assert_eq!(execution["status"], "succeeded", "{command}");
        assert_eq!(execution["result"], json!({ "exit_code": 0 }));
        assert_eq!(execution["output"], json!({ "bytes": 70_000, "kept": 70_000 }), "as much as is kept");
        assert!(!execution["started_at"].is_null(), "an end alone says when it began");
    }
    let report = simulation.ended().await;
    assert_eq!((report.orders.succeeded, report.orders.failed, report.orders.refused), (3, 0, 0));
    assert_eq!((report.frames["command_result"], report.frames["output"]), (3, 9), "{report}");
    assert!(report.errors.is_empty(), "{report}");
    server.stop().await;
}

#[tokio::test]
async fn a_simulated_program_is_stopped_while_it_runs() {
    let server = TestServer::start().await;
    let simulation = Simulation::start(Plan { exec_time: Duration::from_secs(60), ..plan(&server, 1).await });
    listed(&server, "/api/v1/agents", |agents| online(agents) == 1).await;
    let id = run(&server, 0).await["id"].as_str().unwrap().to_owned();
    listed(&server, "/api/v1/commands?status=started", |commands| commands.len() == 1).await;
    let stop = http().post(server.at(&format!("/api/v1/commands/{id}/cancel?wait=20")));
    let stop = stop.bearer_auth(server.admin().await).json(&json!({})).send().await.unwrap();
    let command: Value = stop.json().await.unwrap();
    assert_eq!(command["executions"][0]["status"], "cancelled", "{command}");
    let report = simulation.ended().await;
    assert_eq!((report.orders.succeeded, report.orders.failed), (0, 1), "{report}");
    server.stop().await;
}

/// Reads the log of a container as objects.
async fn log(server: &TestServer, id: &str, query: &str) -> Response {
    let call = http().get(server.at(&format!("/api/v1/containers/{id}/logs{query}")));
    call.bearer_auth(server.admin().await).header("accept", "application/x-ndjson").send().await.unwrap()
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Reads on until so many objects are whole.
async fn read_on(answer: &mut Response, text: &mut String, count: usize) {
    while text.matches("}\n").count() < count {
        let piece = answer.chunk().await.unwrap().expect("the log goes on");
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
}

/// The id of a container that runs.
async fn running(server: &TestServer) -> String {
    let path = "/api/v1/containers?state=running";
    let containers = listed(server, path, |containers| !containers.is_empty()).await;
    containers[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_log_of_a_simulated_container_is_read_again_and_the_same() {
    let server = TestServer::start().await;
    let simulation = Simulation::start(plan(&server, 2).await);
    let id = running(&server).await;
    let text = http().get(server.at(&format!("/api/v1/containers/{id}/logs?tail=10&timestamps=true")));
    let text = text.bearer_auth(server.admin().await).send().await.unwrap().text().await.unwrap();
    let times: Vec<Timestamp> =
        text.lines().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect();
    assert!(times.len() == 10 && times.is_sorted(), "{text}");
    let span = format!("?since={}&until={}", times[2], times[7]);
    let first = objects(&log(&server, &id, &span).await.text().await.unwrap());
    let shown: Vec<String> = first.iter().map(|line| line["line"].as_str().unwrap().to_owned()).collect();
    let before: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(shown, before[2..=7], "both ends are part of it");
    assert_eq!(first, objects(&log(&server, &id, &span).await.text().await.unwrap()));
    // All of it is more than a window holds, so it comes by credit.
    let all = objects(&log(&server, &id, "").await.text().await.unwrap());
    assert_eq!(all.len(), 10_000);

    for (call, field) in [("stats", "memory_used_bytes"), ("inspect", "State")] {
        let call = http().get(server.at(&format!("/api/v1/containers/{id}/{call}")));
        let answer: Value =
            call.bearer_auth(server.admin().await).send().await.unwrap().json().await.unwrap();
        assert!(!answer[field].is_null(), "{answer}");
    }
    let report = simulation.ended().await;
    let told = report.questions;
    assert_eq!((told.answered, told.refused, told.lines), (6, 0, 10 + 6 + 6 + 10_000), "{report}");
    assert!(report.errors.is_empty() && report.frames["output"] > 10, "{report}");
}

#[tokio::test]
async fn a_followed_log_grows_until_its_container_or_its_link_ends() {
    let server = TestServer::start().await;
    let simulation = Simulation::start(Plan { log_lines: 600.0, ..plan(&server, 1).await });
    let id = running(&server).await;
    let follow = || log(&server, &id, "?tail=2&follow=true");
    let mut left = follow().await;
    read_on(&mut left, &mut String::new(), 4).await;
    drop(left);

    let (mut followed, mut text) = (follow().await, String::new());
    read_on(&mut followed, &mut text, 6).await;
    let stop = http().post(server.at(&format!("/api/v1/containers/{id}/stop?wait=20")));
    let stop = stop.bearer_auth(server.admin().await).json(&json!({}));
    let command: Value = stop.send().await.unwrap().json().await.unwrap();
    assert_eq!(command["status"], "succeeded", "{command}");
    text.push_str(&followed.text().await.unwrap());
    let lines = objects(&text);
    assert!(lines.iter().all(|line| line["error"].is_null()), "it ends whole: {lines:?}");
    let since = lines[0]["time"].as_str().unwrap();
    let again = objects(&log(&server, &id, &format!("?since={since}")).await.text().await.unwrap());
    assert_eq!(lines, again, "what was followed is what is read later");

    let start = http().post(server.at(&format!("/api/v1/containers/{id}/start?wait=20")));
    start.bearer_auth(server.admin().await).json(&json!({})).send().await.unwrap();
    let (mut cut, mut text) = (follow().await, String::new());
    read_on(&mut cut, &mut text, 3).await;
    let report = simulation.ended().await;
    text.push_str(&cut.text().await.unwrap());
    assert_eq!(objects(&text).pop().unwrap()["error"]["code"], "link_lost");
    assert_eq!((report.questions.answered, report.errors.len()), (4, 0), "{report}");
}

#[tokio::test]
async fn cut_links_come_back_without_gap_or_duplicate() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let cuts = Plan { drops: 30.0, churn: 60.0, ..plan(&server, 5).await };
    let simulation = Simulation::start(cuts);
    let came_back = |events: &[Value]| events.len() >= 5 + 8;
    listed(&server, "/api/v1/events/history?types=agent.online&limit=1000", came_back).await;
    let died = |events: &[Value]| !events.is_empty();
    listed(&server, "/api/v1/events/history?types=container.died&limit=1000", died).await;
    for index in 0..5 {
        let path = format!("/api/v1/agents/sim-000007-{index:05}/telemetry?limit=1000");
        let stored = listed(&server, &path, |stored| stored.len() >= 5).await;
        let times: Vec<Timestamp> =
            stored.iter().map(|item| item["timestamp"].as_str().unwrap().parse().unwrap()).collect();
        for pair in times.windows(2) {
            let step = pair[0].duration_until(pair[1]).as_millis();
            assert!((900..=1100).contains(&step), "measurements {step} ms apart: {times:?}");
        }
    }
    let report = simulation.ended().await;
    assert!(report.reconnects >= 8 && report.cuts >= 8, "{report}");
    assert!(report.errors.is_empty(), "{report}");
}

/// What a fleet looks like: its agents' names, and each container's node, id, name and state.
async fn fleet(server: &TestServer) -> BTreeMap<String, Value> {
    let containers = listed(server, "/api/v1/containers", |containers| containers.len() == 9).await;
    let facts = |container: &Value| {
        let node = container["node"].as_str().unwrap();
        let name = container["name"].as_str().unwrap();
        (format!("{node}/{name}"), json!([container["id"], container["state"], container["started_at"]]))
    };
    containers.iter().map(facts).collect()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_fleet() {
    let mut fleets = Vec::new();
    for _ in 0..2 {
        let server = TestServer::start().await;
        let simulation = Simulation::start(plan(&server, 3).await);
        fleets.push(fleet(&server).await);
        simulation.ended().await;
    }
    assert!(fleets[0].contains_key("sim-000007-00002/redis-2"), "{fleets:?}");
    assert_eq!(fleets[0], fleets[1]);
}

/// A simulation that keeps its agents in a file.
async fn keeping(server: &TestServer, file: &Path, seed: u64) -> Simulation {
    let keep = Plan { keep: Some(file.to_path_buf()), seed, ..plan(server, 3).await };
    Simulation::start(keep)
}

#[tokio::test]
async fn kept_agents_come_back_even_after_a_run_that_was_killed() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.json");
    for (run, seed) in [(0, 1), (1, 2)] {
        let simulation = keeping(&server, &file, seed).await;
        listed(&server, "/api/v1/agents", |agents| online(agents) == 3).await;
        fleet(&server).await;
        let report = simulation.ended().await;
        assert_eq!((report.joins, report.seed), (if run == 0 { 3 } else { 0 }, 1), "{report}");
        assert!(report.errors.is_empty(), "{report}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        listed(&server, "/api/v1/agents", |agents| online(agents) == 0).await;
    }
    // As after a kill: the file says of the epochs what was so when the run began.
    let before = std::fs::read_to_string(&file).unwrap();
    let simulation = keeping(&server, &file, 3).await;
    listed(&server, "/api/v1/agents", |agents| online(agents) == 3).await;
    simulation.ended().await;
    std::fs::write(&file, before.replace("\"ended_well\":true", "\"ended_well\":false")).unwrap();
    listed(&server, "/api/v1/agents", |agents| online(agents) == 0).await;
    let simulation = keeping(&server, &file, 4).await;
    let agents = listed(&server, "/api/v1/agents", |agents| online(agents) == 3).await;
    assert_eq!(agents.len(), 3, "they are the same agents still");
    assert!(simulation.ended().await.errors.is_empty());
}

#[tokio::test]
async fn what_cannot_work_is_said_at_once() {
    let server = TestServer::start().await;
    let good = plan(&server, 2).await;
    let run = |plan: Plan| async { sim::run(plan, CancellationToken::new(), |_| {}).await.unwrap_err() };
    assert!(matches!(run(Plan { token: None, ..good.clone() }).await, SimError::NoToken));
    let stranger = Plan { token: Some("wpk_nobody".into()), ..good.clone() };
    assert!(matches!(run(stranger).await, SimError::NotAllowed { .. }));
    assert!(matches!(run(Plan { agents: 100_001, ..good.clone() }).await, SimError::Plan(_)));
    assert!(matches!(
        run(Plan { server: "nowhere".into(), ..good.clone() }).await,
        SimError::NotAnAddress(_)
    ));
    let simulation = Simulation::start(good.clone());
    listed(&server, "/api/v1/agents", |agents| online(agents) == 2).await;
    assert!(matches!(run(good).await, SimError::NameTaken { .. }));
    simulation.ended().await;
}
