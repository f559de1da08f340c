//! What the server counts, as Prometheus reads it: names and units as <https://prometheus.io/docs/practices/naming/>
//! has them, a route as its template, never as the path that somebody sent.

mod family;

use axum::http::HeaderValue;

use super::{
    app::App,
    call::{Answer, Call},
    meter::RouteMeter,
    sight::Sight,
    statistics::{in_words, tally},
    status::stored_bytes,
};
use crate::{core::error::Error, proto::metrics::GetMetrics};
use family::{Family, Kind, Sample, seconds, sizes};

/// Prometheus text, which anything reads.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// OpenMetrics, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// JSON, for whoever reads no metrics.
const JSON: &str = "application/json";

pub(super) async fn get(call: Call<GetMetrics>) -> Result<Answer<GetMetrics>, Error> {
    let families = families(&call.app, &call.sight).await?;
    let body = match form(call.accept.as_ref()) {
        OPEN_METRICS => family::open_metrics(&families),
        JSON => family::json(&families),
        _ => family::text(&families),
    };
    Ok(Answer::written(form(call.accept.as_ref()), body))
}

/// The form that a caller likes best of those there are; text unless it says.
fn form(accept: Option<&HeaderValue>) -> &'static str {
    let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, TEXT);
    for choice in accept.split(',') {
        let mut parts = choice.split(';').map(str::trim);
        let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/openmetrics-text" => OPEN_METRICS,
            "application/json" => JSON,
            "text/plain" | "text/*" | "*/*" => TEXT,
            _ => continue,
        };
        let quality =
            parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
        if quality > best.0 {
            best = (quality, form);
        }
    }
    best.1
}

/// Everything that is counted, now; for whoever is shown a part of the fleet, what is counted of that part.
async fn families(app: &App, sight: &Sight) -> Result<Vec<Family>, Error> {
    let mut all = fleet(app, sight);
    if !sight.is_whole() {
        return Ok(all);
    }
    all.extend(work(app));
    all.extend(http(app));
    all.extend(store(app, stored_bytes(app).await?));
    all.extend(process(app));
    Ok(all)
}

fn fleet(app: &App, sight: &Sight) -> Vec<Family> {
    let fleet = sight.fleet();
    let fleet = fleet.read();
    let linked = if sight.is_whole() {
        app.hub.count()
    } else {
        fleet.agents().filter(|agent| fleet.is_linked(agent.id)).count()
    };
    let by_status = tally(fleet.agents().map(|agent| agent.status));
    let by_state = tally(fleet.containers().map(|container| container.facts.state));
    drop(fleet);
    let by =
        |name: &'static str| move |(word, count): (String, u64)| Sample::whole(vec![(name, word)], count);
    vec![
        Family::new(
            "worpen_agents",
            Kind::Gauge,
            "Agents that are known, by status.",
            in_words(by_status).into_iter().map(by("status")).collect(),
        ),
        Family::one("worpen_agent_links", Kind::Gauge, "Agents that are linked now.", linked as u64),
        Family::new(
            "worpen_containers",
            Kind::Gauge,
            "Containers that are known, by state.",
            in_words(by_state).into_iter().map(by("state")).collect(),
        ),
    ]
}

fn work(app: &App) -> Vec<Family> {
    let meters = &app.meters;
    let (watchers, _) = app.feed.watchers();
    let labelled = |name: &'static str, counts: Vec<(String, u64)>| {
        counts.into_iter().map(|(word, count)| Sample::whole(vec![(name, word)], count)).collect()
    };
    let owned = |(word, count): (&'static str, u64)| (word.to_owned(), count);
    vec![
        Family::new(
            "worpen_events_total",
            Kind::Counter,
            "Events that were committed, by type.",
            labelled("type", meters.events().map(owned).collect()),
        ),
        Family::one("worpen_event_sequence", Kind::Gauge, "Sequence of the last event.", app.feed.last()),
        Family::one(
            "worpen_event_watchers",
            Kind::Gauge,
            "Streams of events that are followed.",
            watchers as u64,
        ),
        Family::one(
            "worpen_commands_queued_total",
            Kind::Counter,
            "Commands that were given.",
            meters.commands.get(),
        ),
        Family::new(
            "worpen_commands_total",
            Kind::Counter,
            "Executions of commands that ended, by how.",
            labelled("status", meters.executions().into_iter().collect()),
        ),
        Family::new(
            "worpen_link_frames_total",
            Kind::Counter,
            "Frames that agents sent, by type.",
            labelled("type", meters.frames().map(owned).collect()),
        ),
        Family::one(
            "worpen_telemetry_appended_total",
            Kind::Counter,
            "Measurements that were stored.",
            meters.telemetry.get(),
        ),
        Family::one(
            "worpen_sign_ins_refused_total",
            Kind::Counter,
            "Attempts to sign in that were refused.",
            meters.sign_ins_refused.get(),
        ),
    ]
}

fn http(app: &App) -> Vec<Family> {
    let (meters, connections) = (&app.meters, &app.connections);
    let used: Vec<_> = meters.all_routes().filter(|route| route.statuses().next().is_some()).collect();
    let route = |route: &RouteMeter| vec![("method", route.method.clone()), ("route", route.path.to_owned())];
    let requests = used.iter().flat_map(|used| {
        used.statuses().map(move |(status, count)| {
            let mut labels = route(used);
            labels.push(("status", status.to_string()));
            Sample::whole(labels, count)
        })
    });
    let times = used.iter().map(|used| seconds(route(used), &used.times.spread())).collect();
    let bytes = [("received", connections.received.get()), ("sent", connections.sent.get())];
    let (callers, links) = connections.count();
    let coming = connections.count_coming();
    let classes = [("caller", callers as u64), ("agent", links as u64), ("coming_agent", coming as u64)];
    vec![
        Family::new(
            "worpen_http_requests_total",
            Kind::Counter,
            "Requests that were answered, by method, route and status.",
            requests.collect(),
        ),
        Family::new(
            "worpen_http_request_duration_seconds",
            Kind::Histogram,
            "Time from the head of a request to its answer.",
            times,
        ),
        Family::one(
            "worpen_http_requests_in_flight",
            Kind::Gauge,
            "Requests that are being answered.",
            meters.in_flight.get(),
        ),
        Family::one(
            "worpen_http_requests_rate_limited_total",
            Kind::Counter,
            "Requests that came too often.",
            app.limits.refused.get(),
        ),
        Family::new(
            "worpen_connections",
            Kind::Gauge,
            "Open connections, by class.",
            classes.map(|(class, count)| Sample::whole(vec![("class", class.to_owned())], count)).into(),
        ),
        Family::one(
            "worpen_connections_refused_total",
            Kind::Counter,
            "Connections that found no room.",
            connections.refused.get(),
        ),
        Family::one(
            "worpen_connections_evicted_total",
            Kind::Counter,
            "Idle connections that made room for others.",
            connections.evicted.get(),
        ),
        Family::new(
            "worpen_connection_bytes_total",
            Kind::Counter,
            "Bytes over connections, by direction.",
            bytes.map(|(way, count)| Sample::whole(vec![("direction", way.to_owned())], count)).into(),
        ),
    ]
}

fn store(app: &App, (control, telemetry): (u64, u64)) -> Vec<Family> {
    let meter = &app.store_meter;
    let bytes = [("control", control), ("telemetry", telemetry)];
    vec![
        Family::new(
            "worpen_store_commit_duration_seconds",
            Kind::Histogram,
            "Time from a batch's first statement to its sync.",
            vec![seconds(vec![], &meter.commits.spread())],
        ),
        Family::new(
            "worpen_store_batch_changes",
            Kind::Histogram,
            "Changes that were committed together.",
            vec![sizes(vec![], &meter.batches.spread())],
        ),
        Family::one(
            "worpen_store_queue_depth",
            Kind::Gauge,
            "Changes that wait to be written or are being written.",
            meter.waiting.get(),
        ),
        Family::one(
            "worpen_store_commit_failures_total",
            Kind::Counter,
            "Batches that were not written.",
            meter.failures.get(),
        ),
        Family::new(
            "worpen_store_bytes",
            Kind::Gauge,
            "Bytes on disk, by store.",
            bytes.map(|(store, count)| Sample::whole(vec![("store", store.to_owned())], count)).into(),
        ),
    ]
}

fn process(app: &App) -> Vec<Family> {
    let used = (app.outside.process)();
    let started = app.meters.started_at.as_duration().as_secs_f64();
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    let known = [
        ("process_resident_memory_bytes", "Resident memory.", used.resident_bytes),
        ("process_virtual_memory_bytes", "Address space.", used.virtual_bytes),
        ("process_open_fds", "Open files.", used.open_fds),
        ("process_max_fds", "The most open files there may be.", used.max_fds),
        ("process_threads", "Threads.", used.threads),
    ];
    let known = known
        .into_iter()
        .filter_map(|(name, help, value)| Some(Family::one(name, Kind::Gauge, help, value?)));
    let cpu = used.cpu_seconds.map(|spent| {
        let help = "Time of a core in user and kernel mode.";
        Family::new("process_cpu_seconds_total", Kind::Counter, help, vec![Sample::real(vec![], spent)])
    });
    let start = Family::new(
        "process_start_time_seconds",
        Kind::Gauge,
        "When the server began, since 1970.",
        vec![Sample::real(vec![], started)],
    );
    let build = Family::new(
        "worpen_build_info",
        Kind::Gauge,
        "Always 1; its label tells the version.",
        vec![Sample::whole(version, 1)],
    );
    known.chain(cpu).chain([start, build]).collect()
}

#[cfg(test)]
mod tests;
