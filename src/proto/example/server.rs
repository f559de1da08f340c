//! Examples of what the server says of itself.

use std::collections::BTreeMap;

use super::{COMMAND, WEB_1, at, event, read};
use crate::proto::{
    audit::{AuditRecord, ExportLine, ListAuditRequest, Outcome},
    backup::BackupRequest,
    dashboard::{DashboardStats, LoadRange, LoadStats, NodeStats, SecurityStats, ThroughputStats},
    event::{EventGap, EventPage},
    health::{DatabaseHealth, Health, RedisHealth, SystemHealth},
    service::{NodeService, ServiceMatrix, ServicePart},
    statistics::{
        CommandStatistics, CommandStatisticsRequest, FailingNode, PerMinute, SinceStart, Spread, Statistics,
        VerbStatistics,
    },
    status::{ConnectionStatus, EventLogStatus, LimitStatus, ServerStatus, StoreStatus},
};

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

pub(in crate::proto) fn backup_request() -> BackupRequest {
    BackupRequest { output: true, telemetry: false }
}

pub(in crate::proto) fn system_health() -> SystemHealth {
    SystemHealth {
        status: Health::Healthy,
        database: Health::Healthy,
        audit: Health::Healthy,
        redis: Health::NotConfigured,
    }
}

pub(in crate::proto) fn database_health() -> DatabaseHealth {
    DatabaseHealth { status: Health::Healthy, write_ms: 1.25, read_ms: 0.125 }
}

pub(in crate::proto) fn redis_health() -> RedisHealth {
    RedisHealth { status: Health::NotConfigured }
}

pub(in crate::proto) fn server_status() -> ServerStatus {
    ServerStatus {
        server: read("019e1e00-51c3-7a9d-9f42-8d7e6c5b4a30"),
        version: "0.1.0".into(),
        started_at: at("09:00:00"),
        uptime_s: 7460,
        listen: Some(read("127.0.0.1:3000")),
        store: StoreStatus {
            kind: "sqlite".into(),
            control_bytes: 1_433_600,
            telemetry_bytes: 9_830_400,
            changes_waiting: 0,
        },
        connections: ConnectionStatus {
            callers: 3,
            agents_linked: 1,
            agents_known: 1,
            watchers: 1,
            requests_in_flight: 1,
        },
        events: EventLogStatus { first_sequence: Some(1), last_sequence: Some(1042), watcher_lag: Some(0) },
        limits: LimitStatus {
            max_connections: 1000,
            max_agent_connections: 16_000,
            request_timeout_s: 30,
            rate_limit_requests: 12_000,
            rate_limit_anonymous: 1200,
            rate_limit_window_s: 60,
            event_retention_days: 30,
            event_retention_count: 10_000_000,
        },
    }
}

pub(in crate::proto) fn statistics() -> Statistics {
    Statistics {
        agents: counts([("ONLINE", 1)]),
        containers: counts([("exited", 1), ("running", 6)]),
        images: 4,
        users: 2,
        active_keys: 1,
        commands_24h: counts([("succeeded", 12), ("expired", 1)]),
        events_kept: 1042,
        events_24h: 310,
        denied_24h: 2,
        counted_at: at("11:04:18"),
        started_at: at("09:00:00"),
        since_start: SinceStart {
            requests: counts([("2xx", 911), ("4xx", 14)]),
            requests_rate_limited: 0,
            sign_ins_refused: 1,
            telemetry_stored: 743,
            agent_frames: 1502,
            connections: 61,
            connections_refused: 0,
            received_bytes: 402_118,
            sent_bytes: 2_940_022,
        },
        per_minute: PerMinute {
            requests: Some(24.5),
            events: Some(1.5),
            commands: Some(0.25),
            telemetry: Some(6.0),
        },
    }
}

pub(in crate::proto) fn command_statistics_request() -> CommandStatisticsRequest {
    CommandStatisticsRequest { since: Some("24h".into()) }
}

pub(in crate::proto) fn command_statistics() -> CommandStatistics {
    let waiting = Spread { count: 13, p50_s: Some(0.002), p90_s: Some(0.25), p99_s: Some(12.5) };
    let running = Spread { count: 13, p50_s: Some(1.5), p90_s: Some(10.0), p99_s: Some(10.25) };
    let executions = counts([("failed", 1), ("succeeded", 12)]);
    CommandStatistics {
        since: at("10:04:20"),
        counted_at: at("11:04:20"),
        is_partial: false,
        commands: counts([("partial", 1), ("succeeded", 5)]),
        executions: executions.clone(),
        waiting,
        running,
        verbs: vec![VerbStatistics { verb: "docker.stop".into(), executions, waiting, running }],
        failing_nodes: vec![FailingNode {
            node: WEB_1.into(),
            failed: 1,
            ended: 13,
            last_error: Some("there is no container 'nginx'".into()),
        }],
    }
}

pub(in crate::proto) fn dashboard_stats() -> DashboardStats {
    let on_web_1 = |value: f64| LoadRange {
        average: Some(value),
        highest: Some(value),
        highest_node: Some(WEB_1.into()),
    };
    DashboardStats {
        time: at("11:04:20"),
        nodes: NodeStats { total: 1, by_status: counts([("ONLINE", 1)]), linked: 1 },
        throughput: ThroughputStats {
            commands_per_minute: Some(0.0),
            events_per_minute: Some(1.0),
            telemetry_per_minute: Some(6.0),
            network_received_bytes_per_second: Some(18_221.5),
            network_transmitted_bytes_per_second: Some(9411.0),
            network_nodes: 1,
        },
        load: LoadStats {
            cpu_percent: on_web_1(12.5),
            memory_percent: on_web_1(37.5),
            load_average: on_web_1(0.5),
            nodes: 1,
        },
        security: Some(SecurityStats {
            denied_24h: 2,
            quarantined_agents: 0,
            active_keys: 1,
            sign_ins_refused: 1,
            requests_rate_limited: 0,
            since: at("09:00:00"),
        }),
    }
}

pub(in crate::proto) fn service_matrix() -> ServiceMatrix {
    ServiceMatrix {
        time: at("11:04:20"),
        by_status: counts([("healthy", 2)]),
        parts: vec![ServicePart {
            name: "api".into(),
            status: Health::Healthy,
            latency_ms: Some(0.5),
            latency_p99_ms: Some(4.5),
            per_second: Some(3.5),
            load: Some(1),
            capacity: None,
            lag: None,
        }],
        nodes: vec![NodeService {
            node: WEB_1.into(),
            name: "nginx".into(),
            status: Health::Healthy,
            reported: "active".into(),
            time: at("11:04:00"),
        }],
    }
}

pub(in crate::proto) fn list_audit() -> ListAuditRequest {
    ListAuditRequest {
        actor: Some("user:ada".into()),
        action: Some("container.*".into()),
        target: Some("container/web-1/*".into()),
        outcome: Some(Outcome::Done),
        correlation: None,
        since: Some(at("11:00:00")),
        until: Some(at("12:00:00")),
        limit: Some(50),
        cursor: None,
    }
}

pub(in crate::proto) fn audit_record() -> AuditRecord {
    AuditRecord {
        number: 412,
        time: at("11:05:00"),
        actor: "user:ada".into(),
        address: Some("192.0.2.40".into()),
        action: "container.stop".into(),
        target: "container/web-1/nginx".into(),
        outcome: Outcome::Done,
        correlation: Some(COMMAND.into()),
        detail: serde_json::json!({ "verb": "docker.stop" }),
        hash: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".into(),
    }
}

pub(in crate::proto) fn export_line() -> ExportLine {
    ExportLine::End { number: 412, entries: 412 }
}

pub(in crate::proto) fn event_page() -> EventPage {
    EventPage { items: vec![event()], next_cursor: None, gap: Some(EventGap { from: 1, to: 1041 }) }
}
