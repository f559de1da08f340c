use super::*;

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// What a terminal shows after each text is written over the one before.
fn shown(texts: &[&str]) -> String {
    let mut terminal =
        vt100::Parser::new(std::num::NonZeroU16::new(10).unwrap(), std::num::NonZeroU16::new(40).unwrap(), 0);
    let mut before = Vec::new();
    for text in texts {
        let after = lines(text);
        terminal.process(difference(&before, &after).as_bytes());
        before = after;
    }
    terminal.screen().contents()
}

#[test]
fn a_text_takes_the_place_of_the_one_before() {
    assert_eq!(shown(&["a long line\nb\nc", "short\nb"]), "short\nb");
    assert_eq!(shown(&["a", "a\nb\nc"]), "a\nb\nc");
}

#[test]
fn lines_that_stay_are_not_written_again() {
    let written = difference(&lines("NAME\nweb-1\ndb-1"), &lines("NAME\nweb-1\ndb-2"));
    assert!(!written.contains("web-1") && written.contains("db-2"), "{written:?}");
    assert_eq!(difference(&lines("a"), &lines("a")), "");
}

#[test]
fn what_is_too_long_is_counted() {
    let body = "NAME\na\nb\nc\nd\ne\n5 in all";
    assert_eq!(fit(body, "", 20).len(), 7);
    assert_eq!(fit(body, "", 6), lines("NAME\na\nb\n... 3 more lines\n5 in all"));
    assert_eq!(fit(body, "linked again", 6), lines("NAME\na\n... 4 more lines\n5 in all\nlinked again"));
}
