//! Examples of metrics and their ranges.

use super::{WEB_1, at};
use crate::proto::telemetry::{
    Across, Aggregate, LatestTelemetryRequest, Metric, MetricHistory, MetricInfo, MetricKind, MetricList,
    MetricPoint, MetricSeries, MetricSummary, NetworkHistory, NetworkPoint, NetworkRange, SeriesOf,
    TelemetryAnalytics, TelemetryAnalyticsRequest, TelemetryHistoryRequest,
};

pub(in crate::proto) fn metric_info() -> MetricInfo {
    MetricInfo {
        metric: Metric::CpuUsage,
        unit: "percent".into(),
        kind: MetricKind::Gauge,
        label: None,
        aggregate: Aggregate::Avg,
        across: Across::Avg,
    }
}

pub(in crate::proto) fn metric_list() -> MetricList {
    MetricList { items: vec![metric_info()] }
}

pub(in crate::proto) fn latest_telemetry() -> LatestTelemetryRequest {
    LatestTelemetryRequest { agent: None, site: Some("eu".into()), limit: Some(50), cursor: None }
}

pub(in crate::proto) fn telemetry_history() -> TelemetryHistoryRequest {
    TelemetryHistoryRequest {
        metric: Some(Metric::CpuUsage),
        label: None,
        agent: Some(WEB_1.into()),
        site: None,
        from: None,
        to: None,
        range: Some("1h".into()),
        step: Some("5m".into()),
        aggregate: Some(Aggregate::Avg),
        across: None,
        by: SeriesOf::Fleet,
    }
}

pub(in crate::proto) fn metric_history() -> MetricHistory {
    MetricHistory {
        metric: Metric::CpuUsage,
        unit: "percent".into(),
        aggregate: Aggregate::Avg,
        across: Across::Avg,
        from: at("11:00:00"),
        to: at("11:10:00"),
        step_s: 300,
        series: vec![MetricSeries {
            agent_id: None,
            points: vec![
                MetricPoint { time: at("11:00:00"), value: Some(12.5) },
                MetricPoint { time: at("11:05:00"), value: None },
            ],
        }],
        damaged_parts: 0,
    }
}

pub(in crate::proto) fn telemetry_analytics() -> TelemetryAnalyticsRequest {
    TelemetryAnalyticsRequest {
        metrics: Some("cpu_usage,memory_usage".into()),
        agent: Some(WEB_1.into()),
        site: None,
        from: None,
        to: None,
        range: Some("24h".into()),
    }
}

pub(in crate::proto) fn analytics() -> TelemetryAnalytics {
    TelemetryAnalytics {
        from: at("10:00:00"),
        to: at("11:00:00"),
        metrics: vec![MetricSummary {
            metric: Metric::CpuUsage,
            unit: "percent".into(),
            samples: 120,
            min: Some(3.5),
            avg: Some(12.5),
            max: Some(61.0),
            p95: Some(40.25),
            trend_per_hour: Some(0.5),
            damaged_parts: 0,
        }],
    }
}

pub(in crate::proto) fn network_range() -> NetworkRange {
    NetworkRange { range: Some("1h".into()), site: None }
}

pub(in crate::proto) fn network_history() -> NetworkHistory {
    NetworkHistory {
        from: at("11:00:00"),
        to: at("11:01:00"),
        step_s: 30,
        points: vec![
            NetworkPoint {
                time: at("11:00:00"),
                inbound_bytes_per_s: Some(1_048_576.0),
                outbound_bytes_per_s: Some(524_288.0),
            },
            NetworkPoint { time: at("11:00:30"), inbound_bytes_per_s: None, outbound_bytes_per_s: None },
        ],
    }
}
