//! How failures end, and what is said about them.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use super::{
    records::{COMMAND, agent, command, page},
    stub::{Answer, Stub, problem},
    terminal::{TOKEN, Terminal},
};

#[test]
fn each_problem_has_its_exit_code() {
    for (status, code) in [
        (400, 2),
        (401, 4),
        (403, 4),
        (404, 3),
        (409, 5),
        (412, 5),
        (422, 5),
        (429, 1),
        (500, 1),
        (503, 8),
        (504, 7),
        (507, 1),
    ] {
        let stub = Stub::new(move |_| problem(status, "words of the server"));
        let ran = Terminal::of(&stub).run(&["agents", "get", "web-1"]);
        assert_eq!(ran.code, code, "for {status}: {}", ran.err);
        assert!(ran.err.contains("words of the server") && ran.out.is_empty(), "for {status}: {}", ran.err);
    }
}

#[test]
fn an_answer_of_something_in_between_has_its_exit_code_too() {
    let stub = Stub::new(|_| Answer::Html(502));
    assert_eq!(Terminal::of(&stub).run(&["agents", "ls"]).code, 8);
    let stub = Stub::new(|_| Answer::Html(200));
    let ran = Terminal::of(&stub).run(&["agents", "ls"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!("not the api", ran.err.replace(&stub.url(), "http://SERVER"));
}

#[test]
fn a_server_that_is_not_there_is_8() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = format!("http://{closed}");
    for verb in [&["agents", "ls"] as &[&str], &["events", "tail"]] {
        let ran = Terminal::bare().run(&[verb, &["--server", &server]].concat());
        assert_eq!(ran.code, 8, "{verb:?}");
        insta::assert_snapshot!(
            format!("unreachable {}", verb.join(" ")),
            ran.err.replace(&server, "http://SERVER")
        );
    }
}

#[test]
fn an_error_says_what_why_where_and_what_to_do() {
    let stub = Stub::new(|_| {
        let Answer::Json(status, mut body) = problem(400, "the request is not valid") else { unreachable!() };
        body["errors"] = serde_json::json!([{ "pointer": "/name", "detail": "expected 1 to 63 of a-z" }]);
        Answer::Json(status, body)
    });
    let ran = Terminal::of(&stub).run(&["agents", "invite", "WEB", "-v"]);
    insta::assert_snapshot!("fields", ran.err.replace(&stub.url(), "http://SERVER"));

    let stub = Stub::new(|_| problem(401, "the key has expired"));
    insta::assert_snapshot!("signed out", Terminal::of(&stub).run(&["agents", "ls"]).err);
}

#[test]
fn a_wrong_command_line_is_2() {
    let terminal = Terminal::bare();
    for arguments in [
        &[] as &[&str],
        &["agnets"],
        &["agents", "ls", "--status", "asleep"],
        &["containers", "stop"],
        &["containers", "stop", "a", "--wait", "soon"],
        &["commands", "watch", "soon"],
        &["agents", "telemetry", "web-1", "--metric", "cpuu"],
        &["agents", "ls"],
        &["agents", "ls", "--server", "localhost:8080"],
        &["agents", "ls", "--server", "http://user:password@localhost"],
        &["agents", "ls", "--context", "nowhere"],
        &["containers", "get", "..", "--server", "http://127.0.0.1:9"],
    ] {
        let ran = terminal.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.out.is_empty() && !ran.err.is_empty() && !ran.err.contains("password@"), "{arguments:?}");
    }
}

#[test]
fn what_destroys_needs_yes_off_a_terminal() {
    let stub = Stub::always(200, command("succeeded", None));
    let terminal = Terminal::of(&stub);
    for arguments in [&["containers", "rm", "nginx"], &["agents", "rm", "web-1"]] {
        let ran = terminal.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains("--yes"), "{}", ran.err);
    }
    assert!(stub.seen().is_empty(), "the server was asked");
    assert_eq!(terminal.run(&["containers", "rm", "nginx", "--yes", "--force"]).code, 0);
    assert_eq!(stub.seen()[0].query("force"), Some("true"));
}

/// A link that breaks before the answer, as a restarting server breaks it.
fn breaks_once(answer: &serde_json::Value) -> (String, thread::JoinHandle<Vec<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let body = answer.to_string();
    let thread = thread::spawn(move || {
        (0..2)
            .map(|attempt| {
                let (mut link, _) = listener.accept().unwrap();
                let lines = BufReader::new(&link).lines().map(Result::unwrap);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                if attempt == 1 {
                    write!(
                        link,
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                    .unwrap();
                }
                head
            })
            .collect()
    });
    (server, thread)
}

#[test]
fn a_link_that_breaks_before_the_answer_is_tried_again_under_the_same_key() {
    let (server, thread) = breaks_once(&command("succeeded", None));
    let ran = Terminal::bare().run(&["containers", "stop", "nginx", "--server", &server]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let heads = thread.join().unwrap();
    let key = |head: &[String]| head.iter().find(|line| line.starts_with("idempotency-key: ")).cloned();
    assert!(key(&heads[0]).is_some());
    assert_eq!(key(&heads[0]), key(&heads[1]));

    let (server, thread) = breaks_once(&page(&[agent("web-1", "ONLINE")], None));
    assert_eq!(Terminal::bare().run(&["agents", "ls", "--server", &server]).code, 0);
    assert!(thread.join().unwrap().iter().all(|head| key(head).is_none()), "a GET needs no key");
}

#[test]
fn no_failure_shows_the_token() {
    let stub = Stub::new(|_| Answer::Html(200));
    let terminal = Terminal::of(&stub);
    for arguments in [
        &["agents", "ls", "-v"] as &[&str],
        &["events", "tail", "-v"],
        &["commands", "get", COMMAND, "-v"],
        &["--help"],
    ] {
        let ran = terminal.run(arguments);
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{arguments:?}");
    }
}
