//! Lists and commands that are watched: read again because of an event, and only then.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::{
    records::{COMMAND, agent, command, event, page},
    stub::{Answer, Seen, Stub, problem},
    terminal::Terminal,
};

/// A stream that begins with one event and breaks; once everything was read that there is to read, it refuses.
fn stream(over: bool, happened: &Value) -> Answer {
    if over {
        return problem(403, "enough");
    }
    let position = json!({ "class": "position", "sequence": 0 });
    Answer::Texts(vec![position.to_string(), happened.to_string()])
}

/// Two nodes, of which one goes offline and another comes while the first goes.
fn changing() -> Stub {
    let reads = Arc::new(AtomicUsize::new(0));
    Stub::new(move |seen: &Seen| match seen.route().as_slice() {
        ["agents"] => {
            let mut nodes = match reads.fetch_add(1, Ordering::SeqCst) {
                0 => vec![agent("web-1", "ONLINE"), agent("db-1", "ONLINE")],
                _ => vec![agent("web-1", "OFFLINE"), agent("new-1", "ONLINE")],
            };
            for (at, node) in nodes.iter_mut().enumerate() {
                let name = node["agent_id"].as_str().unwrap().len();
                node["id"] = json!(format!("0198c0de-0000-7000-8000-0000000000{at}{name}"));
                node["status_since"] = json!("2026-03-01T12:00:00Z");
                node["created_at"] = json!("2026-03-01T12:00:00Z");
            }
            Answer::Json(200, page(&nodes, None))
        }
        _ => stream(reads.load(Ordering::SeqCst) > 1, &event(1, "agent.offline", None, &json!({}))),
    })
}

#[test]
fn a_watched_list_prints_the_lines_that_changed() {
    let stub = changing();
    let arguments = ["agents", "ls", "--watch", "-o", "ndjson", "--jq", "[.agent_id, .status, .gone]"];
    let ran = Terminal::of(&stub).run(&arguments);
    assert_eq!(ran.code, 4, "what no new attempt can mend ends it: {}", ran.err);
    assert_eq!(
        ran.out,
        "[\"web-1\",\"ONLINE\",null]\n[\"db-1\",\"ONLINE\",null]\n\
         [\"web-1\",\"OFFLINE\",null]\n[\"new-1\",\"ONLINE\",null]\n[\"db-1\",\"ONLINE\",true]\n"
    );
    let lists = stub.seen().into_iter().filter(|seen| seen.route() == ["agents"]).count();
    assert_eq!(lists, 2, "it is read once, and once for the event");
}

#[test]
fn off_a_terminal_a_watched_table_follows_the_one_before() {
    let ran = Terminal::of(&changing()).run(&["agents", "ls", "--watch", "--columns", "name,status"]);
    assert_eq!(
        ran.out,
        "NAME   STATUS\nweb-1  online\ndb-1   online\n\nNAME   STATUS\nweb-1  offline\nnew-1  online\n"
    );
}

#[test]
fn a_watched_command_ends_as_it_does() {
    for (status, error, code) in [("succeeded", None, 0), ("failed", Some("busy"), 1), ("refused", None, 9)] {
        let reads = Arc::new(AtomicUsize::new(0));
        let stub = Stub::new(move |seen: &Seen| match seen.route().as_slice() {
            ["commands", _] => match reads.fetch_add(1, Ordering::SeqCst) {
                0 => Answer::Json(200, command("started", None)),
                _ => Answer::Json(200, command(status, error)),
            },
            _ => stream(false, &event(1, "command.ended", None, &json!({ "command": { "id": COMMAND } }))),
        });
        let ran = Terminal::of(&stub).run(&["commands", "watch", COMMAND]);
        assert_eq!(ran.code, code, "{status}: {}{}", ran.out, ran.err);
        let lines: Vec<&str> = ran.out.lines().collect();
        assert_eq!(lines[0], "web-1: docker.stop goes on");
        assert_eq!(lines.len(), 2, "{}", ran.out);
    }
}
