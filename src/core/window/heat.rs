//! [`Heat`]: the nodes as cells of a map, each as bad as the worst node behind it.

use super::{
    super::selector::{Kind, Selectors, Value, agent::AgentRow},
    Moment, View, Wrong,
};
use crate::proto::{agent::AgentStatus, window::WindowView};

/// What a map shows unless told.
const DEFAULT_COLUMN: &str = "cpu";

/// The nodes as a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heat {
    /// The nodes.
    pub total: u64,
    /// How many stand behind each cell.
    pub nodes_per_cell: u64,
    /// A character a cell.
    pub cells: String,
}

/// Understands a map: of a list's view the column, the expression and the search; its order is its own.
pub(super) fn view(view: &WindowView, selectors: &Selectors) -> Result<View<AgentRow>, Wrong> {
    let wrong = |field, detail: &str| Err(Wrong { field, detail: detail.to_owned() });
    if view.sort.is_some() {
        return wrong("sort", "a map stands by site and name; leave it away");
    }
    if view.limit == 0 {
        return wrong("limit", "expected at least one cell");
    }
    let columns = match view.columns.as_slice() {
        [] => vec![DEFAULT_COLUMN.to_owned()],
        [column] => vec![column.clone()],
        _ => return wrong("columns", "expected one, like cpu, memory or disk"),
    };
    let view = View::of(&WindowView { columns, ..view.clone() }, selectors)?;
    if view.columns().iter().any(|column| column.kind() != Kind::Number) {
        return wrong("columns", "expected a percentage: cpu, memory or disk");
    }
    Ok(view)
}

/// Looks at the nodes.
pub(super) fn look(view: &View<AgentRow>, moment: &Moment<'_>) -> Result<Heat, Wrong> {
    let mut rows = view.matching(moment, view.needs())?;
    // They stand by name already.
    rows.sort_by(|left, right| left.agent.site.cmp(&right.agent.site));
    let behind = rows.len().div_ceil(view.limit()).max(1);
    let column = view.columns().first();
    let mark = |row| column.map_or(Mark::Unmeasured, |column| mark(row, &column.read(row)));
    let cells = rows.chunks(behind).filter_map(|nodes| nodes.iter().map(mark).max()).map(Mark::letter);
    Ok(Heat { total: rows.len() as u64, nodes_per_cell: behind as u64, cells: cells.collect() })
}

/// How a node stands, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Maintenance,
    Unmeasured,
    Tenth(u8),
    Degraded,
    Unknown,
    Offline,
    Quarantined,
}

impl Mark {
    fn letter(self) -> char {
        match self {
            Self::Maintenance => 'M',
            Self::Unmeasured => '-',
            Self::Tenth(tenth) => char::from(b'0' + tenth),
            Self::Degraded => 'D',
            Self::Unknown => 'U',
            Self::Offline => 'X',
            Self::Quarantined => 'Q',
        }
    }
}

fn mark(row: &AgentRow, measured: &Value<'_>) -> Mark {
    match row.agent.status {
        AgentStatus::Online => tenth(measured),
        AgentStatus::Degraded => Mark::Degraded,
        AgentStatus::Unknown => Mark::Unknown,
        AgentStatus::Offline | AgentStatus::Revoked => Mark::Offline,
        AgentStatus::Maintenance => Mark::Maintenance,
        AgentStatus::Quarantined => Mark::Quarantined,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is kept from 0 to 9")]
fn tenth(measured: &Value<'_>) -> Mark {
    match measured {
        Value::Number(percent) if percent.is_finite() => {
            Mark::Tenth((percent / 10.0).floor().clamp(0.0, 9.0) as u8)
        }
        _ => Mark::Unmeasured,
    }
}
