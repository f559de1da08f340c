//! Plans.

use axum::http::StatusCode;
use jiff::Timestamp;

use super::{
    app::App,
    call::{Answer, Call},
    command,
    random::random,
    sight::Sight,
};
use crate::{
    core::{
        access::Caller,
        error::Error,
        sealing::Seal,
        usecase::{
            dispatch::{self, Order},
            order::order,
            plan,
        },
    },
    id::PlanId,
    proto::{
        command::GiveCommandRequest,
        plan::{ApplyPlan, GetPlan, Plan, PlanCommand},
    },
};

pub(super) async fn make(call: Call<PlanCommand>) -> Result<Answer<PlanCommand>, Error> {
    let (app, origin) = (&call.app, &call.origin);
    let (fleet, by) = (call.sight.fleet(), call.caller()?.authority());
    let order = order(app.ground(&fleet, origin.now), &call.request)?;
    dispatch::admit(&call.store, &app.fleet, &order, &by, origin).await?;
    let plan = plan::compose(&fleet.read(), &call.request, &order, origin);
    let secret_args = order.how.secret_args.as_ref();
    plan::keep(&call.store, &plan, secret_args, seal(app), by.principal, origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &plan))
}

pub(super) async fn get(call: Call<GetPlan>) -> Result<Answer<GetPlan>, Error> {
    Ok(Answer::ok(&find(&call.app, call.request.id, call.caller()?).await?))
}

pub(super) async fn apply(call: Call<ApplyPlan>) -> Result<Answer<ApplyPlan>, Error> {
    let (app, id, now) = (&call.app, call.request.id, call.origin.now);
    let (plan, request) = plan::open(&*app.records, id, call.caller()?, &app.sealing, now).await?;
    let order = unchanged(app, &call.sight, &plan, &request, now)?;
    match command::give(&call, order, call.request.wait).await {
        // Somebody else applied it in the same moment.
        Err(error @ Error::Conflict { code: "changed_meanwhile", .. }) => {
            Err(find(app, id, call.caller()?).await?.applied_at.map_or(error, |at| plan::applied(id, at)))
        }
        other => other,
    }
}

/// The plan's order, if the fleet is as it was.
fn unchanged(
    app: &App,
    sight: &Sight,
    plan: &Plan,
    request: &GiveCommandRequest,
    now: Timestamp,
) -> Result<Order, Error> {
    let fleet = sight.fleet();
    let resolved = order(app.ground(&fleet, now), request);
    plan::unchanged(&fleet.read(), plan, resolved, now)
}

async fn find(app: &App, id: PlanId, caller: &Caller) -> Result<Plan, Error> {
    Ok(plan::find(&*app.records, id, caller).await?.plan)
}

/// What seals the secrets of one record.
pub(super) fn seal(app: &App) -> Seal<'_> {
    Seal { key: &app.sealing, nonce: random() }
}
