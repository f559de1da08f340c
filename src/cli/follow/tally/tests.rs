use serde_json::json;

use super::*;

pub(in super::super) fn status(
    number: u8,
    attempt: u32,
    status: CommandStatus,
    result: serde_json::Value,
) -> OutputItem {
    OutputItem::Status {
        node: format!("web-{number}"),
        execution: format!("0198c0de-0000-7000-8000-0000000{attempt:03}{number:02x}").parse().unwrap(),
        attempt,
        status,
        waits_for: None,
        result: (!result.is_null()).then_some(result),
        error_message: None,
        took_ms: None,
    }
}

fn waiting(number: u8, reason: &str) -> OutputItem {
    let mut item = status(number, 1, CommandStatus::Queued, json!(null));
    if let OutputItem::Status { waits_for, .. } = &mut item {
        *waits_for = Some(reason.into());
    }
    item
}

fn failed_with(number: u8, stands: CommandStatus, error: &str) -> OutputItem {
    let mut item = status(number, 1, stands, json!(null));
    if let OutputItem::Status { error_message, .. } = &mut item {
        *error_message = Some(error.into());
    }
    item
}

fn id() -> CommandId {
    "0198c0de-0000-7000-8000-00000000000c".parse().unwrap()
}

fn tally(items: impl IntoIterator<Item = OutputItem>) -> Tally {
    let mut tally = Tally::default();
    for item in items {
        tally.take(&item);
    }
    tally
}

#[test]
fn a_line_tells_what_became_of_all_and_why() {
    let succeeded =
        (1..=48).map(|number| status(number, 1, CommandStatus::Succeeded, json!({ "exit_code": 0 })));
    let others = [
        status(50, 1, CommandStatus::Failed, json!({ "exit_code": 3 })),
        status(51, 1, CommandStatus::Failed, json!({ "exit_code": 3 })),
        status(52, 1, CommandStatus::Failed, json!({ "signal": 9 })),
        failed_with(53, CommandStatus::Refused, "the policy forbids it"),
        waiting(54, "its node"),
    ];
    let tally = tally(succeeded.chain(others));
    assert_eq!(
        tally.summary(id()).unwrap(),
        "48 succeeded, 3 failed (exit code 3: web-50, web-51; signal 9: web-52), \
         1 refused (the policy forbids it: web-53), 1 still queued (waits for its node: web-54)"
    );
    assert_eq!(tally.status(false), ExitStatus::PartlyFailed);
    assert_eq!(tally.counts(), "1 queued, 48 done, 4 failed");
}

#[test]
fn one_that_succeeded_needs_no_words() {
    assert_eq!(tally([status(1, 1, CommandStatus::Succeeded, json!({}))]).summary(id()), None);
    let one = tally([status(1, 1, CommandStatus::Failed, json!({ "exit_code": 3 }))]);
    assert_eq!(one.summary(id()).unwrap(), "web-1: failed: exit code 3");
}

#[test]
fn a_run_ends_as_its_targets_did() {
    let ends = |stands: &[CommandStatus]| {
        let items = (1..).zip(stands).map(|(number, stands)| status(number, 1, *stands, json!(null)));
        tally(items).status(true)
    };
    use CommandStatus::{Cancelled, Expired, Failed, Refused, Succeeded, TimedOut, Unknown};
    assert_eq!(ends(&[Succeeded, Succeeded]), ExitStatus::Done);
    assert_eq!(ends(&[Succeeded, Failed]), ExitStatus::PartlyFailed);
    assert_eq!(ends(&[Failed, Unknown]), ExitStatus::Failed);
    assert_eq!(ends(&[TimedOut]), ExitStatus::TimedOut);
    assert_eq!(ends(&[Expired]), ExitStatus::TimedOut);
    assert_eq!(ends(&[Refused, Refused]), ExitStatus::Refused);
    assert_eq!(ends(&[Refused, Failed]), ExitStatus::Failed);
    assert_eq!(ends(&[Cancelled]), ExitStatus::Failed);
}

#[test]
fn the_own_code_is_that_of_one_program_that_ran() {
    let of = |number, result| status(number, 1, CommandStatus::Failed, result);
    let one = tally([of(1, json!({ "exit_code": 42 }))]);
    assert_eq!((one.status(true), one.status(false)), (ExitStatus::Program(42), ExitStatus::Failed));
    assert_eq!(tally([of(1, json!({ "signal": 15 }))]).status(true), ExitStatus::Program(143));
    assert_eq!(tally([of(1, json!(null))]).status(true), ExitStatus::Failed);
    let two = tally([of(1, json!({ "exit_code": 42 })), of(2, json!({ "exit_code": 42 }))]);
    assert_eq!(two.status(true), ExitStatus::Failed);
}

#[test]
fn another_attempt_is_told_and_takes_the_place_of_the_last() {
    let mut tally = tally([status(1, 1, CommandStatus::Failed, json!({ "exit_code": 3 }))]);
    let told = tally.take(&status(1, 2, CommandStatus::Queued, json!(null)));
    assert_eq!(told.as_deref(), Some("web-1: failed: exit code 3; attempt 2 follows"));
    assert_eq!(tally.take(&status(1, 1, CommandStatus::Failed, json!(null))), None);
    tally.take(&status(1, 2, CommandStatus::Succeeded, json!({})));
    assert_eq!((tally.targets().len(), tally.status(false)), (1, ExitStatus::Done));
}

#[test]
fn what_is_waited_for_is_told_once_for_all_that_wait_for_it() {
    let mut tally = tally([
        status(1, 1, CommandStatus::Started, json!(null)),
        waiting(2, "its node, which is not linked"),
        waiting(3, "its node, which is not linked"),
    ]);
    assert!(!tally.only_waits());
    tally.take(&status(1, 1, CommandStatus::Succeeded, json!({})));
    assert!(tally.only_waits());
    assert_eq!(tally.waits().unwrap(), "web-2, web-3 wait for its node, which is not linked");
    assert_eq!(tally.waits(), None);
}
