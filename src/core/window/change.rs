//! [`Picture`]: what a window shows, and the difference between two of them.

use serde_json::Value;

use crate::proto::window::WindowRow;

/// What a window shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The rows of the list.
    pub total: u64,
    /// Those that the filters let through.
    pub matched: u64,
    /// How many of these stand before the first row.
    pub offset: u64,
    /// Where the row stands that was asked for.
    pub at: Option<u64>,
    /// The rows.
    pub rows: Vec<WindowRow>,
}

/// What became of a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// Nothing.
    Nothing,
    /// The same rows: the cells that changed (row, column, value), or the counts alone.
    Cells(Vec<(u32, u32, Value)>),
    /// Other rows, or in another order, or elsewhere in the list.
    Rows,
}

impl Picture {
    /// What is different since an older picture of the same view.
    #[must_use]
    pub fn since(&self, old: &Self) -> Difference {
        let same_place = (self.offset, self.at, self.rows.len()) == (old.offset, old.at, old.rows.len());
        let mut pairs = self.rows.iter().zip(&old.rows);
        if !same_place || !pairs.all(|(new, old)| new.id == old.id && new.name == old.name) {
            return Difference::Rows;
        }
        let mut cells = Vec::new();
        for (row, (new, old)) in (0..).zip(self.rows.iter().zip(&old.rows)) {
            for (column, (new, old)) in (0..).zip(new.cells.iter().zip(&old.cells)) {
                if new != old {
                    cells.push((row, column, new.clone()));
                }
            }
        }
        if cells.is_empty() && (self.total, self.matched) == (old.total, old.matched) {
            return Difference::Nothing;
        }
        Difference::Cells(cells)
    }
}
