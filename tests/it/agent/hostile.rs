//! Hostile links, of agents of ours and of others: whatever they say, the server answers with an ERROR or ends the link, and
//! stores nothing by halves.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};
use worpen::{
    core::fleet::Fleet,
    proto::{
        agent::{Agent, AgentStatus::Unknown},
        command::CommandStatus,
    },
};

use crate::{
    foreign::Foreign,
    harness::{TestServer, http, until},
    node::TestNode,
    support::Seeded,
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How many sequences of frames are tried.
const SEQUENCES: u64 = 240;
/// How many agents they are shared among.
const PRESSES: usize = 16;

/// Something that no honest agent says.
enum Hostile {
    /// A message that gets an ERROR.
    Wrong(Message),
    /// Bytes that make a message which gets an ERROR.
    WrongBytes(Vec<u8>),
    /// A message that means nothing.
    Noise(Message),
    /// Bytes that end the link.
    Ending(Vec<u8>),
    /// Part of a frame, and then nothing more.
    Torn(Vec<u8>),
}

/// A frame of RFC 6455 as a client sends it; `first` holds its flags and opcode.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(size @ 0..=125) => frame.push(0x80 | u8::try_from(size).unwrap()),
        Ok(size) => {
            frame.push(0x80 | 126);
            frame.extend(size.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A text in as many frames as it has bytes.
fn in_fragments(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let frames = bytes.iter().enumerate().map(|(place, byte)| {
        let opcode = u8::from(place == 0);
        let end = if place + 1 == bytes.len() { 0x80 } else { 0 };
        masked(end | opcode, &[*byte])
    });
    frames.collect::<Vec<_>>().concat()
}

fn some_text(random: &mut Seeded) -> String {
    let length = random.within(1..2000);
    (0..length).map(|_| char::from(u8::try_from(random.within(32..127)).unwrap())).collect()
}

/// A text that is wrong on every link; `victim` is a command of another agent.
fn wrong_text(random: &mut Seeded, victim: &str) -> String {
    let depth = usize::try_from(random.within(130..50_000)).unwrap();
    let result = |sequence: Value| {
        json!({ "type": "RESULT", "payload": { "command_id": victim, "status": "succeeded", "result": null,
            "sequence": sequence } })
        .to_string()
    };
    let frame = |kind: &str, payload: Value| json!({ "type": kind, "payload": payload }).to_string();
    match random.within(0..20) {
        0 => some_text(random),
        1 => "[".repeat(depth),
        2 => "{\"payload\":".repeat(depth),
        3 => format!("{{\"type\":\"TELEMETRY\",\"payload\":{}{}}}", "[".repeat(depth), "]".repeat(depth)),
        4 => frame("FORMAT_DISK", json!({ "agent_id": "press-7" })),
        5 => frame("WELCOME", json!({})),
        6 => json!({ "type": random.within(0..9), "payload": {} }).to_string(),
        7 => frame("HEARTBEAT", json!([1, 2, 3])),
        8 => frame("HEARTBEAT", json!({ "agent_id": 7, "status": { "well": true } })),
        9 => frame("HEARTBEAT", json!({ "agent_id": "x", "status": "ON FIRE", "cpu": 1, "ram": 1 })),
        10 => "{\"type\":\"TELEMETRY\",\"payload\":{\"cpu_usage\":NaN}}".into(),
        11 => "{\"type\":\"TELEMETRY\",\"payload\":{\"sequence\":1,\"cpu_usage\":1e999}}".into(),
        12 => frame("TELEMETRY", json!({ "cpu_usage": -1e300, "memory_usage": [], "load_average": "high" })),
        13 => frame(
            "HELLO",
            json!({ "agent_id": "press-9", "site": "eu", "version": "9", "capabilities": ["exec"] }),
        ),
        14 => result(json!(-1)),
        15 => result(json!(u64::MAX)),
        16 => result(json!("1")),
        17 => frame("COMMAND_RESULT", json!({ "command_id": "none", "status": "succeeded", "sequence": 1 })),
        18 => "{\"type\":\"HEARTBEAT\",\"payload\":{\"status\":\"\\ud800\"}}".into(),
        _ => String::new(),
    }
}

fn hostile(random: &mut Seeded, victim: &str) -> Hostile {
    match random.within(0..40) {
        0 => Hostile::Wrong(Message::Text(
            "x".repeat(usize::try_from(random.within(1 << 20..3 << 20)).unwrap()).into(),
        )),
        1..4 => Hostile::Wrong(Message::Binary(
            vec![0; usize::try_from(random.within(0..10_000)).unwrap()].into(),
        )),
        4..6 => Hostile::WrongBytes(in_fragments(&some_text(random))),
        6..8 => {
            Hostile::Noise(Message::Ping(vec![7; usize::try_from(random.within(0..125)).unwrap()].into()))
        }
        8 => Hostile::Noise(Message::Pong(vec![7; 125].into())),
        9 => Hostile::Ending(masked(0x81, &[0xff, 0xfe, 0xc0])),
        10 => Hostile::Ending(vec![0x81, 0x02, b'h', b'i']),
        11 => Hostile::Ending(masked(0x83, b"reserved opcode")),
        12 => Hostile::Ending(masked(0xf1, b"reserved bits")),
        13 => Hostile::Ending(masked(0x89, &[0; 126])),
        14 => Hostile::Ending(masked(0x80, b"no beginning")),
        15 => Hostile::Ending([&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4], &[0; 64][..]].concat()),
        16 => Hostile::Ending(masked(0x88, &[3, 232]).repeat(50)),
        17 => Hostile::Ending(masked(0x88, &[0])),
        18 => Hostile::Torn(masked(0x81, some_text(random).as_bytes())[..4].to_vec()),
        19 => Hostile::Torn(masked(0x01, b"{\"type\":\"HEARTBEAT\"")),
        _ => Hostile::Wrong(Message::Text(wrong_text(random, victim).into())),
    }
}

/// The next frame of the server; `None` at the end of the link.
async fn next(socket: &mut Socket) -> Option<Value> {
    loop {
        let message = timeout(Duration::from_secs(30), socket.next()).await;
        match message.expect("the server speaks or ends the link within 30 s") {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn write(socket: &mut Socket, bytes: &[u8]) {
    socket.flush().await.unwrap();
    // The server may have ended the link after the first of them.
    let _ = socket.get_mut().write_all(bytes).await;
}

/// Says one sequence of hostile things over an open link, then a pulse if the link still stands: each wrong message gets its
/// ERROR, and the pulse is taken as if nothing had been.
async fn attack(socket: &mut Socket, random: &mut Seeded, victim: &str, pulse: &str) {
    let mut wrong = 0;
    for _ in 0..random.within(1..8) {
        match hostile(random, victim) {
            Hostile::Wrong(message) => {
                socket.send(message).await.unwrap();
                wrong += 1;
            }
            Hostile::WrongBytes(bytes) => {
                write(socket, &bytes).await;
                wrong += 1;
            }
            Hostile::Noise(message) => socket.send(message).await.unwrap(),
            Hostile::Ending(bytes) => {
                write(socket, &bytes).await;
                while let Some(frame) = next(socket).await {
                    is_taken(&frame);
                }
                return;
            }
            Hostile::Torn(bytes) => return write(socket, &bytes).await,
        }
    }
    socket.send(Message::Text(pulse.into())).await.unwrap();
    let (mut errors, mut pulsed) = (0, false);
    while errors < wrong || !pulsed {
        let frame = next(socket).await.expect("the link stands");
        // Our own agents are told that a frame is taken, even when it was refused: they would keep it for ever.
        pulsed = is_taken(&frame);
        errors += u32::from(!pulsed);
    }
    assert_eq!(errors, wrong, "each wrong message gets one ERROR");
}

/// Whether the server took a frame; else it says with a code why not.
fn is_taken(frame: &Value) -> bool {
    assert!(
        frame["type"] == "ACK" || frame["type"] == "ERROR" && frame["payload"]["code"].is_string(),
        "{frame}"
    );
    frame["type"] == "ACK"
}

/// A link of a foreign agent.
async fn plain_link(foreign: &Foreign, random: &mut Seeded) -> (Socket, String) {
    let link = foreign.link(&["create_user"]).await;
    let sequence = random.within(1..1 << 40);
    let pulse = json!({ "type": "HEARTBEAT", "payload": { "status": "ONLINE", "sequence": sequence } });
    (link.socket, pulse.to_string())
}

/// What is known of the agents, but for when each was heard, which is kept in memory alone.
fn agents(fleet: &Fleet) -> Vec<Agent> {
    fleet.agents().map(|agent| Agent { last_seen_at: None, ..agent.clone() }).collect()
}

#[tokio::test]
async fn hostile_sequences_on_both_kinds_of_link_store_nothing_by_halves() {
    let server = TestServer::start().await;
    let mut random = Seeded::new("hostile_sequences_on_both_kinds_of_link_store_nothing_by_halves");
    let foreign = Foreign::of(&server, "press-7").await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let other = Foreign::of(&server, "press-8").await;
    let mut honest = other.link(&["create_user"]).await;
    let body = json!({ "verb": "create_user", "agent_targets": ["press-8"], "timeout_s": 3600 });
    let given =
        http().post(server.at("/api/v1/commands?wait=0")).bearer_auth(server.admin().await).json(&body);
    let victim: Value = given.send().await.unwrap().json().await.unwrap();
    let command = honest.next().await;
    let id = victim["id"].as_str().unwrap();
    for number in 0..SEQUENCES {
        if number % 2 == 0 {
            let (mut socket, pulse) = plain_link(&foreign, &mut random).await;
            attack(&mut socket, &mut random, id, &pulse).await;
        } else {
            let link = node.link().await;
            let pulse = serde_json::to_string(&node.heartbeat()).unwrap();
            let mut socket = link.into_socket();
            // The pulse that came with the link.
            assert_eq!(next(&mut socket).await.unwrap()["type"], "ACK");
            attack(&mut socket, &mut random, id, &pulse).await;
        }
    }
    until("every attacker is gone", || {
        let fleet = server.app.fleet.read();
        ["press-7", "web-1"].iter().all(|name| fleet.agent(name).unwrap().status.eq(&Unknown))
    })
    .await;
    let records = &server.app.records;
    let latest = server.app.telemetry.latest().await.unwrap();
    assert!(latest.is_empty(), "no measurement was whole: {latest:?}");
    let read = Fleet::load(
        records.agents().await.unwrap(),
        records.containers().await.unwrap(),
        records.images().await.unwrap(),
        latest,
    );
    assert_eq!(agents(&server.app.fleet.read()), agents(&read), "memory is what the store holds");
    assert_eq!((read.containers().count(), read.images().count()), (0, 0));
    let known = records.command(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(known.executions[0].status, CommandStatus::Started, "nobody answers for another");
    honest.answer(&command, 1, "ok", &json!(1)).await;
    server.stop().await;
}

/// A server as a process of its own, whose log is kept.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start(folder: &Path) -> (Self, Value) {
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(["server", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("server"))
            .env("WORPEN_CONFIG_DIR", folder.join("config"))
            .env("WORPEN_AGENT_MANAGEMENT_PORT", "0")
            .env("RUST_LOG", "trace")
            .env_remove("JWT_SECRET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        (Self(child), serde_json::from_str(&line).unwrap())
    }

    /// Memory that it holds, KiB.
    fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

async fn signed_in(url: &str, folder: &Path) -> String {
    let password = fs::read_to_string(folder.join("server/admin-password")).unwrap();
    let login = json!({ "username": "admin", "password": password.trim() });
    let answer = http().post(format!("{url}/api/v1/auth/login")).json(&login).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

/// Every byte that a server left on the disk.
fn everything(folder: &Path, found: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything(&path, found);
        } else {
            found.extend(fs::read(path).unwrap_or_default());
        }
    }
}

/// What a server may hold more after the attack than before, KiB: freed memory stays with the allocator.
const MAX_GROWTH: u64 = 128 * 1024;

#[tokio::test]
async fn a_server_under_attack_keeps_its_memory_its_wits_and_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Seeded::new("a_server_under_attack_keeps_its_memory_its_wits_and_its_secrets");
    let (process, ready) = Process::start(folder.path());
    let url = ready["server"].as_str().unwrap().to_owned();
    let admin = signed_in(&url, folder.path()).await;
    // Several of them: what one agent may send in a while is bounded.
    let mut presses = Vec::new();
    for number in 0..PRESSES {
        presses.push(Foreign::invited(&url, &admin, &format!("press-{number}")).await);
    }
    let silent = presses[0].connect().await;
    let before = process.resident();
    for number in 0..SEQUENCES {
        let foreign = &presses[number as usize % PRESSES];
        if number % 8 == 0 {
            // A storm of connections that close, or say something, before they said HELLO.
            for _ in 0..4 {
                let mut early = foreign.connect_by_query().await;
                match hostile(&mut random, "none") {
                    Hostile::Wrong(message) | Hostile::Noise(message) => drop(early.send(message).await),
                    Hostile::WrongBytes(bytes) | Hostile::Ending(bytes) | Hostile::Torn(bytes) => {
                        write(&mut early, &bytes).await;
                    }
                }
            }
            let mut stranger = foreign.clone();
            stranger.token = format!("wpa_{number}");
            assert_eq!(stranger.refused().await, "not_proven");
        }
        let (mut socket, pulse) = plain_link(foreign, &mut random).await;
        attack(&mut socket, &mut random, "019e1f52-0d14-7b8e-8c3a-5a2b9d6f4e21", &pulse).await;
    }
    let after = process.resident();
    eprintln!("resident memory: {before} KiB before, {after} KiB after");
    assert!(after < before + MAX_GROWTH, "{before} KiB before, {after} KiB after");
    let link = crate::foreign::ForeignLink { socket: silent, welcome: Value::Null };
    assert_eq!(link.idle().await, Some(json!("not_proven")), "whoever says nothing is not waited for");
    let health = http().get(format!("{url}/health")).send().await.unwrap();
    assert_eq!(health.status().as_u16(), 200);
    drop(process);
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("plain agent press-7 linked"), "the log is kept: {log}");
    assert!(!log.contains("panicked"), "{log}");
    let mut left = Vec::new();
    everything(folder.path(), &mut left);
    for foreign in &presses {
        let secret = foreign.token.trim_start_matches("wpa_").as_bytes();
        assert!(!left.windows(secret.len()).any(|window| window == secret), "a token is in a log or a file");
    }
    assert!(!left.windows(7).any(|window| window == b"?token="), "a query is in a log or a file");
}
