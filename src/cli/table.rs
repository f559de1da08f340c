//! Tables: aligned columns without borders, cut to the terminal's width, never wrapped.

use comfy_table::{
    Attribute, Cell as Drawn, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row as Line, Table,
    Width, presets,
};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    columns::Columns,
    measure,
    printer::{Canvas, Tone, calm},
};

use crate::proto::labels::Labels;

/// Spaces between columns.
const GAP: u16 = 2;

/// A column that is cut keeps at least this width.
const TELLING: u16 = 12;

/// Something that a list shows a line of.
pub(crate) trait Row: Serialize {
    /// The columns, as many as [`cells`](Self::cells) gives.
    const COLUMNS: &'static [Column];

    /// Fields of the record that hold names and values of their own, each of which can be a column: `labels.tier`.
    const INSIDE: &'static [&'static str] = &[];

    /// Fields of the record that change all the time and are no news.
    const FLEETING: &'static [&'static str] = &[];

    /// What a command line takes to name it.
    fn name(&self) -> String;

    /// What tells it from every other of its list.
    fn key(&self) -> String {
        self.name()
    }

    /// The line.
    fn cells(&self, now: Timestamp) -> Vec<Cell>;
}

/// A column: its title, which way it leans, and whether only wide tables have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    right: bool,
    wide: bool,
}

impl Column {
    /// Words, aligned left.
    pub(crate) const fn words(title: &'static str) -> Self {
        Self { title, right: false, wide: false }
    }

    /// Numbers, aligned right.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, right: true, wide: false }
    }

    /// The same, in wide tables only.
    pub(crate) const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    pub(crate) const fn title(&self) -> &'static str {
        self.title
    }

    pub(crate) const fn is_number(&self) -> bool {
        self.right
    }

    pub(crate) const fn is_wide(&self) -> bool {
        self.wide
    }

    /// What `--columns` and the header of CSV call it.
    pub(crate) fn name(&self) -> String {
        name_of(self.title)
    }
}

/// A title as a script writes it: `EXIT CODE` is `exit_code`.
pub(crate) fn name_of(title: &str) -> String {
    title.to_lowercase().replace([' ', '/'], "_").replace("___", "_")
}

/// What stands in a column of a line: words for people, and the value itself for scripts.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
    /// The value where the words are not it.
    raw: Option<String>,
}

impl Cell {
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, raw: None }
    }

    /// Words that stand for a value.
    #[expect(clippy::needless_pass_by_value, reason = "values are made where this is called")]
    pub(crate) fn told(text: impl Into<String>, raw: impl ToString) -> Self {
        Self { text: text.into(), tone: Tone::Plain, raw: Some(raw.to_string()) }
    }

    /// The same words for another value.
    #[expect(clippy::needless_pass_by_value, reason = "values are made where this is called")]
    pub(crate) fn raw(self, raw: impl ToString) -> Self {
        Self { raw: Some(raw.to_string()), ..self }
    }

    /// Nothing: a dash for people, and empty for scripts.
    pub(crate) fn nothing() -> Self {
        Self::told(measure::dash(), "")
    }

    /// A value as it is, where there is one.
    pub(crate) fn of(value: Option<impl ToString>) -> Self {
        value.map_or_else(Self::nothing, |value| value.to_string().into())
    }

    /// How long ago something was.
    pub(crate) fn age(since: Option<Timestamp>, now: Timestamp) -> Self {
        since.map_or_else(Self::nothing, |since| Self::told(measure::age(since, now), since))
    }

    /// A moment.
    pub(crate) fn moment(time: Timestamp) -> Self {
        Self::told(measure::moment(time), time)
    }

    /// A size.
    pub(crate) fn bytes(count: Option<u64>) -> Self {
        count.map_or_else(Self::nothing, |count| Self::told(measure::bytes(count), count))
    }

    /// A share in percent.
    pub(crate) fn percent(share: Option<f32>) -> Self {
        share.map_or_else(Self::nothing, |share| Self::told(measure::percent(share), share))
    }

    /// The value for scripts.
    pub(crate) fn value(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.text)
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// Names and values as one cell.
pub(crate) fn labels(labels: &Labels) -> Cell {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    several(&pairs, ",")
}

/// Several words as one cell.
pub(crate) fn several(words: &[impl AsRef<str>], joint: &str) -> Cell {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    if words.is_empty() { Cell::nothing() } else { words.join(joint).into() }
}

/// A table that is being filled.
#[derive(Debug)]
pub(crate) struct Sheet {
    columns: Columns,
    lines: Vec<Vec<Cell>>,
}

impl Sheet {
    pub(crate) const fn new(columns: Columns) -> Self {
        Self { columns, lines: Vec::new() }
    }

    /// Adds the line of a record.
    pub(crate) fn add<T: Row>(&mut self, item: &T, now: Timestamp) {
        self.lines.push(self.columns.cells(item, now));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Draws it.
    pub(crate) fn draw(&self, canvas: Canvas) -> String {
        let mut table = bare(canvas);
        table.set_header(line(self.columns.titles().map(Drawn::new)));
        for cells in &self.lines {
            table.add_row(line(cells.iter().map(draw)));
        }
        for (column, right) in table.column_iter_mut().zip(self.columns.lean_right()) {
            if right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        finish(table, canvas)
    }
}

/// Draws what is known of one thing, a fact a line.
pub(crate) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, &'a Cell)>, canvas: Canvas) -> String {
    let mut table = bare(canvas);
    for (name, cell) in facts {
        table.add_row(line([Drawn::new(name), draw(cell)]));
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
