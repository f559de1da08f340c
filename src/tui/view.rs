//! Views: they draw the state, and change nothing.

pub(super) mod agent;
mod command;
pub(super) mod container;
mod facts;
mod feed;
pub(super) mod fleet;
pub(super) mod head;
pub(super) mod help;
mod list;
mod logs;
mod overlay;
mod pen;
#[cfg(test)]
pub(super) mod tests;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use self::pen::Canvas;
use super::state::{State, place::Place};

/// The least size that everything can be told in.
const LEAST: (u16, u16) = (20, 5);

/// Draws everything; says where the cursor is, when it is to be seen.
pub(super) fn draw(state: &State, buffer: &mut Buffer) -> Option<Position> {
    let area = buffer.area;
    let mut canvas = Canvas { buffer, theme: state.theme };
    if area.width < LEAST.0 || area.height < LEAST.1 {
        // Too small for anything but a sign of life.
        canvas.text(area, &state.context, super::theme::Tone::Accent);
        return None;
    }
    let banner = u16::from(state.banner().is_some());
    head::draw(state, &mut canvas, Rect { height: 1, ..area });
    if let Some((tone, text)) = state.banner() {
        let line = Rect { y: 1, height: 1, ..area };
        canvas.fill(line, tone);
        canvas.text(line.inset(1), &text, tone);
    }
    let body = Rect { y: 1 + banner, height: area.height - 2 - banner, ..area };
    match state.visits.place() {
        Place::Fleet => fleet::draw(state, &mut canvas, body),
        Place::List(list) => list::draw(state, list, &mut canvas, body),
        Place::Agent(detail) => agent::draw(state, detail, &mut canvas, body),
        Place::Container(detail) => container::draw(state, detail, &mut canvas, body),
        Place::Commands => feed::draw_commands(state, &mut canvas, body),
        Place::Command(id) => command::draw(state, *id, &mut canvas, body),
        Place::Events => feed::draw_events(state, &mut canvas, body),
        Place::Logs => logs::draw(state, &mut canvas, body),
    }
    let last = Rect { y: area.bottom() - 1, height: 1, ..area };
    let cursor = head::draw_foot(state, &mut canvas, last);
    overlay::draw(state, &mut canvas, area).or(cursor)
}

/// The line of the terminal on which the rows of lists begin.
pub(super) fn first_row(state: &State) -> u16 {
    3 + u16::from(state.banner().is_some())
}

/// What rectangles are asked for here.
trait Inset {
    /// The rectangle without so many columns at each side.
    fn inset(self, columns: u16) -> Self;
}

impl Inset for Rect {
    fn inset(self, columns: u16) -> Self {
        let columns = columns.min(self.width / 2);
        Self { x: self.x + columns, width: self.width - 2 * columns, ..self }
    }
}
