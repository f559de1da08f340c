//! Orders that were altered, meant for another node or another link, too late, or said before: all are refused, and the
//! server writes down that they were.

use std::{fs, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use worpen::{
    core::envelope::seal,
    id::{AgentId, ExecutionId},
    proto::{
        command::CommandStatus,
        envelope::{COMMAND_TYPE, CommandOrder, Envelope},
        link::{AgentFrame, CommandResult, LinkError, LinkErrorCode, Sequenced},
    },
};

use super::times;
use crate::{
    agent::fleet::{Fleet, Link},
    harness::{TestServer, http},
    node::TestNode,
    support::Seeded,
};

/// How many bad frames are sent before their answers are read.
const AT_ONCE: usize = 32;

/// An act that leaves a line.
fn act(note: &Path) -> Value {
    json!({ "argv": ["/bin/sh", "-c", format!("echo run >> {}", note.display())] })
}

fn runs(note: &Path) -> usize {
    fs::read_to_string(note).map_or(0, |text| text.lines().count())
}

/// Reads so many refusals.
async fn all_refused(link: &mut Link, many: usize) {
    for _ in 0..many {
        assert_eq!(link.error().await.code, LinkErrorCode::Refused);
    }
}

/// The envelope with each of its bytes flipped.
fn flipped(envelope: &Envelope) -> Vec<Envelope> {
    let mut all = Vec::new();
    let mut each = |field: fn(&mut Envelope) -> &mut String| {
        let many = field(&mut envelope.clone()).len();
        for place in 0..many {
            let mut other = envelope.clone();
            let text = field(&mut other);
            let mut bytes = std::mem::take(text).into_bytes();
            bytes[place] ^= 1;
            *text = String::from_utf8(bytes).unwrap();
            all.push(other);
        }
    };
    each(|envelope| &mut envelope.payload);
    each(|envelope| &mut envelope.payload_type);
    each(|envelope| &mut envelope.signatures[0].sig);
    each(|envelope| &mut envelope.signatures[0].keyid);
    all
}

/// Makes an order another.
type Alter = fn(&mut CommandOrder, Timestamp);

#[tokio::test]
async fn an_order_that_is_not_exactly_what_was_signed_for_this_node_and_link_now_is_refused() {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let note = fleet.folder.path().join("runs");
    let order = link.order("exec", act(&note));
    let bad = flipped(&seal(&fleet.key, COMMAND_TYPE, &order));
    for some in bad.chunks(AT_ONCE) {
        for envelope in some {
            link.send_envelope(envelope.clone()).await;
        }
        all_refused(&mut link, some.len()).await;
    }
    let now = Timestamp::now();
    let changes: [(&str, Alter); 4] = [
        ("another node's", |order, _| order.agent = AgentId::generate()),
        ("of a stale epoch", |order, _| order.epoch -= 1),
        ("expired", |order, now| order.expires_at = now - SignedDuration::from_secs(1)),
        ("not valid yet", |order, now| order.not_before = now + SignedDuration::from_hours(1)),
    ];
    for (what, change) in changes {
        let mut other = link.order("exec", act(&note));
        change(&mut other, now);
        link.send_order(&fleet.key, &other).await;
        assert_eq!(link.error().await.code, LinkErrorCode::Refused, "{what}");
    }
    assert_eq!(runs(&note), 0);
    let good = link.order("exec", act(&note));
    link.send_order(&fleet.key, &good).await;
    assert_eq!(link.end(good.execution).await.0.status, CommandStatus::Succeeded);
    assert_eq!(runs(&note), 1, "what was signed runs, once");
    eprintln!("refused: {} envelopes with a byte flipped, and 4 of another node, link or time", bad.len());
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn orders_that_are_said_again_on_any_link_run_once() {
    let wanted = times("WORPEN_REPLAYS", 2000);
    let mut random = Seeded::new("orders_that_are_said_again_on_any_link_run_once");
    let mut fleet = Fleet::start().await;
    let note = fleet.folder.path().join("runs");
    let (mut said, mut replayed, links): (Vec<Envelope>, usize, usize) = (Vec::new(), 0, 8);
    for _ in 0..links {
        let agent = fleet.agent().await;
        let mut link = fleet.link(u64::from(u32::MAX)).await;
        for _ in 0..4 {
            let order = link.order("exec", act(&note));
            let envelope = seal(&fleet.key, COMMAND_TYPE, &order);
            link.send_envelope(envelope.clone()).await;
            assert_eq!(link.end(order.execution).await.0.status, CommandStatus::Succeeded);
            said.push(envelope);
        }
        let ran = runs(&note);
        for _ in 0..wanted.div_ceil(links * AT_ONCE) {
            for _ in 0..AT_ONCE {
                let which = usize::try_from(random.within(0..said.len() as u64)).unwrap();
                link.send_envelope(said[which].clone()).await;
            }
            all_refused(&mut link, AT_ONCE).await;
            replayed += AT_ONCE;
        }
        assert_eq!(runs(&note), ran, "nothing ran again");
        agent.stop().await.unwrap();
    }
    assert_eq!(runs(&note), said.len(), "each ran once");
    eprintln!(
        "refused: {replayed} frames said again over {links} links and processes, of {} orders",
        said.len()
    );
}

/// A result that says so of an execution.
fn result(order: &CommandOrder, status: CommandStatus) -> CommandResult {
    CommandResult {
        command_id: order.command,
        execution_id: Some(order.execution),
        status,
        result: None,
        error_message: Some("the policy of this node forbids it".into()),
        time: None,
        started_at: None,
        not_begun: true,
        output: None,
    }
}

/// The actions of the audit log that begin so, with their details.
async fn audited(server: &TestServer, action: &str) -> Vec<Value> {
    let entries = server.app.records.audit(0, 10_000).await.unwrap();
    let meant = entries.into_iter().filter(|chained| chained.entry.action == action);
    meant.map(|chained| chained.entry.detail).collect()
}

#[tokio::test]
async fn what_a_node_refuses_is_in_the_audit_log() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let mut link = node.link().await;
    let body = json!({ "verb": "exec", "args": { "argv": ["true"] }, "agent_targets": ["web-1"] });
    let given = http()
        .post(server.at("/api/v1/commands?wait=0"))
        .bearer_auth(server.admin().await)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(given.status().is_success());
    let order = link.order().await;
    let refused = Sequenced { sequence: Some(1), body: result(&order, CommandStatus::Refused) };
    for _ in 0..3 {
        link.say(&AgentFrame::CommandResult(refused.clone())).await;
    }
    link.acknowledged(1).await;
    let strange =
        result(&CommandOrder { execution: ExecutionId::generate(), ..order.clone() }, CommandStatus::Refused);
    link.say(&AgentFrame::CommandResult(Sequenced { sequence: Some(2), body: strange })).await;
    link.acknowledged(2).await;
    let entries = audited(&server, "command.refused").await;
    assert_eq!(entries.len(), 1, "once, however often it is said");
    assert_eq!(entries[0]["execution"], json!(order.execution));

    let error =
        LinkError { code: LinkErrorCode::Refused, detail: "the order's sequence 1 was taken already".into() };
    for _ in 0..100 {
        link.say(&AgentFrame::Error(error.clone())).await;
    }
    let done = Sequenced { sequence: Some(3), body: result(&order, CommandStatus::Refused) };
    link.say(&AgentFrame::CommandResult(done)).await;
    link.acknowledged(3).await;
    let counts: Vec<_> =
        audited(&server, "order.refused").await.iter().map(|it| it["count"].clone()).collect();
    assert_eq!(
        counts[..7],
        [1, 2, 4, 8, 16, 32, 64].map(Value::from),
        "many are counted, not each written down"
    );
}
