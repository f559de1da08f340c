use super::{Entry, Feed};

#[derive(Clone, Debug, PartialEq)]
struct Word(&'static str, u8);

impl Entry for Word {
    fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn words(&self) -> String {
        self.0.to_owned()
    }
}

fn feed() -> Feed<Word> {
    let mut feed = Feed::new(2);
    feed.extend([Word("c", 0), Word("b", 0), Word("a", 0)], false);
    feed
}

fn shown(feed: &Feed<Word>) -> String {
    (feed.top..feed.top + feed.height).filter_map(|at| feed.row(at)).map(|word| word.0).collect()
}

#[test]
fn whoever_reads_the_newest_stays_with_the_newest() {
    let mut feed = feed();
    feed.put(Word("d", 0));
    assert_eq!((shown(&feed), feed.current()), ("dc".into(), Some(&Word("d", 0))));
}

#[test]
fn whoever_reads_older_ones_is_not_moved() {
    let mut feed = feed();
    feed.step(2);
    assert_eq!((shown(&feed), feed.current()), ("ba".into(), Some(&Word("a", 0))));
    feed.put(Word("d", 0));
    assert_eq!((shown(&feed), feed.current()), ("ba".into(), Some(&Word("a", 0))));
}

#[test]
fn a_newer_form_takes_the_place_of_the_older() {
    let mut feed = feed();
    feed.put(Word("b", 1));
    assert_eq!((feed.len(), feed.row(1)), (3, Some(&Word("b", 1))));
}

#[test]
fn a_filter_lets_all_its_words_through_and_none_behind_an_exclamation_mark() {
    let mut feed = Feed::new(9);
    feed.extend([Word("stop web-1", 0), Word("Start web-2", 0), Word("stop db", 0)], false);
    feed.search("WEB".into());
    assert_eq!(feed.len(), 2);
    feed.put(Word("start web-3", 0));
    feed.put(Word("start db", 0));
    feed.extend([Word("prune web-9", 0)], false);
    let all: Vec<_> = (0..feed.len()).filter_map(|at| feed.row(at)).map(|word| word.0).collect();
    assert_eq!(all, ["start web-3", "stop web-1", "Start web-2", "prune web-9"]);
    feed.search("web !start".into());
    assert_eq!(feed.len(), 2);
    feed.search(" ".into());
    assert_eq!(feed.len(), 6);
}
