//! A container's log, followed across broken links, a handful of lines at a time.

use std::time::Duration;

use tokio::{
    sync::mpsc::Sender,
    time::{Instant, timeout_at},
};

use super::told;
use crate::{
    client::{Client, LogNews as News},
    proto::container::ContainerLogsRequest,
    tui::event::{Event, LogNews},
};

/// Lines that come within so long are shown together.
const TOGETHER: Duration = Duration::from_millis(50);
/// The most lines that are shown together.
const MOST: usize = 1000;

/// Follows a log until it ends or nobody wants it.
pub(super) async fn follow(client: Client, source: String, tail: u32, turn: u64, sender: Sender<Event>) {
    let request = ContainerLogsRequest {
        id: source.clone(),
        tail: Some(tail),
        since: None,
        until: None,
        follow: true,
        timestamps: false,
    };
    let mut log = client.log(request);
    let mut kept = None;
    loop {
        let news = match kept.take() {
            Some(news) => news,
            None => log.next().await,
        };
        let (event, over) = match news {
            Ok(News::Line(first)) => {
                let (mut lines, until) = (vec![first], Instant::now() + TOGETHER);
                while lines.len() < MOST {
                    match timeout_at(until, log.next()).await {
                        Ok(Ok(News::Line(line))) => lines.push(line),
                        Ok(other) => {
                            kept = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                (LogNews::Lines { source: source.clone(), lines }, false)
            }
            Ok(News::Linked) => (LogNews::Linked { source: source.clone() }, false),
            Ok(News::Lost { cause, .. }) => {
                (LogNews::Lost { source: source.clone(), cause: told(&cause) }, false)
            }
            Ok(News::End) => (LogNews::Ended { source: source.clone(), cause: None }, true),
            Err(error) => (LogNews::Ended { source: source.clone(), cause: Some(told(&error)) }, true),
        };
        if sender.send(Event::Log { turn, news: event }).await.is_err() || over {
            return;
        }
    }
}
