//! Examples of commands given, planned, scheduled and listed, and of what they print.

use serde_json::{Map, Value, json};

use super::{AGENT, COMMAND, CONTAINER, WEB_1, at, read};
use crate::proto::{
    agent::AgentStatus,
    command::{
        Batch, CancelCommandRequest, CommandOutputRequest, CommandStatus, GiveCommandRequest,
        ListCommandsRequest, Priority, RetryCommandRequest, Rollout,
    },
    container::ContainerState,
    output::{LogStream, OutputItem},
    plan::{ApplyPlanRequest, Plan, PlanRef, PlannedContainer, PlannedTarget},
    schedule::{CreateScheduleRequest, Overlap, PauseScheduleRequest, Schedule, ScheduleRef},
    verb::{Effect, Verb},
};

const PLAN: &str = "019e1f51-7a10-7c3e-9b1d-2f4a6c8e0b35";
const SCHEDULE: &str = "019e1f4f-3b52-7d19-8a6c-1e3d5f7a9b24";

fn args(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub(in crate::proto) fn give_command() -> GiveCommandRequest {
    GiveCommandRequest {
        verb: "docker.stop".into(),
        args: args(&json!({ "container": "nginx", "timeout_s": 10 })),
        agent_targets: vec![WEB_1.into()],
        priority: Priority::High,
        timeout_s: Some(60),
        wait: Some(30),
        ..GiveCommandRequest::default()
    }
}

fn everywhere() -> GiveCommandRequest {
    GiveCommandRequest {
        verb: "exec".into(),
        args: args(&json!({ "argv": ["systemctl", "reload", "nginx"] })),
        selector: Some("site == \"eu\"".into()),
        rollout: Some(Rollout { batch: Batch::Percent(10), pause_s: 30, max_failures: 2 }),
        ..GiveCommandRequest::default()
    }
}

pub(in crate::proto) fn cancel_command() -> CancelCommandRequest {
    CancelCommandRequest { id: read(COMMAND), agent_targets: vec![WEB_1.into()], wait: Some(30) }
}

pub(in crate::proto) fn retry_command() -> RetryCommandRequest {
    RetryCommandRequest { id: read(COMMAND), agent_targets: vec![WEB_1.into()], wait: Some(30) }
}

pub(in crate::proto) fn command_output() -> CommandOutputRequest {
    CommandOutputRequest { id: read(COMMAND), agent: Some(WEB_1.into()), from: Some(0), follow: Some(true) }
}

pub(in crate::proto) fn output_item() -> OutputItem {
    OutputItem::Output {
        node: WEB_1.into(),
        execution: read("019e1f52-0d14-7c95-b07d-9e1f3a5c7d42"),
        stream: LogStream::Stdout,
        offset: 0,
        time: at("11:05:01"),
        text: Some("Linux\n".into()),
        base64: None,
    }
}

pub(in crate::proto) fn list_commands() -> ListCommandsRequest {
    ListCommandsRequest {
        status: Some(CommandStatus::Failed),
        agent: Some(WEB_1.into()),
        verb: Some("docker.stop".into()),
        limit: Some(50),
        cursor: None,
    }
}

pub(in crate::proto) fn plan_ref() -> PlanRef {
    PlanRef { id: read(PLAN) }
}

pub(in crate::proto) fn apply_plan() -> ApplyPlanRequest {
    ApplyPlanRequest { id: read(PLAN), wait: Some(30) }
}

pub(in crate::proto) fn plan() -> Plan {
    Plan {
        id: read(PLAN),
        request: give_command(),
        targets: vec![PlannedTarget {
            agent: read(AGENT),
            node: WEB_1.into(),
            status: AgentStatus::Online,
            batch: 0,
            container: Some(PlannedContainer {
                id: CONTAINER.into(),
                name: "nginx".into(),
                state: ContainerState::Running,
            }),
        }],
        actor: "user:ada".into(),
        created_at: at("11:04:00"),
        expires_at: at("12:04:00"),
        applied_at: None,
    }
}

pub(in crate::proto) fn create_schedule() -> CreateScheduleRequest {
    CreateScheduleRequest {
        name: "reload-nginx".into(),
        cron: "30 4 * * mon-fri".into(),
        time_zone: Some("Europe/Berlin".into()),
        overlap: Overlap::Skip,
        command: everywhere(),
    }
}

pub(in crate::proto) fn schedule_ref() -> ScheduleRef {
    ScheduleRef { id: "reload-nginx".into() }
}

pub(in crate::proto) fn pause_schedule() -> PauseScheduleRequest {
    PauseScheduleRequest { id: "reload-nginx".into(), paused: true }
}

pub(in crate::proto) fn schedule() -> Schedule {
    Schedule {
        id: read(SCHEDULE),
        name: "reload-nginx".into(),
        cron: "30 4 * * mon-fri".into(),
        time_zone: "Europe/Berlin".into(),
        overlap: Overlap::Skip,
        command: everywhere(),
        actor: "user:ada".into(),
        created_at: at("11:00:00"),
        paused: false,
        next_at: Some(at("12:30:00")),
        last_at: None,
        last_command: None,
        last_error: None,
    }
}

pub(in crate::proto) fn verb() -> Verb {
    Verb {
        name: "create_panel_user".into(),
        about: "makes a user of the panel".into(),
        effect: Effect::Acts,
        schema: json!({
            "type": "object",
            "properties": { "name": { "type": "string" }, "password": { "type": "string", "writeOnly": true } },
            "required": ["name", "password"]
        }),
        timeout_s: Some(30),
        is_built_in: false,
        agents: vec![WEB_1.into()],
    }
}
