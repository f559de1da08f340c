use super::*;

#[test]
fn a_backup_names_no_file_outside_the_data_folder() {
    for good in ["worpen.db", "command.key", "ca/root.pem", "admin-password"] {
        assert!(is_held(good), "{good}");
    }
    for bad in ["", "/etc/passwd", "../x", "ca/../x", "a/b/c", ".restoring", "a//b", "a\0b", MANIFEST_FILE] {
        assert!(!is_held(bad), "{bad}");
    }
}

#[test]
fn a_restored_log_goes_on_above_whatever_was_given_out() {
    let taken = Timestamp::UNIX_EPOCH;
    let later = taken + jiff::SignedDuration::from_hours(24);
    assert_eq!(leap(taken, taken), 1_000_000);
    assert!(leap(taken, later) > 86_400 * 60_000, "more events than any server writes in a day");
    assert_eq!(leap(later, taken), 1_000_000, "a clock that went back");
}
