use std::time::Duration;

use crate::{
    proto::window::{WindowAsk, WindowList},
    tui::{
        effect::{Deed, Effect},
        event::{Event, LinkNews},
        keymap::Act,
        state::{Link, overlay::Overlay, place::Place},
        view::tests::fixture::{Desk, key_of},
    },
};

fn desk() -> Desk {
    Desk::new((120, 40))
}

fn key(desk: &mut Desk, name: &str) -> Vec<Effect> {
    desk.tell_alone(Event::Key(key_of(name)))
}

fn lose(desk: &mut Desk) {
    desk.tell(Event::Link(LinkNews::Lost {
        cause: "connection refused".into(),
        retry_in: Duration::from_secs(1),
    }));
}

#[test]
fn a_link_that_breaks_is_told_within_a_second_and_ends_nothing() {
    let mut desk = desk();
    desk.press("3 down down space");
    lose(&mut desk);
    let (_, banner) = desk.state.banner().expect("it says so at once");
    assert!(banner.contains("connection refused"), "{banner}");
    desk.wait(Duration::from_secs(42));
    assert!(desk.state.banner().expect("still").1.contains("42s"));
    desk.press("down");
    assert_eq!(
        desk.state.list().map(|list| (list.cursor, list.marks.len())),
        Some((4, 1)),
        "keys go on to answer"
    );
}

#[test]
fn the_link_comes_back_to_the_same_row_with_the_same_marks() {
    let mut desk = desk();
    desk.press("3 down down space down");
    let before = desk.state.list().and_then(|list| list.current()).map(|row| row.id.clone());
    lose(&mut desk);
    let effects = desk.tell_alone(Event::Link(LinkNews::Up));
    let around = effects.iter().find_map(|effect| match effect {
        Effect::Ask(WindowAsk::Open(view)) if view.list == WindowList::Containers => view.around.clone(),
        _ => None,
    });
    assert_eq!(around, before);
    assert_eq!((desk.state.link.clone(), desk.state.banner()), (Link::Up, None));
    assert_eq!(desk.state.list().map(|list| list.marks.len()), Some(1));
}

#[test]
fn stopping_one_container_asks_and_only_y_does_it() {
    let mut desk = desk();
    desk.press("3 x");
    assert!(matches!(desk.state.overlay, Some(Overlay::Confirm(_))));
    assert_eq!(key(&mut desk, "enter"), [], "enter is pressed too easily");
    let done = key(&mut desk, "y");
    assert!(
        matches!(&done[..], [Effect::Act { deed: Deed::Stop, targets, .. }] if targets.len() == 1),
        "{done:?}"
    );
}

#[test]
fn many_nodes_ask_for_the_name_of_the_fleet() {
    let mut desk = desk();
    desk.press("3 ctrl-a x y");
    desk.type_in("productio");
    assert_eq!(key(&mut desk, "enter"), [], "the name is not whole, and began with a y");
    desk.press("ctrl-u");
    desk.type_in("production");
    let done = key(&mut desk, "enter");
    assert!(matches!(&done[..], [Effect::Act { deed: Deed::Stop, targets, .. }] if targets.len() == 60));
}

#[test]
fn what_the_role_may_not_do_is_neither_asked_nor_done() {
    let mut desk = desk();
    desk.press("2 ctrl-x");
    assert!(desk.state.overlay.is_none());
    let notice = desk.state.notice.clone().expect("it says why");
    assert!(notice.text.contains("ada is a operator; this needs admin"), "{}", notice.text);
}

#[test]
fn read_only_locks_every_act_that_changes_the_fleet() {
    let mut desk = desk();
    desk.press("ctrl-o 3 s");
    assert!(desk.state.notice.clone().expect("it says why").text.contains("ctrl-o unlocks"));
    for act in Act::ALL.iter().filter(|act| act.role() > crate::proto::user::Role::Viewer) {
        assert!(desk.state.forbids(*act).is_some(), "{act:?}");
    }
}

#[test]
fn pasted_text_is_never_taken_for_keys() {
    let mut desk = desk();
    desk.press("3");
    assert_eq!(desk.tell_alone(Event::Pasted("xyq".into())), []);
    assert!(desk.state.overlay.is_none());
    desk.press("/");
    desk.tell(Event::Pasted("api\n".into()));
    assert_eq!(desk.state.list().map(|list| list.filter.text.clone()).as_deref(), Some("api"));
}

#[test]
fn esc_takes_off_marks_then_the_filter_then_goes_back() {
    let mut desk = desk();
    desk.press("3 /");
    desk.type_in("api");
    desk.press("enter space esc");
    assert_eq!(
        desk.state.list().map(|list| (list.marks.len(), list.filter.text.clone())),
        Some((0, "api".into()))
    );
    desk.press("esc");
    assert_eq!(desk.state.list().map(|list| list.filter.text.clone()).as_deref(), Some(""));
    desk.press("esc");
    assert!(matches!(desk.state.visits.place(), Place::Fleet));
}

#[test]
fn a_list_is_found_again_as_it_was_left() {
    let mut desk = desk();
    desk.press("3 /");
    desk.type_in("api");
    desk.press("enter down 2 3");
    assert_eq!(
        desk.state.list().map(|list| (list.filter.text.clone(), list.cursor)),
        Some(("api".into(), 1))
    );
}

#[test]
fn a_place_that_is_left_shuts_its_window() {
    let mut desk = desk();
    desk.press("3");
    let window = desk.state.list().expect("a list").window;
    let effects = key(&mut desk, "6");
    assert!(effects.contains(&Effect::Ask(WindowAsk::Close { window })), "{effects:?}");
}

#[test]
fn the_palette_finds_acts_by_a_few_letters_and_gives_them() {
    let mut desk = desk();
    desk.press("3 :");
    desk.type_in("evts");
    desk.press("enter");
    assert!(matches!(desk.state.visits.place(), Place::Events));
}

#[test]
fn one_act_of_many_that_fails_is_named() {
    let mut desk = desk();
    desk.press("3 space space");
    let done = key(&mut desk, "s");
    assert!(done.is_empty(), "several ask first");
    let done = key(&mut desk, "y");
    let [Effect::Act { job, targets, .. }] = &done[..] else { panic!("{done:?}") };
    for (target, outcome) in
        targets.iter().zip([Ok("started".to_owned()), Err("no such container".to_owned())])
    {
        let answer = crate::tui::event::Answer::Acted { job: *job, target: target.clone(), outcome };
        desk.tell(Event::Answered(Box::new(answer)));
    }
    let notice = desk.state.notice.clone().expect("it says so").text;
    assert!(notice.contains("1 of 2 failed") && notice.contains("no such container"), "{notice}");
}

#[test]
fn the_same_events_give_the_same_state() {
    let run = || {
        let mut desk = desk();
        desk.press("3 down o / a p i enter space 6 down 5 2 enter esc ?");
        format!("{:?}", desk.state)
    };
    assert_eq!(run(), run());
}
