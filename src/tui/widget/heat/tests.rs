use super::{letters, rows, scale, spot, words};
use crate::tui::{
    theme::{Surroundings, Theme, ThemeName, Tone},
    widget::Line,
};

fn theme(ascii: bool) -> Theme {
    Theme::new(ThemeName::Dark, &Surroundings::default(), Some(ascii))
}

fn text(line: &Line) -> String {
    line.iter().map(|(text, _)| text.as_str()).collect::<String>().trim_end().to_owned()
}

#[test]
fn busy_nodes_are_darker_and_those_that_are_away_are_letters() {
    let shown: Vec<String> = rows("0123456789-DUXMQ", 10, 5, &theme(false)).iter().map(text).collect();
    assert_eq!(shown, ["· ░ ░ ▒ ▒ ▓ ▓ ▓ █ █", "- D U X M Q"]);
    let shown: Vec<String> = rows("0123456789-DUXMQ", 10, 5, &theme(true)).iter().map(text).collect();
    assert_eq!(shown, ["0 1 2 3 4 5 6 7 8 9", "- D U X M Q"]);
}

#[test]
fn what_is_worst_has_the_loudest_tone() {
    let tone = |cell: &str| rows(cell, 1, 1, &theme(false))[0][0].1;
    assert_eq!(
        ["0", "5", "7", "9", "X", "U"].map(tone),
        [Tone::Dim, Tone::Good, Tone::Warning, Tone::Bad, Tone::Bad, Tone::Warning]
    );
}

#[test]
fn no_more_rows_are_drawn_than_there_is_room_for() {
    assert_eq!(rows(&"5".repeat(100), 10, 3, &theme(false)).len(), 3);
    assert!(rows("", 10, 3, &theme(false)).is_empty());
}

#[test]
fn a_cell_is_found_on_the_map() {
    assert_eq!([0, 9, 10, 25].map(|cell| spot(cell, 10)), [(0, 0), (18, 0), (0, 1), (10, 2)]);
}

#[test]
fn cells_and_glyphs_are_put_in_words() {
    assert_eq!(
        ['0', '4', '9', 'X', '-'].map(words),
        ["0-9%", "40-49%", "90-100%", "offline", "not measured yet"]
    );
    assert_eq!(text(&scale("cpu", &theme(false))), "cpu 0% ·░▒▓█ 100%");
    assert_eq!(text(&scale("cpu", &theme(true))), "cpu 0% 03579 100%");
    assert_eq!(text(&letters("00X0UUX-5")), "  X 2 offline  U 2 unknown");
}
