//! [`Columns`]: which columns a list shows, and in which order.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    error::CliError,
    table::{Cell, Column, Row},
};

/// The columns that are shown.
#[derive(Clone, Debug)]
pub(crate) struct Columns(Vec<Pick>);

/// A column of the list, or a part of the record under a name of its own.
#[derive(Clone, Debug)]
enum Pick {
    Column { at: usize, column: Column },
    Inside { title: String, path: Vec<String> },
}

impl Columns {
    /// Those that were asked for by name; else all of a table, with `wide` also those that only wide ones have.
    ///
    /// # Errors
    /// Names the first that is not known, and those that are.
    pub(crate) fn of<T: Row>(asked: Option<&[String]>, wide: bool) -> Result<Self, CliError> {
        let all = T::COLUMNS.iter().enumerate().map(|(at, column)| (at, *column));
        let Some(asked) = asked else {
            let shown = all.filter(|(_, column)| wide || !column.is_wide());
            return Ok(Self(shown.map(|(at, column)| Pick::Column { at, column }).collect()));
        };
        let pick = |name: &String| {
            let known = T::COLUMNS.iter().position(|column| column.name() == name.to_lowercase());
            if let Some(at) = known {
                return Ok(Pick::Column { at, column: T::COLUMNS[at] });
            }
            let mut path = name.split('.').map(str::to_owned);
            match (path.next(), path.next()) {
                // What follows the first point may hold points itself, as the names of labels do.
                (Some(first), Some(_)) if T::INSIDE.contains(&first.as_str()) => Ok(Pick::Inside {
                    title: name.to_uppercase(),
                    path: name.splitn(2, '.').map(str::to_owned).collect(),
                }),
                _ => Err(unknown::<T>(name)),
            }
        };
        Ok(Self(asked.iter().map(pick).collect::<Result<_, _>>()?))
    }

    /// The titles, in their order.
    pub(crate) fn titles(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pick| match pick {
            Pick::Column { column, .. } => column.title(),
            Pick::Inside { title, .. } => title,
        })
    }

    /// What scripts call them.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|pick| match pick {
            Pick::Column { column, .. } => column.name(),
            Pick::Inside { path, .. } => path.join("."),
        })
    }

    /// Which of them hold numbers.
    pub(crate) fn lean_right(&self) -> impl Iterator<Item = bool> {
        self.0.iter().map(|pick| matches!(pick, Pick::Column { column, .. } if column.is_number()))
    }

    /// The line of a record.
    pub(crate) fn cells<T: Row>(&self, item: &T, now: Timestamp) -> Vec<Cell> {
        let mut cells: Vec<Option<Cell>> = item.cells(now).into_iter().map(Some).collect();
        let has_parts = self.0.iter().any(|pick| matches!(pick, Pick::Inside { .. }));
        let record = if has_parts { serde_json::to_value(item).unwrap_or_default() } else { Value::Null };
        self.0
            .iter()
            .map(|pick| match pick {
                // A column that is asked for twice is made again, which nobody does.
                Pick::Column { at, .. } => {
                    cells[*at].take().unwrap_or_else(|| item.cells(now).swap_remove(*at))
                }
                Pick::Inside { path, .. } => inside(&record, path),
            })
            .collect()
    }
}

/// A part of a record as a cell.
fn inside(record: &Value, path: &[String]) -> Cell {
    let found = path.iter().try_fold(record, |value, name| value.get(name));
    match found {
        None | Some(Value::Null) => Cell::nothing(),
        Some(Value::String(text)) => text.as_str().into(),
        Some(other) => other.to_string().into(),
    }
}

fn unknown<T: Row>(name: &str) -> CliError {
    let columns = T::COLUMNS.iter().map(Column::name);
    let inside = T::INSIDE.iter().map(|field| format!("{field}.NAME"));
    let known = columns.chain(inside).collect::<Vec<_>>().join(", ");
    CliError::usage(format!("there is no column '{name}'")).hint(format!("--columns takes: {known}"))
}

#[cfg(test)]
mod tests;
