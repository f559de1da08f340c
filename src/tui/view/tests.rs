//! Every view at every size, with its styles: what a person sees.

pub(in crate::tui) mod fixture;

use std::{fmt::Write as _, time::Duration};

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};

use self::fixture::{Desk, fields};
use crate::tui::{
    event::{Configured, Event, LinkNews},
    state::State,
    theme::{Surroundings, ThemeName},
};

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 50)];

/// The screen as text, and below each line the stretches that do not look plain.
fn picture(state: &State) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, state.size.0, state.size.1));
    let cursor = super::draw(state, &mut buffer);
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        let _ = writeln!(text, "{:02}│{}", y, line.trim_end());
        let looks = looks(&buffer, y);
        if !looks.is_empty() {
            let _ = writeln!(text, "  ·{}", looks.join(" "));
        }
    }
    if let Some(cursor) = cursor {
        let _ = writeln!(text, "cursor {},{}", cursor.x, cursor.y);
    }
    text
}

fn looks(buffer: &Buffer, y: u16) -> Vec<String> {
    let mut looks: Vec<(u16, u16, String)> = Vec::new();
    for x in 0..buffer.area.width {
        let cell = &buffer[(x, y)];
        let name = look(cell.style(), cell.symbol());
        match looks.last_mut() {
            Some((_, to, last)) if *last == name && *to == x => *to = x + 1,
            _ => looks.push((x, x + 1, name)),
        }
    }
    looks.retain(|(.., name)| !name.is_empty());
    looks.iter().map(|(from, to, name)| format!("{from}-{}:{name}", to - 1)).collect()
}

fn look(style: Style, symbol: &str) -> String {
    let mut words = Vec::new();
    let colour = style.fg.filter(|colour| *colour != Color::Reset && symbol != " ");
    words.extend(colour.map(|colour| colour.to_string().to_lowercase()));
    let ground = style.bg.filter(|colour| *colour != Color::Reset);
    words.extend(ground.map(|colour| format!("on-{}", colour.to_string().to_lowercase())));
    let weights = [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::REVERSED, "reversed"),
        (Modifier::UNDERLINED, "underlined"),
    ];
    let shows = |modifier| symbol != " " || matches!(modifier, Modifier::REVERSED | Modifier::UNDERLINED);
    words.extend(
        weights
            .into_iter()
            .filter(|(modifier, _)| style.add_modifier.contains(*modifier) && shows(*modifier))
            .map(|(_, name)| name.to_owned()),
    );
    words.join("+")
}

fn at_every_size(name: &str, set: impl Fn(&mut Desk)) {
    for size in SIZES {
        let mut desk = Desk::new(size);
        desk.tell(fields());
        set(&mut desk);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), picture(&desk.state));
    }
}

#[test]
fn places() {
    at_every_size("fleet", |_| {});
    at_every_size("agents", |desk| desk.press("2"));
    at_every_size("agent", |desk| desk.press("2 enter"));
    at_every_size("containers", |desk| desk.press("3"));
    at_every_size("container", |desk| desk.press("3 enter"));
    at_every_size("inspect", |desk| desk.press("3 i"));
    at_every_size("images", |desk| desk.press("4"));
    at_every_size("commands", |desk| desk.press("5"));
    at_every_size("command", |desk| desk.press("5 down down down enter"));
    at_every_size("events", |desk| desk.press("6"));
    at_every_size("logs_none", |desk| desk.press("7"));
    at_every_size("logs", |desk| desk.press("3 L"));
}

#[test]
fn what_lies_over_them() {
    at_every_size("help", |desk| desk.press("3 ?"));
    at_every_size("palette", |desk| {
        desk.press("3 :");
        desk.type_in("rest");
    });
    at_every_size("columns", |desk| desk.press("3 c down"));
    at_every_size("filter_words", |desk| {
        desk.press("3 /");
        desk.type_in("api");
    });
    at_every_size("filter_expression", |desk| {
        desk.press("3 / tab");
        desk.type_in("cpu >");
        desk.press("enter");
    });
    at_every_size("question_one_node", |desk| desk.press("3 x"));
    at_every_size("question_many_nodes", |desk| {
        desk.press("3 ctrl-a R");
        desk.type_in("prod");
    });
    at_every_size("marks", |desk| desk.press("3 space space down space"));
    at_every_size("sorted_on_one_node", |desk| desk.press("2 n o"));
    at_every_size("no_link", |desk| {
        desk.press("2");
        desk.tell(Event::Link(LinkNews::Lost {
            cause: "connection refused".into(),
            retry_in: Duration::from_secs(4),
        }));
        desk.wait(Duration::from_secs(75));
    });
    at_every_size("refused", |desk| {
        desk.tell(Event::Link(LinkNews::Refused {
            cause: "the key has expired; sign in with: worpen login".into(),
        }));
    });
}

#[test]
fn themes() {
    let dark =
        Surroundings { term: "xterm-256color".into(), locale: "C.UTF-8".into(), ..Surroundings::default() };
    let cases = [
        ("dark_256", ThemeName::Dark, dark.clone()),
        ("light_true", ThemeName::Light, Surroundings { colorterm: "truecolor".into(), ..dark.clone() }),
        ("colour_blind", ThemeName::ColourBlind, dark.clone()),
        ("no_colour", ThemeName::Auto, Surroundings { no_colour: true, ..dark.clone() }),
        ("ascii", ThemeName::Sixteen, Surroundings { locale: "C".into(), ..dark }),
    ];
    for (name, theme, surroundings) in cases {
        let configured = Configured { theme, ..Configured::default() };
        let mut desk = Desk::themed((80, 24), configured, &surroundings);
        desk.press("2 down space");
        insta::assert_snapshot!(format!("theme_{name}"), picture(&desk.state));
    }
}

#[test]
fn every_place_is_drawn_at_every_size_down_to_one_cell() {
    let keys = [
        "1",
        "2",
        "2 enter",
        "3",
        "3 enter",
        "3 i",
        "4",
        "5",
        "5 enter",
        "6",
        "7",
        "3 L",
        "3 ?",
        "3 :",
        "3 c",
        "3 x",
        "3 /",
        "3 ctrl-a x",
    ];
    for keys in keys {
        let mut desk = Desk::new((120, 40));
        desk.tell(fields());
        desk.press(keys);
        for (width, height) in [
            (1, 1),
            (2, 2),
            (3, 1),
            (1, 9),
            (7, 3),
            (20, 5),
            (21, 6),
            (33, 9),
            (47, 200),
            (300, 7),
            (1, 1),
            (120, 40),
        ] {
            desk.tell(Event::Resized(width, height));
            picture(&desk.state);
            desk.press("down end up home");
            picture(&desk.state);
        }
    }
}
