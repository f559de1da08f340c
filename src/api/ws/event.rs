//! Watchers' streams: events from a cursor, each once and in order, and live measurements of which the latest counts.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::timeout,
};

use super::{
    super::{
        app::App,
        call::{Answer, Call},
        event::filter_of,
        sight::Sight,
        standing::Standing,
    },
    feed::sequence_of,
    send, small,
};
use crate::{
    core::{error::Error, port::records::EventFilter},
    proto::{
        event::{Event, StreamItem, SubscribeEvents},
        image::PullProgress,
        telemetry::Telemetry,
    },
};

/// How long a watcher has to take the last word.
const GOODBYE: Duration = Duration::from_secs(1);
/// Events read at once.
const BATCH: usize = 256;
/// Watchers say nothing that is long.
const MAX_FRAME_BYTES: usize = 4096;

pub(in crate::api) async fn open(mut call: Call<SubscribeEvents>) -> Result<Answer<SubscribeEvents>, Error> {
    let request = &call.request;
    let filter = filter_of(request.types.as_deref(), request.node.clone())?;
    let (mut live, mut progress) = (None, None);
    for topic in request.live.iter().flat_map(|topics| topics.split(',')) {
        match topic {
            "" => {}
            "telemetry" => live = Some(call.app.feed.live()),
            "progress" => progress = Some(call.app.feed.progress()),
            _ => return Err(Error::field("live", "expected telemetry or progress, separated by commas")),
        }
    }
    // Nothing is beyond the end of the log: from there on it goes on where it ends.
    let last = call.app.feed.last();
    let from = request.from.map_or(last, |from| from.min(last));
    let (app, sight) = (call.app.clone(), call.sight.clone());
    let standing = Standing::new(&app, call.credentials.clone());
    let upgrade =
        call.upgrade.take().ok_or_else(|| Error::Internal("a WebSocket endpoint without upgrade".into()))?;
    let upgraded = small(upgrade, MAX_FRAME_BYTES).on_upgrade(move |socket| async move {
        let mut watcher =
            Watcher { app, socket, standing, sight, filter, live, progress, dropped: 0, missed: 0 };
        watcher.follow(from).await;
    });
    Ok(Answer::upgraded(upgraded))
}

struct Watcher {
    app: Arc<App>,
    socket: WebSocket,
    /// Whether what the watcher showed when it came holds still.
    standing: Standing,
    /// What of the fleet it is shown.
    sight: Sight,
    filter: EventFilter,
    live: Option<broadcast::Receiver<Arc<Telemetry>>>,
    progress: Option<broadcast::Receiver<Arc<PullProgress>>>,
    /// Measurements, and reports of progress, that this watcher was too slow for.
    dropped: u64,
    missed: u64,
}

/// Why a stream is over.
struct Over;

impl Watcher {
    async fn follow(&mut self, from: u64) {
        let mut changes = self.app.feed.changes();
        if self.send(&StreamItem::Position { sequence: from }).await.is_err() {
            return;
        }
        let Ok(mut cursor) = self.tell_gap(from).await else { return };
        let place = self.app.feed.watch(cursor);
        let app = self.app.clone();
        loop {
            changes.mark_unchanged();
            match self.catch_up(cursor).await {
                Ok(caught_up) => cursor = caught_up,
                Err(Over) => return,
            }
            place.store(cursor, Relaxed);
            let next = tokio::select! {
                biased;
                () = app.shutdown.cancelled() => Err(self.stop().await),
                () = self.standing.lost() => Err(self.dismiss().await),
                changed = changes.changed() => changed.map_err(|_| Over),
                measured = latest(&mut self.live) => self.show(measured).await,
                progressed = latest(&mut self.progress) => self.show_progress(progressed).await,
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Over),
                    Some(Ok(_)) => Ok(()),
                },
            };
            if next.is_err() {
                return;
            }
        }
    }

    /// Ends a stream of a server that stops.
    async fn stop(&mut self) -> Over {
        let _ = timeout(GOODBYE, self.socket.send(Message::Close(None))).await;
        Over
    }

    /// Ends a stream whose credentials no longer hold: it outlives the request that they came with.
    async fn dismiss(&mut self) -> Over {
        let close = CloseFrame { code: close_code::POLICY, reason: "the credentials no longer hold".into() };
        let _ = timeout(GOODBYE, self.socket.send(Message::Close(Some(close)))).await;
        Over
    }

    /// Tells of events that retention removed before the watcher read them.
    async fn tell_gap(&mut self, from: u64) -> Result<u64, Over> {
        match self.app.records.event_bounds().await {
            Ok(Some((first, _))) if from.saturating_add(1) < first => {
                self.send(&StreamItem::Gap { from: from + 1, to: first - 1 }).await?;
                Ok(first - 1)
            }
            Ok(_) => Ok(from),
            Err(_) => Err(Over),
        }
    }

    /// Sends what was committed since the cursor; returns the new one.
    async fn catch_up(&mut self, mut cursor: u64) -> Result<u64, Over> {
        loop {
            let events = match self.app.feed.after(cursor, BATCH) {
                Some(events) => events,
                None => {
                    // What was there when the watcher came may have been removed before it was read.
                    cursor = self.tell_gap(cursor).await?;
                    read_back(&self.app.clone(), cursor).await?
                }
            };
            let Some(last) = events.last().map(|event| sequence_of(event)) else { return Ok(cursor) };
            for event in events {
                // A long log is read back while time goes on.
                if self.app.shutdown.is_cancelled() {
                    return Err(self.stop().await);
                }
                if !self.standing.hold().await {
                    return Err(self.dismiss().await);
                }
                if self.filter.wants(&event)
                    && let Some(event) = self.sight.event(&event)
                {
                    self.send(&StreamItem::Events { event: Box::new(Arc::unwrap_or_clone(event)) }).await?;
                }
            }
            cursor = last;
        }
    }

    /// Shows a measurement, or counts those that this watcher was too slow for.
    async fn show(&mut self, measured: Result<Arc<Telemetry>, RecvError>) -> Result<(), Over> {
        match measured {
            Ok(telemetry) => {
                let about = self.filter.node.as_deref().is_none_or(|node| node == telemetry.agent_id);
                if !about || !self.sight.shows(&telemetry.agent_id) {
                    return Ok(());
                }
                let dropped = std::mem::take(&mut self.dropped);
                let telemetry = Some(Box::new(Arc::unwrap_or_clone(telemetry)));
                self.send(&StreamItem::Live { telemetry, progress: None, dropped }).await
            }
            Err(RecvError::Lagged(dropped)) => {
                self.dropped += dropped;
                Ok(())
            }
            Err(RecvError::Closed) => Err(Over),
        }
    }

    /// Shows how far a pull is, or counts what this watcher was too slow for.
    async fn show_progress(&mut self, progress: Result<Arc<PullProgress>, RecvError>) -> Result<(), Over> {
        match progress {
            Ok(progress) if self.filter.node.as_deref().is_some_and(|node| node != progress.node) => Ok(()),
            Ok(progress) if !self.sight.shows(&progress.node) => Ok(()),
            Ok(progress) => {
                let dropped = std::mem::take(&mut self.missed);
                let progress = Some(Box::new(Arc::unwrap_or_clone(progress)));
                self.send(&StreamItem::Live { telemetry: None, progress, dropped }).await
            }
            Err(RecvError::Lagged(missed)) => {
                self.missed += missed;
                Ok(())
            }
            Err(RecvError::Closed) => Err(Over),
        }
    }

    async fn send(&mut self, item: &StreamItem) -> Result<(), Over> {
        if send(&mut self.socket, item).await { Ok(()) } else { Err(Over) }
    }
}

/// Events that memory no longer holds.
async fn read_back(app: &App, cursor: u64) -> Result<Vec<Arc<Event>>, Over> {
    let events = app.records.events(cursor, &EventFilter::default(), BATCH).await;
    Ok(events.map_err(|_| Over)?.items.into_iter().map(Arc::new).collect())
}

/// The next live item; never, for a watcher that did not ask for any.
async fn latest<T>(live: &mut Option<broadcast::Receiver<Arc<T>>>) -> Result<Arc<T>, RecvError> {
    match live {
        Some(live) => live.recv().await,
        None => std::future::pending().await,
    }
}
