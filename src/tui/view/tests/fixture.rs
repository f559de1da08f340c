//! One fleet, told to a state as a server would tell it.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    proto::{
        telemetry::MetricHistory,
        window::{WindowAsk, WindowField, WindowFieldKind, WindowList, WindowRow, WindowTold, WindowView},
    },
    tui::{
        effect::{Effect, Query},
        event::{Answer, Configured, Event, LinkNews, LogNews},
        keymap::Chord,
        state::{Beginning, State},
        theme::Surroundings,
    },
};

const SITES: [&str; 3] = ["ams", "fra", "nyc"];

/// A noon that everything is told at.
pub(in crate::tui) fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().expect("a moment")
}

/// A state, and the server that it talks to.
pub(in crate::tui) struct Desk {
    pub(in crate::tui) state: State,
    now: Timestamp,
}

impl Desk {
    /// A dashboard of a size, linked to a fleet.
    pub(in crate::tui) fn new(size: (u16, u16)) -> Self {
        Self::themed(
            size,
            Configured::default(),
            &Surroundings { term: "xterm".into(), locale: "C.UTF-8".into(), ..Surroundings::default() },
        )
    }

    /// The same, as a configuration and a terminal have it.
    pub(in crate::tui) fn themed(
        size: (u16, u16),
        configured: Configured,
        surroundings: &Surroundings,
    ) -> Self {
        let (state, _) = State::new(Beginning {
            now: noon(),
            size,
            context: "production".into(),
            server: "https://worpen.example.com".into(),
            read_only: false,
            mouse: false,
            configured,
            surroundings: surroundings.clone(),
        });
        let mut desk = Self { state, now: noon() };
        desk.tell(Event::Link(LinkNews::Up));
        desk.tell(Event::Position(1_042));
        desk
    }

    /// Lets something happen, and answers whatever is asked because of it.
    pub(in crate::tui) fn tell(&mut self, event: Event) {
        let mut effects = self.state.update(self.now, event);
        while let Some(effect) = effects.pop() {
            if let Some(event) = answer(&effect) {
                effects.extend(self.state.update(self.now, event));
            }
        }
    }

    /// Lets something happen that nobody answers.
    pub(in crate::tui) fn tell_alone(&mut self, event: Event) -> Vec<Effect> {
        self.state.update(self.now, event)
    }

    /// Lets time pass.
    pub(in crate::tui) fn wait(&mut self, time: Duration) {
        self.now = self.now.checked_add(time).expect("it is not late");
        self.tell_alone(Event::Tick);
    }

    /// Presses keys, as the configuration writes them.
    pub(in crate::tui) fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.tell(Event::Key(key_of(key)));
        }
    }

    /// Types text.
    pub(in crate::tui) fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.tell(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
    }
}

/// A key by its name.
pub(in crate::tui) fn key_of(name: &str) -> KeyEvent {
    let chord: Chord = name.parse().expect("a key");
    chord.event()
}

/// What a server says to an effect.
fn answer(effect: &Effect) -> Option<Event> {
    let answer = match effect {
        Effect::Ask(WindowAsk::Open(view)) => return Some(Event::Told(Box::new(told(view)))),
        Effect::Load(query) => ask(query)?,
        Effect::Act { job, deed, targets } => Answer::Acted {
            job: *job,
            target: targets[0].clone(),
            outcome: Ok(format!("{} {}", deed.done(), targets[0])),
        },
        Effect::Follow { sources, turn, .. } => {
            let lines = LINES.iter().enumerate().map(|(at, (stream, line))| {
                let time = format!("2026-11-20T11:59:{:02}.125Z", 40 + at);
                serde_json::from_value(json!({ "time": time, "stream": stream, "line": line }))
                    .expect("a line")
            });
            let news = LogNews::Lines { source: sources[0].clone(), lines: lines.collect() };
            return Some(Event::Log { turn: *turn, news });
        }
        _ => return None,
    };
    Some(Event::Answered(Box::new(answer)))
}

const LINES: [(&str, &str); 8] = [
    ("stdout", "level=info msg=\"listening\" addr=:8080"),
    ("stdout", "GET /health 200 0.4ms"),
    ("stdout", "GET /cart/17 200 12.1ms"),
    ("stderr", "level=warn msg=\"slow query\" took=412ms table=orders"),
    ("stdout", "POST /order 201 33.0ms"),
    ("stderr", "level=error msg=\"payment refused\" provider=acme status=502"),
    ("stderr", "    at charge (payments.js:118:11)"),
    ("stdout", "GET /health 200 0.3ms"),
];

fn told(view: &WindowView) -> WindowTold {
    let WindowView { window, ask, list, ref columns, .. } = *view;
    let all: Vec<WindowRow> = match list {
        WindowList::Agents => (0..24).map(|at| row(columns, &agent(at))).collect(),
        WindowList::Containers => (0..60).map(|at| row(columns, &container(at))).collect(),
        WindowList::Images => (0..9).map(|at| row(columns, &image(at))).collect(),
        WindowList::Summary => return summary(window, ask),
        WindowList::Heat => {
            let cells: String =
                (0..24).map(|at| if at == 7 { 'X' } else { char::from(b'0' + at % 10) }).collect();
            return WindowTold::Heat { window, ask, total: 24, nodes_per_cell: 1, cells };
        }
    };
    if view.selector.as_deref() == Some("cpu >") {
        let detail = "the expression ends too early, after 'cpu >'".to_owned();
        return WindowTold::Refused { window, ask, field: "where".into(), detail };
    }
    let total = all.len() as u64;
    let words = view.search.as_deref().unwrap_or_default().to_lowercase();
    let one = view
        .selector
        .as_deref()
        .and_then(|text| text.strip_prefix("name == \"")?.strip_suffix('"').map(str::to_owned));
    let on = view
        .selector
        .as_deref()
        .and_then(|text| text.strip_prefix("node == \"")?.strip_suffix('"').map(str::to_owned));
    let rows: Vec<WindowRow> = all
        .into_iter()
        .filter(|row| words.is_empty() || row.name.contains(&words))
        .filter(|row| one.as_ref().is_none_or(|name| row.name == *name))
        .filter(|row| on.as_ref().is_none_or(|node| row.name.starts_with(&format!("{node}/"))))
        .collect();
    let matched = rows.len() as u64;
    let at =
        view.around.as_ref().and_then(|id| rows.iter().position(|row| row.id == *id)).map(|at| at as u64);
    let rows = rows.into_iter().skip(view.offset as usize).take(view.limit as usize).collect();
    WindowTold::Rows { window, ask, total, matched, offset: view.offset, at, rows }
}

fn row(columns: &[String], record: &Value) -> WindowRow {
    WindowRow {
        id: record["id"].as_str().unwrap_or_default().to_owned(),
        name: record["path"].as_str().unwrap_or_default().to_owned(),
        cells: columns.iter().map(|column| record[column].clone()).collect(),
    }
}

fn since(seconds: i64) -> i64 {
    noon().as_second() - seconds
}

fn agent(at: u64) -> Value {
    let (site, name) = (SITES[at as usize / 8], format!("web-{}", at + 1));
    let status = match at {
        7 => "OFFLINE",
        11 => "DEGRADED",
        18 => "MAINTENANCE",
        _ => "ONLINE",
    };
    json!({
        "id": format!("agent-{at}"), "path": name, "name": name, "status": status, "site": site, "version": "0.1.0",
        "cpu": if at == 7 { Value::Null } else { json!((at * 37 % 100) as f64) }, "memory": (at * 13 % 90) as f64 + 4.5,
        "disk": (at * 7 % 60) as f64 + 20.0, "running": 8, "containers": 10, "load1": at as f64 / 7.0,
        "status_age": since(at as i64 * 4_000), "os": "Debian GNU/Linux 13",
    })
}

fn container(at: u64) -> Value {
    let (node, name) = (
        format!("web-{}", at / 6 + 1),
        ["nginx", "api", "worker", "postgres", "redis", "migrate"][at as usize % 6],
    );
    let (state, exit) = match at % 11 {
        5 => ("exited", json!(0)),
        9 => ("exited", json!(137)),
        10 => ("restarting", json!(1)),
        _ => ("running", Value::Null),
    };
    json!({
        "id": format!("container-{at}"), "path": format!("{node}/{name}"), "name": name, "node": node, "state": state,
        "image": format!("registry.example.com/shop/{name}:2026.11.{}", at % 3), "health": if at.is_multiple_of(4) { json!("healthy") } else { Value::Null },
        "started_age": since(at as i64 * 700), "exit_code": exit, "ports": if name == "nginx" { json!(["0.0.0.0:443->443/tcp"]) } else { json!([]) },
    })
}

fn image(at: u64) -> Value {
    let node = format!("web-{}", at / 3 + 1);
    let tag = format!("registry.example.com/shop/api:2026.11.{}", at % 3);
    json!({
        "id": format!("image-{at}"), "path": format!("{node}/{tag}"), "tag": tag, "node": node, "size": 48_000_000 * (at + 1),
        "age": since(at as i64 * 90_000), "site": SITES[at as usize / 3],
    })
}

/// What a server says that it can show of containers.
pub(in crate::tui) fn fields() -> Event {
    let field = |name: &str, kind, about: &str| WindowField { name: name.into(), kind, about: about.into() };
    Event::Told(Box::new(WindowTold::Fields {
        list: WindowList::Containers,
        fields: vec![
            field("name", WindowFieldKind::Text, "its name"),
            field("node", WindowFieldKind::Text, "the name of the node it is on"),
            field(
                "state",
                WindowFieldKind::Text,
                "created, running, paused, restarting, removing, exited or dead",
            ),
            field("command", WindowFieldKind::Text, "the command it runs"),
            field("age", WindowFieldKind::Age, "since it was made, seconds"),
        ],
    }))
}

fn summary(window: u32, ask: u64) -> WindowTold {
    let stats = json!({
        "time": noon(),
        "nodes": { "total": 24, "by_status": { "ONLINE": 21, "OFFLINE": 1, "DEGRADED": 1, "MAINTENANCE": 1 }, "linked": 22 },
        "throughput": {
            "commands_per_minute": 0.5, "events_per_minute": 12.0, "telemetry_per_minute": 48.0,
            "network_received_bytes_per_second": 1_250_000.0, "network_transmitted_bytes_per_second": 340_000.0, "network_nodes": 22
        },
        "load": {
            "cpu_percent": { "average": 41.5, "highest": 96.0, "highest_node": "web-9" },
            "memory_percent": { "average": 52.0, "highest": 88.0, "highest_node": "web-3" },
            "load_average": { "average": 1.5, "highest": 3.1, "highest_node": "web-9" },
            "nodes": 22
        },
        "security": {
            "denied_24h": 2, "quarantined_agents": 0, "active_keys": 3, "sign_ins_refused": 0, "requests_rate_limited": 0,
            "since": "2026-11-20T00:00:00Z"
        },
    });
    WindowTold::Summary {
        window,
        ask,
        stats: serde_json::from_value(stats).expect("the numbers of a fleet"),
        containers: [("running", 188), ("exited", 9), ("restarting", 3)]
            .map(|(state, count)| (state.to_owned(), count))
            .into(),
        images: 72,
        open_commands: 2,
    }
}

/// What a server answers to a question.
fn ask(query: &Query) -> Option<Answer> {
    Some(match query {
        Query::Caller => Answer::Caller(Ok(read(json!({
            "id": "019e1e00-51c3-7a9d-9f42-8d7e6c5b4a31", "username": "ada", "role": "operator"
        })))),
        Query::Agent(name) => Answer::Agent {
            name: name.clone(),
            found: Ok(Box::new((read(detail(name)), read(health(name))))),
        },
        Query::Container(name) => {
            Answer::Container { name: name.clone(), found: Ok(Box::new(read(known(name)))) }
        }
        Query::Stats { name, turn, pause_s: 0 } => {
            Answer::Stats { name: name.clone(), turn: *turn, found: Ok(Box::new(read(stats()))) }
        }
        // The next measurement is for a later moment than a picture shows.
        Query::Stats { .. } => return None,
        Query::Inspect(name) => {
            Answer::Inspected { name: name.clone(), found: Ok(Box::new(read(inspection()))) }
        }
        Query::Commands(cursor) => {
            let items = (0..12).map(|at| read(command(at))).collect();
            Answer::Commands {
                cursor: cursor.clone(),
                found: Ok(crate::proto::page::Page { items, next_cursor: None }),
            }
        }
        Query::Command(id) => {
            let found = (0..12).map(command).find(|command| command["id"] == id.to_string());
            Answer::Command { id: *id, found: Ok(Box::new(read(found?))) }
        }
        Query::Events { .. } => {
            let items: Vec<Value> = (0..30).map(event).collect();
            Answer::Events(Ok(read(json!({ "items": items, "next_cursor": null, "gap": null }))))
        }
        Query::History(of) => Answer::History { of: of.clone(), found: Ok(Box::new(history(&of.range))) },
    })
}

fn read<T: serde::de::DeserializeOwned>(record: Value) -> T {
    serde_json::from_value(record).expect("the fixture has the form of the protocol")
}

fn history(range: &str) -> MetricHistory {
    let hours = if range == "1h" { 1 } else { 24 };
    let step = hours * 30;
    let from = noon().as_second() - hours * 3_600;
    let points: Vec<Value> = (0..120)
        .map(|at| {
            let value = 45.0 + 30.0 * (at as f64 / 9.0).sin() + (at % 7) as f64;
            let time = Timestamp::from_second(from + at * step).expect("a moment");
            json!({ "time": time, "value": if (40..44).contains(&at) { Value::Null } else { json!(value) } })
        })
        .collect();
    read(json!({
        "metric": "cpu_usage", "unit": "percent", "aggregate": "avg", "across": "avg",
        "from": Timestamp::from_second(from).expect("a moment"), "to": noon(), "step_s": step,
        "series": [{ "agent_id": null, "points": points }], "damaged_parts": 0
    }))
}

fn detail(name: &str) -> Value {
    json!({
        "id": "019e1e00-51c3-7a9d-9f42-8d7e6c5b4a32", "agent_id": name, "site": "ams", "status": "ONLINE",
        "status_since": "2026-11-20T08:00:00Z", "version": "0.1.0", "capabilities": ["docker.start", "docker.stop"],
        "labels": { "tier": "front" },
        "host": {
            "hostname": name, "os": "Debian GNU/Linux 13", "kernel": "6.12.0-amd64", "arch": "x86_64",
            "cpu_model": "AMD EPYC 7443P", "cpu_count": 4, "memory_total_bytes": 8_323_047_424_u64,
            "booted_at": "2026-11-01T06:00:12Z"
        },
        "container_engine": { "name": "docker", "version": "28.1.1", "api_version": "1.49" },
        "created_at": "2026-10-01T09:29:58Z", "last_seen_at": "2026-11-20T11:59:58Z", "address": "192.0.2.17",
        "containers": { "running": 5, "exited": 1 },
        "telemetry": {
            "agent_id": name, "timestamp": "2026-11-20T11:59:50Z", "cpu_usage": 37.5, "cpu_cores": [40.0, 35.0, 38.0, 37.0],
            "memory_usage": {
                "total_bytes": 8_323_047_424_u64, "used_bytes": 4_161_523_712_u64, "available_bytes": 4_161_523_712_u64,
                "swap_total_bytes": null, "swap_used_bytes": null, "percent": 50.0
            },
            "disk_usage": {
                "/": { "device": "/dev/vda1", "file_system": "ext4", "total_bytes": 107_374_182_400_u64,
                       "used_bytes": 64_424_509_440_u64, "available_bytes": 42_949_672_960_u64, "percent": 60.0 },
                "/data": { "device": "/dev/vdb1", "file_system": "xfs", "total_bytes": 536_870_912_000_u64,
                           "used_bytes": 494_000_000_000_u64, "available_bytes": 42_949_672_960_u64, "percent": 92.0 }
            },
            "load_average": [1.5, 1.25, 1.0],
            "network_stats": { "eth0": { "received_bytes": 12_000_000, "transmitted_bytes": 9_000_000, "received_packets": 9000,
                "transmitted_packets": 8000, "receive_errors": 0, "transmit_errors": 0 } },
            "container_count": 6, "service_status": {}, "uptime_s": 1_663_187
        }
    })
}

fn known(name: &str) -> Value {
    let (node, name) = name.split_once('/').expect("node/name");
    json!({
        "id": "4f1c8f6e2d0b5a7c9e3f1a2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e2f4a6b8c0d", "name": name, "image": "registry.example.com/shop/nginx:2026.11.0",
        "image_id": "sha256:9b1c8f6e2d0b5a7c9e3f1a2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e2f4a6b8c0d", "command": "nginx -g 'daemon off;'",
        "state": "running", "health": "healthy", "exit_code": null, "ports": ["0.0.0.0:443->443/tcp"],
        "labels": { "com.docker.compose.project": "shop" }, "created_at": "2026-11-18T10:00:00Z",
        "started_at": "2026-11-20T09:00:00Z", "finished_at": null,
        "node": node, "agent": "019e1e00-51c3-7a9d-9f42-8d7e6c5b4a32", "stale_since": null
    })
}

fn stats() -> Value {
    json!({
        "id": "4f1c8f6e2d0b", "name": "nginx", "time": "2026-11-20T11:59:59Z", "cpu_percent": 12.5, "cpu_count": 4,
        "memory_used_bytes": 134_217_728, "memory_limit_bytes": 536_870_912, "memory_percent": 25.0,
        "networks": { "eth0": { "received_bytes": 12_000_000, "transmitted_bytes": 9_000_000 } },
        "block_read_bytes": 4_096_000, "block_written_bytes": 1_024_000, "pids": 9
    })
}

fn inspection() -> Value {
    json!({ "Id": "4f1c8f6e2d0b", "Config": { "Env": ["PATH=/bin"], "Tty": false }, "RestartCount": 0 })
}

fn command(at: u64) -> Value {
    let id = format!("019e1e00-51c3-7a9d-9f42-8d7e6c5b4{at:03}");
    let (status, error) = match at {
        0 => ("started", Value::Null),
        3 => ("failed", json!("the engine said: no such container")),
        5 => ("timed_out", Value::Null),
        _ => ("succeeded", Value::Null),
    };
    let given = Timestamp::from_second(since(at as i64 * 500)).expect("a moment");
    let ended = if at == 0 {
        Value::Null
    } else {
        json!(given.checked_add(jiff::SignedDuration::from_millis(730)).expect("a moment"))
    };
    json!({
        "id": id, "verb": if at.is_multiple_of(2) { "docker.restart" } else { "docker.pull" }, "args": { "id": "4f1c8f6e2d0b5a7c9e3f", "timeout_s": 10 },
        "status": status, "actor": "user:ada", "created_at": given, "expires_at": given, "ended_at": ended, "timeout_s": 60,
        "correlation_id": id,
        "executions": [{
            "id": id, "agent": "019e1e00-51c3-7a9d-9f42-8d7e6c5b4a32", "node": format!("web-{}", at + 1), "attempt": 1, "status": status,
            "started_at": given, "ended_at": ended, "result": if at == 1 { json!({ "changed": true }) } else { Value::Null }, "error_message": error
        }]
    })
}

fn event(at: u64) -> Value {
    let number = 1_013 + at;
    let time = Timestamp::from_second(since(1_800 - at as i64 * 60)).expect("a moment");
    let node = format!("web-{}", at % 8 + 1);
    let (kind, data) = match at % 5 {
        0 => (
            "container.died",
            json!({ "container": { "name": "worker", "state": "exited", "exit_code": at % 2 * 137 } }),
        ),
        1 => ("container.started", json!({ "container": { "name": "worker", "state": "running" } })),
        2 => ("agent.offline", json!({ "agent": { "site": "ams", "version": "0.1.0" } })),
        3 => ("agent.online", json!({ "agent": { "site": "ams", "version": "0.1.0" } })),
        _ => ("command.ended", json!({ "command": { "verb": "docker.restart", "status": "succeeded" } })),
    };
    json!({
        "specversion": "1.0", "id": format!("019e1e00-51c3-7a9d-9f42-8d7e6c5b5{at:03}"),
        "source": "worpen/1", "type": kind, "subject": node,
        "time": time, "sequence": format!("{number:020}"), "actor": format!("agent:{node}"), "datacontenttype": "application/json", "data": data
    })
}

fn health(name: &str) -> Value {
    json!({
        "id": "019e1e00-51c3-7a9d-9f42-8d7e6c5b4a32", "agent_id": name, "status": "ONLINE",
        "status_since": "2026-11-20T08:00:00Z", "last_seen_at": "2026-11-20T11:59:58Z", "linked": true,
        "heartbeat_interval_s": 10, "cpu_usage": 37.5, "memory_usage": 50.0, "disk_usage": 92.0
    })
}
