use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    core::output::Line,
    id::AgentId,
    sim::{
        log::Span,
        order::{Deed, Verb},
        random::Random,
    },
};

const NODE: &str = "sim-00000";

fn host() -> Host {
    Host::new(7, 10, &mut Random::of(7, NODE))
}

fn order() -> CommandOrder {
    let now = Timestamp::now();
    CommandOrder {
        agent: AgentId::generate(),
        execution: ExecutionId::generate(),
        command: CommandId::generate(),
        verb: "docker.logs".into(),
        args: json!({}),
        not_before: now,
        expires_at: now + SignedDuration::from_secs(60),
        timeout_s: 30,
        epoch: 1,
        sequence: 1,
        actor: "user:ada".into(),
        is_question: true,
        has_begun: false,
        precondition: None,
        output_bytes: 1024,
    }
}

/// The name of a container that runs.
fn running(host: &Host) -> String {
    let containers = host.inventory(NODE, Timestamp::now()).containers;
    containers.into_iter().find(|container| container.state.as_str() == "running").unwrap().name
}

fn bodies(frames: &[Vec<u8>]) -> Vec<Body> {
    frames.iter().map(|bytes| Frame::decode(bytes).unwrap().body).collect()
}

fn lines(bodies: &[Body]) -> Vec<Line> {
    let lines =
        bodies.iter().filter_map(|body| if let Body::Lines(lines) = body { Some(lines) } else { None });
    lines.flatten().cloned().collect()
}

struct Node {
    host: Host,
    tally: Tally,
    questions: Questions,
}

impl Node {
    fn new() -> Self {
        Self { host: host(), tally: Tally::default(), questions: Questions::default() }
    }

    fn ask(&mut self, order: &CommandOrder, about: About) -> Vec<Body> {
        let container = running(&self.host);
        let asked = Asked { host: &self.host, name: NODE, log_lines: 6.0, tally: &self.tally };
        bodies(&self.questions.take(order, &Question { container, about }, &asked))
    }

    /// Everything that is said until the answer is over or waits.
    fn rest(&mut self) -> Vec<Body> {
        let mut said = Vec::new();
        while self.questions.due().is_some_and(|due| due <= Instant::now()) {
            said.extend(bodies(&self.questions.go_on(&self.host, &self.tally)));
        }
        said
    }
}

#[test]
fn an_answer_goes_no_further_than_its_credit() {
    let (mut node, order) = (Node::new(), order());
    assert!(matches!(node.ask(&order, About::Log(Span::default()))[..], [Body::Begun(_)]));
    let mut told = node.rest();
    let cost: u32 =
        told.iter().map(|body| Frame { execution: order.execution, body: body.clone() }.cost()).sum();
    assert!(cost <= WINDOW_BYTES && cost > WINDOW_BYTES - 2 * PIECE_BYTES as u32, "{cost}");
    assert_eq!(node.questions.due(), None, "it waits for credit alone");
    node.questions.credit(Credit { execution_id: ExecutionId::generate(), bytes: WINDOW_BYTES });
    assert!(node.rest().is_empty(), "credit for another answer is none for this");
    node.questions.credit(Credit { execution_id: order.execution, bytes: WINDOW_BYTES });
    told.extend(node.rest());
    assert_eq!(told.pop(), Some(whole()));
    let lines = lines(&told);
    assert_eq!(lines.len(), crate::sim::log::MAX_LINES as usize);
    assert!(lines.windows(2).all(|pair| pair[0].time < pair[1].time), "each once, in their order");
    assert!(node.questions.open.is_empty());
}

#[test]
fn a_cancelled_answer_ends_without_a_word() {
    let (mut node, order) = (Node::new(), order());
    node.ask(&order, About::Log(Span { follow: true, ..Span::default() }));
    node.questions.cancel(CommandId::generate());
    assert!(node.questions.due().is_some(), "another command is another's");
    node.questions.cancel(order.command);
    assert!(node.rest().is_empty() && node.questions.due().is_none());
}

#[test]
fn a_followed_log_ends_with_its_container() {
    let (mut node, order) = (Node::new(), order());
    node.ask(&order, About::Log(Span { tail: Some(3), follow: true, ..Span::default() }));
    let told = node.rest();
    assert_eq!((told.len(), lines(&told).len()), (1, 3));
    let restart = Deed { verb: Verb::Restart, container: running(&node.host), force: false };
    node.host.act(NODE, &restart, Timestamp::now()).unwrap();
    node.questions.wake();
    assert_eq!(node.rest().pop(), Some(whole()), "the run that was followed is over");
}

#[test]
fn restarts_leave_what_was_written_in_the_log() {
    let mut node = Node::new();
    let until = Some(Timestamp::now() - SignedDuration::from_secs(60));
    let about = About::Log(Span {
        since: until.map(|at| at - SignedDuration::from_hours(1)),
        until,
        ..Span::default()
    });
    let mut reads = Vec::new();
    for _ in 0..3 {
        node.ask(&order(), about);
        reads.push(lines(&node.rest()));
        let restart = Deed { verb: Verb::Restart, container: running(&node.host), force: false };
        node.host.act(NODE, &restart, Timestamp::now()).unwrap();
    }
    assert!(reads[0].len() > 300, "an hour: {}", reads[0].len());
    assert!(reads.iter().all(|read| *read == reads[0]));
}

#[test]
fn documents_are_told_at_once_and_whole() {
    let mut node = Node::new();
    for (about, field) in [(About::Stats, "memory_used_bytes"), (About::Everything, "State")] {
        let told = node.ask(&order(), about);
        let [Body::Begun(_), Body::Document(document), Body::Ended(ended)] = &told[..] else {
            panic!("{told:?}")
        };
        let document: Value = serde_json::from_slice(document).unwrap();
        assert!(!document[field].is_null() && ended.outcome == Outcome::Whole, "{document}");
    }
    let asked = Asked { host: &node.host, name: NODE, log_lines: 6.0, tally: &node.tally };
    let nobody = Question { container: "nobody".into(), about: About::Stats };
    let told = bodies(&node.questions.take(&order(), &nobody, &asked));
    let [Body::Ended(ended)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(ended.outcome, Outcome::NotFound);
}
