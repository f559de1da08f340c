//! Lists that are filtered, selected, sorted, cut into pages, and served again while nothing changes.

use std::{collections::BTreeMap, env, fmt::Write, fs, path::Path};

use jiff::Timestamp;
use reqwest::Response;
use serde_json::{Value, json};
use worpen::{
    core::{
        fleet::Fleet,
        selector::{FUNCTIONS, Field, agent, container, image},
    },
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus, ContainerEngine, HostFacts},
        container::{Container, ContainerState},
        image::{Image, ImageFacts},
        telemetry::{MemoryUsage, Telemetry},
    },
};

use super::{get, post};
use crate::{
    harness::{TestServer, http},
    node,
    node::TestNode,
};

fn an_agent(number: u32) -> Agent {
    let now = worpen::api::clock::now();
    Agent {
        id: AgentId::generate(),
        agent_id: format!("node-{number}"),
        site: if number.is_multiple_of(2) { "eu" } else { "us" }.into(),
        status: if number.is_multiple_of(5) { AgentStatus::Degraded } else { AgentStatus::Online },
        status_since: now,
        version: Some("0.1.0".into()),
        capabilities: vec![if number.is_multiple_of(3) { "docker.rm" } else { "docker.stop" }.into()],
        site_verbs: Vec::new(),
        labels: [("tier", format!("t{}", number % 4))].into_iter().collect(),
        host: HostFacts {
            os: Some(if number.is_multiple_of(4) { "Debian GNU/Linux 12" } else { "Alpine 3.20" }.into()),
            ..HostFacts::default()
        },
        container_engine: number.is_multiple_of(2).then(|| ContainerEngine {
            name: "docker".into(),
            version: "28.1.1".into(),
            api_version: "1.49".into(),
        }),
        created_at: now,
        last_seen_at: Some(now),
        address: None,
    }
}

fn measured(agent: &Agent, cpu: f32) -> (AgentId, Telemetry) {
    let telemetry = Telemetry {
        agent_id: agent.agent_id.clone(),
        timestamp: Timestamp::now(),
        cpu_usage: cpu,
        cpu_cores: vec![],
        memory_usage: MemoryUsage::default(),
        disk_usage: BTreeMap::new(),
        load_average: [0.0; 3],
        network_stats: BTreeMap::new(),
        container_count: None,
        service_status: BTreeMap::new(),
        uptime_s: Some(1),
    };
    (agent.id, telemetry)
}

fn a_container(agent: &Agent, id: &str, state: ContainerState, exit_code: Option<i64>) -> Container {
    let mut facts = node::container(id, state);
    facts.exit_code = exit_code;
    Container { facts, node: agent.agent_id.as_str().into(), agent: agent.id, stale_since: None }
}

/// A server whose memory holds so many agents; every third was never measured.
async fn a_fleet(agents: u32) -> TestServer {
    let server = TestServer::start().await;
    let agents: Vec<Agent> = (1..=agents).map(an_agent).collect();
    let telemetry = agents.iter().zip(1_u16..).filter(|(_, number)| number % 3 != 0);
    let telemetry = telemetry.map(|(agent, number)| measured(agent, f32::from(number % 100))).collect();
    let (first, second) = (&agents[0], &agents[1]);
    let containers = vec![
        a_container(first, "aaa", ContainerState::Running, None),
        a_container(first, "bbb", ContainerState::Exited, Some(137)),
        a_container(second, "ccc", ContainerState::Exited, Some(0)),
    ];
    let images = [
        ("sha256:1", 500, vec!["nginx:1.27"]),
        ("sha256:2", 900, vec![]),
        ("sha256:3", 100, vec!["redis:7"]),
    ]
    .map(|(id, size_bytes, tags)| Image {
        facts: ImageFacts {
            id: id.into(),
            tags: tags.into_iter().map(Into::into).collect(),
            digests: vec![],
            size_bytes,
            created_at: None,
        },
        node: second.agent_id.as_str().into(),
        agent: second.id,
        stale_since: None,
    });
    server.app.fleet.replace(Fleet::load(agents.clone(), containers, images.to_vec(), telemetry));
    server
}

/// `GET` with a query, as an admin.
async fn ask(server: &TestServer, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let url = format!("{}?{query}", server.at(path));
    let answer = http().get(url).bearer_auth(server.admin().await).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The names on all pages of a list.
async fn walk(server: &TestServer, path: &str, field: &str, query: &[(&str, &str)]) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut query = query.to_vec();
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let (status, page) = ask(server, path, &query).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item[field].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return names,
        }
    }
}

#[tokio::test]
async fn pages_of_a_sorted_list_are_the_whole_list() {
    let server = a_fleet(40).await;
    for sort in ["name", "-name", "site,-cpu", "-cpu", "labels.tier,os", "status,-linked,last_seen_age"] {
        let pages = walk(&server, "/api/v1/agents", "agent_id", &[("sort", sort), ("limit", "7")]).await;
        let whole = walk(&server, "/api/v1/agents", "agent_id", &[("sort", sort), ("limit", "1000")]).await;
        assert_eq!(pages.len(), 40, "{sort}");
        if !sort.contains("age") {
            assert_eq!(pages, whole, "{sort}");
        }
    }
    let names = walk(&server, "/api/v1/agents", "agent_id", &[("sort", "name"), ("limit", "9")]).await;
    assert_eq!(names, (1..=40).map(|number| format!("node-{number}")).collect::<Vec<_>>());
    let by_cpu = walk(&server, "/api/v1/agents", "agent_id", &[("sort", "-cpu"), ("limit", "9")]).await;
    assert_eq!((by_cpu[0].as_str(), by_cpu[26].as_str()), ("node-40", "node-1"));
    assert_eq!(by_cpu[27..].len(), 13, "those without a measurement come last");
    let by_id = walk(&server, "/api/v1/agents", "agent_id", &[("limit", "9")]).await;
    assert_eq!(by_id.len(), 40);
    server.stop().await;
}

#[tokio::test]
async fn pages_stay_right_while_the_list_changes() {
    let server = a_fleet(20).await;
    let query = [("sort", "name"), ("limit", "8")];
    let (_, first) = ask(&server, "/api/v1/agents", &query).await;
    // The last of the page goes, one comes before it and one after it.
    let mut agents: Vec<Agent> = server.app.fleet.read().agents().cloned().collect();
    agents.retain(|agent| agent.agent_id != "node-8");
    let named = |name: &str| Agent { agent_id: name.into(), ..an_agent(1) };
    agents.extend([named("node-0"), named("node-9b")]);
    server.app.fleet.replace(Fleet::load(agents, vec![], vec![], vec![]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) =
        ask(&server, "/api/v1/agents", &[("sort", "name"), ("limit", "3"), ("cursor", cursor)]).await;
    let names: Vec<&str> =
        second["items"].as_array().unwrap().iter().map(|agent| agent["agent_id"].as_str().unwrap()).collect();
    assert_eq!(names, ["node-9", "node-9b", "node-10"]);
    server.stop().await;
}

#[tokio::test]
async fn filters_and_expressions_find_the_same_agents() {
    let server = a_fleet(40).await;
    for (filters, expression, found) in [
        (("status", "degraded"), r#"status == "DEGRADED""#, 8),
        (("status", "Online"), r#"status == "ONLINE""#, 32),
        (("site", "eu"), r#"site in ["eu", "asia"]"#, 20),
        (("capability", "docker.rm"), r#""docker.rm" in capabilities"#, 13),
        (("os", "DEBIAN"), r#"lower(os).contains("debian")"#, 10),
        (("engine", "Docker"), r#"engine != ()"#, 20),
    ] {
        let filtered = walk(&server, "/api/v1/agents", "agent_id", &[filters]).await;
        let selected =
            walk(&server, "/api/v1/agents", "agent_id", &[("where", expression), ("limit", "3")]).await;
        assert_eq!((filtered.len(), &filtered), (found, &selected), "{filters:?} {expression}");
    }
    let both = [("site", "eu"), ("where", "cpu > 20 && running == 0"), ("sort", "-cpu")];
    let found = walk(&server, "/api/v1/agents", "agent_id", &both).await;
    assert_eq!(found, ["node-40", "node-38", "node-34", "node-32", "node-28", "node-26", "node-22"]);
    server.stop().await;
}

#[tokio::test]
async fn containers_and_images_are_selected_and_sorted_too() {
    let server = a_fleet(3).await;
    let containers = "/api/v1/containers";
    assert_eq!(
        walk(&server, containers, "name", &[("where", "exit_code != 0 && exit_code != ()")]).await,
        ["c-bbb"]
    );
    assert_eq!(
        walk(&server, containers, "name", &[("sort", "-name"), ("limit", "1")]).await,
        ["c-ccc", "c-bbb", "c-aaa"]
    );
    assert_eq!(walk(&server, containers, "name", &[("limit", "1")]).await, ["c-aaa", "c-bbb", "c-ccc"]);
    assert_eq!(
        walk(&server, containers, "name", &[("node", "node-1"), ("limit", "1")]).await,
        ["c-aaa", "c-bbb"]
    );
    let filtered = [("node", "node-1"), ("state", "exited"), ("where", r#"site == "us""#)];
    assert_eq!(walk(&server, containers, "name", &filtered).await, ["c-bbb"]);
    let images = "/api/v1/images";
    assert_eq!(
        walk(&server, images, "id", &[("sort", "-size"), ("limit", "2")]).await,
        ["sha256:2", "sha256:1", "sha256:3"]
    );
    assert_eq!(walk(&server, images, "id", &[("where", "len(tags) == 0")]).await, ["sha256:2"]);
    assert_eq!(walk(&server, images, "id", &[("where", r#""redis:7" in tags"#)]).await, ["sha256:3"]);
    let (status, problem) = ask(&server, images, &[("node", "nobody"), ("where", "true")]).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("agent_not_found")));
    server.stop().await;
}

#[tokio::test]
async fn an_expression_that_is_wrong_is_told_with_place_and_cure() {
    let server = a_fleet(3).await;
    for (query, pointer, words) in [
        (("where", "cpus > 80"), "/where", "unknown name 'cpus' at 1:1; known: id, name,"),
        (("where", "cpus > 80"), "/where", "did you mean 'cpu'?"),
        (("where", "site = \"eu\""), "/where", "to compare, write =="),
        (("where", "loop {}"), "/where", "at 1:"),
        (("where", "name"), "/where", "of node-1: the expression gives text, not true or false"),
        (("where", ""), "/where", "expected an expression"),
        (("sort", "colour"), "/sort", "unknown name 'colour'; known: id, name"),
        (("sort", "capabilities"), "/sort", "is a list"),
        (("cursor", "e30"), "/cursor", "expected next_cursor"),
    ] {
        let (status, problem) = ask(&server, "/api/v1/agents", &[query]).await;
        let told = &problem["errors"][0];
        assert_eq!((status, told["pointer"].as_str()), (400, Some(pointer)), "{problem}");
        assert!(told["detail"].as_str().unwrap().contains(words), "{query:?}: {problem}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let server = a_fleet(5).await;
    let (_, page) = ask(&server, "/api/v1/agents", &[("sort", "name"), ("limit", "2")]).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    for query in [
        vec![],
        vec![("sort", "-name")],
        vec![("sort", "name"), ("where", "linked")],
        vec![("sort", "name"), ("site", "eu")],
    ] {
        let mut query = query;
        query.push(("cursor", cursor));
        let (status, problem) = ask(&server, "/api/v1/agents", &query).await;
        assert_eq!((status, problem["errors"][0]["pointer"].as_str()), (400, Some("/cursor")), "{query:?}");
        assert!(problem["detail"].as_str().unwrap().contains("of another list"), "{problem}");
    }
    let (status, _) =
        ask(&server, "/api/v1/agents", &[("sort", "name"), ("limit", "3"), ("cursor", cursor)]).await;
    assert_eq!(status, 200, "another limit is the same list");
    server.stop().await;
}

/// `GET` with what the caller has already.
async fn conditional(server: &TestServer, key: &str, path: &str, tag: &str) -> Response {
    http().get(server.at(path)).bearer_auth(key).header("if-none-match", tag).send().await.unwrap()
}

#[tokio::test]
async fn what_did_not_change_is_confirmed_and_what_did_is_sent() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", ContainerState::Running)])).await;
    link.acknowledged(1).await;
    let key = server.admin().await;
    let paths = [
        "/api/v1/agents?limit=1000",
        "/api/v1/agents?where=running%20%3D%3D%201&sort=-name",
        "/api/v1/containers",
        "/api/v1/containers?where=status%20%3D%3D%20%22ONLINE%22",
        "/api/v1/containers/aaa",
        "/api/v1/statistics/agents",
    ];
    let mut tags = Vec::new();
    for path in paths {
        let whole = conditional(&server, &key, path, "\"none\"").await;
        assert_eq!(whole.status().as_u16(), 200, "{path}");
        assert_eq!(whole.headers()["cache-control"], "private, no-cache");
        let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
        let known = conditional(&server, &key, path, &tag).await;
        assert_eq!(
            (known.status().as_u16(), known.headers()["etag"].to_str().unwrap()),
            (304, tag.as_str()),
            "{path}"
        );
        tags.push(tag);
    }
    link.say(&TestNode::inventory(2, &[("aaa", ContainerState::Exited), ("bbb", ContainerState::Running)]))
        .await;
    link.acknowledged(2).await;
    let images = conditional(&server, &key, "/api/v1/images", "\"none\"").await.headers()["etag"].clone();
    for (path, tag) in paths.iter().zip(&tags).skip(2) {
        let changed = conditional(&server, &key, path, tag).await;
        assert_eq!(changed.status().as_u16(), 200, "{path}");
    }
    let status = json!({ "status": "MAINTENANCE" });
    let put =
        http().put(server.at("/api/v1/agents/web-1/status")).bearer_auth(&key).json(&status).send().await;
    assert_eq!(put.unwrap().status().as_u16(), 200);
    for (path, tag) in paths.iter().zip(&tags).filter(|(path, _)| path.contains("agents")) {
        assert_eq!(conditional(&server, &key, path, tag).await.status().as_u16(), 200, "{path}");
    }
    let unchanged = conditional(&server, &key, "/api/v1/images", images.to_str().unwrap()).await;
    assert_eq!(unchanged.status().as_u16(), 304, "no image and no node's silence changed");
    assert!(
        walk(&server, "/api/v1/containers", "name", &[("where", r#"status == "ONLINE""#)]).await.is_empty()
    );
    drop(link);
    server.stop().await;
}

#[tokio::test]
async fn an_expression_over_ten_thousand_agents_is_answered() {
    let server = a_fleet(10_000).await;
    let page = [("where", "cpu * 2 > 190 && name.ends_with(\"99\")"), ("sort", "name"), ("limit", "1000")];
    let found = walk(&server, "/api/v1/agents", "agent_id", &page).await;
    assert_eq!(found.len(), 66, "two of three that end so were measured: {found:?}");
    let many = ["cpu * 2 * 2 > 1000.0"; 12].join(" || ");
    assert!(walk(&server, "/api/v1/agents", "agent_id", &[("where", &many)]).await.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn statistics_count_what_the_lists_show() {
    let server = a_fleet(40).await;
    let (status, counted) = get(&server, "/api/v1/statistics/agents").await;
    assert_eq!(status, 200, "{counted}");
    assert_eq!(
        (&counted["total"], &counted["linked"], &counted["stale"]),
        (&json!(40), &json!(0), &json!(0))
    );
    assert_eq!(
        counted["by_status"],
        json!([{ "value": "ONLINE", "count": 32 }, { "value": "DEGRADED", "count": 8 }])
    );
    assert_eq!(
        counted["by_engine"],
        json!([{ "value": null, "count": 20 }, { "value": "docker", "count": 20 }])
    );
    assert_eq!(
        counted["by_capability"],
        json!([{ "value": "docker.stop", "count": 27 }, { "value": "docker.rm", "count": 13 }])
    );
    assert_eq!(counted["containers"], 3);
    assert_eq!(
        counted["containers_by_state"],
        json!([{ "value": "exited", "count": 2 }, { "value": "running", "count": 1 }])
    );
    server.stop().await;
}

#[tokio::test]
async fn a_node_cannot_have_a_name_that_the_api_needs() {
    let server = TestServer::start().await;
    let (status, problem) = post(&server, "/api/v1/invitations", &json!({ "name": "sync" }), None).await;
    assert_eq!((status, problem["errors"][0]["pointer"].as_str()), (400, Some("/name")), "{problem}");
    server.stop().await;
}

/// Makes the file anew.
const BLESS: &str = "WORPEN_BLESS=1 cargo test --test it docs";

#[test]
fn docs_of_selectors_are_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/selectors.md");
    let fresh = reference();
    if env::var_os("WORPEN_BLESS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "docs/selectors.md is stale; run:\n{BLESS}");
}

fn reference() -> String {
    let mut text = format!(
        "# Selectors\n\n`?where=` takes an expression, `?sort=` fields separated by commas, a minus before those that go \
         downwards;\n`worpen agents ls` and `worpen containers ls` have them as `--where` and `--sort`.\nDo not edit; \
         `{BLESS}` makes this file anew, and a test fails while it is stale.\n\n\
         ```\nsite == \"eu\" && cpu > 80\n\"docker.exec\" in capabilities && labels.tier != \"test\"\nname.matches(\"web-*\") \
         && version in [\"0.1.0\", \"0.2.0\"]\n```\n\n\
         The language is an expression of Rhai: `== != < <= > >=`, `&& || !`, `in`, `+ - * / %`, `??`, and the functions \
         below.\nTexts stand in double quotes. What a record does not have is `()`: every ordering with it is false, \
         `x == ()` finds it,\n`x ?? 0` replaces it, a calculation with it gives `()` again, a function asked about it \
         says false. In a sort it comes\nlast, whatever the direction; digits in texts count as numbers, so that node-2 \
         comes before node-10.\n\n## Functions\n\n| name | what it says |\n|---|---|\n"
    );
    for (name, about) in FUNCTIONS {
        writeln!(text, "| `{name}` | {about} |").unwrap();
    }
    table(&mut text, "Agents", agent::FIELDS);
    table(&mut text, "Containers", container::FIELDS);
    table(&mut text, "Images", image::FIELDS);
    text
}

fn table<R>(text: &mut String, noun: &str, fields: &[Field<R>]) {
    write!(text, "\n## {noun}\n\n| name | kind | what it is |\n|---|---|---|\n").unwrap();
    for field in fields {
        writeln!(text, "| `{}` | {} | {} |", field.name, field.kind.as_str(), field.about).unwrap();
    }
}
