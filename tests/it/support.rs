//! What several parts of the suite need.

/// Notes that something a test needs is not on this machine. Where everything must be there, that is a failure.
#[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
pub(crate) fn absent(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} is not here");
    println!("skipped: {what} is not here");
}
