//! A sparkline: how a figure went, in one row.

use super::Columns;
use crate::proto::telemetry::MetricHistory;

/// Eighths of a cell, and what stands for them in ASCII; both tell the least from nothing.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// A history in so many columns, from nothing to the most; blank where nothing was measured.
pub(in crate::tui) fn spark(history: &MetricHistory, most: f64, width: u16, ascii: bool) -> String {
    let points = history.series.first().map_or(&[][..], |series| series.points.as_slice());
    let span = (history.from.as_second(), history.to.as_second());
    let step_s = i64::try_from(history.step_s).unwrap_or(1);
    let glyphs = if ascii { ASCII } else { EIGHTHS };
    let glyph = |value: Option<f64>| {
        value.map_or(' ', |value| glyphs[((value / most).clamp(0.0, 1.0) * 7.0).round() as usize])
    };
    Columns::new(points, span, step_s, usize::from(width)).values.into_iter().map(glyph).collect()
}

#[cfg(test)]
mod tests;
