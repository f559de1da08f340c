//! What is kept of pages, for how long, and how much.

use super::*;

fn page(bytes: usize) -> Arc<Fixed> {
    Arc::new(Fixed::new("application/json", vec![b' '; bytes]).private())
}

fn state(agents: u64, heard: u64) -> State {
    State { stamp: Stamp { agents, ..Stamp::default() }, heard }
}

#[test]
fn a_page_is_served_again_until_what_it_shows_changes() {
    let lists = Lists::new();
    let made = page(10);
    lists.keep("a".into(), state(1, 1), &made);
    let again = lists.kept("a", state(1, 1)).unwrap();
    assert!(Arc::ptr_eq(&made, &again), "the very same bytes");
    assert!(lists.kept("b", state(1, 1)).is_none());
    assert!(lists.kept("a", state(2, 1)).is_none());
}

#[test]
fn heartbeats_alone_cost_a_list_no_more_than_one_page_in_ten_seconds() {
    let lists = Lists::new();
    lists.keep("a".into(), state(1, 1), &page(10));
    assert!(lists.kept("a", state(1, 500)).is_some());
    let long_ago = Instant::now().checked_sub(HEARD_AFTER).unwrap();
    lists.kept.lock().unwrap().pages.get_mut("a").unwrap().made = long_ago;
    assert!(lists.kept("a", state(1, 500)).is_none());
    assert!(lists.kept("a", state(1, 1)).is_some(), "nobody was heard of since");
}

#[test]
fn what_is_kept_is_bounded_in_bytes_and_number() {
    let lists = Lists::new();
    for number in 0..100 {
        lists.keep(format!("{number}"), state(1, 1), &page(1024 * 1024));
        assert!(lists.kept("0", state(1, 1)).is_some(), "it is asked for each time");
    }
    assert!(lists.kept("50", state(1, 1)).is_none());
    assert!(lists.kept("99", state(1, 1)).is_some());
    for number in 0..2000 {
        lists.keep(format!("small {number}"), state(1, 1), &page(10));
    }
    lists.keep("huge".into(), state(1, 1), &page(KEPT_BYTES));
    assert!(lists.kept("huge", state(1, 1)).is_none());
    let kept = lists.kept.lock().unwrap();
    assert!(kept.pages.len() <= KEPT_PAGES);
    let weight: usize = kept.pages.values().map(|entry| entry.bytes).sum();
    assert!(kept.bytes == weight && weight <= KEPT_BYTES);
}
