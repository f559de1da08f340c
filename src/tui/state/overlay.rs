//! Overlays: what lies over a place and takes the keys until it is left.

use std::collections::BTreeSet;

use super::{
    super::{effect::Deed, figure::several},
    list::Filter,
    palette::Palette,
    prompt::Prompt,
};

/// What lies over the place.
#[derive(Clone, Debug)]
pub(in crate::tui) enum Overlay {
    /// Views and acts by their names.
    Palette(Palette),
    /// A filter that is typed; what it was before comes back with Esc.
    Filter {
        /// What is typed.
        prompt: Prompt,
        /// Whether it is an expression.
        expression: bool,
        /// What it was.
        before: Filter,
    },
    /// The keys of the place, from a line on.
    Help {
        /// The first line that is shown.
        top: u16,
    },
    /// Whether to do something.
    Confirm(Question),
    /// Which columns are shown.
    Columns {
        /// The field under the cursor.
        cursor: usize,
    },
    /// Where to write what is shown.
    Save(Prompt),
}

/// Whether to do something, and what it would touch.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::tui) struct Question {
    pub(in crate::tui) deed: Deed,
    pub(in crate::tui) targets: Vec<String>,
    /// The nodes that are touched.
    pub(in crate::tui) nodes: BTreeSet<String>,
    /// What must be typed; `y` is enough when only one node is touched.
    pub(in crate::tui) word: Option<String>,
    pub(in crate::tui) prompt: Prompt,
}

impl Question {
    /// The question before an act: one node is a matter of `y`, several ask for the name of the fleet.
    pub(in crate::tui) fn new(deed: Deed, targets: Vec<String>, context: &str) -> Self {
        let node = |target: &String| target.split('/').next().unwrap_or_default().to_owned();
        let nodes: BTreeSet<String> = targets.iter().map(node).collect();
        let targets = if deed == Deed::Prune { nodes.iter().cloned().collect() } else { targets };
        let word = (nodes.len() > 1).then(|| context.to_owned());
        Self { deed, targets, nodes, word, prompt: Prompt::default() }
    }

    /// What is asked: the deed and its blast radius.
    pub(in crate::tui) fn text(&self) -> String {
        let verb = self.deed.verb();
        match (self.targets.as_slice(), self.nodes.len()) {
            ([one], _) => format!("{verb} {one}?"),
            (many, 1) => {
                let node = self.nodes.first().map(String::as_str).unwrap_or_default();
                format!("{verb} {} on {node}?", several(many.len(), "target"))
            }
            (many, nodes) => {
                format!("{verb} {} on {}?", several(many.len(), "target"), several(nodes, "node"))
            }
        }
    }

    /// Whether what was typed says yes.
    pub(in crate::tui) fn is_answered(&self) -> bool {
        self.word.as_ref().is_some_and(|word| word == self.prompt.text())
    }
}
