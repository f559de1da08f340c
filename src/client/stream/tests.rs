use super::*;

#[test]
fn pauses_grow_and_are_bounded() {
    for failures in 0..64 {
        let most = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
        assert!(pause(failures) <= most, "after {failures} failures");
    }
}
