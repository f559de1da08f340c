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
    let kept = Kept::default();
    let made = page(10);
    kept.keep("a".into(), state(1, 1), &made);
    let again = kept.recall("a", state(1, 1)).unwrap();
    assert!(Arc::ptr_eq(&made, &again), "the very same bytes");
    assert!(kept.recall("b", state(1, 1)).is_none());
    assert!(kept.recall("a", state(2, 1)).is_none());
}

#[test]
fn heartbeats_alone_cost_a_list_no_more_than_one_page_in_ten_seconds() {
    let kept = Kept::default();
    kept.keep("a".into(), state(1, 1), &page(10));
    assert!(kept.recall("a", state(1, 500)).is_some());
    let long_ago = Instant::now().checked_sub(HEARD_AFTER).unwrap();
    kept.0.lock().unwrap().pages.get_mut("a").unwrap().made = long_ago;
    assert!(kept.recall("a", state(1, 500)).is_none());
    assert!(kept.recall("a", state(1, 1)).is_some(), "nobody was heard of since");
}

#[test]
fn what_is_kept_is_bounded_in_bytes_and_number() {
    let kept = Kept::default();
    for number in 0..100 {
        kept.keep(format!("{number}"), state(1, 1), &page(1024 * 1024));
        assert!(kept.recall("0", state(1, 1)).is_some(), "it is asked for each time");
    }
    assert!(kept.recall("50", state(1, 1)).is_none());
    assert!(kept.recall("99", state(1, 1)).is_some());
    for number in 0..2000 {
        kept.keep(format!("small {number}"), state(1, 1), &page(10));
    }
    kept.keep("huge".into(), state(1, 1), &page(KEPT_BYTES));
    assert!(kept.recall("huge", state(1, 1)).is_none());
    let pages = kept.0.lock().unwrap();
    assert!(pages.pages.len() <= KEPT_PAGES);
    let weight: usize = pages.pages.values().map(|entry| entry.bytes).sum();
    assert!(pages.bytes == weight && weight <= KEPT_BYTES);
}
