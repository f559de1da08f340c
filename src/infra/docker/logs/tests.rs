use super::*;

const AT: &str = "2026-05-12T09:00:00.000000001Z";

fn cut(text: &str) -> bytes::Bytes {
    format!("{AT} {text}").into()
}

fn texts(lines: &[Line]) -> Vec<(LogStream, String, bool)> {
    lines
        .iter()
        .map(|line| (line.stream, String::from_utf8_lossy(&line.bytes).into(), line.continues))
        .collect()
}

#[test]
fn cuts_of_one_line_are_joined_each_stream_for_itself() {
    let mut joiner = Joiner::default();
    let long = "x".repeat(CUT_BYTES);
    assert!(joiner.take(LogOutput::StdOut { message: cut(&long) }).unwrap().is_empty());
    let between = joiner.take(LogOutput::StdErr { message: cut("oops\n") }).unwrap();
    assert_eq!(texts(&between), [(LogStream::Stderr, "oops".into(), false)]);
    let joined = joiner.take(LogOutput::StdOut { message: cut("end\n") }).unwrap();
    assert_eq!(texts(&joined), [(LogStream::Stdout, long + "end", false)]);
    assert_eq!(joined[0].time.to_string(), AT);
}

#[test]
fn a_line_without_an_end_is_told_in_bounded_pieces() {
    let mut joiner = Joiner::default();
    let mut told = 0;
    for _ in 0..20 {
        let lines = joiner.take(LogOutput::StdOut { message: cut(&"x".repeat(CUT_BYTES)) }).unwrap();
        assert!(lines.iter().all(|line| line.continues && line.bytes.len() <= LONGEST_LINE_BYTES));
        told += lines.iter().map(|line| line.bytes.len()).sum::<usize>();
    }
    let rest: Vec<Line> = joiner.rest().collect();
    assert_eq!(told + rest[0].bytes.len(), 20 * CUT_BYTES);
    assert!(!rest[0].continues);
}

#[test]
fn a_cut_of_any_size_is_told_in_lines_that_fit_a_piece() {
    let mut joiner = Joiner::default();
    for length in [LONGEST_LINE_BYTES, LONGEST_LINE_BYTES + 1, 5 * LONGEST_LINE_BYTES] {
        let message = cut(&format!("{}\n", "z".repeat(length)));
        let lines = joiner.take(LogOutput::StdErr { message }).unwrap();
        assert!(lines.iter().all(|line| line.bytes.len() <= LONGEST_LINE_BYTES));
        assert_eq!(lines.iter().map(|line| line.bytes.len()).sum::<usize>(), length);
        let ends: Vec<bool> = lines.iter().map(|line| !line.continues).collect();
        assert_eq!(ends.iter().position(|ends| *ends), Some(lines.len() - 1), "only the last one ends");
    }
    assert_eq!(joiner.rest().count(), 0);
}

#[test]
fn the_cuts_of_a_terminal_are_found_in_its_one_stream() {
    let mut joiner = Joiner::default();
    let long = "y".repeat(CUT_BYTES);
    let message = format!("{AT} {long}{AT} end\r\n").into();
    let lines = joiner.take(LogOutput::Console { message }).unwrap();
    assert_eq!(texts(&lines), [(LogStream::Stdout, long + "end", false)]);
}

#[test]
fn what_has_no_time_is_no_line() {
    let no_time = LogOutput::StdOut { message: "hello\n".into() };
    assert!(matches!(Joiner::default().take(no_time), Err(EngineError::Unreadable(_))));
}
