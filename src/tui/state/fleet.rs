//! [`Fleet`]: the fleet in a few numbers, how they went, and the map of its nodes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    super::{
        effect::{Effect, Query},
        event::HistoryOf,
    },
    history,
};
use crate::proto::{
    dashboard::DashboardStats,
    telemetry::{Metric, MetricHistory},
    window::{WindowAsk, WindowList, WindowTold, WindowView},
};

/// What the sparklines show, and the map is coloured by.
pub(in crate::tui) const METRICS: [(Metric, &str); 3] =
    [(Metric::CpuUsage, "cpu"), (Metric::MemoryUsage, "memory"), (Metric::DiskUsage, "disk")];
/// How far back sparklines look.
const RANGE: &str = "1h";

/// The fleet as a whole.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Fleet {
    pub(in crate::tui) summary: Option<Summary>,
    pub(in crate::tui) heat: Option<Heat>,
    /// The metric that colours the map, by its place in [`METRICS`].
    pub(in crate::tui) metric: usize,
    /// How metrics of the whole fleet went.
    pub(in crate::tui) histories: BTreeMap<Metric, Result<MetricHistory, String>>,
    /// The cell of the map under the cursor.
    pub(in crate::tui) cursor: u64,
    ask: u64,
}

/// The fleet in a few numbers.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Summary {
    pub(in crate::tui) stats: DashboardStats,
    pub(in crate::tui) containers: BTreeMap<String, u64>,
    pub(in crate::tui) images: u64,
    pub(in crate::tui) open_commands: u64,
    pub(in crate::tui) told_at: Timestamp,
}

/// The nodes as cells.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Heat {
    pub(in crate::tui) total: u64,
    pub(in crate::tui) nodes_per_cell: u64,
    pub(in crate::tui) cells: String,
}

impl Fleet {
    /// Whether the numbers or the map have not come yet.
    pub(in crate::tui) fn is_empty(&self) -> bool {
        self.summary.is_none() || self.heat.is_none()
    }

    /// Asks for the numbers.
    pub(in crate::tui) fn look(&mut self, window: u32) -> Effect {
        self.ask += 1;
        Effect::Ask(WindowAsk::Open(WindowView {
            window,
            ask: self.ask,
            list: WindowList::Summary,
            selector: None,
            search: None,
            sort: None,
            columns: Vec::new(),
            offset: 0,
            limit: 1,
            around: None,
        }))
    }

    /// Asks for the map, in as many cells as there is room for.
    pub(in crate::tui) fn look_at_heat(&mut self, window: u32, size: (u16, u16)) -> Option<Effect> {
        let (columns, rows) = super::super::view::fleet::map_size(size);
        let cells = u32::from(columns) * u32::from(rows);
        if cells == 0 {
            return None;
        }
        self.ask += 1;
        Some(Effect::Ask(WindowAsk::Open(WindowView {
            window,
            ask: self.ask,
            list: WindowList::Heat,
            selector: None,
            search: None,
            sort: None,
            columns: vec![METRICS[self.metric].1.to_owned()],
            offset: 0,
            limit: cells.min(crate::proto::window::MAX_WINDOW_ROWS),
            around: None,
        })))
    }

    /// Asks how the metrics went.
    pub(in crate::tui) fn histories(&self) -> Vec<Effect> {
        let ask = |(metric, _): &(Metric, &str)| {
            let of = HistoryOf { node: None, metric: *metric, range: RANGE.to_owned() };
            Effect::Load(Query::History(of))
        };
        METRICS.iter().take(2).map(ask).collect()
    }

    /// Takes how a metric went.
    pub(in crate::tui) fn went(&mut self, of: &HistoryOf, found: Result<Box<MetricHistory>, String>) {
        self.histories.insert(of.metric, found.map(|history| *history));
    }

    /// Takes what the server says.
    pub(in crate::tui) fn take(&mut self, told: WindowTold, now: Timestamp) {
        match told {
            WindowTold::Summary { stats, containers, images, open_commands, .. } => {
                self.extend(Metric::CpuUsage, stats.load.cpu_percent.average, now);
                self.extend(Metric::MemoryUsage, stats.load.memory_percent.average, now);
                self.summary =
                    Some(Summary { stats: *stats, containers, images, open_commands, told_at: now });
            }
            WindowTold::Heat { total, nodes_per_cell, cells, .. } => {
                self.cursor = self.cursor.min((cells.len() as u64).saturating_sub(1));
                self.heat = Some(Heat { total, nodes_per_cell, cells });
            }
            _ => {}
        }
    }

    /// Puts the present at the end of how a metric went.
    fn extend(&mut self, metric: Metric, value: Option<f64>, now: Timestamp) {
        if let Some(Ok(history)) = self.histories.get_mut(&metric) {
            history::extend(history, value, now);
        }
    }

    /// Moves the cursor over the map by cells.
    pub(in crate::tui) fn step(&mut self, by: i64) {
        let last = self.heat.as_ref().map_or(0, |heat| (heat.cells.len() as u64).saturating_sub(1));
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
    }

    /// Colours the map by the next metric.
    pub(in crate::tui) fn next_metric(&mut self) {
        self.metric = (self.metric + 1) % METRICS.len();
    }

    /// The agents before the cell under the cursor.
    pub(in crate::tui) fn agents_before(&self) -> u64 {
        self.cursor * self.heat.as_ref().map_or(1, |heat| heat.nodes_per_cell)
    }
}
