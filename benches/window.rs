//! How fast windows are looked through: a fleet in memory, and views as the dashboard opens them.
//!
//! `cargo bench --bench window`; `AGENTS`, `CONTAINERS` (of each), `ROUNDS` from the environment.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it cannot do"
)]

use std::{
    collections::BTreeMap,
    env,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use worpen::{
    core::{
        fleet::{Fleet, SharedFleet},
        selector::Selectors,
        window::{Look, Moment, Sight, Standing},
    },
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus, HostFacts},
        container::{Container, ContainerFacts, ContainerState},
        telemetry::{MemoryUsage, Telemetry},
        window::{WindowList, WindowView},
    },
};

/// What the dashboard shows of containers.
const COLUMNS: [&str; 6] = ["name", "node", "state", "image", "ports", "age"];

fn main() {
    let (agents, containers, rounds) =
        (number("AGENTS", 10_000), number("CONTAINERS", 10), number("ROUNDS", 15));
    let fleet = a_fleet(agents, containers);
    let standing = Standing::of(&fleet.read());
    println!("{agents} agents with {containers} containers each, median of {rounds}");
    let all = a_view(WindowList::Containers, &COLUMNS);
    let nodes =
        a_view(WindowList::Agents, &["name", "site", "status", "cpu", "memory", "running", "last_seen_age"]);
    let views = [
        ("agents, the first 250", nodes.clone()),
        ("agents by -cpu", WindowView { sort: Some("-cpu".into()), ..nodes.clone() }),
        ("agents by -running", WindowView { sort: Some("-running".into()), ..nodes }),
        ("heat of 1,000 cells", WindowView { limit: 1000, ..a_view(WindowList::Heat, &["cpu"]) }),
        ("containers, the first 250", all.clone()),
        ("containers, 250 in the middle", WindowView { offset: 50_000, ..all.clone() }),
        ("search of few", WindowView { search: Some("node-777 redis".into()), ..all.clone() }),
        ("search of all", WindowView { search: Some("e".into()), ..all.clone() }),
        ("search of none", WindowView { search: Some("zzz".into()), ..all.clone() }),
        ("where, natively", WindowView { selector: Some("state == \"exited\"".into()), ..all.clone() }),
        ("where, by the interpreter", WindowView { selector: Some("name.len() > 7".into()), ..all.clone() }),
        ("by name", WindowView { sort: Some("name".into()), ..all.clone() }),
        ("by state and age, in the middle", {
            WindowView { sort: Some("state,-age".into()), offset: 50_000, ..all }
        }),
    ];
    for (what, view) in views {
        let look = Look::of(&view, &Selectors::new()).unwrap().unwrap();
        let moment = Moment { fleet: &fleet, standing: &standing, now: Timestamp::now(), is_late: &|| false };
        let mut took: Vec<Duration> = Vec::new();
        let mut matched = 0;
        for _ in 0..rounds {
            let begun = Instant::now();
            let sight = look.look(&moment).unwrap();
            took.push(begun.elapsed());
            matched = match sight {
                Sight::Rows(picture) => picture.matched,
                Sight::Heat(heat) => heat.total,
            };
        }
        took.sort_unstable();
        println!("{what:34} {:>9.2?}, {matched} match", took[took.len() / 2]);
    }
}

fn number(name: &str, unless_told: usize) -> usize {
    env::var(name).ok().map_or(unless_told, |text| text.parse().unwrap())
}

fn a_view(list: WindowList, columns: &[&str]) -> WindowView {
    WindowView {
        window: 1,
        ask: 1,
        list,
        selector: None,
        search: None,
        sort: None,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        offset: 0,
        limit: 250,
        around: None,
    }
}

fn a_fleet(agents: usize, containers: usize) -> SharedFleet {
    let now = Timestamp::now();
    let agents: Vec<_> = (0..agents).map(|number| an_agent(number, now)).collect();
    let all = agents.iter().flat_map(|agent| (0..containers).map(|number| a_container(agent, number, now)));
    let all = all.collect();
    let telemetry =
        (0u16..).zip(&agents).map(|(number, agent)| measured(agent, f32::from(number % 1000) / 10.0, now));
    let telemetry = telemetry.collect();
    let fleet = SharedFleet::default();
    fleet.replace(Fleet::load(agents, all, vec![], telemetry));
    fleet
}

fn an_agent(number: usize, now: Timestamp) -> Agent {
    Agent {
        id: AgentId::generate(),
        agent_id: format!("node-{number}"),
        site: format!("site-{}", number % 12),
        status: if number.is_multiple_of(50) { AgentStatus::Offline } else { AgentStatus::Online },
        status_since: now,
        version: Some("0.1.0".into()),
        capabilities: vec![],
        site_verbs: Vec::new(),
        labels: [("tier", format!("t{}", number % 4))].into_iter().collect(),
        host: HostFacts::default(),
        container_engine: None,
        created_at: now,
        last_seen_at: Some(now),
        address: None,
    }
}

fn a_container(agent: &Agent, number: usize, now: Timestamp) -> Container {
    let kinds = ["nginx", "redis", "postgres", "api", "worker"];
    let kind = kinds[number % kinds.len()];
    let state = if number.is_multiple_of(7) { ContainerState::Exited } else { ContainerState::Running };
    let facts = ContainerFacts {
        id: format!("{:064x}", (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        name: format!("{kind}-{number}"),
        image: format!("registry.example.org/team/{kind}:1.{}", number % 3).into(),
        image_id: "sha256:0".into(),
        command: None,
        state,
        health: None,
        exit_code: None,
        created_at: Some(now),
        started_at: None,
        finished_at: None,
        ports: vec![format!("0.0.0.0:{}->80/tcp", 8000 + number).into()],
        labels: [("com.docker.compose.project", kind)].into_iter().collect(),
    };
    Container { facts, node: agent.agent_id.as_str().into(), agent: agent.id, stale_since: None }
}

fn measured(agent: &Agent, cpu: f32, now: Timestamp) -> (AgentId, Telemetry) {
    let telemetry = Telemetry {
        agent_id: agent.agent_id.clone(),
        timestamp: now,
        cpu_usage: cpu,
        cpu_cores: vec![],
        memory_usage: MemoryUsage::default(),
        disk_usage: BTreeMap::new(),
        load_average: [0.0; 3],
        network_stats: BTreeMap::new(),
        container_count: None,
        service_status: BTreeMap::new(),
        uptime_s: None,
    };
    (agent.id, telemetry)
}
