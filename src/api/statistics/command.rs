//! How commands went.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::HOLDS_FOR;
use crate::{
    api::{
        app::App,
        call::{Answer, Call},
        clock,
    },
    core::{
        error::Error,
        port::records::RecentExecution,
        statistics::command::{MOST_EXECUTIONS, of_commands},
        telemetry::span,
    },
    proto::statistics::{CommandStatistics, GetCommandStatistics},
};

/// How far back unless told, seconds.
const DEFAULT_SPAN_S: u32 = 24 * 3600;

/// The latest figures, and what they are of.
#[derive(Default)]
pub struct Figures(Mutex<Option<(Instant, u32, CommandStatistics)>>);

impl Figures {
    /// Counts a span, once for all who ask for the same within ten seconds.
    async fn over(&self, app: &App, span_s: u32) -> Result<CommandStatistics, Error> {
        let mut latest = self.0.lock().await;
        if let Some((at, of, figures)) = &*latest
            && *of == span_s
            && at.elapsed() < HOLDS_FOR
        {
            return Ok(figures.clone());
        }
        let figures = counted(app, span_s, |_| true).await?;
        *latest = Some((Instant::now(), span_s, figures.clone()));
        Ok(figures)
    }
}

/// Counts the executions of a span that are counted.
async fn counted(
    app: &App,
    span_s: u32,
    counts: impl Fn(&RecentExecution) -> bool,
) -> Result<CommandStatistics, Error> {
    let now = clock::now();
    let span = SignedDuration::try_from(Duration::from_secs(span_s.into())).unwrap_or(SignedDuration::MAX);
    let since = now.saturating_sub(span).unwrap_or(Timestamp::MIN);
    let mut executions = app.records.recent_executions(since, MOST_EXECUTIONS).await?;
    executions.retain(counts);
    Ok(of_commands(&executions, since, now))
}

pub(in crate::api) async fn get(
    call: Call<GetCommandStatistics>,
) -> Result<Answer<GetCommandStatistics>, Error> {
    let span_s = match call.request.since.as_deref() {
        None => DEFAULT_SPAN_S,
        Some(text) => span::seconds(text)
            .filter(|seconds| *seconds > 0)
            .ok_or_else(|| Error::field("since", "expected a span of time, like 15m, 6h or 7d"))?,
    };
    let (app, sight) = (&call.app, &call.sight);
    let figures = if sight.is_whole() {
        app.command_figures.over(app, span_s).await?
    } else {
        let fleet = sight.fleet();
        counted(app, span_s, |execution| fleet.read().agent_by_id(execution.agent).is_some()).await?
    };
    Ok(Answer::ok(&figures))
}
