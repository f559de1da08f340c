//! Preconditions: an expression over a node's own facts that must hold right before a command starts there.
//!
//! It is a selector of agents, without the fields that only a server knows. The server reads it when the command is given,
//! the node when it starts.

use std::fmt::Write as _;

use super::{
    selector::{
        Fault, Selector, Selectors, Value,
        agent::{AgentRow, FIELDS},
    },
    window::Listed,
};

/// Fields that the server knows and the node does not.
const SERVERS_OWN: [&str; 5] = ["status", "status_age", "age", "last_seen_age", "address"];
/// The most characters of a value that are shown.
const SHOWN: usize = 120;

/// What must hold on a node.
#[derive(Debug)]
pub struct Precondition {
    text: String,
    selector: Selector<AgentRow>,
}

impl Precondition {
    /// Reads an expression.
    ///
    /// # Errors
    /// Says what is wrong, where, and what would be right.
    pub fn parse(selectors: &Selectors, text: &str) -> Result<Self, Fault> {
        let selector = selectors.compile(AgentRow::NOUN, text, FIELDS)?;
        if let Some(field) = selector.named().find(|field| SERVERS_OWN.contains(&field.name)) {
            return Err(Fault(format!(
                "a node does not know its own '{}', which only the server does; choose the targets by it instead",
                field.name
            )));
        }
        Ok(Self { text: text.trim().to_owned(), selector })
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// It does not, or cannot be evaluated: says what its fields are.
    pub fn judge(&self, node: &AgentRow) -> Result<(), String> {
        match self.selector.matches(node) {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(format!("the precondition {} does not hold here{}", self.text, self.found(node)))
            }
            Err(Fault(why)) => Err(format!(
                "the precondition {} cannot be evaluated here: {why}{}",
                self.text,
                self.found(node)
            )),
        }
    }

    /// What the fields that it names are.
    fn found(&self, node: &AgentRow) -> String {
        let mut found = String::new();
        for field in self.selector.named() {
            let mark = if found.is_empty() { ":" } else { "," };
            let written = match (field.read)(node) {
                Value::Missing => write!(found, "{mark} {} is not known", field.name),
                value => write!(found, "{mark} {} is {}", field.name, shown(&value)),
            };
            debug_assert!(written.is_ok(), "a text takes what is written to it");
        }
        found
    }
}

fn shown(value: &Value<'_>) -> String {
    let text = match value {
        Value::Missing => "()".into(),
        Value::Truth(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => format!("{number:.1}"),
        Value::Text(text) => format!("\"{text}\""),
        Value::List(items) => format!("[{}]", items.join(", ")),
        Value::Labels(labels) => {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", labels.join(", "))
        }
    };
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use jiff::Timestamp;

    use super::*;
    use crate::{
        id::AgentId,
        proto::{
            agent::{Agent, AgentStatus, HostFacts},
            container::ContainerState,
        },
    };

    fn node() -> AgentRow {
        AgentRow {
            agent: Arc::new(Agent {
                id: AgentId::generate(),
                agent_id: "web-1".into(),
                site: "eu".into(),
                status: AgentStatus::Online,
                status_since: Timestamp::UNIX_EPOCH,
                version: Some("0.1.0".into()),
                capabilities: vec!["exec".into()],
                site_verbs: vec![],
                labels: [("tier", "gold")].into_iter().collect(),
                host: HostFacts { os: Some("Debian GNU/Linux 12".into()), ..HostFacts::default() },
                container_engine: None,
                created_at: Timestamp::UNIX_EPOCH,
                last_seen_at: None,
                address: None,
            }),
            telemetry: None,
            containers: BTreeMap::from([(ContainerState::Running, 2)]),
            linked: true,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn judge(text: &str) -> Result<(), String> {
        Precondition::parse(&Selectors::new(), text).map_err(|fault| fault.0)?.judge(&node())
    }

    #[test]
    fn it_holds_by_what_the_node_knows_of_itself() {
        for text in
            ["site == \"eu\"", "running < 3 && labels.tier == \"gold\"", "linked", "os.contains(\"Debian\")"]
        {
            assert_eq!(judge(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_words_give_the_expression_and_what_its_fields_are() {
        assert_eq!(
            judge("running == 0 && site == \"eu\"").unwrap_err(),
            "the precondition running == 0 && site == \"eu\" does not hold here: running is 2, site is \"eu\""
        );
        assert!(judge("labels.tier == \"tin\"").unwrap_err().contains("labels is [tier=gold]"));
    }

    #[test]
    fn what_is_not_known_or_no_truth_does_not_hold() {
        assert!(judge("cpu < 50").unwrap_err().contains("cpu is not known"));
        assert!(judge("len(name)").unwrap_err().contains("cannot be evaluated"));
    }

    #[test]
    fn what_only_the_server_knows_is_refused_when_it_is_read() {
        for text in ["status == \"ONLINE\"", "age > 5", "!(last_seen_age > 5)", "address != \"10.0.0.1\""] {
            assert!(judge(text).unwrap_err().contains("only the server"), "{text}");
        }
        assert!(judge("cpus > 1").unwrap_err().contains("unknown name"));
    }
}
