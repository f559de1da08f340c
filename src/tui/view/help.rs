//! Help: the keys of exactly this place, made from the keymap.

use ratatui::layout::Rect;

use super::pen::Canvas;
use crate::tui::{
    keymap::{Act, Chord},
    state::State,
    theme::Tone,
};

/// The most columns that help takes.
const WIDEST: u16 = 76;

/// How many lines there are.
pub(in crate::tui) fn lines(state: &State) -> u16 {
    u16::try_from(entries(state).len()).unwrap_or(u16::MAX)
}

enum Entry {
    Title(&'static str),
    Act(Act),
    Gap,
}

fn entries(state: &State) -> Vec<Entry> {
    let mut scopes = state.scopes();
    // What is special here comes first.
    scopes.reverse();
    let mut entries = Vec::new();
    for scope in scopes {
        let acts: Vec<Act> = Act::ALL.iter().copied().filter(|act| act.scope() == scope).collect();
        if acts.is_empty() {
            continue;
        }
        if !entries.is_empty() {
            entries.push(Entry::Gap);
        }
        entries.push(Entry::Title(scope.title()));
        entries.extend(acts.into_iter().map(Entry::Act));
    }
    entries
}

/// Draws the help from a line on.
pub(super) fn draw(state: &State, top: u16, canvas: &mut Canvas<'_>, area: Rect) {
    let entries = entries(state);
    let columns = area.width.min(WIDEST);
    let rows = area.height.saturating_sub(2).min(entries.len() as u16 + 2);
    let place = Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + (area.height - rows) / 2,
        width: columns,
        height: rows,
    };
    let more = entries.len() as u16 > rows.saturating_sub(2);
    let title = if more { "keys here (up, down: more; esc: leave)" } else { "keys here" };
    let inside = canvas.frame(place, title);
    let keys = 18.min(inside.width / 3);
    for (line, entry) in (0..inside.height).zip(entries.iter().skip(top.into())) {
        let line = Rect { y: inside.y + line, height: 1, ..inside };
        match entry {
            Entry::Gap => {}
            Entry::Title(title) => {
                canvas.text(line, title, Tone::Strong);
            }
            Entry::Act(act) => {
                let chords: Vec<String> = state.keymap.chords(*act).iter().map(Chord::to_string).collect();
                let forbidden = state.forbids(*act);
                let tone = if forbidden.is_some() { Tone::Dim } else { Tone::Accent };
                canvas.text(Rect { x: line.x + 2, width: keys, ..line }, &chords.join("  "), tone);
                let about = Rect { x: line.x + keys + 3, width: line.width.saturating_sub(keys + 3), ..line };
                let tone = if forbidden.is_some() { Tone::Dim } else { Tone::Plain };
                let taken = canvas.text(about, act.about(), tone);
                if let Some(reason) = forbidden {
                    let aside =
                        Rect { x: about.x + taken, width: about.width.saturating_sub(taken), ..about };
                    canvas.text(aside, &format!(" ({reason})"), Tone::Dim);
                }
            }
        }
    }
}
