//! Which columns a list shows, and in which order.

use super::{State, column::Column, list_name};
use crate::tui::{effect::Effect, theme::Tone};

impl State {
    /// The columns that are shown, in their order, then those that could be: name, what it tells, whether it is shown.
    pub(in crate::tui) fn column_choices(&self) -> Vec<(String, String, bool)> {
        let Some(list) = self.list() else { return Vec::new() };
        let fields = self.fields.get(list_name(list.kind)).map_or(&[][..], Vec::as_slice);
        let about = |name: &str| {
            fields
                .iter()
                .find(|field| field.name == name)
                .map_or_else(String::new, |field| field.about.clone())
        };
        let shown = list.columns.iter().map(|column| (column.field.clone(), about(&column.field), true));
        let hidden =
            fields.iter().filter(|field| list.columns.iter().all(|column| column.field != field.name));
        shown.chain(hidden.map(|field| (field.name.clone(), field.about.clone(), false))).collect()
    }

    /// Shows a column, or no longer.
    pub(super) fn toggle_column(&mut self, choices: &[(String, String, bool)], at: usize) -> Vec<Effect> {
        let Some((name, _, shown)) = choices.get(at) else { return Vec::new() };
        let Some(kind) = self.list().map(|list| list.kind) else { return Vec::new() };
        let known = self
            .fields
            .get(list_name(kind))
            .and_then(|fields| fields.iter().find(|field| field.name == *name));
        let column = Column::new(kind, name, known);
        let Some(list) = self.list_mut() else { return Vec::new() };
        if *shown && list.columns.len() == 1 {
            self.say(Tone::Warning, "one column stays");
            return Vec::new();
        }
        if *shown {
            list.columns.retain(|column| column.field != *name);
        } else {
            list.columns.push(column);
        }
        // The rows that are here have the cells of before.
        list.rows.clear();
        vec![list.look(true)]
    }

    /// Moves a column to the left or to the right, and the cursor with it.
    pub(super) fn move_column(
        &mut self,
        choices: &[(String, String, bool)],
        cursor: &mut usize,
        by: isize,
    ) -> Vec<Effect> {
        let shown = choices.iter().filter(|(_, _, shown)| *shown).count();
        let to = cursor.saturating_add_signed(by);
        let Some(list) = self.list_mut() else { return Vec::new() };
        if *cursor >= shown || to >= shown || to == *cursor {
            return Vec::new();
        }
        list.columns.swap(*cursor, to);
        list.rows.clear();
        *cursor = to;
        vec![list.look(true)]
    }
}
