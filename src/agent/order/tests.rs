use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    core::{envelope::seal, signing::SigningKey},
    id::{CommandId, ExecutionId},
    proto::verb::{ContainerArgs, DockerLogsArgs, DockerPullArgs, DockerRemoveArgs, DockerStopArgs, Effect},
};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn order(agent: AgentId) -> CommandOrder {
    CommandOrder {
        agent,
        execution: ExecutionId::generate(),
        command: CommandId::generate(),
        verb: "docker.stop".into(),
        args: json!({"container": "web", "timeout_s": 3}),
        not_before: now(),
        expires_at: now() + SignedDuration::from_secs(30),
        timeout_s: 30,
        epoch: 7,
        sequence: 3,
        actor: "user:ada".into(),
        is_question: false,
        has_begun: false,
        precondition: None,
        output_bytes: 1024,
    }
}

/// Judges an order that was changed before it was signed, as at `now`, after order 2 of epoch 7.
fn judged(change: impl FnOnce(&mut CommandOrder)) -> Result<Work, Refusal> {
    let (agent, trusted) = (AgentId::generate(), [key(1).public()]);
    let mut order = order(agent);
    change(&mut order);
    let verbs = Verbs::default();
    let standing = Standing { agent, trusted: &trusted, epoch: 7, last: 2, now: now(), verbs: &verbs };
    match check(&seal(&key(1), COMMAND_TYPE, &order), standing) {
        Ok((read, work)) => {
            assert_eq!(read, order);
            Ok(work)
        }
        Err(refused) => {
            let trusted = refused.why != Refusal::OtherAgent;
            assert_eq!(
                refused.order.is_some(),
                trusted,
                "only an order for this agent is answered by its id"
            );
            Err(refused.why)
        }
    }
}

fn with_args(verb: &str, args: Value) -> Result<Work, Refusal> {
    judged(|order| (order.verb, order.args) = (verb.into(), args))
}

fn asked(verb: &str, args: Value) -> Result<Work, Refusal> {
    judged(|order| (order.verb, order.args, order.is_question) = (verb.into(), args, true))
}

#[test]
fn an_order_that_holds_is_obeyed() {
    let halt = DockerStopArgs { container: "web".into(), timeout_s: Some(3) };
    assert_eq!(judged(|_| {}), Ok(Work::Act(Act::Stop(halt))));
    let removal = DockerRemoveArgs { container: "web".into(), force: true };
    let forced = with_args("docker.rm", json!({"container": "web", "force": true}));
    assert_eq!(forced, Ok(Work::Act(Act::Remove(removal))));
    let target = ContainerArgs { container: "web".into() };
    assert_eq!(with_args("docker.start", json!({"container": "web"})), Ok(Work::Act(Act::Start(target))));
    let image = DockerPullArgs { image: "127.0.0.1:5000/shop/web:1".into() };
    assert_eq!(with_args("docker.pull", json!({"image": image.image})), Ok(Work::Act(Act::Pull(image))));
}

#[test]
fn a_question_is_judged_like_any_order() {
    let excerpt = DockerLogsArgs {
        container: "web".into(),
        tail: Some(5),
        since: Some(now()),
        until: None,
        follow: true,
    };
    let args = json!({"container": "web", "tail": 5, "since": now(), "until": null, "follow": true});
    assert_eq!(asked("docker.logs", args.clone()), Ok(Work::Question(Question::Logs(excerpt.clone()))));
    assert_eq!(
        with_args("docker.logs", args),
        Ok(Work::Act(Act::Logs(excerpt))),
        "the order says which it is"
    );
    let (inspect, target) = (json!({"container": "web"}), ContainerArgs { container: "web".into() });
    assert_eq!(asked("docker.inspect", inspect), Ok(Work::Question(Question::Inspect(target))));
    for (verb, args) in [
        ("docker.logs", json!({"container": "../images/x"})),
        ("docker.logs", json!({"container": "web", "tail": -1})),
        ("docker.stats", json!({"container": "web", "stream": true})),
    ] {
        let refused = asked(verb, args.clone());
        assert!(matches!(refused, Err(Refusal::BadArguments { .. })), "{verb} {args} gave {refused:?}");
    }
    for (verb, args) in [("docker.stop", json!({"container": "web"})), ("exec", json!({"argv": ["id"]}))] {
        assert_eq!(
            asked(verb, args),
            Err(Refusal::NotAQuestion(verb.into())),
            "only what looks can be asked"
        );
    }
    let expired = judged(|order| {
        (order.verb, order.args) = ("docker.logs".into(), json!({"container": "web"}));
        order.is_question = true;
        order.expires_at = now();
    });
    assert_eq!(expired, Err(Refusal::Expired));
}

#[test]
fn a_forged_or_altered_order_is_never_read() {
    let (agent, trusted) = (AgentId::generate(), [key(1).public()]);
    let verbs = Verbs::default();
    let standing = Standing { agent, trusted: &trusted, epoch: 7, last: 2, now: now(), verbs: &verbs };
    let forged = check(&seal(&key(2), COMMAND_TYPE, &order(agent)), standing).unwrap_err();
    assert_eq!((forged.order, forged.why), (None, Refusal::NotOpened(Unopened::NotTrusted)));
    let mut altered = seal(&key(1), COMMAND_TYPE, &order(agent));
    altered.payload.replace_range(0..4, "eyIg");
    let refused = check(&altered, standing).unwrap_err();
    assert_eq!((refused.order, refused.why), (None, Refusal::NotOpened(Unopened::NotTrusted)));
    let other_purpose = check(&seal(&key(1), "application/json", &order(agent)), standing).unwrap_err();
    assert_eq!(other_purpose.why, Refusal::NotOpened(Unopened::WrongType));
}

#[test]
fn an_order_for_another_agent_link_or_time_is_refused() {
    assert_eq!(judged(|order| order.agent = AgentId::generate()), Err(Refusal::OtherAgent));
    assert_eq!(judged(|order| order.epoch = 6), Err(Refusal::OtherEpoch(6)));
    assert_eq!(judged(|order| order.sequence = 2), Err(Refusal::Replayed(2)));
    assert_eq!(judged(|order| order.not_before = now() + SignedDuration::from_secs(1)), Err(Refusal::NotYet));
    assert_eq!(judged(|order| order.expires_at = now()), Err(Refusal::Expired));
}

#[test]
fn an_unknown_verb_or_argument_is_refused() {
    assert_eq!(with_args("shell.exec", json!({})), Err(Refusal::UnknownVerb("shell.exec".into())));
    for args in [
        json!({}),
        json!({"container": "web", "force": true}),
        json!({"container": "web", "timeout_s": -1}),
        json!({"container": "../images/x"}),
        json!({"container": "web?force=1"}),
        json!({"container": ""}),
        json!(["web"]),
    ] {
        let refused = with_args("docker.stop", args.clone());
        assert!(matches!(refused, Err(Refusal::BadArguments { .. })), "{args} gave {refused:?}");
    }
}

#[test]
fn arguments_that_no_program_or_container_can_have_are_refused() {
    let exec = |args: Value| with_args("exec", args);
    let Ok(Work::Act(act)) = exec(json!({"argv": ["env"], "secret_env": {"KEY": "hunter22"}})) else {
        panic!("a program with a secret is an act");
    };
    assert_eq!((act.effect(), act.secrets(), act.subject()), (Effect::Acts, vec!["hunter22"], "env"));
    let run = |more: Value| {
        let mut args = json!({"image": "web:1"});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with_args("docker.run", args)
    };
    let full = json!({"ports": ["127.0.0.1:8080:80", "53:53/udp"], "volumes": ["/srv:/data:ro", "db:/var/lib/db"],
        "restart": "on-failure", "network": "front", "name": "web"});
    assert!(matches!(run(full), Ok(Work::Act(Act::Run(_)))));
    for refused in [
        exec(json!({})),
        exec(json!({"argv": []})),
        exec(json!({"argv": [""]})),
        exec(json!({"argv": ["a\0b"]})),
        exec(json!({"argv": ["id"], "shell": true})),
        exec(json!({"argv": ["id"], "env": {"A=B": "c"}})),
        exec(json!({"argv": ["id"], "folder": "tmp"})),
        exec(json!({"argv": ["id"], "stdin": "a", "stdin_base64": "YQ=="})),
        exec(json!({"argv": ["id"], "stdin_base64": "%"})),
        with_args("docker.exec", json!({"container": "../x", "argv": ["id"]})),
        with_args("docker.pull", json!({"image": "a/../b"})),
        with_args("docker.pull", json!({"image": "a?tag=b"})),
        with_args("docker.prune", json!({"volumes": true})),
        run(json!({"ports": ["80"]})),
        run(json!({"ports": ["0:80"]})),
        run(json!({"ports": ["80:80/icmp"]})),
        run(json!({"ports": ["web:80:80"]})),
        run(json!({"volumes": ["/data"]})),
        run(json!({"volumes": ["../x:/data"]})),
        run(json!({"volumes": ["/srv:data"]})),
        run(json!({"volumes": ["/srv:/data:rx"]})),
        run(json!({"restart": "sometimes"})),
        run(json!({"attach": true, "restart": "always"})),
        run(json!({"remove": true, "restart": "always"})),
        run(json!({"name": "a/b"})),
        run(json!({"image": "a b"})),
    ] {
        assert!(matches!(refused, Err(Refusal::BadArguments { .. })), "{refused:?}");
    }
}
