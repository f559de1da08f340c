//! Overlays: the palette, questions, the choice of columns.

use ratatui::layout::{Position, Rect};

use super::{
    help,
    pen::{Canvas, cut_left, width},
};
use crate::tui::{
    figure::several,
    state::{
        State,
        overlay::{Overlay, Question},
        palette::Palette,
        prompt::Prompt,
    },
    theme::Tone,
};

/// Draws what lies over the place; says where the cursor of its prompt is.
pub(super) fn draw(state: &State, canvas: &mut Canvas<'_>, area: Rect) -> Option<Position> {
    match state.overlay.as_ref()? {
        Overlay::Palette(palette) => draw_palette(state, palette, canvas, area),
        Overlay::Help { top } => {
            help::draw(state, *top, canvas, area);
            None
        }
        Overlay::Confirm(question) => draw_question(question, canvas, area),
        Overlay::Columns { cursor } => {
            draw_columns(state, *cursor, canvas, area);
            None
        }
        Overlay::Save(prompt) => {
            let inside = canvas.frame(middle(area, 72, 3), "write what is shown to");
            Some(draw_prompt(prompt, canvas, inside))
        }
        // Its prompt is the last line of the screen.
        Overlay::Filter { .. } => None,
    }
}

/// A part of an area, in its middle.
fn middle(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height }
}

fn draw_prompt(prompt: &Prompt, canvas: &mut Canvas<'_>, area: Rect) -> Position {
    let before: String = prompt.text().chars().take(prompt.cursor()).collect();
    let behind: String = prompt.text().chars().skip(prompt.cursor()).collect();
    let shown = cut_left(&before, area.width.saturating_sub(1), canvas.theme.is_ascii());
    canvas.text(area, &format!("{shown}{behind}"), Tone::Plain);
    Position::new((area.x + width(&shown)).min(area.right().saturating_sub(1)), area.y)
}

fn draw_palette(state: &State, palette: &Palette, canvas: &mut Canvas<'_>, area: Rect) -> Option<Position> {
    let rows = (palette.found.len() as u16 + 4).clamp(5, area.height.saturating_sub(2).clamp(5, 18));
    let inside = canvas.frame(middle(area, 70, rows), "go to, or do");
    let line = Rect { height: 1, ..inside };
    let taken = canvas.text(line, ":", Tone::Accent);
    let field = Rect { x: line.x + taken, width: line.width.saturating_sub(taken), ..line };
    let cursor = draw_prompt(&palette.prompt, canvas, field);
    let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    let top = (palette.cursor + 1).saturating_sub(list.height.into());
    if palette.found.is_empty() {
        canvas.text(list, "nothing here is called that", Tone::Dim);
    }
    for (line, (at, act)) in (0..list.height).zip(palette.found.iter().enumerate().skip(top)) {
        let line = Rect { y: list.y + line, height: 1, ..list };
        let forbidden = state.forbids(*act).is_some();
        let tone = if forbidden { Tone::Dim } else { Tone::Plain };
        let key = state.keymap.hint(*act).unwrap_or_default();
        canvas.text(Rect { width: 18.min(line.width), ..line }, act.word(), tone);
        let about = Rect { x: line.x + 19, width: line.width.saturating_sub(19 + 11), ..line };
        canvas.text(about, act.about(), Tone::Dim);
        canvas.right(line, &key, if forbidden { Tone::Dim } else { Tone::Accent });
        if at == palette.cursor {
            canvas.select(line);
        }
    }
    Some(cursor)
}

fn draw_question(question: &Question, canvas: &mut Canvas<'_>, area: Rect) -> Option<Position> {
    let shown = question.targets.len().min(6);
    let listed = if question.targets.len() > 1 { shown as u16 + 2 } else { 0 };
    let place = middle(area, 72, 6 + listed);
    let inside = canvas.frame(place, &question.text());
    let mut y = inside.y;
    let mut line = |canvas: &mut Canvas<'_>, text: &str, tone: Tone| {
        if y < inside.bottom() {
            canvas.text(Rect { y, height: 1, ..inside }, text, tone);
        }
        y += 1;
    };
    if question.targets.len() > 1 {
        for target in question.targets.iter().take(shown) {
            line(canvas, &format!("  {target}"), Tone::Plain);
        }
        let rest = question.targets.len() - shown;
        let more = if rest > 0 { format!("  and {} more", several(rest, "target")) } else { String::new() };
        line(canvas, &more, Tone::Dim);
        line(canvas, "", Tone::Plain);
    }
    line(canvas, question.deed.cost().unwrap_or("It is done to each of them."), Tone::Warning);
    line(canvas, "", Tone::Plain);
    match &question.word {
        None => {
            let keys = [
                ("y", Tone::Accent),
                (" does it   ", Tone::Dim),
                ("n", Tone::Accent),
                (" leaves it", Tone::Dim),
            ];
            canvas.pieces(Rect { y: y.min(inside.bottom() - 1), height: 1, ..inside }, keys);
            None
        }
        Some(word) => {
            let ask = format!("type {word} and press enter: ");
            let place = Rect { y: y.min(inside.bottom() - 1), height: 1, ..inside };
            let taken = canvas.text(place, &ask, Tone::Dim);
            let field = Rect { x: place.x + taken, width: place.width.saturating_sub(taken), ..place };
            let tone_wrong = !word.starts_with(question.prompt.text());
            let cursor = draw_prompt(&question.prompt, canvas, field);
            if tone_wrong {
                canvas.fill(field, Tone::Bad);
            }
            Some(cursor)
        }
    }
}

fn draw_columns(state: &State, cursor: usize, canvas: &mut Canvas<'_>, area: Rect) {
    let choices = state.column_choices();
    let rows = (choices.len() as u16 + 4).min(area.height.saturating_sub(2)).max(4);
    let inside = canvas.frame(middle(area, 76, rows), "columns");
    let hint = "space: show or hide · left, right: move · enter: done";
    canvas.text(Rect { y: inside.bottom() - 1, height: 1, ..inside }, hint, Tone::Dim);
    let list = Rect { height: inside.height.saturating_sub(2), ..inside };
    let top = (cursor + 1).saturating_sub(list.height.into());
    for (line, (at, (name, about, shown))) in (0..list.height).zip(choices.iter().enumerate().skip(top)) {
        let line = Rect { y: list.y + line, height: 1, ..list };
        let mark = if *shown { canvas.theme.glyph("✓ ", "+ ") } else { "  " };
        let tone = if *shown { Tone::Plain } else { Tone::Dim };
        canvas.pieces(
            Rect { width: 24.min(line.width), ..line },
            [(mark, Tone::Accent), (name.as_str(), tone)],
        );
        let about_area = Rect { x: line.x + 25, width: line.width.saturating_sub(25), ..line };
        canvas.text(about_area, about, Tone::Dim);
        if at == cursor {
            canvas.select(line);
        }
    }
}
