use proptest::prelude::*;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
};

use super::Pen;

fn terminal(width: u16, height: u16) -> vt100::Parser {
    let size = |cells| std::num::NonZeroU16::new(cells).expect("a terminal has cells");
    vt100::Parser::new(size(height), size(width), 0)
}

fn shown(parser: &vt100::Parser, x: u16, y: u16) -> (String, vt100::Color, vt100::Color, bool, bool, bool) {
    let cell = parser.screen().cell(y, x).expect("the cell is on the screen");
    let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
    let blank = text == " ";
    let fg = if blank { vt100::Color::Default } else { cell.fgcolor() };
    (text, fg, cell.bgcolor(), cell.bold() && !blank, cell.underline(), cell.inverse())
}

fn assert_shows(parser: &vt100::Parser, buffer: &Buffer) {
    let mut anew = terminal(buffer.area.width, buffer.area.height);
    anew.process(&plainly(buffer));
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            assert_eq!(shown(parser, x, y), shown(&anew, x, y), "at {x},{y}");
        }
    }
}

/// A screen written cell by cell, every one placed and dressed anew.
fn plainly(buffer: &Buffer) -> Vec<u8> {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            out.push_str(&format!("\x1b[{};{}H\x1b[0", y + 1, x + 1));
            for (modifier, code) in super::ATTRIBUTES {
                if super::Look::of(cell).modifier.contains(modifier) {
                    out.push_str(&format!(";{code}"));
                }
            }
            let (fg, bg) = (super::colour_code(cell.fg, 30), super::colour_code(cell.bg, 40));
            out.push_str(&format!(";{fg};{bg}m{}", cell.symbol()));
            x += super::cells(cell).max(1);
        }
    }
    out.into_bytes()
}

fn styles() -> impl Strategy<Value = Style> {
    let colours = prop_oneof![
        Just(Color::Reset),
        Just(Color::Red),
        Just(Color::DarkGray),
        Just(Color::Indexed(200)),
        Just(Color::Rgb(1, 2, 3))
    ];
    let modifiers = prop_oneof![
        Just(Modifier::empty()),
        Just(Modifier::BOLD),
        Just(Modifier::UNDERLINED),
        Just(Modifier::BOLD | Modifier::REVERSED),
        Just(Modifier::DIM)
    ];
    (colours.clone(), colours, modifiers)
        .prop_map(|(fg, bg, modifier)| Style::default().fg(fg).bg(bg).add_modifier(modifier))
}

fn screens() -> impl Strategy<Value = Buffer> {
    let text = prop_oneof!["[a-z ]{1,12}", "[ ]{3,20}", "[█▁é]{1,5}", "[日本a ]{1,4}"];
    prop::collection::vec((0_u16..20, 0_u16..5, text, styles()), 0..8).prop_map(|pieces| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 5));
        for (x, y, text, style) in pieces {
            buffer.set_string(x, y, text, style);
        }
        heal(&mut buffer);
        buffer
    })
}

/// Takes out wide characters that another text cut through: no screen of the dashboard has one.
fn heal(buffer: &mut Buffer) {
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let wide = super::cells(&buffer[(x, y)]) > 1;
            if wide && (x + 1 == buffer.area.width || buffer[(x + 1, y)].symbol() != " ") {
                buffer[(x, y)].set_symbol(" ");
            }
        }
        for x in 1..buffer.area.width {
            if super::cells(&buffer[(x - 1, y)]) > 1 {
                let style = buffer[(x - 1, y)].style();
                buffer[(x, y)].reset();
                buffer[(x, y)].set_style(style);
            }
        }
    }
}

proptest! {
    #[test]
    fn frames_end_with_the_screen_that_was_drawn(screens in prop::collection::vec(screens(), 1..5)) {
        let mut parser = terminal(20, 5);
        let mut pen = Pen::new();
        let mut before = Buffer::empty(Rect::new(0, 0, 20, 5));
        for screen in screens {
            parser.process(&pen.frame(&before, &screen, None));
            assert_shows(&parser, &screen);
            prop_assert!(pen.frame(&screen, &screen, None).is_empty());
            before = screen;
        }
    }
}

#[test]
fn the_cursor_is_placed_and_hidden() {
    let screen = Buffer::empty(Rect::new(0, 0, 20, 5));
    let (mut parser, mut pen) = (terminal(20, 5), Pen::new());
    parser.process(b"\x1b[?25l");
    parser.process(&pen.frame(&screen, &screen, Some(Position::new(3, 2))));
    assert_eq!((parser.screen().cursor_position(), parser.screen().hide_cursor()), ((2, 3), false));
    assert!(pen.frame(&screen, &screen, Some(Position::new(3, 2))).is_empty(), "it stands there already");
    parser.process(&pen.frame(&screen, &screen, None));
    assert!(parser.screen().hide_cursor());
}
