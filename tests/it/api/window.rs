//! Windows on lists.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use worpen::{
    client::{Client, ClientError, WindowNews, Windows},
    config::secret::Secret,
    proto::{
        container::ContainerState::{Created, Exited, Paused, Running},
        user::Role,
        window::{MAX_WINDOWS, WindowAsk, WindowList, WindowRow, WindowTold, WindowView},
    },
};

use super::{get, post};
use crate::{
    harness::{TestServer, http},
    node::TestNode,
};

/// What a watcher sees of a window, made of what it was told.
#[derive(Debug, Default)]
struct Seen {
    total: u64,
    matched: u64,
    offset: u64,
    rows: Vec<WindowRow>,
    /// How many frames of each kind made it.
    whole: u32,
    changes: u32,
}

struct Watcher {
    windows: Windows,
    seen: Seen,
}

impl Watcher {
    /// A watcher whose link stands.
    async fn linked(server: &TestServer) -> Self {
        let token = server.token(Role::Viewer).await;
        let client = Client::new(&server.url, Some(Secret::new(token.as_str()))).unwrap();
        let mut watcher = Self { windows: client.windows(), seen: Seen::default() };
        assert!(matches!(watcher.news().await, WindowNews::Linked));
        watcher
    }

    fn open(&self, view: WindowView) {
        self.windows.asker().ask(WindowAsk::Open(view));
    }

    async fn news(&mut self) -> WindowNews {
        let news = timeout(Duration::from_secs(20), self.windows.next()).await;
        news.expect("something is told within 20 s").unwrap()
    }

    async fn told(&mut self) -> WindowTold {
        loop {
            match self.news().await {
                WindowNews::Told(told) => return told,
                WindowNews::Linked | WindowNews::Lost { .. } => {}
            }
        }
    }

    /// Applies what is told until what is seen is as it should be.
    async fn until(&mut self, good: impl Fn(&Seen) -> bool) {
        while !good(&self.seen) {
            let told = timeout(Duration::from_secs(20), self.told()).await;
            let told = told.unwrap_or_else(|_| panic!("waited 20 s in vain; seen is {:?}", self.seen));
            self.apply(told);
        }
    }

    fn apply(&mut self, told: WindowTold) {
        let seen = &mut self.seen;
        match told {
            WindowTold::Rows { total, matched, offset, rows, .. } => {
                *seen = Seen { total, matched, offset, rows, whole: seen.whole + 1, changes: seen.changes };
            }
            WindowTold::Changed { total, matched, cells, .. } => {
                (seen.total, seen.matched, seen.changes) = (total, matched, seen.changes + 1);
                for (row, column, value) in cells {
                    seen.rows[row as usize].cells[column as usize] = value;
                }
            }
            WindowTold::Fields { .. } => {}
            other => panic!("{other:?}"),
        }
    }
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

fn cells(seen: &Seen, column: usize) -> Vec<&Value> {
    seen.rows.iter().map(|row| &row.cells[column]).collect()
}

#[tokio::test]
async fn a_window_shows_the_rows_and_then_what_changes_in_them() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running), ("bbb", Running)])).await;
    link.acknowledged(1).await;
    let mut watcher = Watcher::linked(&server).await;
    watcher.open(a_view(WindowList::Containers, &["name", "state"]));
    let WindowTold::Fields { list, fields } = watcher.told().await else { panic!("the fields come first") };
    assert!(list == WindowList::Containers && fields.iter().any(|field| field.name == "state"));
    watcher.until(|seen| seen.rows.len() == 2).await;
    assert_eq!(watcher.seen.rows[0].name, "web-1/c-aaa");
    link.say(&TestNode::inventory(2, &[("aaa", Exited), ("bbb", Running)])).await;
    let told = watcher.told().await;
    let WindowTold::Changed { window, ask, total, matched, cells } = &told else { panic!("{told:?}") };
    assert_eq!((window, ask, total, matched), (&1, &1, &2, &2));
    assert_eq!(cells, &[(0, 1, json!("exited"))]);
    link.say(&TestNode::inventory(3, &[("aaa", Exited)])).await;
    watcher.until(|seen| seen.rows.len() == 1 && seen.total == 1).await;
    server.stop().await;
}

#[tokio::test]
async fn filters_order_and_place_are_the_servers_work() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let names: Vec<_> = (0..50).map(|number| format!("n{number}")).collect();
    let containers: Vec<_> = names.iter().map(|name| (name.as_str(), Running)).collect();
    link.say(&TestNode::inventory(1, &containers)).await;
    link.acknowledged(1).await;
    let mut watcher = Watcher::linked(&server).await;
    let whole = a_view(WindowList::Containers, &["name"]);
    let found = WindowView { search: Some("N4 !n49".into()), sort: Some("-name".into()), ..whole.clone() };
    watcher.open(WindowView { limit: 3, offset: 1, ..found.clone() });
    watcher.until(|seen| seen.matched == 10 && seen.rows.len() == 3).await;
    assert_eq!(cells(&watcher.seen, 0), ["c-n47", "c-n46", "c-n45"]);
    assert_eq!((watcher.seen.total, watcher.seen.offset), (50, 1));
    // Of what is asked at once the newest is answered.
    for ask in 2..9 {
        watcher.open(WindowView { ask, offset: ask, limit: 1, ..found.clone() });
    }
    let selector = Some("name.ends_with(\"7\")".into());
    watcher.open(WindowView { ask: 9, selector, limit: 2000, ..whole });
    let WindowTold::Rows { ask, rows, .. } = watcher.told().await else { panic!("expected rows") };
    assert_eq!((ask, rows.len()), (9, 5));
    server.stop().await;
}

#[tokio::test]
async fn a_view_that_cannot_be_shown_is_refused_by_its_field() {
    let server = TestServer::start().await;
    let mut watcher = Watcher::linked(&server).await;
    let agents = a_view(WindowList::Agents, &["name"]);
    let summary = a_view(WindowList::Summary, &[]);
    for (number, (view, expected, words)) in (1..).zip([
        (
            WindowView { selector: Some("nmae == 1".into()), ..agents.clone() },
            "where",
            "did you mean 'name'?",
        ),
        (WindowView { sort: Some("labels".into()), ..agents.clone() }, "sort", "labels.tier"),
        (WindowView { columns: vec!["cpus".into()], ..agents.clone() }, "columns", "did you mean 'cpu'?"),
        (WindowView { limit: 2001, ..agents.clone() }, "limit", "2000"),
        (WindowView { search: Some("x".into()), ..summary }, "search", "no rows"),
    ]) {
        watcher.open(WindowView { ask: number, ..view });
        let told = watcher.told().await;
        let WindowTold::Refused { window, ask, field, detail } = &told else { panic!("{told:?}") };
        assert_eq!((*window, *ask, field.as_str()), (1, number, expected));
        assert!(detail.contains(words), "{detail}");
    }
    let most = u32::try_from(MAX_WINDOWS).unwrap();
    for window in 1..=most {
        watcher.open(WindowView { window, ..agents.clone() });
        while !matches!(watcher.told().await, WindowTold::Rows { window: told, .. } if told == window) {}
    }
    watcher.open(WindowView { window: most + 1, ..agents.clone() });
    let told = watcher.told().await;
    assert!(matches!(&told, WindowTold::Refused { field, .. } if field == "window"), "{told:?}");
    watcher.windows.asker().ask(WindowAsk::Close { window: 1 });
    watcher.open(WindowView { window: most + 1, ..agents });
    while !matches!(watcher.told().await, WindowTold::Rows { window, .. } if window == most + 1) {}
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_ask_ends_the_watch_with_the_reason() {
    let server = TestServer::start().await;
    let mut request = server.at("/api/v1/windows").replace("http", "ws").into_client_request().unwrap();
    let bearer = format!("Bearer {}", server.admin().await);
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let mut socket = connect_async(request).await.unwrap().0;
    socket.send(Message::Text("{\"type\":\"look\"}".into())).await.unwrap();
    let message = timeout(Duration::from_secs(20), socket.next()).await.unwrap().unwrap().unwrap();
    let Message::Close(Some(close)) = message else { panic!("{message:?}") };
    assert_eq!(u16::from(close.code), 1008);
    assert!(close.reason.contains("unknown variant `look`"), "{}", close.reason);
    server.stop().await;
}

#[tokio::test]
async fn the_rows_of_a_removed_agent_go() {
    let server = TestServer::start().await;
    let mut links = Vec::new();
    for name in ["web-1", "web-2"] {
        let mut node = TestNode::joined(&server, name).await;
        let mut link = node.link().await;
        link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
        link.acknowledged(1).await;
        links.push(link);
    }
    let mut watcher = Watcher::linked(&server).await;
    watcher.open(a_view(WindowList::Containers, &["node"]));
    watcher.until(|seen| seen.rows.len() == 2).await;
    let gone = http().delete(server.at("/api/v1/agents/web-1")).bearer_auth(server.admin().await);
    assert_eq!(gone.send().await.unwrap().status().as_u16(), 200);
    watcher.until(|seen| seen.total == 1).await;
    assert_eq!(cells(&watcher.seen, 0), ["web-2"]);
    server.stop().await;
}

#[tokio::test]
async fn a_restarted_server_shows_the_windows_again() {
    let server = TestServer::start().await;
    TestNode::joined(&server, "web-1").await;
    let mut watcher = Watcher::linked(&server).await;
    watcher.open(a_view(WindowList::Agents, &["name", "status"]));
    watcher.until(|seen| seen.rows.len() == 1).await;
    let server = server.restart().await;
    let mut lost = 0;
    loop {
        match watcher.news().await {
            WindowNews::Lost { cause, .. } => {
                lost += 1;
                assert!(cause.is_passing(), "{cause}");
                // It is dropped: what is on nobody's screen need not be asked for.
                watcher.open(WindowView { ask: 7, ..a_view(WindowList::Agents, &[]) });
            }
            WindowNews::Linked => break,
            WindowNews::Told(told) => watcher.apply(told),
        }
    }
    assert!(lost > 0);
    watcher.seen = Seen::default();
    watcher.open(WindowView { ask: 8, ..a_view(WindowList::Agents, &["name", "status"]) });
    assert!(matches!(watcher.told().await, WindowTold::Fields { .. }), "a new link knows of nothing");
    let told = watcher.told().await;
    assert!(matches!(&told, WindowTold::Rows { ask: 8, rows, .. } if rows.len() == 1), "{told:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_whose_key_is_revoked_is_told_and_comes_back_in_vain() {
    let server = TestServer::start().await;
    let token = server.token(Role::Viewer).await;
    let named = json!({ "name": "watcher" });
    let (_, issued) = super::post_as(&server, &token, "/api/v1/auth/keys", &named, None).await;
    let secret = issued["secret"].as_str().unwrap();
    let client = Client::new(&server.url, Some(Secret::new(secret))).unwrap();
    let mut windows = client.windows();
    assert!(matches!(windows.next().await.unwrap(), WindowNews::Linked));
    let key = format!("/api/v1/auth/keys/{}", issued["key"]["id"].as_str().unwrap());
    http().delete(server.at(&key)).bearer_auth(&token).send().await.unwrap();
    let news = timeout(Duration::from_secs(20), windows.next()).await.unwrap().unwrap();
    let WindowNews::Lost { cause, .. } = news else { panic!("{news:?}") };
    let why = std::error::Error::source(&cause).unwrap().to_string();
    assert!(why.contains("the credentials no longer hold"), "{why}");
    let refused = timeout(Duration::from_secs(20), windows.next()).await.unwrap().unwrap_err();
    assert!(matches!(refused, ClientError::Problem(problem) if problem.status == 401));
    server.stop().await;
}

#[tokio::test]
async fn the_summary_and_the_map_follow_the_fleet() {
    let server = TestServer::start().await;
    let mut watcher = Watcher::linked(&server).await;
    watcher.open(WindowView { window: 2, ..a_view(WindowList::Heat, &["cpu"]) });
    watcher.open(a_view(WindowList::Summary, &[]));
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running), ("bbb", Exited)])).await;
    link.say(&node.telemetry(2, Timestamp::now())).await;
    let (mut summed_up, mut mapped) = (false, false);
    while !(summed_up && mapped) {
        match watcher.told().await {
            WindowTold::Summary { window: 1, stats, containers, open_commands: 0, .. } => {
                summed_up = stats.nodes.linked == 1
                    && stats.load.nodes == 1
                    && containers.get("running") == Some(&1)
                    && containers.get("exited") == Some(&1);
            }
            WindowTold::Heat { window: 2, total, nodes_per_cell, cells, .. } => {
                mapped = (total, nodes_per_cell, cells.as_str()) == (1, 1, "1");
            }
            other => panic!("{other:?}"),
        }
    }
    let stop = json!({ "verb": "docker.stop", "args": { "container": "aaa" }, "agent_targets": ["web-1"] });
    let (status, given) = post(&server, "/api/v1/commands?wait=0", &stop, None).await;
    assert_eq!(status, 202, "{given}");
    while !matches!(watcher.told().await, WindowTold::Summary { open_commands: 1, .. }) {}
    server.stop().await;
}

#[tokio::test]
async fn a_window_that_asks_for_ages_is_looked_at_as_they_pass() {
    let server = TestServer::start().await;
    TestNode::joined(&server, "web-1").await;
    let mut watcher = Watcher::linked(&server).await;
    let selector = Some("age >= 2".into());
    watcher.open(WindowView { selector, ..a_view(WindowList::Agents, &["name", "age"]) });
    watcher.until(|seen| seen.rows.len() == 1).await;
    assert!(watcher.seen.rows[0].cells[1].as_i64().unwrap() > 1_700_000_000, "an age is a moment");
    server.stop().await;
}

/// The next of a fixed row of numbers that look random.
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

#[tokio::test]
async fn what_is_told_adds_up_to_what_the_list_says() {
    const STATES: [worpen::proto::container::ContainerState; 4] = [Running, Exited, Paused, Created];
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let ids: Vec<_> = (0..40).map(|number| format!("id{number}")).collect();
    for (filter, sort, query) in [
        (None, "state,name", "sort=state,name"),
        (Some("state == \"running\""), "-name", "where=state%20%3D%3D%20%22running%22&sort=-name"),
    ] {
        let mut watcher = Watcher::linked(&server).await;
        let view = a_view(WindowList::Containers, &["id", "state"]);
        watcher.open(WindowView { selector: filter.map(str::to_owned), sort: Some(sort.into()), ..view });
        let (mut state, mut sequence) = (7, node_sequence(&server).await);
        for _ in 0..6 {
            let shown: Vec<_> = ids.iter().filter(|_| !random(&mut state).is_multiple_of(4)).collect();
            let containers: Vec<_> =
                shown.iter().map(|id| (id.as_str(), STATES[random(&mut state) % 4])).collect();
            sequence += 1;
            link.say(&TestNode::inventory(sequence, &containers)).await;
            link.acknowledged(sequence).await;
            let (_, page) = get(&server, &format!("/api/v1/containers?limit=100&{query}")).await;
            let listed: Vec<_> =
                page["items"].as_array().unwrap().iter().map(|it| (&it["id"], &it["state"])).collect();
            watcher
                .until(|seen| {
                    let rows = seen.rows.iter().map(|row| (&row.cells[0], &row.cells[1]));
                    rows.eq(listed.iter().copied()) && seen.matched == listed.len() as u64
                })
                .await;
        }
    }
    server.stop().await;
}

/// The last sequence that the only node has said.
async fn node_sequence(server: &TestServer) -> u64 {
    let agents = server.app.records.agents().await.unwrap();
    let record = server.app.records.agent_link(agents[0].id).await.unwrap();
    record.unwrap().ingested
}
