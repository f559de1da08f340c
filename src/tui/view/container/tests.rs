use jiff::Timestamp;

use super::{key_end, shown_s, span_s};
use crate::tui::state::detail::SPANS;

#[test]
fn keys_of_json_are_told_from_its_strings() {
    let value = |line: &'static str| &line[key_end(line)..];
    assert_eq!(value(r#"  "Image": "nginx","#), r#""nginx","#);
    assert_eq!(value(r#"  "a \": b": 1"#), "1");
    assert_eq!(value(r#"    "PATH=/usr/bin: /bin","#), r#"    "PATH=/usr/bin: /bin","#);
    assert_eq!(value("  },"), "  },");
}

#[test]
fn spans_are_read_as_they_are_called() {
    assert_eq!(SPANS.map(span_s), [900, 3_600, 21_600, 86_400, 604_800, 2_592_000]);
}

#[test]
fn graphs_show_twice_as_much_when_measurements_outgrow_them_up_to_what_was_asked_for() {
    let measured = |seconds: i64| -> Vec<(Timestamp, f64)> {
        (0..=seconds)
            .step_by(2)
            .map(|at| (Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(at), 1.0))
            .collect()
    };
    assert_eq!(shown_s(&[], 0), None);
    assert_eq!(shown_s(&measured(0), 0), None);
    assert_eq!(
        [60, 120, 122, 500, 5_000].map(|seconds| shown_s(&measured(seconds), 0)),
        [120, 120, 240, 900, 900].map(Some)
    );
}
