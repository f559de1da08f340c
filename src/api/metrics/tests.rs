use super::*;
use crate::core::meter::{Histogram, TIMES};

#[test]
fn a_caller_gets_the_form_that_it_likes_best() {
    let of = |accept: &str| form(Some(&accept.parse().unwrap()));
    let prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
    assert_eq!(of(prometheus), OPEN_METRICS);
    assert_eq!(of("application/json"), JSON);
    for text in ["*/*", "text/html", "", "application/json;q=0.1, text/plain"] {
        assert_eq!(of(text), TEXT, "{text}");
    }
    assert_eq!(form(None), TEXT);
}

#[test]
fn a_histogram_is_written_with_rising_counts_and_in_seconds() {
    let times = Histogram::new(TIMES);
    times.record(300);
    times.record(20_000_000);
    let family = Family::new(
        "x_seconds",
        Kind::Histogram,
        "X.",
        vec![seconds(vec![("a", "b\"c".into())], &times.spread())],
    );
    let text = family::text(&[family]);
    assert!(text.starts_with("# HELP x_seconds X.\n# TYPE x_seconds histogram\n"), "{text}");
    for line in [
        "x_seconds_bucket{a=\"b\\\"c\",le=\"0.00025\"} 0\n",
        "x_seconds_bucket{a=\"b\\\"c\",le=\"0.0005\"} 1\n",
        "x_seconds_bucket{a=\"b\\\"c\",le=\"+Inf\"} 2\n",
        "x_seconds_sum{a=\"b\\\"c\"} 20.0003\n",
        "x_seconds_count{a=\"b\\\"c\"} 2\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn open_metrics_calls_a_counter_without_its_total() {
    let family = Family::one("x_total", Kind::Counter, "X.", 7);
    assert_eq!(family::open_metrics(&[family]), "# HELP x X.\n# TYPE x counter\nx_total 7\n# EOF\n");
}
