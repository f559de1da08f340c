//! [`Detail`]: one agent or one container, everything that is known of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    super::{
        effect::{Effect, Query},
        event::{Answer, HistoryOf},
    },
    history,
};
use crate::proto::{
    agent::{AgentDetail, AgentHealth},
    container::{Container, ContainerInspection, ContainerStats},
    event::Event as Happening,
    telemetry::{Metric, MetricHistory},
    window::{WindowAsk, WindowList, WindowTold, WindowView},
};

/// The times that graphs look back, and what they are called in calls.
pub(in crate::tui) const SPANS: [&str; 6] = ["15m", "1h", "6h", "24h", "7d", "30d"];
/// The metrics that an agent's graphs show.
pub(in crate::tui) const GRAPHS: [Metric; 4] =
    [Metric::CpuUsage, Metric::MemoryUsage, Metric::NetworkReceivedBytes, Metric::Load1];
/// What an agent's window shows, so that its figures are of now.
pub(in crate::tui) const LIVE: [&str; 8] =
    ["status", "cpu", "memory", "disk", "load1", "running", "containers", "status_age"];

/// As many measurements of a container are kept: two hours of looking at it.
const MOST_SAMPLES: usize = 3_600;
/// The time between two measurements of a container.
const PAUSE_S: u64 = 2;

/// One thing, looked at closely.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Detail {
    /// What paths take.
    pub(in crate::tui) name: String,
    pub(in crate::tui) subject: Subject,
    /// The line that is shown first, and how many there are.
    pub(in crate::tui) top: u16,
    /// How far back graphs look, by its place in [`SPANS`].
    pub(in crate::tui) span: usize,
    pub(in crate::tui) histories: BTreeMap<HistoryOf, Result<MetricHistory, String>>,
    /// Why nothing is known.
    pub(in crate::tui) failed: Option<String>,
    pub(in crate::tui) told_at: Option<Timestamp>,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub(in crate::tui) enum Subject {
    /// An agent.
    Agent {
        /// The number of the window that keeps its figures true.
        window: u32,
        ask: u64,
        /// The figures, as [`LIVE`] has them.
        live: Vec<serde_json::Value>,
        known: Option<Box<(AgentDetail, AgentHealth)>>,
    },
    /// A container.
    Container {
        known: Option<Box<Container>>,
        stats: Option<Result<Box<ContainerStats>, String>>,
        inspected: Option<Result<Box<ContainerInspection>, String>>,
        /// Whether what the engine knows is shown.
        inspect: bool,
        /// How often it was opened: only the latest goes on measuring.
        turn: u64,
        /// The CPU percentages that were measured while it was looked at.
        cpu: Vec<(Timestamp, f64)>,
        memory: Vec<(Timestamp, f64)>,
    },
}

impl Detail {
    /// An agent by its name.
    pub(in crate::tui) fn agent(name: String, window: u32) -> Self {
        Self::new(name, Subject::Agent { window, ask: 0, live: Vec::new(), known: None })
    }

    /// A container by `node/name`.
    pub(in crate::tui) fn container(name: String) -> Self {
        let (cpu, memory) = (Vec::new(), Vec::new());
        let subject = Subject::Container {
            known: None,
            stats: None,
            inspected: None,
            inspect: false,
            turn: 0,
            cpu,
            memory,
        };
        Self::new(name, subject)
    }

    fn new(name: String, subject: Subject) -> Self {
        Self { name, subject, top: 0, span: 1, histories: BTreeMap::new(), failed: None, told_at: None }
    }

    /// The window that keeps it true.
    pub(in crate::tui) fn window(&self) -> Option<u32> {
        match self.subject {
            Subject::Agent { window, .. } => Some(window),
            Subject::Container { .. } => None,
        }
    }

    /// Asks for everything.
    pub(in crate::tui) fn open(&mut self) -> Vec<Effect> {
        let name = self.name.clone();
        match &mut self.subject {
            Subject::Agent { window, ask, .. } => {
                *ask += 1;
                let view = WindowView {
                    window: *window,
                    ask: *ask,
                    list: WindowList::Agents,
                    selector: Some(format!("name == {}", serde_json::Value::from(name.as_str()))),
                    search: None,
                    sort: None,
                    columns: LIVE.iter().map(|field| (*field).to_owned()).collect(),
                    offset: 0,
                    limit: 1,
                    around: None,
                };
                let mut effects = vec![Effect::Ask(WindowAsk::Open(view)), Effect::Load(Query::Agent(name))];
                effects.extend(self.ask_histories());
                effects
            }
            Subject::Container { inspect, turn, .. } => {
                *turn += 1;
                let mut effects =
                    vec![Effect::Load(Query::Container(name.clone())), measure(&name, *turn, 0)];
                if *inspect {
                    effects.push(Effect::Load(Query::Inspect(name)));
                }
                effects
            }
        }
    }

    /// Looks farther back, or less far.
    pub(in crate::tui) fn look_back(&mut self, by: isize) -> Vec<Effect> {
        self.span = self.span.saturating_add_signed(by).min(SPANS.len() - 1);
        self.ask_histories()
    }

    fn ask_histories(&self) -> Vec<Effect> {
        if !matches!(self.subject, Subject::Agent { .. }) {
            return Vec::new();
        }
        GRAPHS.iter().map(|metric| Effect::Load(Query::History(self.history_of(*metric)))).collect()
    }

    /// The key of a graph.
    pub(in crate::tui) fn history_of(&self, metric: Metric) -> HistoryOf {
        let range = SPANS[self.span].to_owned();
        HistoryOf { node: Some(self.name.clone()), metric, range }
    }

    /// Whether what the engine knows is shown.
    pub(in crate::tui) fn is_inspected(&self) -> bool {
        matches!(self.subject, Subject::Container { inspect: true, .. })
    }

    /// Shows what the engine knows, or no longer.
    pub(in crate::tui) fn inspect(&mut self) -> Vec<Effect> {
        self.top = 0;
        match &mut self.subject {
            Subject::Container { inspect, .. } => {
                *inspect = !*inspect;
                if *inspect { vec![Effect::Load(Query::Inspect(self.name.clone()))] } else { Vec::new() }
            }
            Subject::Agent { .. } => Vec::new(),
        }
    }

    /// Takes the figures of now.
    pub(in crate::tui) fn take(&mut self, told: WindowTold, now: Timestamp) {
        let Subject::Agent { live, .. } = &mut self.subject else { return };
        match told {
            WindowTold::Rows { rows, .. } => match rows.into_iter().next() {
                Some(row) => (*live, self.told_at) = (row.cells, Some(now)),
                None => self.failed = Some(format!("there is no agent {}", self.name)),
            },
            WindowTold::Changed { cells, .. } => {
                for (_, column, value) in cells {
                    if let Some(cell) = live.get_mut(column as usize) {
                        *cell = value;
                    }
                }
                self.told_at = Some(now);
            }
            WindowTold::Refused { detail, .. } => self.failed = Some(detail),
            _ => {}
        }
        self.extend(now);
    }

    /// Puts the figures of now at the end of the graphs.
    fn extend(&mut self, now: Timestamp) {
        let Subject::Agent { live, .. } = &self.subject else { return };
        let figure = |field: &str| {
            let at = LIVE.iter().position(|known| *known == field)?;
            live.get(at)?.as_f64()
        };
        let now_at = [
            (Metric::CpuUsage, figure("cpu")),
            (Metric::MemoryUsage, figure("memory")),
            (Metric::Load1, figure("load1")),
        ];
        for (metric, value) in now_at {
            let of = self.history_of(metric);
            if let Some(Ok(history)) = self.histories.get_mut(&of) {
                history::extend(history, value, now);
            }
        }
    }

    /// Looks again when something happened to it.
    pub(in crate::tui) fn happened(&mut self, happening: &Happening) -> Vec<Effect> {
        let (node, container) =
            self.name.split_once('/').map_or((self.name.as_str(), None), |(n, c)| (n, Some(c)));
        if happening.subject.as_deref() != Some(node) {
            return Vec::new();
        }
        match (&self.subject, container) {
            (Subject::Agent { .. }, _) if happening.kind.as_str().starts_with("agent.") => {
                vec![Effect::Load(Query::Agent(self.name.clone()))]
            }
            (Subject::Container { .. }, Some(name)) => {
                let about = happening.data.get("container").and_then(|record| record.get("name"));
                let about = about.and_then(|about| about.as_str()).is_some_and(|about| about == name);
                if about { vec![Effect::Load(Query::Container(self.name.clone()))] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    /// Takes what was asked for.
    pub(in crate::tui) fn answered(&mut self, answer: Answer, now: Timestamp) -> Vec<Effect> {
        match (answer, &mut self.subject) {
            (Answer::Agent { name, found }, Subject::Agent { known, .. }) if name == self.name => match found
            {
                Ok(found) => (*known, self.failed) = (Some(found), None),
                Err(cause) => self.failed = Some(cause),
            },
            (Answer::Container { name, found }, Subject::Container { known, .. }) if name == self.name => {
                match found {
                    Ok(found) => (*known, self.failed, self.told_at) = (Some(found), None, Some(now)),
                    Err(cause) => self.failed = Some(cause),
                }
            }
            (
                Answer::Stats { name, turn, found },
                Subject::Container { stats, cpu, memory, turn: latest, .. },
            ) if name == self.name && turn == *latest => {
                if let Ok(measured) = &found {
                    keep(cpu, measured.cpu_percent.map(|percent| (now, percent)));
                    keep(memory, measured.memory_percent.map(|percent| (now, percent)));
                }
                // The node is asked anew a while after it answered, as long as somebody looks.
                let again = found.is_ok();
                *stats = Some(found);
                if again {
                    return vec![measure(&self.name, turn, PAUSE_S)];
                }
            }
            (Answer::Inspected { name, found }, Subject::Container { inspected, .. })
                if name == self.name =>
            {
                *inspected = Some(found);
            }
            (Answer::History { of, found }, _) if of.node.as_deref() == Some(&self.name) => {
                self.histories.insert(of, found.map(|history| *history));
            }
            _ => {}
        }
        Vec::new()
    }
}

/// Asks what a container uses.
fn measure(name: &str, turn: u64, pause_s: u64) -> Effect {
    Effect::Load(Query::Stats { name: name.to_owned(), turn, pause_s })
}

/// Keeps what was measured lately.
fn keep(samples: &mut Vec<(Timestamp, f64)>, sample: Option<(Timestamp, f64)>) {
    samples.extend(sample);
    if samples.len() > MOST_SAMPLES {
        samples.remove(0);
    }
}
