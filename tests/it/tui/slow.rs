//! A slow way between terminal and dashboard, and between dashboard and server.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    sync::mpsc::channel,
    time::{Instant, sleep, sleep_until},
};

use super::Fleet;

/// 10 KB/s each way, and 300 ms there and back.
const BYTES_PER_SECOND: u32 = 10_000;
const ONE_WAY: Duration = Duration::from_millis(150);

/// A proxy on loopback that is slow; gives its address.
async fn slow(server: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = Arc::new(server.trim_start_matches("http://").to_owned());
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                let far = TcpStream::connect(server.as_str()).await.unwrap();
                let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                tokio::join!(carry(from_near, to_far), carry(from_far, to_near));
            });
        }
    });
    address
}

/// Carries bytes late and few at a time.
async fn carry(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) {
    let (sender, mut late) = channel::<(Instant, Vec<u8>)>(64);
    tokio::join!(
        async move {
            let mut buffer = [0; 512];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                let due = Instant::now() + ONE_WAY;
                if sender.send((due, buffer[..count].to_vec())).await.is_err() {
                    return;
                }
                sleep(Duration::from_secs(1) * u32::try_from(count).unwrap() / BYTES_PER_SECOND).await;
            }
        },
        async move {
            while let Some((due, bytes)) = late.recv().await {
                sleep_until(due).await;
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_slow_link_to_the_server_keys_are_answered_from_what_is_here() {
    let mut fleet = Fleet::start(40).await;
    fleet.url = slow(fleet.url.clone()).await;
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    top.press("3");
    top.shows("1-36 of 240").await;
    // Each key's answer is seen before a round trip to the server could end: a hundred of them would take 30 s.
    let begun = Instant::now();
    for at in 0..100 {
        let shown = top.bytes().len();
        top.press(if at % 2 == 0 { "j" } else { "k" });
        while top.bytes().len() == shown {
            sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    top.press("G");
    top.shows("205-240 of 240").await;
    top.press("q");
    assert!(top.ended().await.success());
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_reads_slowly_is_sent_the_latest_screen_and_not_all_of_them() {
    let fleet = Fleet::start(40).await;
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    top.press("3");
    top.shows("1-36 of 240").await;
    let before = top.bytes().len();
    // The terminal stops reading, while 200 pages are turned.
    top.pause(true);
    for at in 0..200 {
        top.press(if at % 2 == 0 { "\x1b[6~" } else { "\x1b[5~" });
        sleep(Duration::from_millis(5)).await;
    }
    top.press("g");
    sleep(Duration::from_millis(100)).await;
    top.pause(false);
    top.shows("1-36 of 240").await;
    top.press("?");
    top.shows("keys here").await;
    let sent = top.bytes().len() - before;
    // What the kernel holds of a terminal that does not read, and a few screens: not 200 of them (about 500 KB).
    assert!(sent < 120_000, "{sent} bytes");
    fleet.end().await;
}
