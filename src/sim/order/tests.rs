use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::{
    core::{envelope::seal, signing::SigningKey},
    id::{CommandId, ExecutionId},
};

fn order(agent: AgentId, now: Timestamp) -> CommandOrder {
    CommandOrder {
        agent,
        execution: ExecutionId::generate(),
        command: CommandId::generate(),
        verb: "docker.stop".into(),
        args: json!({ "container": "nginx-0", "timeout_s": 3 }),
        not_before: now - SignedDuration::from_secs(1),
        expires_at: now + SignedDuration::from_secs(60),
        timeout_s: 60,
        epoch: 4,
        sequence: 2,
        actor: "user:ada".into(),
        is_question: false,
        has_begun: false,
        precondition: None,
        output_bytes: 1024,
    }
}

#[test]
fn only_an_order_for_this_agent_link_place_and_time_is_obeyed() {
    let (server, stranger) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let (agent, now, trusted) = (AgentId::generate(), Timestamp::now(), [server.public()]);
    let judged = |key: &SigningKey, order: &CommandOrder| {
        let standing = Standing { agent, trusted: &trusted, epoch: 4, last: 1, now };
        check(&seal(key, COMMAND_TYPE, order), &standing).map(|(_, work)| work).map_err(|refused| refused.why)
    };
    let good = order(agent, now);
    let stop = Deed { verb: Verb::Stop, container: "nginx-0".into(), force: false };
    assert_eq!(judged(&server, &good), Ok(Work::Act(Act::Container(stop))));
    let ignored = |judged| matches!(judged, Err(Refusal::Ignored(_)));
    assert!(ignored(judged(&stranger, &good)));
    assert!(ignored(judged(&server, &order(AgentId::generate(), now))));
    assert!(ignored(judged(&server, &CommandOrder { epoch: 3, ..good.clone() })));
    assert!(ignored(judged(&server, &CommandOrder { sequence: 1, ..good.clone() })));
    assert_eq!(judged(&server, &CommandOrder { expires_at: now, ..good.clone() }), Err(Refusal::Expired));
    let refused = |judged| matches!(judged, Err(Refusal::Refused(_)));
    assert!(refused(judged(&server, &CommandOrder { verb: "docker.prune".into(), ..good.clone() })));
    assert!(refused(judged(
        &server,
        &CommandOrder { args: json!({ "container": "a", "shell": 1 }), ..good }
    )));
}

#[test]
fn a_program_runs_with_the_arguments_of_exec_and_no_others() {
    let program = |args| {
        read(&CommandOrder { verb: EXEC.into(), args, ..order(AgentId::generate(), Timestamp::now()) })
    };
    assert_eq!(program(json!({ "argv": ["uname", "-a"] })), Ok(Work::Act(Act::Program)));
    assert!(program(json!({ "argv": ["uname"], "shell": true })).is_err());
    assert!(program(json!({})).is_err());
}

#[test]
fn questions_are_read_with_their_arguments_and_no_others() {
    let now = Timestamp::now();
    let said = |verb: &str, args, is_question| {
        read(&CommandOrder { verb: verb.into(), args, is_question, ..order(AgentId::generate(), now) })
    };
    let asked = |verb: &str, args| said(verb, args, true);
    let question = |about| Ok(Work::Question(Question { container: "nginx-0".into(), about }));
    let span = Span { tail: Some(10), since: Some(now), until: None, follow: true };
    let args = json!({ "container": "nginx-0", "tail": 10, "since": now, "until": null, "follow": true });
    assert_eq!(asked("docker.logs", args), question(About::Log(span)));
    assert_eq!(asked("docker.stats", json!({ "container": "nginx-0" })), question(About::Stats));
    assert_eq!(asked("docker.inspect", json!({ "container": "nginx-0" })), question(About::Everything));
    assert!(asked("docker.stats", json!({ "container": "nginx-0", "tail": 1 })).is_err());
    for verb in VERBS.into_iter().filter(|verb| *verb != EXEC) {
        let args = || json!({ "container": "a" });
        let (asked, told) = (asked(verb, args()), said(verb, args(), false));
        assert!(asked.is_ok() != told.is_ok(), "{verb}: the order says whether it asks, not the verb");
    }
}
