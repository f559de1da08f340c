//! The map of nodes: a glyph for each cell, by how busy it is; a letter where a node is away.

use super::{Line, joined};
use crate::tui::{
    figure::whole,
    theme::{Theme, Tone},
};

/// The columns that a cell takes: its glyph and a blank.
pub(in crate::tui) const CELL: u16 = 2;
/// The letters of nodes that do not stand as they should, the worst first, and what they mean.
const LETTERS: [(char, &str); 5] =
    [('Q', "quarantined"), ('X', "offline"), ('U', "unknown"), ('D', "degraded"), ('M', "maintenance")];

/// The rows of a map, as the server writes its cells.
pub(in crate::tui) fn rows(cells: &str, columns: u16, most: u16, theme: &Theme) -> Vec<Line> {
    let cells: Vec<char> = cells.chars().collect();
    let gap = |at: usize| (at > 0).then_some((' ', Tone::Plain));
    let row = |row: &[char]| {
        joined(row.iter().enumerate().flat_map(|(at, cell)| gap(at).into_iter().chain([glyph(*cell, theme)])))
    };
    cells.chunks(usize::from(columns.max(1))).take(usize::from(most)).map(row).collect()
}

/// Where a cell is on the map: columns from the left, rows from the top.
pub(in crate::tui) fn spot(cell: u64, columns: u16) -> (u16, u16) {
    let columns = u64::from(columns.max(1));
    let narrow = |figure: u64| u16::try_from(figure).unwrap_or(u16::MAX);
    (narrow(cell % columns * u64::from(CELL)), narrow(cell / columns))
}

/// What a cell says in words: `30-39%`, `offline`.
pub(in crate::tui) fn words(cell: char) -> String {
    if let Some(tenth) = cell.to_digit(10) {
        let end = if tenth == 9 { 100 } else { tenth * 10 + 9 };
        return format!("{}-{end}%", tenth * 10);
    }
    let known = LETTERS.into_iter().find(|(letter, _)| *letter == cell);
    known.map_or("not measured yet", |(_, word)| word).to_owned()
}

/// What the glyphs of percentages mean.
pub(in crate::tui) fn scale(name: &str, theme: &Theme) -> Line {
    let steps: &[char] =
        if theme.is_ascii() { &['0', '3', '5', '7', '9'] } else { &['0', '1', '3', '5', '8'] };
    let mut line = vec![(format!("{name} 0% "), Tone::Dim)];
    line.extend(steps.iter().map(|step| {
        let (glyph, tone) = glyph(*step, theme);
        (glyph.to_string(), tone)
    }));
    line.push((" 100%".to_owned(), Tone::Dim));
    line
}

/// How many cells have which letter.
pub(in crate::tui) fn letters(cells: &str) -> Line {
    let mut line = Line::new();
    for (letter, word) in LETTERS {
        let count = cells.chars().filter(|cell| *cell == letter).count() as u64;
        if count > 0 {
            line.push((format!("  {letter} "), tone_of(letter)));
            line.push((format!("{} {word}", whole(count)), Tone::Dim));
        }
    }
    line
}

fn tone_of(letter: char) -> Tone {
    match letter {
        'X' | 'Q' => Tone::Bad,
        'U' | 'D' | 'M' => Tone::Warning,
        _ => Tone::Dim,
    }
}

fn glyph(cell: char, theme: &Theme) -> (char, Tone) {
    let Some(tenth) = cell.to_digit(10) else { return (cell, tone_of(cell)) };
    let tone = if tenth == 0 { Tone::Dim } else { theme.heat(f64::from(tenth * 10 + 5) / 100.0) };
    let shade = match tenth {
        _ if theme.is_ascii() => cell,
        0 => '·',
        1 | 2 => '░',
        3 | 4 => '▒',
        5..=7 => '▓',
        _ => '█',
    };
    (shade, tone)
}

#[cfg(test)]
mod tests;
