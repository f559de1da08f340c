//! One command: what it is, and what became of it on each node.

use ratatui::layout::Rect;

use super::{
    Inset,
    feed::{arguments, took},
    list::standing,
    pen::Canvas,
};
use crate::{
    id::CommandId,
    tui::{figure, state::State, theme::Tone},
};

/// Draws a command.
pub(super) fn draw(state: &State, id: CommandId, canvas: &mut Canvas<'_>, area: Rect) {
    let area = area.inset(1);
    let arrow = canvas.theme.glyph(" › ", " > ");
    let line = Rect { height: 1, ..area };
    canvas.pieces(
        line,
        [("commands", Tone::Strong), (arrow, Tone::Dim), (id.to_string().as_str(), Tone::Plain)],
    );
    let Some(command) = state.commands.iter().find(|command| command.id == id) else {
        canvas.text(Rect { y: area.y + 2, ..line }, "...", Tone::Dim);
        return;
    };
    let (glyph, tone) = standing(command.status.as_str(), &canvas.theme);
    let facts = [
        ("status", format!("{glyph} {}", command.status.as_str()), tone),
        ("verb", command.verb.clone(), Tone::Strong),
        ("with", arguments(command), Tone::Plain),
        ("given", format!("{} UTC by {}", figure::clock(command.created_at), command.actor), Tone::Plain),
        ("took", took(command), Tone::Plain),
        (
            "may take",
            format!(
                "{} s once started; taken until {} UTC",
                command.timeout_s,
                figure::clock(command.expires_at)
            ),
            Tone::Dim,
        ),
    ];
    let mut y = area.y + 2;
    for (title, fact, tone) in facts {
        if y >= area.bottom() || fact.is_empty() {
            continue;
        }
        let line = Rect { y, ..line };
        canvas.text(Rect { x: line.x + 2, width: 10, ..line }, title, Tone::Dim);
        canvas.text(Rect { x: line.x + 13, width: line.width.saturating_sub(13), ..line }, &fact, tone);
        y += 1;
    }
    y += 1;
    for execution in &command.executions {
        if y >= area.bottom() {
            break;
        }
        let (glyph, tone) = standing(execution.status.as_str(), &canvas.theme);
        let line = Rect { x: area.x + 2, y, width: area.width.saturating_sub(2), height: 1 };
        let status = format!("{glyph} {:<11}", execution.status.as_str());
        let attempt = if execution.attempt > 1 { format!(" #{}", execution.attempt) } else { String::new() };
        let node = format!("{:<28}", format!("{}{attempt}", execution.node));
        canvas.pieces(line, [(status.as_str(), tone), (node.as_str(), Tone::Plain)]);
        let rest = Rect { x: line.x + 41, width: line.width.saturating_sub(41), ..line };
        match (&execution.error_message, &execution.result) {
            (Some(error), _) => canvas.text(rest, error, Tone::Bad),
            (None, Some(result)) => canvas.text(rest, &result.to_string(), Tone::Dim),
            _ => match &execution.waits_for {
                Some(what) => canvas.text(rest, &format!("waits for {what}"), Tone::Dim),
                None => 0,
            },
        };
        y += 1;
    }
}
