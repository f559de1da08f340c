//! Plans: who would be hit by a command, for somebody to look at before it is given.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    super::{
        act::{self, Sure},
        agents,
        error::CliError,
        exit::ExitStatus,
        form::Format,
        measure,
        printer::{Side, calm},
        session::{Reach, Session},
        table::{Cell, Column, Row},
    },
    told,
};
use crate::{
    client::{Client, ClientError},
    core::verb::built_in,
    id::PlanId,
    proto::{
        command::{Command, GiveCommandRequest},
        plan::{ApplyPlan, ApplyPlanRequest, Plan, PlanCommand, PlannedTarget},
        verb::Effect,
    },
};

/// Makes a plan and shows it.
pub(super) async fn make(
    session: &Session,
    client: &Client,
    request: &GiveCommandRequest,
) -> Result<ExitStatus, CliError> {
    let plan = client.call::<PlanCommand>(request).await?.body;
    show(session, &plan)?;
    Ok(ExitStatus::Done)
}

/// Shows a plan: for people the nodes, and beside them how to apply it.
pub(crate) fn show(session: &Session, plan: &Plan) -> Result<(), CliError> {
    let form = &session.form;
    if !form.format.is_for_people() {
        return match form.format {
            Format::Csv => session.list(&plan.targets),
            _ => session.record(plan, &plan.id.to_string(), String::new),
        };
    }
    let what = told(&plan.request.verb, &plan.request.args);
    let count = plan.targets.len();
    let nodes = if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
    let parts = plan.targets.iter().map(|target| target.batch).max().unwrap_or(0);
    let parts = if parts > 1 { format!(" in {parts} parts") } else { String::new() };
    session.printer.data(&calm(&format!("{what}\nwould run on {nodes}{parts}:\n")))?;
    session.list(&plan.targets)?;
    let until = measure::moment(plan.expires_at);
    session.printer.note(&format!("apply it until {until} with: worpen commands apply {}", plan.id));
    Ok(())
}

/// Asks whoever sits at a terminal before a command acts on more than one node; gives the plan that was agreed to, where
/// one was needed to know whom it would hit.
pub(super) async fn agreed(
    session: &Session,
    client: &Client,
    request: &GiveCommandRequest,
    sure: Sure,
) -> Result<Option<PlanId>, CliError> {
    let only_reads = built_in(&request.verb).is_some_and(|verb| verb.effect == Effect::Reads);
    let is_one = request.any == Some(1) || request.agent_targets.len() == 1;
    if sure.yes || only_reads || is_one || !session.printer.is_shown(Side::Err) {
        return Ok(None);
    }
    let what = told(&request.verb, &request.args);
    session.refuse_unsure(sure, &format!("run {what} on several nodes"))?;
    let asked = GiveCommandRequest { wait: None, ..request.clone() };
    let plan = client.call::<PlanCommand>(&asked).await?.body;
    let names: Vec<&str> = plan.targets.iter().map(|target| target.node.as_str()).collect();
    if names.len() > 1 {
        let act = format!("run {what} on {} nodes: {}", names.len(), measure::shortened(&names));
        session.confirm(sure, &act, Reach::Several(names.len())).await?;
    }
    Ok(Some(plan.id))
}

/// Gives the command of a plan, without waiting for its end.
pub(crate) async fn applied(session: &Session, client: &Client, id: PlanId) -> Result<Command, ClientError> {
    let request = ApplyPlanRequest { id, wait: Some(0) };
    act::give::<ApplyPlan>(session, client, request, Duration::ZERO).await
}

impl Row for PlannedTarget {
    const COLUMNS: &'static [Column] = &[
        Column::words("NODE"),
        Column::words("STATUS"),
        Column::number("PART"),
        Column::words("CONTAINER"),
        Column::words("STATE"),
        Column::words("AGENT").wide(),
        Column::words("CONTAINER ID").wide(),
    ];

    fn name(&self) -> String {
        self.node.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let container = self.container.as_ref();
        vec![
            self.node.as_str().into(),
            agents::status(self.status).raw(self.status.as_str()),
            Cell::of((self.batch > 0).then_some(self.batch)),
            Cell::of(container.map(|container| &container.name)),
            Cell::of(container.map(|container| container.state.as_str())),
            self.agent.to_string().into(),
            Cell::of(container.map(|container| &container.id)),
        ]
    }
}
