//! What programs print, over links that come and go.

use std::{fs, time::Duration};

use serde_json::json;
use worpen::{
    core::command::OUTPUT_TAIL_BYTES,
    proto::{
        command::CommandStatus,
        link::{AgentFrame, ServerFrame},
        output::Kept,
    },
};

use super::{
    crash::Process,
    exec::{linked, script, started},
    fleet::{Fleet, soon},
};

/// Lines with their numbers, as `seq` prints them.
fn numbers(last: u32) -> Vec<u8> {
    (1..=last).flat_map(|number| format!("{number}\n").into_bytes()).collect()
}

#[tokio::test]
async fn an_end_comes_after_all_that_was_printed() {
    let (fleet, _agent, mut link) = linked().await;
    let (result, output) = link.run(&fleet.key, "exec", json!({"argv": ["seq", "50000"]})).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    assert!(output == numbers(50_000));
    let size = result.output.unwrap();
    assert_eq!((size.bytes, size.kept), (output.len() as u64, output.len() as u64));
}

#[tokio::test]
async fn what_was_printed_is_seen_while_a_program_runs() {
    let (fleet, _agent, mut link) = linked().await;
    let order = link.order("exec", script("echo now; sleep 30"));
    link.send_order(&fleet.key, &order).await;
    started(&mut link, order.execution).await;
    while link.output(order.execution) != b"now\n" {
        link.frame().await;
    }
}

#[tokio::test]
async fn no_more_is_on_its_way_than_a_window_and_the_end_waits_for_it() {
    let (fleet, _agent, mut link) = linked().await;
    link.keeps = false;
    let order = link.order("exec", json!({"argv": ["seq", "150000"]}));
    link.send_order(&fleet.key, &order).await;
    let whole = numbers(150_000);
    let mut last = 0;
    // The heartbeat comes each second: two without a piece between them show that nothing more comes.
    let mut beats = 0;
    while beats < 2 {
        match link.frame().await {
            AgentFrame::Heartbeat(_) if link.output(order.execution).len() == last => beats += 1,
            AgentFrame::Heartbeat(_) => (beats, last) = (0, link.output(order.execution).len()),
            AgentFrame::CommandResult(result) => {
                assert_eq!(result.body.status, CommandStatus::Started, "its output is not kept yet");
            }
            _ => {}
        }
    }
    assert!(last <= 256 * 1024 && last > 128 * 1024, "{last} bytes are on their way");
    link.keeps = true;
    let offset = last as u64;
    link.say(&ServerFrame::Kept(Kept { execution_id: order.execution, offset })).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    assert!(link.output(order.execution) == whole);
}

#[tokio::test]
async fn an_end_does_not_wait_for_ever_for_a_server_that_keeps_nothing() {
    let (fleet, _agent, mut link) = linked().await;
    link.keeps = false;
    let (result, output) = link.run(&fleet.key, "exec", script("echo here")).await;
    assert_eq!((result.status, output), (CommandStatus::Succeeded, b"here\n".to_vec()));
}

#[tokio::test]
async fn output_resumes_after_a_lost_link_to_the_byte() {
    let (mut fleet, _agent, mut link) = linked().await;
    let note = fleet.folder.path().join("go");
    let text = format!("seq 30000; while [ ! -e {} ]; do sleep 0.02; done; seq 30001 60000", note.display());
    let order = link.order("exec", script(&text));
    link.send_order(&fleet.key, &order).await;
    let half = numbers(30_000).len();
    while link.output(order.execution).len() < half / 2 {
        link.frame().await;
    }
    let before = link.output(order.execution);
    drop(link);
    fs::write(&note, "").unwrap();
    // It ends without a link, so that nobody can hold it up.
    let mut link = fleet.link(0).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    let whole = numbers(60_000);
    soon("the rest", async {
        loop {
            let pieces = link.printed.get(&order.execution);
            let end =
                pieces.and_then(|pieces| pieces.last()).map(|piece| piece.offset + piece.bytes.len() as u64);
            if end == Some(whole.len() as u64) {
                break;
            }
            link.frame().await;
        }
    })
    .await;
    let first = usize::try_from(link.printed[&order.execution][0].offset).unwrap();
    assert!(
        first > 0 && first <= before.len(),
        "what was acknowledged does not come again, and nothing is missing"
    );
    assert!(whole.starts_with(&before) && whole[first..] == link.output(order.execution));
}

#[tokio::test]
async fn output_resumes_after_a_restart_of_the_agent() {
    let (mut fleet, agent, mut link) = linked().await;
    link.keeps = false;
    let order = link.order("exec", script("seq 1000; sleep 60"));
    link.send_order(&fleet.key, &order).await;
    let whole = numbers(1000);
    while link.output(order.execution) != whole {
        link.frame().await;
    }
    agent.kill(fleet.folder.path()).await;
    drop(link);
    let _agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    assert_eq!(link.end(order.execution).await.0.status, CommandStatus::Unknown);
    while link.output(order.execution) != whole {
        link.frame().await;
    }
}

#[tokio::test]
async fn of_a_flood_the_beginning_and_the_end_are_kept_and_the_rest_is_counted() {
    let megabytes =
        std::env::var("WORPEN_TEST_FLOOD_MB").ok().and_then(|text| text.parse().ok()).unwrap_or(64);
    let flood: u64 = megabytes * 1024 * 1024;
    let mut fleet = Fleet::start().await;
    fleet.join(&fleet.token()).await.unwrap();
    let process = Process::start(fleet.folder.path(), "");
    let mut link = fleet.link(0).await;
    let mut order = link.order("exec", script(&format!("echo begin; yes | head -c {flood}; echo end")));
    order.output_bytes = 100_000;
    let (before, begun) = (process.most_memory(), std::time::Instant::now());
    link.send_order(&fleet.key, &order).await;
    let (result, _) = link.end(order.execution).await;
    let grown = process.most_memory() - before;
    eprintln!("{megabytes} MB in {:.2?}: {} KB more memory at most", begun.elapsed(), grown / 1024);
    let size = result.output.unwrap();
    assert_eq!((result.status, size.bytes), (CommandStatus::Succeeded, flood + 10));
    assert_eq!(size.kept, 100_000 + OUTPUT_TAIL_BYTES as u64);
    let output = link.output(order.execution);
    assert_eq!(output.len() as u64, size.kept);
    assert!(output.starts_with(b"begin\ny\ny\n") && output.ends_with(b"y\ny\nend\n"));
    let pieces = &link.printed[&order.execution];
    let last = pieces.last().unwrap();
    assert_eq!(last.offset + last.bytes.len() as u64, size.bytes, "the end has its true place");
    assert!(grown < 16 * 1024 * 1024, "{grown} bytes more are in memory");
}

#[tokio::test]
async fn a_program_is_not_held_up_by_a_link_that_is_away() {
    let (mut fleet, _agent, mut link) = linked().await;
    let note = fleet.folder.path().join("done");
    let mut order =
        link.order("exec", script(&format!("sleep 0.2; seq 400000; echo done > {}", note.display())));
    order.output_bytes = 8 * 1024 * 1024;
    link.send_order(&fleet.key, &order).await;
    started(&mut link, order.execution).await;
    drop(link);
    soon("the end of the program", async {
        while !note.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let mut link = fleet.link(0).await;
    let (result, _) = link.end(order.execution).await;
    let whole = numbers(400_000);
    assert_eq!((result.status, result.output.unwrap().kept), (CommandStatus::Succeeded, whole.len() as u64));
    while link.output(order.execution).len() < whole.len() {
        link.frame().await;
    }
    assert!(link.output(order.execution) == whole);
}
