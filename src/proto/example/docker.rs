//! Examples of what is asked of a node's engine.

use std::collections::BTreeMap;

use serde_json::json;

use super::{AGENT, COMMAND, CONTAINER, IMAGE, WEB_1, at, read};
use crate::proto::{
    container::{ContainerInspection, ContainerLogsRequest, ContainerStats, LogLine, Traffic},
    image::{PruneRequest, PullImageRequest, PullProgress},
    output::{LogStream, Part},
};

pub(in crate::proto) fn container_logs() -> ContainerLogsRequest {
    ContainerLogsRequest {
        id: "4f1c9a7be2d0".into(),
        tail: Some(100),
        since: Some(at("11:00:00")),
        until: Some(at("12:00:00")),
        follow: false,
        timestamps: true,
    }
}

pub(in crate::proto) fn log_line() -> LogLine {
    LogLine {
        time: at("11:04:20.123456789"),
        stream: LogStream::Stdout,
        line: "192.0.2.99 - - \"GET / HTTP/1.1\" 200 615".into(),
        continues: false,
    }
}

pub(in crate::proto) fn container_stats() -> ContainerStats {
    ContainerStats {
        id: CONTAINER.into(),
        name: "shop".into(),
        time: at("11:04:20"),
        cpu_percent: Some(1.25),
        cpu_count: Some(4),
        memory_used_bytes: Some(41_943_040),
        memory_limit_bytes: Some(268_435_456),
        memory_percent: Some(15.625),
        networks: BTreeMap::from([(
            "eth0".into(),
            Traffic { received_bytes: 1_234_567, transmitted_bytes: 7_654_321 },
        )]),
        block_read_bytes: Some(8_192_000),
        block_written_bytes: Some(4_096),
        pids: Some(5),
    }
}

pub(in crate::proto) fn container_inspection() -> ContainerInspection {
    let inspected = json!({
        "Id": CONTAINER,
        "Name": "/shop",
        "Image": IMAGE,
        "Config": { "Env": ["NGINX_VERSION=***"], "Image": "nginx:1.27" },
        "State": { "Status": "running", "Running": true, "ExitCode": 0 },
    });
    ContainerInspection(inspected.as_object().cloned().unwrap_or_default())
}

pub(in crate::proto) fn pull_image() -> PullImageRequest {
    PullImageRequest {
        image: "nginx:1.27".into(),
        agents: vec![],
        node: Some(WEB_1.into()),
        timeout_s: Some(1800),
        wait: Some(30),
    }
}

pub(in crate::proto) fn prune() -> PruneRequest {
    PruneRequest { all: true, agents: vec![], node: Some(WEB_1.into()), wait: Some(30) }
}

pub(in crate::proto) fn pull_progress() -> PullProgress {
    PullProgress {
        command: read(COMMAND),
        execution: read(AGENT),
        node: WEB_1.into(),
        image: "nginx:1.27".into(),
        time: at("11:04:20"),
        done_bytes: 1_048_576,
        total_bytes: 29_000_000,
        layers: vec![Part {
            id: "8a1e25ce7c4f".into(),
            status: "Downloading".into(),
            done_bytes: Some(1_048_576),
            total_bytes: Some(29_000_000),
        }],
    }
}
