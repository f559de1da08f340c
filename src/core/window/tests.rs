use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::*;
use crate::{
    core::fleet::Fleet,
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus, HostFacts},
        container::{Container, ContainerFacts, ContainerState},
        image::{Image, ImageFacts},
        telemetry::{MemoryUsage, Telemetry},
        window::WindowRow,
    },
};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn an_agent(name: &str, site: &str, status: AgentStatus) -> Agent {
    Agent {
        id: AgentId::generate(),
        agent_id: name.into(),
        site: site.into(),
        status,
        status_since: Timestamp::constant(1_700_000_000, 500_000_000),
        version: Some("0.1.0".into()),
        capabilities: vec![],
        site_verbs: Vec::new(),
        labels: [("tier", "Gold".to_owned())].into_iter().collect(),
        host: HostFacts::default(),
        container_engine: None,
        created_at: NOW,
        last_seen_at: None,
        address: None,
    }
}

fn a_container(agent: &Agent, name: &str, state: ContainerState) -> Container {
    let facts = ContainerFacts {
        id: format!("{name}-id"),
        name: name.into(),
        image: "nginx".into(),
        image_id: "sha256:0".into(),
        command: None,
        state,
        health: None,
        exit_code: Some(137),
        created_at: Some(Timestamp::constant(1_700_000_000, 0)),
        started_at: None,
        finished_at: None,
        ports: vec![],
        labels: [("app", "Größe")].into_iter().collect(),
    };
    Container { facts, node: agent.agent_id.as_str().into(), agent: agent.id, stale_since: None }
}

fn measured(agent: &Agent, cpu: f32) -> (AgentId, Telemetry) {
    let telemetry = Telemetry {
        agent_id: agent.agent_id.clone(),
        timestamp: NOW,
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

/// Twelve nodes, `web-1` to `web-12`, each with three containers, `c-2`, `c-10` and one of its own.
fn a_fleet() -> SharedFleet {
    let agents: Vec<_> = (1..=12)
        .rev()
        .map(|number| {
            let site = if number % 2 == 0 { "eu" } else { "us" };
            let status = if number == 4 { AgentStatus::Offline } else { AgentStatus::Online };
            an_agent(&format!("web-{number}"), site, status)
        })
        .collect();
    let containers = agents.iter().flat_map(|agent| {
        let own = format!("own-{}", agent.agent_id);
        [
            a_container(agent, "c-10", ContainerState::Running),
            a_container(agent, "c-2", ContainerState::Exited),
            a_container(agent, &own, ContainerState::Running),
        ]
    });
    let containers = containers.collect();
    let telemetry = (0u8..).zip(&agents).map(|(at, agent)| measured(agent, f32::from(at) * 9.123)).collect();
    let image = |agent: &Agent| Image {
        facts: ImageFacts {
            id: "sha256:1".into(),
            tags: vec!["nginx:1".into()],
            digests: vec![],
            size_bytes: 5,
            created_at: None,
        },
        node: agent.agent_id.as_str().into(),
        agent: agent.id,
        stale_since: None,
    };
    let images = agents.iter().map(image).collect();
    let fleet = SharedFleet::default();
    fleet.replace(Fleet::load(agents, containers, images, telemetry));
    fleet
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
        limit: 100,
        around: None,
    }
}

fn sight(fleet: &SharedFleet, view: &WindowView) -> Result<Sight, Wrong> {
    let look = Look::of(view, &Selectors::new())?.expect("it is no summary");
    let standing = Standing::of(&fleet.read());
    look.look(&Moment { fleet, standing: &standing, now: NOW, is_late: &|| false })
}

fn picture(fleet: &SharedFleet, view: &WindowView) -> Picture {
    match sight(fleet, view).unwrap() {
        Sight::Rows(picture) => picture,
        Sight::Heat(heat) => panic!("{heat:?}"),
    }
}

fn names(picture: &Picture) -> Vec<&str> {
    picture.rows.iter().map(|row| row.name.as_str()).collect()
}

#[test]
fn unsorted_rows_stand_by_node_and_name_with_digits_as_numbers() {
    let fleet = a_fleet();
    let agents = picture(&fleet, &a_view(WindowList::Agents, &[]));
    let expected: Vec<_> = (1..=12).map(|number| format!("web-{number}")).collect();
    assert_eq!(names(&agents), expected);
    let containers = picture(&fleet, &a_view(WindowList::Containers, &[]));
    assert_eq!((containers.total, containers.matched, containers.rows.len()), (36, 36, 36));
    assert_eq!(names(&containers)[..4], ["web-1/c-2", "web-1/c-10", "web-1/own-web-1", "web-2/c-2"]);
    let images = picture(&fleet, &a_view(WindowList::Images, &["tag"]));
    assert_eq!((names(&images)[1], images.rows.len()), ("web-2/nginx:1", 12));
}

#[test]
fn every_way_to_look_cuts_the_same_rows_out() {
    let fleet = a_fleet();
    let whole = a_view(WindowList::Containers, &["name", "node"]);
    let all = picture(&fleet, &whole);
    let ways = [
        whole.clone(),
        WindowView { selector: Some("name != \"\"".into()), ..whole.clone() },
        WindowView { sort: Some("node,name".into()), ..whole.clone() },
        WindowView { sort: Some("image".into()), ..whole },
    ];
    for way in ways {
        for offset in [0, 1, 2, 5, 17, 33, 35, 36, 99] {
            for limit in [0, 1, 2, 3, 7, 36, 50] {
                let seen = picture(&fleet, &WindowView { offset, limit, ..way.clone() });
                let start = usize::try_from(seen.offset).unwrap();
                assert_eq!(seen.offset, offset.min(36_u64.saturating_sub(limit.into())), "{offset} {limit}");
                assert_eq!(seen.rows, all.rows[start..(start + limit as usize).min(36)], "{way:?}");
            }
        }
        for at in [0, 1, 16, 35] {
            let around = Some(all.rows[at].id.clone());
            let seen = picture(&fleet, &WindowView { around, limit: 5, offset: 3, ..way.clone() });
            assert_eq!(seen.at, Some(at as u64), "{way:?}");
            assert_eq!(seen.offset, (at as u64).saturating_sub(2).min(31));
            assert!(seen.rows.contains(&all.rows[at]));
        }
        let gone = Some(format!("{}/gone", AgentId::generate()));
        let seen = picture(&fleet, &WindowView { around: gone, limit: 5, offset: 3, ..way });
        assert_eq!((seen.at, seen.offset), (None, 3));
    }
}

#[test]
fn a_search_takes_every_word_in_any_column_and_none_behind_a_mark() {
    let fleet = a_fleet();
    let count = |search: &str| {
        let view = a_view(WindowList::Containers, &["name", "node", "state", "labels", "exit_code"]);
        picture(&fleet, &WindowView { search: Some(search.into()), ..view }).matched
    };
    assert_eq!((count(""), count("  "), count("!"), count("! ")), (36, 36, 36, 36));
    assert_eq!((count("OWN"), count("own web-1"), count("running WEB-12")), (12, 4, 2));
    assert_eq!((count("!own"), count("web-1 !own !c-2"), count("nothing")), (24, 4, 0));
    assert_eq!((count("größe"), count("GRÖSSE"), count("GRÖßE"), count("App")), (36, 0, 36, 36));
    assert_eq!(count("137"), 0, "numbers are compared in expressions");
    let view = a_view(WindowList::Containers, &["state"]);
    let hidden = picture(&fleet, &WindowView { search: Some("own".into()), ..view });
    assert_eq!((hidden.matched, hidden.total), (0, 36), "a column that is not shown is not searched");
}

#[test]
fn cells_are_json_and_an_age_is_a_moment_that_stays() {
    let fleet = a_fleet();
    let columns = ["status_age", "labels.tier", "cpu", "running", "linked", "version", "address"];
    let view = WindowView { limit: 1, ..a_view(WindowList::Agents, &columns) };
    let seen = picture(&fleet, &view);
    let expected = json!([1_700_000_001, "Gold", 100.35, 2, false, "0.1.0", null]);
    assert_eq!(json!(seen.rows[0].cells), expected);
    let look = Look::of(&view, &Selectors::new()).unwrap().unwrap();
    let later = NOW + jiff::SignedDuration::from_millis(1500);
    let standing = Standing::of(&fleet.read());
    let moment = Moment { fleet: &fleet, standing: &standing, now: later, is_late: &|| false };
    assert_eq!(look.look(&moment).unwrap(), Sight::Rows(seen));
}

#[test]
fn what_changed_are_cells_while_the_rows_stay_and_rows_when_they_do_not() {
    let row = |id: &str, cell: u32| WindowRow {
        id: id.into(),
        name: id.into(),
        cells: vec![json!(0), json!(cell)],
    };
    let old = Picture { total: 9, matched: 2, offset: 0, at: None, rows: vec![row("a", 1), row("b", 2)] };
    assert_eq!(old.since(&old), Difference::Nothing);
    let counted = Picture { total: 10, ..old.clone() };
    assert_eq!(counted.since(&old), Difference::Cells(vec![]));
    let changed = Picture { rows: vec![row("a", 1), row("b", 3)], ..old };
    assert_eq!(changed.since(&old), Difference::Cells(vec![(1, 1, json!(3))]));
    for other in [
        Picture { rows: vec![row("b", 2), row("a", 1)], ..old.clone() },
        Picture { rows: vec![row("a", 1)], ..old.clone() },
        Picture { offset: 1, ..old.clone() },
        Picture { at: Some(1), ..old.clone() },
    ] {
        assert_eq!(other.since(&old), Difference::Rows);
    }
}

#[test]
fn a_map_shows_the_worst_node_of_each_cell_by_site_and_name() {
    let fleet = a_fleet();
    let heat = |limit, columns: &[&str]| match sight(
        &fleet,
        &WindowView { limit, ..a_view(WindowList::Heat, columns) },
    ) {
        Ok(Sight::Heat(heat)) => heat,
        other => panic!("{other:?}"),
    };
    // CPU falls with the number: web-12 has 0 %, web-1 100 %. First eu: 2 4 6 8 10 12, then us: 1 3 5 7 9 11.
    let whole = heat(100, &[]);
    assert_eq!((whole.total, whole.nodes_per_cell, whole.cells.as_str()), (12, 1, "9X5310986420"));
    let coarse = heat(5, &["cpu"]);
    assert_eq!((coarse.nodes_per_cell, coarse.cells.as_str()), (3, "X394"));
}

#[test]
fn a_view_that_cannot_be_shown_names_its_field() {
    let fleet = a_fleet();
    let good = a_view(WindowList::Agents, &["name"]);
    let heat = a_view(WindowList::Heat, &[]);
    for (view, field) in [
        (WindowView { limit: 2001, ..good.clone() }, "limit"),
        (WindowView { columns: vec!["nmae".into()], ..good.clone() }, "columns"),
        (WindowView { columns: vec!["name".into(); 33], ..good.clone() }, "columns"),
        (WindowView { columns: vec!["name.x".into()], ..good.clone() }, "columns"),
        (WindowView { sort: Some("labels".into()), ..good.clone() }, "sort"),
        (WindowView { selector: Some("name ==".into()), ..good.clone() }, "where"),
        (WindowView { selector: Some("name + 1 > labels".into()), ..good.clone() }, "where"),
        (WindowView { search: Some("x".repeat(257)), ..good }, "search"),
        (WindowView { columns: vec!["name".into()], ..heat.clone() }, "columns"),
        (WindowView { sort: Some("name".into()), ..heat.clone() }, "sort"),
        (WindowView { limit: 0, ..heat }, "limit"),
    ] {
        assert_eq!(sight(&fleet, &view).unwrap_err().field, field, "{view:?}");
    }
}

#[test]
fn fields_tell_ages_apart() {
    let kind = |list, name: &str| fields(list).into_iter().find(|field| field.name == name).unwrap().kind;
    assert_eq!(kind(WindowList::Agents, "last_seen_age"), WindowFieldKind::Age);
    assert_eq!(kind(WindowList::Agents, "cpu_count"), WindowFieldKind::Integer);
    assert_eq!(kind(WindowList::Containers, "started_age"), WindowFieldKind::Age);
    assert_eq!(kind(WindowList::Images, "tags"), WindowFieldKind::List);
    assert!(fields(WindowList::Summary).is_empty());
}

#[test]
fn the_standing_holds_until_an_agent_comes_or_goes() {
    let fleet = a_fleet();
    let standing = Arc::new(Standing::of(&fleet.read()));
    let id = standing.agents()[0];
    fleet.heard(id, NOW);
    fleet.linked(id, true);
    assert!(standing.is_of(&fleet.read()));
    fleet.replace(Fleet::default());
    assert!(!standing.is_of(&fleet.read()));
}
