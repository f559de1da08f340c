use jiff::Timestamp;
use serde_json::json;

use super::{Effect, List, Sort};
use crate::proto::window::{WindowAsk, WindowList, WindowRow, WindowTold, WindowView};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn row(at: u64) -> WindowRow {
    WindowRow {
        id: format!("id-{at}"),
        name: format!("web-{at}"),
        cells: vec![json!(format!("web-{at}")), json!("ONLINE")],
    }
}

fn view(effect: Option<Effect>) -> WindowView {
    match effect {
        Some(Effect::Ask(WindowAsk::Open(view))) => view,
        other => panic!("expected an ask, got {other:?}"),
    }
}

/// Answers an ask as a server with `total` rows would.
fn answer(list: &mut List, asked: &WindowView, total: u64) {
    let offset = asked.offset.min(total);
    let rows = (offset..total.min(offset + u64::from(asked.limit))).map(row).collect();
    let told = WindowTold::Rows {
        window: asked.window,
        ask: asked.ask,
        total,
        matched: total,
        offset,
        at: None,
        rows,
    };
    list.take(told, NOW);
}

fn opened(total: u64) -> List {
    let mut list = List::new(WindowList::Agents, 7, None, 10);
    let asked = view(Some(list.look(false)));
    answer(&mut list, &asked, total);
    list
}

#[test]
fn moving_within_the_rows_that_are_here_asks_for_nothing() {
    let mut list = opened(1_000);
    assert_eq!((list.rows.len(), list.matched), (60, 1_000));
    for _ in 0..30 {
        assert_eq!(list.step(1), None);
    }
    assert_eq!((list.cursor, list.top), (30, 21));
}

#[test]
fn rows_are_asked_for_before_they_are_reached_and_once() {
    let mut list = opened(1_000);
    let mut asks = Vec::new();
    for _ in 0..200 {
        if let Some(effect) = list.step(1) {
            let asked = view(Some(effect));
            answer(&mut list, &asked, 1_000);
            asks.push(asked.offset);
        }
        assert!(list.current().is_some(), "row {} is here before the cursor", list.cursor);
    }
    assert!(asks.len() <= 10, "{asks:?}");
}

#[test]
fn the_last_of_a_hundred_thousand_rows_is_one_ask_away() {
    let mut list = opened(100_000);
    let asked = view(list.go(99_999));
    assert!(list.current().is_none());
    answer(&mut list, &asked, 100_000);
    assert_eq!(list.current().map(|row| row.name.as_str()), Some("web-99999"));
    assert_eq!(list.top, 99_990);
}

#[test]
fn the_cursor_follows_its_row_and_the_view_follows_the_cursor() {
    let mut list = opened(1_000);
    list.go(20);
    let shown = list.cursor - list.top;
    let mut rows: Vec<WindowRow> = (0..60).map(row).collect();
    rows.insert(3, row(5_000));
    let told =
        WindowTold::Rows { window: 7, ask: 1, total: 1_001, matched: 1_001, offset: 0, at: None, rows };
    list.take(told, NOW);
    assert_eq!((list.cursor, list.cursor - list.top), (21, shown));
    assert_eq!(list.current().map(|row| row.name.as_str()), Some("web-20"));
}

#[test]
fn who_looks_at_the_first_row_keeps_seeing_it_while_rows_come_before_the_cursor() {
    let mut list = opened(1_000);
    let mut rows: Vec<WindowRow> = (0..60).map(row).collect();
    rows.insert(0, row(5_000));
    let told =
        WindowTold::Rows { window: 7, ask: 1, total: 1_001, matched: 1_001, offset: 0, at: None, rows };
    list.take(told, NOW);
    assert_eq!((list.cursor, list.top), (1, 0));
    assert_eq!(list.current().map(|row| row.name.as_str()), Some("web-0"));
}

#[test]
fn rows_of_the_list_before_a_restart_give_it_no_cursor() {
    let mut list = opened(1_000);
    list.go(20);
    let asked = view(Some(list.restart()));
    let rows = (20..80).map(row).collect();
    list.take(WindowTold::Rows { window: 7, ask: 1, total: 60, matched: 60, offset: 0, at: None, rows }, NOW);
    answer(&mut list, &asked, 1_000);
    assert_eq!((list.cursor, list.top), (0, 0));
}

#[test]
fn a_row_that_went_leaves_the_cursor_where_it_was() {
    let mut list = opened(30);
    list.go(29);
    let rows = (0..20).map(row).collect();
    list.take(WindowTold::Rows { window: 7, ask: 1, total: 20, matched: 20, offset: 0, at: None, rows }, NOW);
    assert_eq!((list.cursor, list.top), (19, 10));
}

#[test]
fn what_answers_an_older_ask_than_the_one_that_was_answered_is_not_shown() {
    let mut list = opened(1_000);
    let older = view(Some(list.look(false)));
    let newer = view(list.go(500));
    answer(&mut list, &newer, 1_000);
    answer(&mut list, &older, 1_000);
    assert_eq!(list.current().map(|row| row.name.as_str()), Some("web-500"));
}

#[test]
fn a_cell_that_changed_changes_alone() {
    let mut list = opened(30);
    let cells = vec![(3, 1, json!("OFFLINE"))];
    list.take(WindowTold::Changed { window: 7, ask: 1, total: 30, matched: 30, cells }, NOW);
    assert_eq!(list.rows[3].cells[1], "OFFLINE");
    assert_eq!(list.rows[4].cells[1], "ONLINE");
}

#[test]
fn marks_stay_with_their_rows_through_any_other_window() {
    let mut list = opened(1_000);
    list.mark();
    list.mark();
    assert_eq!(list.cursor, 2);
    let asked = view(list.go(900));
    answer(&mut list, &asked, 1_000);
    assert_eq!(list.targets(), ["web-0", "web-1"]);
    list.marks.clear();
    list.go(905);
    assert_eq!(list.targets(), ["web-905"]);
}

#[test]
fn a_range_says_how_many_of_its_rows_are_not_here() {
    let mut list = opened(1_000);
    list.mark();
    let asked = view(list.go(500));
    answer(&mut list, &asked, 1_000);
    let absent = list.mark_range();
    assert_eq!(absent as usize + list.marks.len(), 501);
    assert!(absent > 0);
}

#[test]
fn sorting_goes_through_the_columns_and_begins_at_the_top() {
    let mut list = opened(1_000);
    list.go(20);
    let asked = view(Some(list.sort_next(1)));
    assert_eq!((asked.sort.as_deref(), list.cursor), (Some("name"), 0));
    assert_eq!(view(Some(list.sort_next(1))).sort.as_deref(), Some("status"));
    assert_eq!(
        view(Some(list.sort_next(1))).sort.as_deref(),
        Some("-cpu"),
        "what is measured, from its greatest"
    );
    assert_eq!(view(list.reverse()).sort.as_deref(), Some("cpu"));
    list.sort = Some(Sort { field: "os".into(), down: false });
    assert_eq!(view(Some(list.sort_next(1))).sort, None, "after the last column, as the list is by itself");
}

#[test]
fn after_a_broken_link_the_row_under_the_cursor_is_looked_for() {
    let mut list = opened(1_000);
    list.go(20);
    let asked = view(Some(list.look(true)));
    assert_eq!(asked.around.as_deref(), Some("id-20"));
    let rows = (100..160).map(|at| row(at - 90)).collect();
    let told = WindowTold::Rows {
        window: 7,
        ask: asked.ask,
        total: 1_090,
        matched: 1_090,
        offset: 100,
        at: Some(110),
        rows,
    };
    list.take(told, NOW);
    assert_eq!((list.cursor, list.current().map(|row| row.name.as_str())), (110, Some("web-20")));
}
