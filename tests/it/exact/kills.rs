//! A real server and real agents, killed at each point that matters, again and again, under load.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    pair::{Load, NODES, Place, Process},
    times,
};
use crate::support::Seeded;

const SERVER: [&str; 6] = [
    "server.command_committed",
    "server.order_sent",
    "server.result_committed",
    "server.output_kept",
    "server.rollout_advanced",
    "server.retry_committed",
];
const AGENT: [&str; 6] =
    ["agent.order_taken", "agent.began", "agent.acted", "agent.done", "agent.output_kept", "agent.told"];

/// Without a death for so long, somebody is killed from outside.
const PATIENCE: Duration = Duration::from_secs(3);
/// After so many deaths of the server the agents wait long before they come again; new ones do not.
const SERVER_DEATHS: usize = 3;

/// One of some points, at a hit that chance chooses.
fn at_one_of(points: &[&str], random: &mut Seeded) -> String {
    let point = points[usize::try_from(random.within(0..points.len() as u64)).unwrap()];
    match random.within(0..12) {
        0 => format!("{point}=return"),
        hits => format!("{point}={hits}*off->return"),
    }
}

/// The processes of a run, each to end at a point.
struct Alive<'a> {
    place: &'a Place,
    server: Option<Process>,
    agents: Vec<Process>,
    random: Seeded,
    kills: BTreeMap<String, usize>,
    server_deaths: usize,
}

impl Alive<'_> {
    /// Starts again whoever is dead, and says whether anybody was.
    fn revive(&mut self) -> bool {
        let mut revived = false;
        if self.server.as_mut().is_none_or(Process::has_ended) {
            if let Some(dead) = self.server.take() {
                self.count(&dead.point);
                self.server_deaths += 1;
            }
            let points = at_one_of(&SERVER, &mut self.random);
            match self.place.server(&points) {
                Some((server, _)) => self.server = Some(server),
                None => self.count(points.split('=').next().unwrap_or_default()),
            }
            revived = true;
        }
        let weary = self.server_deaths >= SERVER_DEATHS;
        if weary {
            self.server_deaths = 0;
        }
        for (place, node) in NODES.iter().enumerate() {
            let is_dead = self.agents[place].has_ended();
            if !is_dead && !weary {
                continue;
            }
            let point = if is_dead { self.agents[place].point.clone() } else { "SIGKILL".to_owned() };
            self.agents[place].kill();
            self.count(&point);
            let points = at_one_of(&AGENT, &mut self.random);
            self.agents[place] = self.place.agent(node, &points);
            revived = true;
        }
        revived
    }

    fn count(&mut self, point: &str) {
        *self.kills.entry(point.to_owned()).or_default() += 1;
    }

    fn kills(&self) -> usize {
        self.kills.values().sum()
    }

    /// Kills one from outside.
    fn kill_one(&mut self) {
        let victim = match self.random.within(0..3) {
            0 => self.server.as_mut(),
            which => self.agents.get_mut(usize::try_from(which - 1).unwrap()),
        };
        if let Some(victim) = victim {
            victim.kill();
            victim.point = "SIGKILL".into();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_wherever_nothing_is_lost_and_nothing_is_done_twice() {
    let wanted = times("WORPEN_KILLS", 12);
    let folder = tempfile::tempdir().unwrap();
    let place = Place::prepare(folder.path().join("data"), folder.path().join("notes")).await;
    let place = Arc::new(place);
    let mut load = Load::start(&place, "k", 3);
    let mut alive = Alive {
        place: &place,
        server: None,
        agents: NODES.iter().map(|node| place.agent(node, "")).collect(),
        random: Seeded::new("whoever_is_killed_wherever_nothing_is_lost_and_nothing_is_done_twice"),
        kills: BTreeMap::new(),
        server_deaths: 0,
    };
    let mut last_death = Instant::now();
    while alive.kills() < wanted {
        if alive.revive() {
            last_death = Instant::now();
        } else if last_death.elapsed() > PATIENCE {
            alive.kill_one();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kills = std::mem::take(&mut alive.kills);
    drop(alive);
    let _server = place.server("").expect("a server starts");
    let _agents: Vec<_> = NODES.iter().map(|node| place.agent(node, "")).collect();
    load.stop().await;
    let tally = load.check().await;
    eprintln!(
        "kills: {} of {kills:?}; {tally:?}: nothing lost, nothing doubled",
        kills.values().sum::<usize>()
    );
}
