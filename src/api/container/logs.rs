//! A container's log, streamed from its node as fast as it is read.

use std::{io, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::HeaderValue,
};
use futures_util::stream;
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::{
    api::{
        app::App,
        call::{Answer, Call, accepts},
        question::{Begun, ask},
        standing::Standing,
        ws::output::{Answering, Unreadable},
    },
    core::{
        command::DOCKER_LOGS,
        error::Error,
        output::{self, Screen},
    },
    proto::{
        container::{ContainerLogsRequest, GetContainerLogs, LogBreak, LogItem, LogLine, POSITION_HEADER},
        endpoint::NDJSON,
        output::Outcome,
    },
};

/// How often an idle stream of objects says that it stands.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

pub(in crate::api) async fn get(call: Call<GetContainerLogs>) -> Result<Answer<GetContainerLogs>, Error> {
    let ContainerLogsRequest { id, tail, since, until, follow, timestamps } = &call.request;
    if since.zip(*until).is_some_and(|(since, until)| since > until) {
        return Err(Error::field("until", "expected a moment that is not before since"));
    }
    let args = json!({ "tail": tail, "since": since, "until": until, "follow": follow });
    let Begun { container, at, answering, .. } = ask(&call, DOCKER_LOGS, id, args).await?;
    let objects = accepts(call.accept.as_ref(), NDJSON);
    let form = if objects { Form::Objects } else { Form::Text { timestamps: *timestamps } };
    let kind = if objects { NDJSON } else { "text/plain; charset=utf-8" };
    let begin = Instant::now();
    let mut telling = Telling {
        node: container.node.to_string(),
        standing: Standing::new(&call.app, call.credentials.clone()),
        app: call.app.clone(),
        answering,
        form,
        idle: interval_at(begin + SIGN_OF_LIFE, SIGN_OF_LIFE),
        screen: Screen::default(),
        over: false,
    };
    telling.idle.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let pieces = stream::unfold(telling, |mut telling| async move {
        let piece = telling.next().await?;
        Some((piece, telling))
    });
    let position =
        HeaderValue::from_str(&at.to_string()).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Answer::streamed(kind, Body::from_stream(pieces)).header(POSITION_HEADER, position))
}

/// How lines are shown.
#[derive(Clone, Copy)]
enum Form {
    Text { timestamps: bool },
    Objects,
}

/// A log that is being told. Dropping it ends the node's work on it.
struct Telling {
    app: Arc<App>,
    node: String,
    standing: Standing,
    answering: Answering,
    form: Form,
    idle: Interval,
    /// Where the lines of text stand.
    screen: Screen,
    over: bool,
}

impl Telling {
    /// The next piece; `None` at the end. An error breaks the connection, so that nobody takes it for the end.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.over {
            return None;
        }
        let app = self.app.clone();
        loop {
            // What ends the stream comes first: a server that stops breaks the node's link as well.
            tokio::select! {
                biased;
                () = app.shutdown.cancelled() => {
                    return Some(self.end("server_stopping", "the server stops".into()));
                }
                () = self.standing.lost() => {
                    return Some(self.end("not_allowed", "the credentials no longer hold".into()));
                }
                piece = self.answering.next() => match self.take(piece) {
                    Some(told) => return told,
                    None => continue,
                },
                _ = self.idle.tick(), if matches!(self.form, Form::Objects) => {
                    return Some(Ok(Bytes::from_static(b"\n")));
                }
            }
        }
    }

    /// Takes a piece of the answer; `None` for one that holds nothing to show.
    fn take(&mut self, piece: Option<Result<output::Body, Unreadable>>) -> Option<Option<io::Result<Bytes>>> {
        match piece {
            Some(Err(Unreadable(why))) => {
                let detail = format!("the answer of node {} cannot be read: {why}", self.node);
                Some(Some(self.end("answer_unreadable", detail)))
            }
            Some(Ok(output::Body::Lines(lines))) => {
                self.idle.reset();
                Some(Some(Ok(self.show(lines))))
            }
            Some(Ok(output::Body::Ended(ended))) if ended.outcome == Outcome::Whole => Some(None),
            Some(Ok(output::Body::Ended(ended))) => {
                let detail = ended.detail.unwrap_or_else(|| "the node gave no reason".into());
                Some(Some(self.end("engine", detail)))
            }
            Some(Ok(output::Body::Begun(_) | output::Body::Document(_) | output::Body::Printed(_))) => None,
            None => {
                let detail = format!("the link of node {} broke", self.node);
                Some(Some(self.end("link_lost", detail)))
            }
        }
    }

    fn show(&mut self, lines: Vec<output::Line>) -> Bytes {
        let mut shown = String::new();
        for line in lines {
            let text = String::from_utf8_lossy(&line.bytes);
            match self.form {
                Form::Objects => {
                    let (time, stream, continues) = (line.time, line.stream, line.continues);
                    shown.push_str(&object(&LogItem::Line(LogLine {
                        time,
                        stream,
                        line: text.into_owned(),
                        continues,
                    })));
                }
                Form::Text { timestamps } => {
                    let place = self.screen.put(line.stream, line.continues);
                    if place.breaks {
                        shown.push('\n');
                    }
                    if timestamps && place.begins {
                        shown.push_str(&format!("{:.9} ", line.time));
                    }
                    shown.push_str(&text);
                    if !line.continues {
                        shown.push('\n');
                    }
                }
            }
        }
        Bytes::from(shown)
    }

    /// Ends the stream before its end: as the last object, or where there is no room for words by breaking off.
    fn end(&mut self, code: &str, detail: String) -> io::Result<Bytes> {
        self.over = true;
        match self.form {
            Form::Objects => {
                Ok(Bytes::from(object(&LogItem::Break { error: LogBreak { code: code.into(), detail } })))
            }
            Form::Text { .. } => Err(io::Error::other(detail)),
        }
    }
}

/// An object on a line of its own.
fn object(item: &LogItem) -> String {
    let mut text = serde_json::to_string(item).expect("lines are plain data and always serialize");
    text.push('\n');
    text
}
