//! Schedules.

use axum::http::StatusCode;

use super::{
    call::{Answer, Call},
    page::{limit_of, page},
    plan::seal,
};
use crate::{
    core::{
        access::Caller,
        error::Error,
        usecase::{dispatch, order::order, schedule},
    },
    id::KeyId,
    proto::{
        endpoint::{Empty, Endpoint},
        schedule::{CreateSchedule, GetSchedule, ListSchedules, PauseSchedule, RemoveSchedule},
    },
};

pub(super) async fn create(call: Call<CreateSchedule>) -> Result<Answer<CreateSchedule>, Error> {
    let (app, origin) = (&call.app, &call.origin);
    let clock = schedule::check(&call.request)?;
    let order =
        order(app.ground(&call.sight.fleet(), origin.now), &call.request.command).map_err(in_command)?;
    dispatch::admit(&call.store, &app.fleet, &order, &call.caller()?.authority(), origin).await?;
    let what = (&call.request, &clock, &order);
    let made =
        schedule::create(ports(&call), what, call.caller()?, seal(app), call.claim.as_ref(), origin).await?;
    Ok(Answer::with_status(StatusCode::CREATED, &made))
}

/// What is wrong with a command, at its place in the request.
fn in_command(error: Error) -> Error {
    match error {
        Error::Invalid(mut fields) => {
            fields.iter_mut().for_each(|field| field.pointer.insert_str(0, "/command"));
            Error::Invalid(fields)
        }
        other => other,
    }
}

pub(super) async fn list(call: Call<ListSchedules>) -> Result<Answer<ListSchedules>, Error> {
    let limit = limit_of(call.request.limit)?;
    let schedules =
        call.app.records.schedules(own(call.caller()?), call.request.cursor.as_deref(), limit + 1).await?;
    Ok(Answer::ok(&page(schedules.into_iter(), limit, |schedule| schedule.name.clone())))
}

pub(super) async fn get(call: Call<GetSchedule>) -> Result<Answer<GetSchedule>, Error> {
    Ok(Answer::ok(&schedule::find(&*call.app.records, &call.request.id, call.caller()?).await?.schedule))
}

pub(super) async fn pause(call: Call<PauseSchedule>) -> Result<Answer<PauseSchedule>, Error> {
    let (app, request) = (&call.app, &call.request);
    let (caller, origin) = (call.caller()?, &call.origin);
    let schedule = if request.paused {
        schedule::pause(ports(&call), &request.id, caller, origin).await?
    } else {
        let fleet = call.sight.fleet();
        let resolve = |request: &_| order(app.ground(&fleet, origin.now), request);
        schedule::resume(ports(&call), &app.fleet, &request.id, caller, resolve, origin).await?
    };
    Ok(Answer::ok(&schedule))
}

pub(super) async fn remove(call: Call<RemoveSchedule>) -> Result<Answer<RemoveSchedule>, Error> {
    schedule::remove(ports(&call), &call.request.id, call.caller()?, &call.origin).await?;
    Ok(Answer::ok(&Empty {}))
}

/// The key whose schedules alone a caller is shown: its own, if it has a scope.
fn own(caller: &Caller) -> Option<KeyId> {
    caller.key.as_ref().filter(|key| key.scope.is_some()).map(|key| key.id)
}

fn ports<E: Endpoint>(call: &Call<E>) -> schedule::Ports<'_> {
    schedule::Ports { store: &call.store, records: &*call.app.records }
}
