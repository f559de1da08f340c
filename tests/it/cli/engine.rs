//! Plans, cancels, schedules and verbs, against a scripted server.

use http::Method;
use serde_json::{Value, json};

use super::{
    records::{COMMAND, command, page},
    run::{PLAN, answer, exited, given, over, run, three},
    stub::{Answer, Stub, problem},
};

#[test]
fn a_plan_says_who_would_be_hit_and_is_applied_by_its_id() {
    let stub = three();
    let ran = run(&stub, &["run", "--all", "--dry-run", "--", "uname", "-a"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(format!("{}{}", ran.out, ran.err), @r"
    uname -a
    would run on 3 nodes in 3 parts:
    NODE   STATUS  PART  CONTAINER  STATE
    web-1  online     1  -          -
    web-2  online     2  -          -
    web-3  online     3  -          -
    apply it until 2026-03-01T13:00:00Z with: worpen commands apply 0198c0de-0000-7000-8000-00000000000d
    ");
    assert_eq!(stub.seen().len(), 1, "nothing was given");
    assert_eq!(run(&stub, &["run", "--all", "--dry-run", "-o", "name", "--", "x"]).out, format!("{PLAN}\n"));
    let applied = run(&stub, &["commands", "apply", PLAN]);
    assert_eq!(applied.code, 6, "{}", applied.err);
    assert!(stub.seen().iter().any(|seen| seen.route() == ["plans", PLAN, "apply"]));
    let changed = Stub::new(|_| problem(409, "web-7 left since the plan was made"));
    assert_eq!(run(&changed, &["commands", "apply", PLAN]).code, 5);
}

#[test]
fn commands_are_stopped_and_given_again() {
    let stub = Stub::new(|seen| {
        let mut stopped = given(2);
        match seen.route().as_slice() {
            ["commands", _, "cancel"] => {
                stopped["status"] = json!("cancelled");
                stopped["executions"][0]["status"] = json!("cancelled");
                stopped["executions"][1]["status"] = json!("succeeded");
                Answer::Json(200, stopped)
            }
            ["commands", _, "retry"] => Answer::Json(202, stopped),
            _ => answer(seen, 2, &[exited(1, 0), exited(2, 0), over("succeeded")]),
        }
    });
    let ran = run(&stub, &["commands", "cancel", COMMAND, "--on", "web-1,web-2"]);
    assert_eq!((ran.code, ran.out), (0, format!("{COMMAND}: cancelled on 1 of 2\n")), "{}", ran.err);
    assert_eq!(stub.seen()[0].body, json!({ "agent_targets": ["web-1", "web-2"] }));
    let again = run(&stub, &["commands", "retry", COMMAND, "--on", "web-2"]);
    assert_eq!((again.code, again.err.as_str()), (0, "2 succeeded\n"));
    let late = Stub::always(200, command("succeeded", None));
    let ran = run(&late, &["commands", "cancel", COMMAND]);
    assert_eq!((ran.code, ran.out), (5, format!("{COMMAND}: it was over: succeeded\n")));
}

#[test]
fn schedules_are_made_of_the_same_options_and_rest_by_name() {
    let schedule = json!({
        "id": PLAN, "name": "reload", "cron": "30 4 * * *", "time_zone": "Europe/Berlin", "overlap": "skip",
        "command": { "verb": "exec", "args": { "argv": ["reload"] }, "all": true }, "actor": "user:admin",
        "created_at": "2026-03-01T12:00:00Z", "paused": false, "next_at": "2026-03-02T03:30:00Z", "last_at": null,
        "last_command": null, "last_error": null,
    });
    let stub = Stub::new(move |seen| match (&seen.method, seen.route().as_slice()) {
        (&Method::POST, ["schedules"]) => Answer::Json(201, schedule.clone()),
        (&Method::DELETE, _) => Answer::Json(200, json!({})),
        (&Method::GET, ["schedules"]) => Answer::Json(200, page(std::slice::from_ref(&schedule), None)),
        _ => Answer::Json(200, schedule.clone()),
    });
    let made = run(
        &stub,
        &[
            "schedules",
            "create",
            "reload",
            "--cron",
            "30 4 * * *",
            "--time-zone",
            "Europe/Berlin",
            "--all",
            "--timeout",
            "1m",
            "--",
            "reload",
        ],
    );
    assert_eq!(
        (made.code, made.out.as_str()),
        (0, "reload: made, next at 2026-03-02T03:30:00Z\n"),
        "{}",
        made.err
    );
    assert_eq!(
        stub.seen()[0].body,
        json!({
            "name": "reload", "cron": "30 4 * * *", "time_zone": "Europe/Berlin", "overlap": "skip",
            "command": { "verb": "exec", "args": { "argv": ["reload"] }, "all": true, "timeout_s": 60 },
        })
    );
    insta::assert_snapshot!(run(&stub, &["schedules", "ls"]).out, @r"
    NAME    CRON        TIME ZONE      STATUS  NEXT                  LAST  WHERE  COMMAND
    reload  30 4 * * *  Europe/Berlin  active  2026-03-02T03:30:00Z     -  all    reload
    ");
    let paused = run(&stub, &["schedules", "pause", "reload"]);
    assert_eq!(paused.out, "reload: paused, next at 2026-03-02T03:30:00Z\n");
    assert_eq!(run(&stub, &["schedules", "resume", "reload"]).code, 0);
    let bodies: Vec<Value> = stub.seen().into_iter().map(|seen| seen.body["paused"].clone()).collect();
    assert_eq!(bodies[2..], [json!(true), json!(false)]);
    assert_eq!(run(&stub, &["schedules", "rm", "reload"]).code, 2, "nobody is sure");
    assert_eq!(run(&stub, &["schedules", "rm", "reload", "--yes"]).out, "reload: removed\n");
}

#[test]
fn verbs_are_told_with_their_arguments() {
    let verb = json!({
        "name": "create_panel_user", "about": "makes a user of the panel", "effect": "acts", "timeout_s": 30,
        "is_built_in": false, "agents": ["panel-1", "panel-2"],
        "schema": {
            "type": "object", "required": ["name", "password"],
            "properties": {
                "name": { "type": "string", "description": "How the user signs in." },
                "password": { "type": "string", "writeOnly": true },
            },
        },
    });
    let stub = Stub::always(200, page(&[verb], None));
    insta::assert_snapshot!(run(&stub, &["verbs", "ls"]).out, @r"
    VERB               EFFECT  NODES  ABOUT
    create_panel_user  acts        2  makes a user of the panel
    ");
    insta::assert_snapshot!(run(&stub, &["verbs", "get", "create_panel_user"]).out, @r"
    Verb     create_panel_user
    About    makes a user of the panel
    Effect   acts
    From     site
    Timeout  30 s
    Nodes    panel-1, panel-2

    ARGUMENT  TYPE    NEEDED  SECRET  ABOUT
    name      string  yes     -       How the user signs in.
    password  string  yes     secret
    ");
    assert_eq!(run(&stub, &["verbs", "get", "no_such"]).code, 3);
    assert_eq!(run(&stub, &["verbs", "ls", "--node", "panel-3", "-o", "name"]).out, "");
}
