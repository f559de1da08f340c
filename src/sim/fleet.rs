//! [`run`]: brings the agents up over the ramp, lets them live, and takes them down.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    SimError,
    address::Address,
    agent::{Agent, World},
    enroll::Door,
    identity::Keep,
    limit,
    plan::Plan,
    report::Report,
    tally::Tally,
};

/// How often progress is told and the file of identities is written.
const PROGRESS: Duration = Duration::from_secs(10);
/// How long the agents may take to leave.
const LEAVING: Duration = Duration::from_secs(30);

/// Runs a simulation to the end of its time, or until `shutdown`; tells of progress every 10 s.
///
/// # Errors
/// The plan makes no sense, the first agent cannot join, or the file of identities cannot be used. What goes wrong
/// after that is counted in the report.
pub async fn run(
    mut plan: Plan,
    shutdown: CancellationToken,
    mut progress: impl FnMut(&Report),
) -> Result<Report, SimError> {
    plan.check()?;
    let address = Address::parse(&plan.server)?;
    limit::make_room(plan.agents)?;
    let keep = Keep::open(&mut plan)?;
    let world = Arc::new(World {
        door: Door::new(&address, &plan.server, plan.token.take())?,
        managed: plan.managed.as_deref().map(Address::parse).transpose()?,
        tls: address.tls()?,
        address,
        keep,
        tally: Tally::default(),
        stop: shutdown,
        plan,
    });
    let began = Instant::now();
    let report = || {
        world.tally.report(Report {
            seed: world.plan.seed,
            names: world.plan.stem(),
            agents: world.plan.agents,
            seconds: began.elapsed().as_secs_f64(),
            ..Report::default()
        })
    };
    // The first one alone: what is wrong with the token or the names is said at once, and once.
    let first = tokio::select! {
        first = Agent::enter(&world, 0) => Some(first?),
        () = world.stop.cancelled() => None,
    };
    let mut agents = JoinSet::new();
    if let Some(first) = first {
        let known = Arc::clone(&world);
        agents.spawn(async move { first.live(&known).await });
        for index in 1..world.plan.agents {
            agents.spawn(arrive(Arc::clone(&world), index));
        }
    }
    let end = sleep_until(began + world.plan.ramp + world.plan.duration);
    tokio::pin!(end);
    let mut ticks = interval_at(began + PROGRESS, PROGRESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = &mut end => break,
            () = world.stop.cancelled() => break,
            _ = ticks.tick() => {
                progress(&report());
                save(&world, false).await?;
            }
        }
    }
    let at_the_end = report();
    world.stop.cancel();
    let left = timeout(LEAVING, async { while agents.join_next().await.is_some() {} }).await;
    if left.is_err() {
        world.tally.error("not_left", || format!("{} agents did not leave in time", agents.len()));
        agents.shutdown().await;
    }
    // Whoever did not leave has not said its last epoch.
    save(&world, left.is_ok()).await?;
    Ok(Report { linked: at_the_end.linked, seconds: at_the_end.seconds, ..report() })
}

/// Brings an agent in at its place in the ramp.
async fn arrive(world: Arc<World>, index: u32) {
    let wait = world.plan.ramp.mul_f64(f64::from(index) / f64::from(world.plan.agents));
    let entered = async {
        sleep(wait).await;
        Agent::enter(&world, index).await
    };
    let entered = tokio::select! {
        entered = entered => entered,
        () = world.stop.cancelled() => return,
    };
    match entered {
        Ok(agent) => agent.live(&world).await,
        Err(error) => world.tally.error("not_joined", || format!("{}: {error}", world.plan.name(index))),
    }
}

async fn save(world: &Arc<World>, ended_well: bool) -> Result<(), SimError> {
    let world = Arc::clone(world);
    // A panic in there would be a fault of its own; the run goes on without it.
    spawn_blocking(move || world.keep.save(ended_well)).await.unwrap_or(Ok(()))
}
