//! Tables: aligned columns without borders, cut to the terminal's width, never wrapped.

use comfy_table::{
    Attribute, Cell as Drawn, CellAlignment, Color, ContentArrangement, Row as Line, Table, presets,
};
use jiff::Timestamp;
use serde::Serialize;

use super::printer::{Canvas, Tone, calm};

/// Something that a list shows a line of.
pub(crate) trait Row: Serialize {
    /// The columns, as many as [`cells`](Self::cells) gives.
    const COLUMNS: &'static [Column];

    /// What a command line takes to name it.
    fn name(&self) -> String;

    /// The line.
    fn cells(&self, now: Timestamp) -> Vec<Cell>;
}

/// A column's title and which way it leans.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    /// Words, aligned left.
    Words(&'static str),
    /// Numbers, aligned right.
    Number(&'static str),
}

/// What stands in a column of a line.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// Draws a list.
pub(crate) fn list<T: Row>(items: &[T], now: Timestamp, canvas: Canvas) -> String {
    let titles = T::COLUMNS.iter().map(|column| match *column {
        Column::Words(title) | Column::Number(title) => Drawn::new(title),
    });
    let mut table = bare(canvas);
    table.set_header(line(titles));
    for item in items {
        table.add_row(line(item.cells(now).iter().map(draw)));
    }
    for (column, kind) in table.column_iter_mut().zip(T::COLUMNS) {
        if let Column::Number(_) = kind {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    finish(table)
}

/// Draws what is known of one thing, a fact a line.
pub(crate) fn facts<const N: usize>(facts: [(&str, Cell); N], canvas: Canvas) -> String {
    let mut table = bare(canvas);
    for (name, cell) in facts {
        table.add_row(line([Drawn::new(name), draw(&cell)]));
    }
    finish(table)
}

fn bare(canvas: Canvas) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_truncation_indicator("…");
    match canvas.width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if canvas.colour {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

/// Two spaces between columns, none before the first.
fn finish(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn line(cells: impl IntoIterator<Item = Drawn>) -> Line {
    let mut line = Line::from(cells);
    line.max_height(1);
    line
}

fn draw(cell: &Cell) -> Drawn {
    let drawn = Drawn::new(calm(&cell.text).replace('\n', " "));
    match cell.tone {
        Tone::Plain => drawn,
        Tone::Good => drawn.fg(Color::Green),
        Tone::Warning => drawn.fg(Color::Yellow),
        Tone::Bad => drawn.fg(Color::Red),
        Tone::Dim => drawn.add_attribute(Attribute::Dim),
    }
}

#[cfg(test)]
mod tests;
