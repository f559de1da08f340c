//! Schedules: made, paused, removed, and served when their time comes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Origin, authority,
    dispatch::{self, Dispatch, Order},
    plan::{still_secret, without_secrets},
    repeat::{claiming, created_before},
};
use crate::{
    core::{
        access::{Authority, Caller, Rights},
        change::Change,
        command::has_ended,
        error::Error,
        fleet::SharedFleet,
        port::{
            records::{Records, ScheduleRecord},
            store::Store,
        },
        schedule::{Clock, Due, MAX_SCHEDULES, missed_in_words},
        sealing::{Seal, SealingKey},
        statement::{self, idempotency::Claim, schedule::Came},
    },
    id::{CommandId, ScheduleId, UserId},
    proto::{
        command::GiveCommandRequest,
        event::EventKind,
        schedule::{CreateScheduleRequest, Overlap, Schedule},
        user::Role,
    },
};

/// The ports that making a schedule needs.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Where it is written.
    pub store: &'a dyn Store,
    /// Where others are found.
    pub records: &'a dyn Records,
}

/// Checks what can be checked of a request before its targets are looked up.
///
/// # Errors
/// A field is wrong.
pub fn check(request: &CreateScheduleRequest) -> Result<Clock, Error> {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if !(1..=64).contains(&request.name.len()) || !request.name.chars().all(inside) {
        return Err(Error::field("name", "expected 1 to 64 of a-z, digits, '.', '_' and '-'"));
    }
    if request.name.parse::<ScheduleId>().is_ok() {
        return Err(Error::field("name", "expected a name that does not look like an id"));
    }
    let command = &request.command;
    if command.scheduled_at.is_some() {
        return Err(Error::field("command/scheduled_at", "leave it out; 'cron' says when"));
    }
    if command.expires_at.is_some() {
        return Err(Error::field(
            "command/expires_at",
            "leave it out: it would hold for the first time alone; 'timeout_s' bounds each",
        ));
    }
    Clock::parse(&request.cron, request.time_zone.as_deref())
}

/// Makes a schedule. `order` is what its command would be now: what cannot be given now is refused.
///
/// # Errors
/// Its time never comes, the name is taken, there are too many, or the store cannot write.
pub async fn create(
    ports: Ports<'_>,
    (request, clock, order): (&CreateScheduleRequest, &Clock, &Order),
    maker: &Caller,
    seal: Seal<'_>,
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<Schedule, Error> {
    let next_at = clock.next(origin.now).ok_or_else(|| {
        Error::field("cron", "expected a time that comes within nine years; there is no such day")
    })?;
    let schedule = Schedule {
        id: ScheduleId::generate(),
        name: request.name.clone(),
        cron: request.cron.clone(),
        time_zone: clock.zone().to_owned(),
        overlap: request.overlap,
        command: without_secrets(&request.command, order),
        actor: origin.actor.clone(),
        created_at: origin.now,
        paused: false,
        next_at: Some(next_at),
        last_at: None,
        last_command: None,
        last_error: None,
    };
    let sealed = order.how.secret_args.as_ref().map(|args| seal.arguments(schedule.id, args));
    let key = maker.key.as_ref().map(|key| key.id);
    let record = ScheduleRecord { schedule, sealed, user: maker.user, key };
    let schedule = &record.schedule;
    let detail = json!({ "cron": schedule.cron, "time_zone": schedule.time_zone, "verb": schedule.command.verb,
        "args": schedule.command.args });
    let change = claiming(Change::new(), claim, schedule.id, origin.now)
        .write(statement::schedule::create(&record, MAX_SCHEDULES))
        .event(event(origin, EventKind::ScheduleCreated, schedule))
        .audit(origin.done("schedule.create", resource(schedule), detail));
    match ports.store.commit(change).await {
        Ok(_) => Ok(record.schedule),
        Err(error) if error.is_conflict_of("idempotency.claim") => {
            let id = created_before(ports.records, claim).await?;
            Ok(find(ports.records, &id, maker).await?.schedule)
        }
        Err(error) if error.is_conflict_of("schedule.create") => {
            Err(no_room(ports.records, &schedule.name).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Why a schedule could not be made.
async fn no_room(records: &dyn Records, name: &str) -> Result<Error, Error> {
    Ok(match records.schedule(name).await? {
        Some(_) => Error::Conflict {
            code: "schedule_exists",
            detail: format!("there is a schedule '{name}' already; remove it first, or take another name"),
        },
        None => Error::Conflict {
            code: "too_many_schedules",
            detail: format!("there are {MAX_SCHEDULES} schedules, and no more are kept; remove one first"),
        },
    })
}

/// The schedule with this id or name, if the caller may know of it: with a scope, one that was made with the same key.
///
/// # Errors
/// There is none for this caller, or the store cannot serve.
pub async fn find(records: &dyn Records, reference: &str, caller: &Caller) -> Result<ScheduleRecord, Error> {
    let found = records.schedule(reference).await?;
    let is_known = |record: &ScheduleRecord| caller.scope().is_none() || record.by() == caller.principal();
    found.filter(is_known).ok_or_else(|| {
        let shown: String = reference.chars().take(64).collect();
        Error::not_found("schedule", shown)
    })
}

/// Lets a schedule rest; one that does so already stays as it is.
///
/// # Errors
/// There is none, or the store cannot write.
pub async fn pause(
    ports: Ports<'_>,
    reference: &str,
    caller: &Caller,
    origin: &Origin,
) -> Result<Schedule, Error> {
    let mut schedule = find(ports.records, reference, caller).await?.schedule;
    if schedule.paused {
        return Ok(schedule);
    }
    (schedule.paused, schedule.next_at) = (true, None);
    let change = Change::new()
        .write(statement::schedule::pause(schedule.id, None))
        .event(event(origin, EventKind::SchedulePaused, &schedule))
        .audit(origin.done("schedule.pause", resource(&schedule), Value::Null));
    ports.store.commit(change).await?;
    Ok(schedule)
}

/// Lets a schedule go on from now. Where its maker may not give its command any more, whoever lets it go on vouches for it
/// from then on, and must be allowed to give it.
///
/// # Errors
/// There is none, its command may not be given by whoever vouches for it, or the store cannot write.
pub async fn resume(
    ports: Ports<'_>,
    fleet: &SharedFleet,
    reference: &str,
    caller: &Caller,
    resolve: impl FnOnce(&GiveCommandRequest) -> Result<Order, Error>,
    origin: &Origin,
) -> Result<Schedule, Error> {
    let record = find(ports.records, reference, caller).await?;
    let lost = may_give(ports.records, &record, origin.now).await?.err();
    if !record.schedule.paused {
        return Ok(record.schedule);
    }
    let widened = lost.is_some() && widens(ports.records, &record, caller).await?;
    let mut schedule = record.schedule;
    let mut detail = Value::Null;
    let vouches = if let Some(why) = lost {
        if widened {
            return Err(Error::Conflict {
                code: "scope_ended",
                detail: format!(
                    "'{}' was made with a key whose scope bounded which nodes it means, and {why}; make it anew with the \
                     targets that you mean",
                    schedule.name
                ),
            });
        }
        let order = resolve(&schedule.command)?;
        dispatch::admit(ports.store, fleet, &order, &caller.authority(), origin).await?;
        detail = json!({ "taken_over_from": schedule.actor, "because": why });
        schedule.actor.clone_from(&origin.actor);
        Some((origin.actor.clone(), caller.principal()))
    } else {
        None
    };
    schedule.paused = false;
    schedule.next_at = clock_of(&schedule)?.next(origin.now);
    let change = Change::new()
        .write(statement::schedule::resume(schedule.id, schedule.next_at, vouches))
        .event(event(origin, EventKind::ScheduleResumed, &schedule))
        .audit(origin.done("schedule.resume", resource(&schedule), detail));
    ports.store.commit(change).await?;
    Ok(schedule)
}

/// Whether a schedule would mean other nodes once another caller vouches for it: one that names none, and was bounded by the scope
/// of its key.
async fn widens(records: &dyn Records, record: &ScheduleRecord, caller: &Caller) -> Result<bool, Error> {
    let Some(key) = record.key.filter(|_| record.schedule.command.agent_targets.is_empty()) else {
        return Ok(false);
    };
    let before = records.key(key).await?.and_then(|record| record.key.scope);
    Ok(before.is_some_and(|scope| caller.scope() != Some(&scope)))
}

/// Removes a schedule; commands that it gave stay.
///
/// # Errors
/// There is none, or the store cannot write.
pub async fn remove(
    ports: Ports<'_>,
    reference: &str,
    caller: &Caller,
    origin: &Origin,
) -> Result<(), Error> {
    let schedule = find(ports.records, reference, caller).await?.schedule;
    let change = Change::new()
        .write(statement::schedule::remove(schedule.id))
        .event(event(origin, EventKind::ScheduleRemoved, &schedule))
        .audit(origin.done("schedule.remove", resource(&schedule), Value::Null));
    match ports.store.commit(change).await {
        Err(error) if error.is_conflict_of("schedule.remove") => Err(Error::not_found("schedule", reference)),
        other => other.map(|_| ()).map_err(Error::from),
    }
}

/// Lets every schedule rest whose maker may not give commands any more, as soon as that is so.
///
/// # Errors
/// The store cannot serve.
pub async fn rest_lost(store: &dyn Store, records: &dyn Records, now: Timestamp) -> Result<(), Error> {
    for record in records.due_schedules(Timestamp::MAX).await? {
        if let Err(why) = may_give(records, &record, now).await? {
            rest(store, &record, why, now).await?;
        }
    }
    Ok(())
}

/// The schedules of a user that do not rest.
pub(super) async fn of_user(records: &dyn Records, user: UserId) -> Result<Vec<ScheduleRecord>, Error> {
    let mut all = records.due_schedules(Timestamp::MAX).await?;
    all.retain(|record| record.user == user);
    Ok(all)
}

/// Lets a schedule rest within a change; one that rests meanwhile is left alone.
pub(super) fn rests(change: Change, record: &ScheduleRecord, why: &str, origin: &Origin) -> Change {
    let why = Some(why.to_owned());
    let paused = Schedule { paused: true, next_at: None, last_error: why.clone(), ..record.schedule.clone() };
    change.write(statement::schedule::rest(record.schedule.id, why)).event(event(
        origin,
        EventKind::SchedulePaused,
        &paused,
    ))
}

/// Serves a schedule whose time may have come. The command and the step to the next time are one change, guarded by the time
/// that was waited for: so it is given once, whenever the server is killed.
///
/// # Errors
/// The store cannot serve; the time is still due.
pub async fn serve(
    ports: Dispatch<'_>,
    record: &ScheduleRecord,
    resolve: impl FnOnce(&GiveCommandRequest, &Rights) -> Result<Order, Error>,
    sealing: &SealingKey,
    now: Timestamp,
) -> Result<(), Error> {
    let schedule = &record.schedule;
    let Some(first) = schedule.next_at else { return Ok(()) };
    let clock = clock_of(schedule)?;
    let Some(due) = clock.due(first, now) else { return Ok(()) };
    let served = Served { ports, record, first, due, now };
    let rights = match may_give(ports.records, record, now).await? {
        Ok(rights) => rights,
        Err(why) => return rest(ports.store, record, why, now).await,
    };
    if due.now.is_none() {
        let missed = missed_in_words(due.missed).unwrap_or_default();
        return served.miss(format!("{missed}, too long ago to be made up for")).await;
    }
    if schedule.overlap == Overlap::Skip
        && let Some(running) = still_open(ports.records, schedule).await?
    {
        return served.miss(format!("left out: the command before, {running}, has not ended")).await;
    }
    let mut request = schedule.command.clone();
    if let Some(sealed) = &record.sealed {
        request.args = sealing.arguments(schedule.id, sealed)?;
    }
    match resolve(&request, &rights) {
        Ok(order) if !still_secret(&schedule.command.args, &order) => {
            served
                .miss("its secrets are none any more by what its nodes say of the verb; make it anew".into())
                .await
        }
        Ok(order) => served.give(order, rights).await,
        Err(error) if passes(&error) => Err(error),
        Err(error) => served.miss(error.to_string()).await,
    }
}

/// A time of a schedule that came.
struct Served<'a> {
    ports: Dispatch<'a>,
    record: &'a ScheduleRecord,
    first: Timestamp,
    due: Due,
    now: Timestamp,
}

impl Served<'_> {
    /// Gives the command, in its maker's name.
    async fn give(&self, mut order: Order, rights: Rights) -> Result<(), Error> {
        let schedule = &self.record.schedule;
        let origin = Origin {
            actor: schedule.actor.clone(),
            address: None,
            correlation: schedule.id.to_string(),
            now: self.now,
        };
        let id = CommandId::generate();
        let error = missed_in_words(self.due.missed);
        let data = json!({ "schedule": schedule.name, "schedule_id": schedule.id, "command_id": id, "at": self.due.latest,
            "missed": self.due.missed });
        order.how.id = Some(id);
        order.how.schedule = Some(schedule.name.clone());
        order.how.with.push(statement::schedule::come(self.came(Some(id), error)));
        order.how.events.push(self.server().event(EventKind::ScheduleFired, data).correlated(id.to_string()));
        let by = Authority { principal: self.record.by(), rights };
        match dispatch::give(self.ports, order, &by, None, &origin).await {
            Ok(_) => Ok(()),
            Err(error) if passes(&error) => Err(error),
            // Somebody paused or removed it just now: its time is not due any more.
            Err(Error::Conflict { code: "changed_meanwhile", .. }) => Ok(()),
            Err(error) => self.miss(error.to_string()).await,
        }
    }

    /// Notes that this time gave no command, and why.
    async fn miss(&self, why: String) -> Result<(), Error> {
        let schedule = &self.record.schedule;
        let data = json!({ "schedule": schedule.name, "schedule_id": schedule.id, "at": self.due.latest,
            "missed": self.due.missed, "reason": why });
        let change = Change::new()
            .write(statement::schedule::come(self.came(None, Some(why))))
            .event(self.server().event(EventKind::ScheduleMissed, data));
        self.commit(change, "schedule.come").await
    }

    /// Commits a change, unless the schedule was changed meanwhile.
    async fn commit(&self, change: Change, guard: &str) -> Result<(), Error> {
        unless_changed(self.ports.store, change, guard).await
    }

    fn came(&self, command: Option<CommandId>, error: Option<String>) -> Came {
        Came {
            id: self.record.schedule.id,
            waited_for: self.first,
            at: self.due.latest,
            next_at: self.due.next,
            command,
            error,
        }
    }

    fn server(&self) -> Origin {
        Origin::server(self.now, self.record.schedule.id.to_string())
    }
}

/// Whether an error says nothing of the schedule, and the same can be tried again in a moment.
const fn passes(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_) | Error::Internal(_))
}

/// Commits a change, unless the schedule was changed meanwhile.
async fn unless_changed(store: &dyn Store, change: Change, guard: &str) -> Result<(), Error> {
    match store.commit(change).await {
        Err(error) if error.is_conflict_of(guard) => Ok(()),
        other => other.map(|_| ()).map_err(Error::from),
    }
}

/// Lets a schedule rest: its maker may not give commands any more.
async fn rest(store: &dyn Store, record: &ScheduleRecord, why: String, now: Timestamp) -> Result<(), Error> {
    let schedule = &record.schedule;
    let origin = Origin::server(now, schedule.id.to_string());
    let paused = Schedule { paused: true, next_at: None, last_error: Some(why.clone()), ..schedule.clone() };
    let detail = json!({ "reason": why });
    let change = Change::new()
        .write(statement::schedule::pause(schedule.id, Some(why)))
        .event(event(&origin, EventKind::SchedulePaused, &paused))
        .audit(origin.denied("schedule.fire", resource(schedule), detail));
    unless_changed(store, change, "schedule.pause").await
}

/// What its maker may do now, or why it may not give commands any more.
async fn may_give(
    records: &dyn Records,
    record: &ScheduleRecord,
    now: Timestamp,
) -> Result<Result<Rights, String>, Error> {
    let actor = &record.schedule.actor;
    let cure = "let it go on (worpen schedules resume) to vouch for it yourself";
    Ok(match authority::rights(records, record.by(), now).await? {
        Ok((rights, _)) if rights.role >= Role::Operator => Ok(rights),
        Ok(_) => Err(format!("paused: its maker, {actor}, is no operator any more; {cure}")),
        Err(why) => Err(format!("paused: {why}, with which {actor} made it; {cure}")),
    })
}

/// The command that it gave last, while that has not ended.
async fn still_open(records: &dyn Records, schedule: &Schedule) -> Result<Option<CommandId>, Error> {
    let Some(last) = schedule.last_command else { return Ok(None) };
    let command = records.command(last).await?;
    Ok(command.filter(|command| !has_ended(command.status)).map(|command| command.id))
}

fn clock_of(schedule: &Schedule) -> Result<Clock, Error> {
    Clock::parse(&schedule.cron, Some(&schedule.time_zone))
        .map_err(|error| Error::Internal(format!("the schedule '{}' cannot be read: {error}", schedule.name)))
}

fn event(origin: &Origin, kind: EventKind, schedule: &Schedule) -> crate::core::change::NewEvent {
    origin.event(kind, json!({ "schedule": schedule }))
}

fn resource(schedule: &Schedule) -> String {
    format!("schedule/{}", schedule.name)
}
