use serde_json::json;

use super::{super::tally::tests::status, *};
use crate::proto::output::OutputItem;

fn execution(item: &OutputItem) -> ExecutionId {
    let OutputItem::Status { execution, .. } = item else { panic!("no state") };
    *execution
}

struct Nodes(Folded, Tally);

impl Nodes {
    fn answer(&mut self, number: u8, attempt: u32, pieces: &[(Side, &str)], code: i64) {
        let stands = if code == 0 { CommandStatus::Succeeded } else { CommandStatus::Failed };
        let item = status(number, attempt, stands, json!({ "exit_code": code }));
        let node = format!("web-{number}");
        for (side, text) in pieces {
            self.0.printed(&node, execution(&item), *side, text.as_bytes());
        }
        self.1.take(&item);
        self.0.ended(&node, execution(&item));
    }

    fn told(self) -> Vec<(String, String)> {
        let told = |group: Group| {
            let text = group.pieces().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
            (group.heading(), text)
        };
        self.0.groups(&self.1).into_iter().map(told).collect()
    }
}

fn pairs(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(heading, text)| ((*heading).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn equal_answers_are_told_once_however_they_came_in_pieces() {
    let mut nodes = Nodes(Folded::default(), Tally::default());
    nodes.answer(1, 1, &[(Side::Out, "old\n")], 0);
    nodes.answer(2, 1, &[(Side::Out, "ne"), (Side::Out, "w\n")], 0);
    nodes.answer(3, 1, &[(Side::Out, "new\n")], 0);
    nodes.answer(4, 1, &[(Side::Err, "new\n")], 0);
    nodes.answer(5, 1, &[(Side::Out, "new\n")], 3);
    nodes.answer(6, 1, &[], 3);
    assert_eq!(
        nodes.told(),
        pairs(&[
            ("2 nodes: web-2 web-3", "new\n"),
            ("1 node: web-1", "old\n"),
            ("1 node: web-4", "new\n"),
            ("1 node: web-5 (exit code 3)", "new\n"),
            ("1 node: web-6 (exit code 3)", ""),
        ])
    );
}

#[test]
fn only_the_last_attempt_counts() {
    let mut nodes = Nodes(Folded::default(), Tally::default());
    nodes.answer(1, 1, &[(Side::Out, "no\n")], 1);
    nodes.answer(1, 2, &[(Side::Out, "yes\n")], 0);
    assert_eq!(nodes.told(), pairs(&[("1 node: web-1", "yes\n")]));
}

#[test]
fn an_answer_that_is_known_takes_no_more_room() {
    let mut nodes = Nodes(Folded::default(), Tally::default());
    for number in 1..=9 {
        nodes.answer(number, 1, &[(Side::Out, "the same\n")], 0);
    }
    assert_eq!(nodes.0.bytes, "the same\n".len());
}
