//! What a person and a script read: help, tables, JSON, names.

use serde_json::{Value, json};

use super::{
    records::{agent, agent_detail, command, container, event, page},
    stub::{Answer, Stub, problem},
    terminal::{Terminal, ended},
};

fn two_agents() -> Stub {
    Stub::always(200, page(&[agent("web-1", "ONLINE"), agent("db-with-a-longer-name", "OFFLINE")], None))
}

#[test]
fn help_is_short_and_has_examples() {
    let terminal = Terminal::bare();
    for arguments in [
        &["-h"] as &[&str],
        &["login", "-h"],
        &["agents", "-h"],
        &["agents", "ls", "-h"],
        &["agents", "invite", "-h"],
        &["containers", "stop", "-h"],
        &["containers", "logs", "-h"],
        &["images", "pull", "-h"],
        &["images", "ls", "-h"],
        &["commands", "ls", "-h"],
        &["commands", "watch", "-h"],
        &["agents", "telemetry", "-h"],
        &["events", "tail", "-h"],
        &["run", "-h"],
        &["exec", "-h"],
        &["attach", "-h"],
        &["commands", "-h"],
        &["schedules", "create", "-h"],
        &["agent", "-h"],
    ] {
        let ran = terminal.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        insta::assert_snapshot!(format!("help {}", arguments.join(" ").replace(" -h", "")), ran.out);
    }
}

#[test]
fn a_table_is_calm() {
    let agents = Terminal::of(&two_agents()).run(&["agents", "ls"]);
    insta::assert_snapshot!("agents ls", agents.out);

    let mut stale = container("db-1", "redis", "running");
    stale["stale_since"] = stale["finished_at"].clone();
    let list = [container("web-1", "nginx", "running"), container("web-1", "cron", "exited"), stale];
    let stub = Stub::always(200, page(&list, None));
    insta::assert_snapshot!("containers ls", Terminal::of(&stub).run(&["containers", "ls"]).out);

    insta::assert_snapshot!("containers ls wide", wide(&stub, &["containers", "ls", "-o", "wide"]));
    insta::assert_snapshot!("agents ls wide", wide(&two_agents(), &["agents", "ls", "-o", "wide"]));

    let stub = Stub::always(200, agent_detail("web-1"));
    insta::assert_snapshot!("agents get", Terminal::of(&stub).run(&["agents", "get", "web-1"]).out);
}

fn wide(stub: &Stub, arguments: &[&str]) -> String {
    Terminal::of(stub).run(arguments).out
}

#[test]
fn csv_has_every_column_with_the_values_themselves() {
    let stub = two_agents();
    let ran = Terminal::of(&stub).run(&["agents", "ls", "-o", "csv"]);
    let lines: Vec<&str> = ran.out.split_inclusive("\r\n").collect();
    assert_eq!(lines.len(), 3, "{}", ran.out);
    assert_eq!(
        lines[0],
        "name,site,status,since,seen,version,os,engine,address,hostname,kernel,arch,cpus,memory,up,joined,labels,id\r\n"
    );
    assert!(lines[1].starts_with("web-1,eu,ONLINE,20"), "{}", lines[1]);
    assert!(lines[1].contains(",8589934592,") && lines[1].contains("tier=web"), "{}", lines[1]);
    let some = ["agents", "ls", "-o", "csv", "--columns", "memory,labels.tier,name"];
    let some = Terminal::of(&stub).run(&some).out;
    assert_eq!(some.lines().nth(1), Some("8589934592,web,web-1"));
    assert_eq!(
        Terminal::of(&Stub::always(200, page(&[], None)))
            .run(&["images", "ls", "-o", "csv"])
            .out
            .lines()
            .count(),
        1
    );
}

#[test]
fn yaml_is_a_sequence_of_records() {
    let stub = two_agents();
    let out = Terminal::of(&stub).run(&["agents", "ls", "-o", "yaml"]).out;
    assert_eq!(out.lines().filter(|line| line.starts_with("- ")).count(), 2, "{out}");
    assert!(out.contains("agent_id: web-1") && out.contains("memory_total_bytes: 8589934592"), "{out}");
    assert_eq!(
        Terminal::of(&Stub::always(200, page(&[], None))).run(&["agents", "ls", "-o", "yaml"]).out,
        "[]\n"
    );
}

#[test]
fn jq_reads_the_list_as_one_array_and_ndjson_line_by_line() {
    let stub = two_agents();
    let terminal = Terminal::of(&stub);
    let names = terminal.run(&["agents", "ls", "--jq", ".[].agent_id"]);
    assert_eq!((names.code, names.out.as_str()), (0, "web-1\ndb-with-a-longer-name\n"));
    assert_eq!(terminal.run(&["agents", "ls", "-o", "json", "--jq", "length"]).out, "2\n");
    let lines = terminal.run(&["agents", "ls", "-o", "ndjson", "--jq", "{status}"]);
    assert_eq!(lines.out, "{\"status\":\"ONLINE\"}\n{\"status\":\"OFFLINE\"}\n");
    let unfit = terminal.run(&["agents", "ls", "--jq", ".agent_id"]);
    assert_eq!(unfit.code, 1, "{}", unfit.err);
    assert_eq!(terminal.run(&["agents", "ls", "-o", "csv", "--jq", "."]).code, 2);
}

#[test]
fn what_is_wrong_with_the_command_line_is_told_before_the_server_is_asked() {
    let stub = two_agents();
    let terminal = Terminal::of(&stub);
    for (name, arguments) in [
        ("jq", &["agents", "ls", "--jq", ".[] | nmae"] as &[&str]),
        ("columns", &["containers", "ls", "--columns", "name,imgae"]),
        ("watch csv", &["images", "ls", "--watch", "-o", "csv"]),
        ("commands where", &["commands", "ls", "--where", "stauts == \"failed\""]),
        ("commands early", &["commands", "ls", "--where", "age >"]),
    ] {
        let ran = terminal.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        insta::assert_snapshot!(format!("wrong {name}"), ran.err);
    }
    assert!(stub.seen().is_empty());
}

#[test]
fn no_more_is_read_than_is_shown() {
    let stub = two_agents();
    assert_eq!(Terminal::of(&stub).run(&["agents", "ls", "--limit", "1", "-o", "name"]).out, "web-1\n");
    assert_eq!(stub.seen()[0].query("limit"), Some("1"));
}

#[test]
fn commands_are_chosen_and_sorted_here() {
    let list = [command("succeeded", None), command("failed", Some("no such container"))];
    let stub = Stub::always(200, page(&list, None));
    let terminal = Terminal::of(&stub);
    let chosen = ["commands", "ls", "--where", "error != ()", "--jq", ".[].status"];
    assert_eq!(terminal.run(&chosen).out, "failed\n");
    let sorted = ["commands", "ls", "--sort", "status", "--jq", ".[].status"];
    assert_eq!(terminal.run(&sorted).out, "failed\nsucceeded\n");
}

#[test]
fn json_is_a_bare_array_over_all_pages() {
    let stub = Stub::new(|seen| match seen.query("cursor") {
        None => Answer::Json(200, page(&[agent("a", "ONLINE"), agent("b", "ONLINE")], Some("2 of&3"))),
        Some("2 of&3") => Answer::Json(200, page(&[agent("c", "ONLINE")], Some("3"))),
        Some("3") => Answer::Json(200, page(&[agent("d", "OFFLINE")], None)),
        Some(other) => problem(400, other),
    });
    let terminal = Terminal::of(&stub);
    let ran = terminal.run(&["agents", "ls", "-o", "json"]);
    let list: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let names: Vec<&str> = list.iter().map(|agent| agent["agent_id"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(terminal.run(&["agents", "ls", "-o", "name"]).out, "a\nb\nc\nd\n");
    assert_eq!(terminal.run(&["agents", "ls", "-o", "ndjson"]).out.lines().count(), 4);
}

#[test]
fn an_empty_list_is_an_empty_array_and_no_table() {
    let stub = Stub::always(200, page(&[], None));
    let terminal = Terminal::of(&stub);
    assert_eq!(terminal.run(&["agents", "ls", "-o", "json"]).out, "[]\n");
    let table = terminal.run(&["agents", "ls"]);
    assert_eq!((table.out.as_str(), table.err.as_str()), ("", "nothing to show\n"));
}

#[test]
fn filters_reach_the_server_in_its_own_words() {
    let stub = two_agents();
    let filters = ["--capability", "docker.rm", "--os", "debian", "--engine", "docker"];
    let chosen = ["--where", "site == \"eu\" && cpu > 80", "--sort", "-cpu,name"];
    let mut arguments = vec!["agents", "ls", "--status", "Offline", "--site", "a&b"];
    arguments.extend(filters.into_iter().chain(chosen));
    assert_eq!(Terminal::of(&stub).run(&arguments).code, 0);
    let seen = &stub.seen()[0];
    assert_eq!((seen.query("status"), seen.query("site")), (Some("OFFLINE"), Some("a&b")));
    assert_eq!((seen.query("capability"), seen.query("os")), (Some("docker.rm"), Some("debian")));
    assert_eq!((seen.query("engine"), seen.query("sort")), (Some("docker"), Some("-cpu,name")));
    assert_eq!(seen.query("where"), Some("site == \"eu\" && cpu > 80"));
    assert_eq!(seen.bearer.as_deref(), Some("Bearer wpk_never_to_be_seen"));
}

#[test]
fn every_state_that_a_flag_names_is_one_of_the_protocol() {
    let stub = Stub::always(200, page(&[], None));
    let terminal = Terminal::of(&stub);
    for (noun, flag, words) in [
        ("agents", "--status", "online degraded unknown offline maintenance quarantined revoked"),
        (
            "commands",
            "--status",
            "queued started succeeded failed timed_out cancelled expired refused unknown partial",
        ),
        ("containers", "--state", "created running paused restarting removing exited dead"),
    ] {
        for word in words.split(' ') {
            assert_eq!(terminal.run(&[noun, "ls", flag, word]).code, 0, "{flag} {word}");
        }
    }
}

#[test]
fn colours_come_only_when_they_are_forced_or_seen() {
    let stub = two_agents();
    let coloured = |variables: &[(&str, &str)]| {
        let terminal = Terminal::of(&stub);
        let mut command = terminal.command(&["agents", "ls"]);
        let child = command.envs(variables.iter().copied()).spawn().unwrap();
        ended(child).out.contains('\u{1b}')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn a_reader_that_goes_away_is_not_a_failure() {
    let many: Vec<Value> = (0..2_000).map(|number| agent(&format!("node-{number}"), "ONLINE")).collect();
    let stub = Stub::always(200, page(&many, None));
    let terminal = Terminal::of(&stub);
    let mut child = terminal.command(&["agents", "ls", "-o", "json"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = ended(child);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn an_invitation_is_the_only_thing_on_stdout() {
    let stub = Stub::always(
        201,
        json!({
            "id": "0198c0de-0000-7000-8000-00000000000b", "token": "wpi_once", "name": "web-1",
            "site": "eu", "expires_at": "2026-03-01T12:15:00Z", "port": 9090,
        }),
    );
    let ran = Terminal::of(&stub).run(&["agents", "invite", "web-1", "--expires-in", "15m"]);
    assert_eq!(ran.out, "wpi_once\n");
    assert_eq!(stub.seen()[0].body, json!({ "name": "web-1", "expires_in": 900 }));
    insta::assert_snapshot!("agents invite", ran.err.replace(&stub.url(), "http://SERVER"));
}

#[test]
fn a_plain_agents_token_is_the_only_thing_on_stdout() {
    let stub = Stub::always(
        201,
        json!({
            "id": null, "agent": "0198c0de-0000-7000-8000-00000000000b", "token": "wpa_once", "name": "press-7",
            "site": "floor", "expires_at": null, "usage": "show it",
        }),
    );
    let ran = Terminal::of(&stub).run(&["agents", "invite", "press-7", "--site", "floor", "--plain"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "wpa_once\n"));
    assert_eq!(stub.seen()[0].body, json!({ "name": "press-7", "site": "floor", "plain": true }));
    let told = ran
        .err
        .replace(&stub.url(), "http://SERVER")
        .replace(&stub.url().replace("http", "ws"), "ws://SERVER");
    insta::assert_snapshot!("agents invite plain", told);
    let both = Terminal::of(&stub).run(&["agents", "invite", "press-7", "--plain", "--expires-in", "15m"]);
    assert_eq!(both.code, 2, "its token does not expire");
}

#[test]
fn commands_are_listed_with_their_first_node() {
    let mut two = command("partial", None);
    let mut second = two["executions"][0].clone();
    second["node"] = json!("web-2");
    two["executions"].as_array_mut().unwrap().push(second);
    let stub = Stub::always(200, page(&[two, command("succeeded", None)], None));
    let terminal = Terminal::of(&stub);
    let ran = terminal.run(&[
        "commands",
        "ls",
        "--status",
        "timed_out",
        "--node",
        "web-1",
        "--verb",
        "docker.stop",
    ]);
    insta::assert_snapshot!("commands ls", ran.out);
    let seen = &stub.seen()[0];
    assert_eq!((seen.query("status"), seen.query("agent")), (Some("timed_out"), Some("web-1")));
    assert_eq!((seen.query("verb"), seen.query("limit")), (Some("docker.stop"), Some("100")));
    let names = terminal.run(&["commands", "ls", "-o", "name", "--limit", "1"]).out;
    assert_eq!(names.lines().count(), 1);
}

#[test]
fn events_are_one_line_each_and_name_their_cause() {
    let queued = json!({ "command": { "verb": "docker.stop", "status": "queued" } });
    let died = json!({ "container": { "name": "nginx", "state": "exited" }, "exit_code": 137 });
    let texts = [
        event(1, "command.queued", None, &queued),
        json!({ "class": "gap", "from": 2, "to": 4 }),
        event(5, "container.died", Some(1), &died),
        event(6, "command.ended", Some(1), &json!({ "verb": "docker.stop", "status": "succeeded" })),
    ]
    .map(|item| item.to_string());
    let stub = Stub::new(move |seen| match seen.query("from") {
        Some("0") => Answer::Texts(texts.to_vec()),
        _ => problem(403, "enough"),
    });
    let ran = Terminal::of(&stub).run(&["events", "tail", "--from", "0", "--types", "container.*"]);
    insta::assert_snapshot!("events tail", ran.out);
    assert!(ran.err.contains("events 2 to 4 are no longer kept"), "{}", ran.err);
    assert_eq!(ran.code, 4, "what no new attempt can mend ends it");
    assert_eq!(stub.seen()[0].query("types"), Some("container.*"));
}
