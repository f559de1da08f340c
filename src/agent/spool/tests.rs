use std::{fs, path::Path};

use serde_json::{Map, json};

use super::*;
use crate::{
    id::{CommandId, ExecutionId},
    proto::{command::CommandStatus, link::AgentFrame, telemetry::MemoryUsage},
};

fn open(folder: &Path, limit: u64) -> Spool {
    Spool::new(Arc::new(State::open(&folder.join("state.db"), false).unwrap()), limit).unwrap()
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn telemetry(second: i64) -> Report {
    Report::Telemetry(Box::new(Telemetry {
        agent_id: "node".into(),
        timestamp: time(second),
        cpu_usage: 1.5,
        cpu_cores: vec![1.0, 2.0],
        memory_usage: MemoryUsage::default(),
        disk_usage: Default::default(),
        load_average: [0.0; 3],
        network_stats: Default::default(),
        container_count: None,
        service_status: Default::default(),
        uptime_s: Some(1),
    }))
}

fn result() -> Report {
    Report::Result(Box::new(CommandResult {
        command_id: CommandId::generate(),
        execution_id: Some(ExecutionId::generate()),
        status: CommandStatus::Succeeded,
        result: Some(json!({"changed": true})),
        error_message: None,
        time: Some(time(0)),
        started_at: None,
        not_begun: false,
        output: None,
    }))
}

fn inventory() -> Report {
    Report::Inventory(Box::new(Inventory {
        time: time(0),
        container_engine: None,
        containers: vec![],
        images: vec![],
    }))
}

/// Every frame that waits, read as the server would.
fn waiting(spool: &Spool) -> Vec<(u64, AgentFrame)> {
    let frames = spool.batch(0, 100_000).unwrap();
    frames.into_iter().map(|(sequence, text)| (sequence, serde_json::from_str(&text).unwrap())).collect()
}

fn sequences(spool: &Spool) -> Vec<u64> {
    waiting(spool).into_iter().map(|(sequence, _)| sequence).collect()
}

fn gap(frame: &AgentFrame) -> Option<Gap> {
    match frame {
        AgentFrame::Event(event) if event.body.kind == EventKind::SpoolTrimmed => {
            Some(serde_json::from_value(event.body.attributes.clone().into()).unwrap())
        }
        _ => None,
    }
}

#[test]
fn frames_travel_as_the_protocol_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), u64::MAX);
    let event = NodeEvent {
        time: time(2),
        kind: EventKind::ContainerDied,
        container: None,
        image: None,
        attributes: Map::from_iter([("exit_code".into(), 1.into())]),
        execution: None,
    };
    for report in [telemetry(1), inventory(), Report::Event(Box::new(event)), result()] {
        spool.push(&report).unwrap();
    }
    let frames = waiting(&spool);
    assert!(
        matches!(&frames[0].1, AgentFrame::Telemetry(t) if t.sequence == Some(1) && t.body.timestamp == time(1))
    );
    assert!(matches!(&frames[1].1, AgentFrame::Inventory(i) if i.sequence == Some(2)));
    assert!(matches!(&frames[2].1, AgentFrame::Event(e) if e.sequence == Some(3) && e.body.time == time(2)));
    assert!(matches!(&frames[3].1, AgentFrame::CommandResult(r) if r.sequence == Some(4)));
}

#[test]
fn frames_and_their_numbers_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), u64::MAX);
    (0..5).for_each(|second| spool.push(&telemetry(second)).unwrap());
    spool.batch(0, 100).unwrap();
    spool.acknowledge(5).unwrap();
    spool.push(&telemetry(5)).unwrap();
    drop(spool);
    let spool = open(folder.path(), u64::MAX);
    spool.push(&telemetry(6)).unwrap();
    assert_eq!(sequences(&spool), [6, 7], "numbers go on even after everything was acknowledged");
}

#[test]
fn only_what_was_sent_can_be_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), u64::MAX);
    (0..3).for_each(|second| spool.push(&telemetry(second)).unwrap());
    spool.batch(0, 2).unwrap();
    spool.acknowledge(99).unwrap();
    assert_eq!(sequences(&spool), [3]);
}

#[test]
fn a_full_spool_drops_the_oldest_telemetry_first_and_tells_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 20_000);
    let kept = [result(), result()];
    kept.iter().for_each(|report| spool.push(report).unwrap());
    (0..500).for_each(|second| spool.push(&telemetry(second)).unwrap());
    let frames = waiting(&spool);
    let results = frames.iter().filter(|(_, frame)| matches!(frame, AgentFrame::CommandResult(_))).count();
    assert_eq!(results, 2, "a result is never dropped");
    let left: Vec<Timestamp> = frames
        .iter()
        .filter_map(|(_, frame)| match frame {
            AgentFrame::Telemetry(telemetry) => Some(telemetry.body.timestamp),
            _ => None,
        })
        .collect();
    let gaps: Vec<Gap> = frames.iter().filter_map(|(_, frame)| gap(frame)).collect();
    assert_eq!(gaps.len(), 1, "one gap is told once: {gaps:?}");
    let first_left = 500 - i64::try_from(left.len()).unwrap();
    assert_eq!(left, (first_left..500).map(time).collect::<Vec<_>>(), "the newest are left, without a hole");
    let lost = u64::try_from(first_left).unwrap();
    assert_eq!(gaps[0], Gap { telemetry: lost, events: 0, from: time(0), to: time(first_left - 1) });
}

#[test]
fn a_gap_that_was_sent_is_not_told_again() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 10_000);
    (0..100).for_each(|second| spool.push(&telemetry(second)).unwrap());
    let first: Vec<Gap> = waiting(&spool).iter().filter_map(|(_, frame)| gap(frame)).collect();
    (100..200).for_each(|second| spool.push(&telemetry(second)).unwrap());
    let gaps: Vec<Gap> = waiting(&spool).iter().filter_map(|(_, frame)| gap(frame)).collect();
    assert_eq!((gaps.len(), &gaps[0]), (2, &first[0]));
    assert!(gaps[1].from > gaps[0].to, "{gaps:?}");
}

#[test]
fn a_newer_inventory_takes_the_place_of_one_that_waits() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), u64::MAX);
    [inventory(), telemetry(1), inventory()].iter().for_each(|report| spool.push(report).unwrap());
    assert_eq!(sequences(&spool), [2, 3]);
}

#[test]
fn a_lost_spool_goes_on_above_the_server_and_loses_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), u64::MAX);
    (0..3).for_each(|second| spool.push(&telemetry(second)).unwrap());
    drop(spool);
    let spool = open(folder.path(), u64::MAX);
    spool.push(&telemetry(3)).unwrap();
    spool.resume(500).unwrap();
    assert_eq!(
        sequences(&spool),
        [501, 502, 503, 504],
        "what the server cannot have is not taken for acknowledged"
    );
    spool.push(&telemetry(4)).unwrap();
    spool.resume(502).unwrap();
    assert_eq!(sequences(&spool), [503, 504, 505], "later links mean what they say");
}

#[test]
fn a_spool_whose_end_was_cut_off_drops_only_what_the_server_has() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), u64::MAX);
    spool.resume(0).unwrap();
    (0..3).for_each(|second| spool.push(&telemetry(second)).unwrap());
    drop(spool);
    let spool = open(folder.path(), u64::MAX);
    spool.push(&telemetry(10)).unwrap();
    spool.resume(5).unwrap();
    assert_eq!(sequences(&spool), [6], "1 to 3 were committed with the two that were cut off");
}

#[test]
fn a_damaged_file_is_set_aside_and_a_fresh_one_begun() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), u64::MAX));
    fs::write(folder.path().join("state.db"), "this is not a database, and long enough to be looked at")
        .unwrap();
    let spool = open(folder.path(), u64::MAX);
    spool.push(&telemetry(1)).unwrap();
    assert_eq!(sequences(&spool), [1]);
    let names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("state.db.corrupt-")), "{names:?}");
}
