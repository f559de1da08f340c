//! Examples of a pulse over plain HTTP.

use super::at;
use crate::proto::{
    agent::AgentStatus,
    heartbeat::{HeartbeatRequest, HeartbeatTaken},
};

pub(in crate::proto) fn heartbeat() -> HeartbeatRequest {
    HeartbeatRequest { id: "press-7".into(), cpu: Some(12.5), ram: Some(41.0), status: "ONLINE".into() }
}

pub(in crate::proto) fn heartbeat_taken() -> HeartbeatTaken {
    HeartbeatTaken { status: AgentStatus::Online, heartbeat_interval_s: 10, server_time: at("11:05:00") }
}
