use super::*;

#[test]
fn a_lost_welcome_does_not_lock_an_agent_out() {
    assert_eq!(judge_epoch(0, 0, 0), EpochVerdict::Continues { next: 1 });
    assert_eq!(judge_epoch(0, 0, 1), EpochVerdict::Continues { next: 1 }, "the offer never arrived");
    assert_eq!(judge_epoch(1, 0, 1), EpochVerdict::Continues { next: 2 }, "the offer was synced");
}

#[test]
fn an_old_copy_of_an_agents_state_is_told_from_a_restored_server() {
    assert_eq!(judge_epoch(4, 6, 7), EpochVerdict::Behind);
    assert_eq!(judge_epoch(9, 6, 7), EpochVerdict::Ahead { next: 10 });
}

#[test]
fn names_are_host_names() {
    for good in ["a", "web-1", "db.eu.example", "0"] {
        assert!(check_name(good).is_ok(), "{good}");
    }
    for bad in ["", "-a", "a-", "Web", "a_b", "a/b", "ä", &"x".repeat(64)] {
        assert!(check_name(bad).is_err(), "{bad}");
    }
}
