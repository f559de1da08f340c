use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    core::{envelope::seal, signing::SigningKey},
    id::{CommandId, ExecutionId},
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
    }
}

/// Judges an order that was changed before it was signed, as at `now`, after order 2 of epoch 7.
fn judged(change: impl FnOnce(&mut CommandOrder)) -> Result<Work, Refusal> {
    let (agent, trusted) = (AgentId::generate(), [key(1).public()]);
    let mut order = order(agent);
    change(&mut order);
    let standing = Standing { agent, trusted: &trusted, epoch: 7, last: 2, now: now() };
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

#[test]
fn an_order_that_holds_is_obeyed() {
    let halt = Halt { container: "web".into(), timeout_s: Some(3) };
    assert_eq!(judged(|_| {}), Ok(Work::Act(Act::Stop(halt))));
    let removal = Removal { container: "web".into(), force: true };
    let forced = with_args("docker.rm", json!({"container": "web", "force": true}));
    assert_eq!(forced, Ok(Work::Act(Act::Remove(removal))));
    let target = Target { container: "web".into() };
    assert_eq!(with_args("docker.start", json!({"container": "web"})), Ok(Work::Act(Act::Start(target))));
    let image = Image { image: "127.0.0.1:5000/shop/web:1".into() };
    assert_eq!(with_args("docker.pull", json!({"image": image.image})), Ok(Work::Act(Act::Pull(image))));
}

#[test]
fn a_question_is_judged_like_any_order() {
    let excerpt =
        Excerpt { container: "web".into(), tail: Some(5), since: Some(now()), until: None, follow: true };
    let asked = json!({"container": "web", "tail": 5, "since": now(), "until": null, "follow": true});
    assert_eq!(with_args("docker.logs", asked), Ok(Work::Question(Question::Logs(excerpt))));
    let (inspect, target) = (json!({"container": "web"}), Target { container: "web".into() });
    assert_eq!(with_args("docker.inspect", inspect), Ok(Work::Question(Question::Inspect(target))));
    for (verb, args) in [
        ("docker.logs", json!({"container": "../images/x"})),
        ("docker.logs", json!({"container": "web", "tail": -1})),
        ("docker.stats", json!({"container": "web", "stream": true})),
        ("docker.pull", json!({"image": "a/../b"})),
        ("docker.pull", json!({"image": "a?tag=b"})),
        ("docker.prune", json!({"volumes": true})),
    ] {
        let refused = with_args(verb, args.clone());
        assert!(matches!(refused, Err(Refusal::BadArguments { .. })), "{verb} {args} gave {refused:?}");
    }
    let expired = judged(|order| {
        (order.verb, order.args) = ("docker.logs".into(), json!({"container": "web"}));
        order.expires_at = now();
    });
    assert_eq!(expired, Err(Refusal::Expired));
}

#[test]
fn a_forged_or_altered_order_is_never_read() {
    let (agent, trusted) = (AgentId::generate(), [key(1).public()]);
    let standing = Standing { agent, trusted: &trusted, epoch: 7, last: 2, now: now() };
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
    assert_eq!(with_args("exec", json!({})), Err(Refusal::UnknownVerb("exec".into())));
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
