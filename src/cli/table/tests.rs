use super::*;

#[derive(Serialize)]
struct Ship {
    name: &'static str,
    guns: u32,
}

impl Row for Ship {
    const COLUMNS: &'static [Column] =
        &[Column::words("NAME"), Column::number("GUNS"), Column::words("STATE")];

    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        vec![self.name.into(), self.guns.to_string().into(), Cell::toned("afloat", Tone::Good)]
    }
}

const FLEET: [Ship; 2] =
    [Ship { name: "vasa", guns: 64 }, Ship { name: "a ship with a very long name indeed", guns: 8 }];

fn drawn(ships: &[Ship], width: Option<u16>, colour: bool) -> String {
    let mut sheet = Sheet::new(Columns::of::<Ship>(None, false).unwrap());
    ships.iter().for_each(|ship| sheet.add(ship, Timestamp::UNIX_EPOCH));
    sheet.draw(Canvas { width, colour })
}

#[test]
fn a_line_is_cut_to_the_terminal_and_never_wrapped() {
    let narrow = drawn(&FLEET, Some(30), false);
    assert_eq!(narrow.lines().count(), 3, "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 30), "{narrow}");
    assert!(narrow.contains('…'), "{narrow}");
}

#[test]
fn off_a_terminal_nothing_is_cut_or_coloured() {
    let wide = drawn(&FLEET, None, false);
    assert!(wide.starts_with("NAME"), "{wide:?}");
    insta::assert_snapshot!(wide, @r"
    NAME                                 GUNS  STATE
    vasa                                   64  afloat
    a ship with a very long name indeed     8  afloat
    ");
}

#[test]
fn colours_are_for_terminals() {
    assert!(drawn(&FLEET, Some(80), true).contains("\u{1b}["));
}

#[test]
fn a_name_cannot_command_the_terminal() {
    let sly = [Ship { name: "a\u{1b}[2Jb\nc", guns: 0 }];
    let drawn = drawn(&sly, None, false);
    assert!(drawn.contains("a\u{fffd}[2Jb c"), "{drawn:?}");
}

#[test]
fn the_widest_columns_give_way_first_and_then_the_last_ones() {
    let titles = [4, 6, 5];
    assert_eq!(fit(&[30, 8, 20], &titles, 100), [Some(30), Some(8), Some(20)], "all fit");
    assert_eq!(fit(&[30, 8, 20], &titles, 52), [Some(20), Some(8), Some(20)]);
    assert_eq!(fit(&[30, 8, 20], &titles, 36), [Some(12), Some(8), Some(12)]);
    assert_eq!(fit(&[30, 8, 20], &titles, 35), [Some(12), Some(8), None]);
    assert_eq!(fit(&[30, 8, 20], &titles, 5), [Some(12), Some(8), None], "nothing more can be cut");
}
