//! Tables: aligned columns without borders, cut to the terminal's width, never wrapped.

use comfy_table::{
    Attribute, Cell as Drawn, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row as Line, Table,
    Width, presets,
};
use jiff::Timestamp;
use serde::Serialize;

use super::printer::{Canvas, Tone, calm};

/// Spaces between columns.
const GAP: u16 = 2;

/// A column that is cut keeps at least this width.
const TELLING: u16 = 12;

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
    finish(table, canvas)
}

/// Draws what is known of one thing, a fact a line.
pub(crate) fn facts<const N: usize>(facts: [(&str, Cell); N], canvas: Canvas) -> String {
    let mut table = bare(canvas);
    for (name, cell) in facts {
        table.add_row(line([Drawn::new(name), draw(&cell)]));
    }
    finish(table, canvas)
}

fn bare(canvas: Canvas) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_truncation_indicator("…");
    // A word is cut like any other text: no blank is a place to break a line at.
    table.set_content_arrangement(ContentArrangement::Disabled).set_delimiter('\0');
    if canvas.colour {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

/// Sets the gaps between columns, and where a terminal is too narrow for all, their widths.
fn finish(mut table: Table, canvas: Canvas) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    if let Some(width) = canvas.width {
        let contents = table.column_max_content_widths();
        let titles = table.header().map_or_else(
            || vec![0; contents.len()],
            |header| header.cell_iter().map(|title| title.content().len()).collect(),
        );
        table.set_constraints(fit(&contents, &titles, width).into_iter().map(|column| match column {
            Some(content) => ColumnConstraint::Absolute(Width::Fixed(content + GAP)),
            None => ColumnConstraint::Hidden,
        }));
    }
    table.trim_fmt()
}

/// Gives each column its width: the widest give way first, down to what still says something; then the last
/// columns go. The first two stay, whatever happens.
fn fit(contents: &[u16], titles: &[usize], width: u16) -> Vec<Option<u16>> {
    let mut widths = contents.to_vec();
    let floors: Vec<u16> = contents
        .iter()
        .zip(titles)
        .map(|(content, title)| (*content).min(TELLING).max(u16::try_from(*title).unwrap_or(TELLING)))
        .collect();
    while widths.iter().map(|width| width + GAP).sum::<u16>() > width.saturating_add(GAP) {
        let widest = (0..widths.len()).filter(|at| widths[*at] > floors[*at]).max_by_key(|at| widths[*at]);
        match widest {
            Some(at) => widths[at] -= 1,
            None if widths.len() > 2 => {
                widths.pop();
            }
            None => break,
        }
    }
    let hidden = contents.len() - widths.len();
    widths.into_iter().map(Some).chain(std::iter::repeat_n(None, hidden)).collect()
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
        Tone::Good => drawn.fg(Color::DarkGreen),
        Tone::Warning => drawn.fg(Color::DarkYellow),
        Tone::Bad => drawn.fg(Color::DarkRed),
        Tone::Dim => drawn.add_attribute(Attribute::Dim),
    }
}

#[cfg(test)]
mod tests;
