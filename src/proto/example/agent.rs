//! Examples of what is done with agents, and of their numbers.

use super::{
    super::agent::{
        AgentStatistics, AgentStatus, AgentsAsked, Count, ReplaceAgentRequest, RevokeAgentRequest,
        SetAgentStatusRequest, SyncAgentsRequest, SyncTarget,
    },
    WEB_1,
};

pub(in crate::proto) fn set_agent_status() -> SetAgentStatusRequest {
    SetAgentStatusRequest {
        id: WEB_1.into(),
        status: AgentStatus::Maintenance,
        reason: Some("a new disk".into()),
    }
}

pub(in crate::proto) fn sync_agents() -> SyncAgentsRequest {
    SyncAgentsRequest { target: SyncTarget::One("all".into()) }
}

pub(in crate::proto) fn agents_asked() -> AgentsAsked {
    AgentsAsked { asked: 1, not_linked: vec!["db-1".into()] }
}

pub(in crate::proto) fn agent_statistics() -> AgentStatistics {
    let one = |value: &str| vec![Count { value: Some(value.into()), count: 1 }];
    AgentStatistics {
        total: 1,
        linked: 1,
        stale: 0,
        by_status: one("ONLINE"),
        by_site: one("eu"),
        by_os: one("Debian GNU/Linux 12"),
        by_arch: one("x86_64"),
        by_engine: one("docker"),
        by_version: one("0.1.0"),
        by_capability: one("docker.stop"),
        containers: 7,
        containers_by_state: vec![
            Count { value: Some("running".into()), count: 6 },
            Count { value: Some("exited".into()), count: 1 },
        ],
    }
}

pub(in crate::proto) fn revoke_agent() -> RevokeAgentRequest {
    RevokeAgentRequest { id: WEB_1.into(), reason: Some("the disk was sold".into()) }
}

pub(in crate::proto) fn replace_agent() -> ReplaceAgentRequest {
    ReplaceAgentRequest { id: WEB_1.into(), expires_in: Some(900) }
}
