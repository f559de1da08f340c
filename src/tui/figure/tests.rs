use super::{age, bytes, calm, count, whole};

#[test]
fn figures_keep_their_width() {
    assert_eq!(
        [0.0, 512.0, 1023.9, 1024.0, 1536.0, 102_350.0, 1.5e12].map(bytes).join(" "),
        "0B 512B 1.0K 1.0K 1.5K 100K 1.4T"
    );
    assert_eq!([0.0, 999.0, 9_999.0, 12_345.0, 2_000_000.0].map(count).join(" "), "0 999 9999 12.3k 2.0M");
    assert_eq!([1, 999, 1_000, 1_234_567].map(whole).join(" "), "1 999 1,000 1,234,567");
    assert_eq!([3, 59, 60, 3_599, 7_200, 172_800].map(age).join(" "), "<1m <1m 1m 59m 2h 2d");
}

#[test]
fn nothing_that_a_terminal_would_obey_is_shown() {
    assert_eq!(calm("a\u{1b}[31mb\tc\u{202e}\u{fe0f}d"), "a[31mb cd");
}
