//! Plans: what a command would do and to whom, looked at before it is given.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    agent::AgentStatus,
    command::{Command, GiveCommandRequest},
    container::ContainerState,
    endpoint::endpoints,
    example,
};
use crate::id::{AgentId, PlanId};

endpoints! {
    /// Says who would be hit by a command and what would run there, without giving it; the plan holds for an hour.
    PlanCommand: POST "/api/v1/plans", Operator, GiveCommandRequest => Plan {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[201];
        REFUSALS: &'static [u16] = &[404, 409];
    };
    /// Describes a plan.
    GetPlan: GET "/api/v1/plans/{id}", Viewer, PlanRef => Plan { SCOPED: bool = true; };
    /// Gives the command of a plan, if its targets are the same and stand as they did; otherwise nothing happens.
    ApplyPlan: POST "/api/v1/plans/{id}/apply", Operator, ApplyPlanRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[404, 409];
    };
}

/// Names a plan.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::plan_ref())]
pub struct PlanRef {
    /// The plan's id.
    pub id: PlanId,
}

/// Applies a plan.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::apply_plan())]
pub struct ApplyPlanRequest {
    /// The plan's id.
    pub id: PlanId,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

/// What a command would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::plan())]
pub struct Plan {
    /// The plan's id.
    pub id: PlanId,
    /// What was asked for; secrets are left out.
    pub request: GiveCommandRequest,
    /// Who would be hit, in the order of the rollout.
    pub targets: Vec<PlannedTarget>,
    /// Who asked.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
    /// It cannot be applied afterwards.
    pub expires_at: Timestamp,
    /// When it was applied; a plan is applied once.
    pub applied_at: Option<Timestamp>,
}

/// A node that would be hit, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedTarget {
    /// The agent's id.
    pub agent: AgentId,
    /// Its name.
    pub node: String,
    /// How it stands.
    pub status: AgentStatus,
    /// The part of the rollout that it would belong to, from 1; 0 without one.
    pub batch: u32,
    /// The container that would be hit, where the verb names one.
    pub container: Option<PlannedContainer>,
}

/// A container that would be hit, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedContainer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: ContainerState,
}
