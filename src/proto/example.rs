//! Examples of what travels, for the API's description: one fleet of one node, seen through every call. They are
//! typed, so that a field nobody gave an example does not compile.

mod agent;
mod certificate;
mod command;
mod docker;
mod heartbeat;
mod link;
mod server;
mod window;

use std::{collections::BTreeMap, str::FromStr};

use jiff::Timestamp;
use serde_json::json;

pub(super) use self::{
    agent::{agent_statistics, agents_asked, replace_agent, revoke_agent, set_agent_status, sync_agents},
    certificate::*,
    command::*,
    docker::*,
    heartbeat::*,
    link::*,
    server::*,
    window::*,
};
use super::{
    agent::{
        Agent, AgentDetail, AgentHealth, AgentRef, AgentStatus, ContainerEngine, HostFacts, ListAgentsRequest,
    },
    auth::{
        ApiKey, Identity, IssueKeyRequest, IssuedKey, KeyRef, LoginRequest, LoginResponse, RotateKeyRequest,
        Scope,
    },
    command::{Command, CommandStatus, Execution, GetCommandRequest, Priority},
    container::{
        ActOnContainer, Container, ContainerFacts, ContainerRef, ContainerState, ListContainersRequest,
        RemoveContainerRequest, StopContainerRequest,
    },
    event::{Event, EventHistoryRequest, EventKind, SubscribeRequest},
    image::{Image, ImageFacts, ListImagesRequest},
    invitation::{Invitation, InviteRequest, JoinRequest, Joined},
    page::PageRequest,
    problem::{FieldError, Problem},
    telemetry::{DiskUsage, MemoryUsage, NetworkStats, Telemetry, TelemetryRange},
    user::{CreateUserRequest, Role, SetUserPasswordRequest, SetUserRoleRequest, User, UserRef},
};

mod metric;

pub(super) use metric::{
    analytics, latest_telemetry, metric_history, metric_info, metric_list, network_history, network_range,
    telemetry_analytics, telemetry_history,
};

const AGENT: &str = "019e1f3a-6b20-7c41-9a55-3f0d2c8e7b10";
const COMMAND: &str = "019e1f52-0d14-7b8e-8c3a-5a2b9d6f4e21";
const KEY: &str = "019e1f40-9c77-7d02-b1e4-7c6a5f3d2b18";
const CONTAINER: &str = "4f1c9a7be2d05386b3c8a1f0e97d24c65b8a30d1f2e4c7968a5b3d0e1f2a4c6b";
const IMAGE: &str = "sha256:9c7a54a9a43cca047013b82af109fe963fde787f63f9e016fdc3384500c2823d";
const WEB_1: &str = "web-1";

/// Reads a constant of this file.
fn read<T: FromStr>(text: &str) -> T {
    text.parse().ok().expect("the constants of this file are well formed")
}

/// A moment of the day on which all of this happened.
fn at(time: &str) -> Timestamp {
    read(&format!("2026-05-12T{time}Z"))
}

// Agents

pub(super) fn agent_ref() -> AgentRef {
    AgentRef { id: WEB_1.into() }
}

pub(super) fn list_agents() -> ListAgentsRequest {
    ListAgentsRequest {
        status: Some(AgentStatus::Online),
        site: Some("eu".into()),
        capability: Some("docker.stop".into()),
        os: Some("debian".into()),
        engine: Some("docker".into()),
        selector: Some("cpu > 80 && running > 0".into()),
        sort: Some("site,-cpu".into()),
        limit: Some(50),
        cursor: None,
    }
}

pub(super) fn agent() -> Agent {
    Agent {
        id: read(AGENT),
        agent_id: WEB_1.into(),
        site: "eu".into(),
        status: AgentStatus::Online,
        status_since: at("09:30:00"),
        version: Some("0.1.0".into()),
        capabilities: ["docker.start", "docker.stop", "docker.restart", "docker.rm", "docker.logs"]
            .map(Into::into)
            .to_vec(),
        site_verbs: Vec::new(),
        labels: [("tier", "front")].into_iter().collect(),
        host: HostFacts {
            hostname: Some(WEB_1.into()),
            os: Some("Debian GNU/Linux 12".into()),
            kernel: Some("6.1.0-35-amd64".into()),
            arch: Some("x86_64".into()),
            cpu_model: Some("AMD EPYC 7443P".into()),
            cpu_count: Some(4),
            memory_total_bytes: Some(8_323_047_424),
            booted_at: Some(at("06:00:12")),
        },
        container_engine: Some(ContainerEngine {
            name: "docker".into(),
            version: "28.1.1".into(),
            api_version: "1.49".into(),
        }),
        created_at: at("09:29:58"),
        last_seen_at: Some(at("11:04:20")),
        address: Some("192.0.2.17".into()),
    }
}

pub(super) fn agent_detail() -> AgentDetail {
    AgentDetail {
        agent: agent(),
        containers: BTreeMap::from([("exited".into(), 1), ("running".into(), 6)]),
        telemetry: Some(telemetry()),
    }
}

pub(super) fn agent_health() -> AgentHealth {
    AgentHealth {
        id: read(AGENT),
        agent_id: WEB_1.into(),
        status: AgentStatus::Online,
        status_since: at("09:30:00"),
        last_seen_at: Some(at("11:04:20")),
        linked: true,
        heartbeat_interval_s: 10,
        cpu_usage: Some(12.5),
        memory_usage: Some(37.5),
        disk_usage: Some(50.0),
    }
}

pub(super) fn telemetry_range() -> TelemetryRange {
    TelemetryRange {
        id: WEB_1.into(),
        from: Some(at("10:00:00")),
        to: Some(at("11:00:00")),
        limit: Some(50),
        cursor: None,
    }
}

pub(super) fn telemetry() -> Telemetry {
    Telemetry {
        agent_id: WEB_1.into(),
        timestamp: at("11:04:00"),
        cpu_usage: 12.5,
        cpu_cores: vec![25.0, 12.5, 6.25, 6.25],
        memory_usage: MemoryUsage {
            total_bytes: 8_323_047_424,
            used_bytes: 3_121_142_784,
            available_bytes: 5_201_904_640,
            swap_total_bytes: Some(0),
            swap_used_bytes: Some(0),
            percent: 37.5,
        },
        disk_usage: BTreeMap::from([(
            "/".into(),
            DiskUsage {
                device: "/dev/vda1".into(),
                file_system: "ext4".into(),
                total_bytes: 42_949_672_960,
                used_bytes: 20_401_094_656,
                available_bytes: 20_401_094_656,
                percent: 50.0,
            },
        )]),
        load_average: [0.5, 0.25, 0.125],
        network_stats: BTreeMap::from([(
            "eth0".into(),
            NetworkStats {
                received_bytes: 918_273_645,
                transmitted_bytes: 564_738_291,
                received_packets: 734_912,
                transmitted_packets: 612_044,
                receive_errors: 0,
                transmit_errors: 0,
            },
        )]),
        container_count: Some(7),
        service_status: BTreeMap::new(),
        uptime_s: Some(18_228),
    }
}

pub(super) fn invite() -> InviteRequest {
    InviteRequest { name: WEB_1.into(), site: Some("eu".into()), expires_in: Some(900), plain: false }
}

pub(super) fn invitation() -> Invitation {
    Invitation {
        id: Some(read("019e1f39-2a4e-7f60-a8d1-1b5c3e7f9a02")),
        agent: None,
        token: "wpi_AZ4fOSpOf2Co0RtcPn-aAg...".into(),
        name: WEB_1.into(),
        site: "eu".into(),
        expires_at: Some(at("09:43:00")),
        port: Some(9090),
        usage: "on the node, paste the token into: worpen agent --server URL --join -".into(),
    }
}

pub(super) fn join() -> JoinRequest {
    JoinRequest {
        invitation: read("019e1f39-2a4e-7f60-a8d1-1b5c3e7f9a02"),
        public_key: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into(),
        signature: "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw"
            .into(),
        tls_key: None,
    }
}

pub(super) fn joined() -> Joined {
    Joined {
        id: read(AGENT),
        agent_id: WEB_1.into(),
        site: "eu".into(),
        server: read("019e1e00-51c3-7a9d-9f42-8d7e6c5b4a30"),
        server_key: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw".into(),
        authorities: Vec::new(),
        certificate: None,
        epoch: 0,
    }
}

// What runs on them

pub(super) fn list_containers() -> ListContainersRequest {
    ListContainersRequest {
        node: Some(WEB_1.into()),
        state: Some(ContainerState::Running),
        selector: Some(r#"image.contains("nginx") && health != "healthy""#.into()),
        sort: Some("node,name".into()),
        limit: Some(50),
        cursor: None,
    }
}

pub(super) fn container_ref() -> ContainerRef {
    ContainerRef { id: "4f1c9a7be2d0".into() }
}

pub(super) fn act_on_container() -> ActOnContainer {
    ActOnContainer { id: "4f1c9a7be2d0".into(), wait: Some(30) }
}

pub(super) fn stop_container() -> StopContainerRequest {
    StopContainerRequest { id: "4f1c9a7be2d0".into(), wait: Some(30), timeout_s: Some(10) }
}

pub(super) fn remove_container() -> RemoveContainerRequest {
    RemoveContainerRequest { id: "4f1c9a7be2d0".into(), wait: Some(30), force: true }
}

pub(super) fn container() -> Container {
    Container {
        facts: ContainerFacts {
            id: CONTAINER.into(),
            name: "shop".into(),
            image: "nginx:1.27".into(),
            image_id: IMAGE.into(),
            command: Some("nginx -g 'daemon off;'".into()),
            state: ContainerState::Running,
            health: Some("healthy".into()),
            exit_code: None,
            created_at: Some(at("09:31:02")),
            started_at: Some(at("09:31:03")),
            finished_at: None,
            ports: vec!["127.0.0.1:8080->80/tcp".into()],
            labels: [("com.docker.compose.project", "shop")].into_iter().collect(),
        },
        node: WEB_1.into(),
        agent: read(AGENT),
        stale_since: None,
    }
}

pub(super) fn list_images() -> ListImagesRequest {
    ListImagesRequest {
        node: Some(WEB_1.into()),
        selector: Some("size > 500000000".into()),
        sort: Some("-size".into()),
        limit: Some(50),
        cursor: None,
    }
}

pub(super) fn image() -> Image {
    Image {
        facts: ImageFacts {
            id: IMAGE.into(),
            tags: vec!["nginx:1.27".into()],
            digests: vec![format!("nginx@{IMAGE}").into()],
            size_bytes: 192_004_242,
            created_at: Some(at("01:22:33")),
        },
        node: WEB_1.into(),
        agent: read(AGENT),
        stale_since: None,
    }
}

// What was ordered, and what happened

pub(super) fn get_command() -> GetCommandRequest {
    GetCommandRequest { id: read(COMMAND), wait: Some(30) }
}

pub(super) fn command() -> Command {
    Command {
        id: read(COMMAND),
        verb: "docker.stop".into(),
        args: json!({ "container": CONTAINER, "timeout_s": 10 }),
        status: CommandStatus::Succeeded,
        actor: "user:ada".into(),
        priority: Priority::Normal,
        created_at: at("11:05:00"),
        scheduled_at: None,
        expires_at: at("11:06:10"),
        ended_at: Some(at("11:05:01")),
        timeout_s: 70,
        max_retries: 0,
        precondition: None,
        rollout: None,
        output_bytes: 1_048_576,
        plan: None,
        schedule: None,
        correlation_id: "019e1f52-0d13-7a21-8f6e-2c4b6d8f0a13".into(),
        executions: vec![Execution {
            id: read("019e1f52-0d14-7c95-b07d-9e1f3a5c7d42"),
            agent: read(AGENT),
            node: WEB_1.into(),
            attempt: 1,
            status: CommandStatus::Succeeded,
            started_at: Some(at("11:05:00")),
            ended_at: Some(at("11:05:01")),
            result: Some(json!({})),
            error_message: None,
            waits_for: None,
            batch: 0,
            not_before: None,
            expires_at: Some(at("11:06:10")),
            cancelled_at: None,
            output: None,
        }],
    }
}

pub(super) fn event_history() -> EventHistoryRequest {
    EventHistoryRequest {
        from: Some(0),
        types: Some("container.died,agent.*".into()),
        node: Some(WEB_1.into()),
        limit: Some(50),
        cursor: None,
    }
}

pub(super) fn subscribe() -> SubscribeRequest {
    SubscribeRequest {
        from: Some(1041),
        types: Some("container.*".into()),
        node: Some(WEB_1.into()),
        live: Some("telemetry".into()),
    }
}

pub(super) fn event() -> Event {
    Event {
        specversion: "1.0".into(),
        id: read("019e1f52-1144-7e0b-a35c-6b8d0f2e4a64"),
        source: "/servers/019e1e00-51c3-7a9d-9f42-8d7e6c5b4a30".into(),
        kind: EventKind::ContainerStopped,
        subject: Some(WEB_1.into()),
        time: at("11:05:01"),
        sequence: "00000000000000001042".into(),
        actor: "agent:web-1".into(),
        correlationid: Some(COMMAND.into()),
        causationid: None,
        datacontenttype: "application/json".into(),
        data: json!({ "container": container() }),
    }
}

// Callers

pub(super) fn login() -> LoginRequest {
    LoginRequest { username: "ada".into(), password: "correct horse battery".into() }
}

pub(super) fn signed_in() -> LoginResponse {
    LoginResponse {
        token: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTllMWYzYiJ9.pJ4kS0mQ2...".into(),
        token_type: "Bearer".into(),
        expires_in: 3600,
        user: identity(),
    }
}

pub(super) fn identity() -> Identity {
    Identity { id: user().id, username: "ada".into(), role: Role::Operator, key: None }
}

pub(super) fn issue_key() -> IssueKeyRequest {
    IssueKeyRequest {
        name: "nightly".into(),
        role: Some(Role::Viewer),
        expires_in: Some(86_400),
        scope: Some(scope()),
    }
}

pub(super) fn issued_key() -> IssuedKey {
    IssuedKey { secret: "wpk_v3q0kZ9aXn1m5sT8wB2cD4eF...".into(), key: api_key() }
}

pub(super) fn api_key() -> ApiKey {
    ApiKey {
        id: read(KEY),
        name: "nightly".into(),
        username: "ada".into(),
        role: Role::Viewer,
        created_at: at("09:35:00"),
        expires_at: read("2026-05-13T09:35:00Z"),
        scope: Some(scope()),
    }
}

pub(super) fn scope() -> Scope {
    Scope {
        verbs: Some(vec!["docker.*".into()]),
        sites: Some(vec!["eu".into()]),
        nodes: Some(vec!["web-*".into()]),
    }
}

pub(super) fn key_ref() -> KeyRef {
    KeyRef { id: read(KEY) }
}

pub(super) fn rotate_key() -> RotateKeyRequest {
    RotateKeyRequest { id: read(KEY), overlap: Some(3600) }
}

pub(super) fn user_ref() -> UserRef {
    UserRef { id: "ada".into() }
}

pub(super) fn set_user_role() -> SetUserRoleRequest {
    SetUserRoleRequest { id: "ada".into(), role: Role::Admin }
}

pub(super) fn set_user_password() -> SetUserPasswordRequest {
    SetUserPasswordRequest {
        id: "ada".into(),
        password: "battery horse correct".into(),
        current: Some("correct horse battery".into()),
    }
}

pub(super) fn create_user() -> CreateUserRequest {
    CreateUserRequest {
        username: "ada".into(),
        password: "correct horse battery".into(),
        role: Role::Operator,
    }
}

pub(super) fn user() -> User {
    User {
        id: read("019e1f3b-44d0-7b3f-8e2a-0c9d8b7a6f54"),
        username: "ada".into(),
        role: Role::Operator,
        created_at: at("09:33:20"),
        disabled_at: None,
    }
}

// Lists and errors

pub(super) fn page() -> PageRequest {
    PageRequest { limit: Some(50), cursor: None }
}

pub(super) fn problem() -> Problem {
    Problem {
        kind: "about:blank".into(),
        title: "Bad Request".into(),
        status: 400,
        detail: "/wait: expected 0 to 300 seconds".into(),
        code: "invalid_request".into(),
        request_id: "019e1f52-0d13-7a21-8f6e-2c4b6d8f0a13".into(),
        errors: vec![FieldError { pointer: "/wait".into(), detail: "expected 0 to 300 seconds".into() }],
    }
}
