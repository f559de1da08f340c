//! Who may call what: every route of the router, for every kind of caller.

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use worpen::proto::{
    endpoint::Access::{self, Admin, Agent, Anyone, Operator, Viewer},
    problem::Problem,
    user::Role,
};

use crate::{
    foreign::Foreign,
    harness::{TestServer, http},
};

mod message;

/// A key with a scope may call it, and is shown what its scope holds (`api::scope`).
const SCOPED: bool = true;
/// It is about more than a scope can hold: a key with one is refused.
const WHOLE: bool = false;

/// The matrix, a row for each method and path. A route that is missing here, or here and not in the router, fails.
const ROUTES: &[(&str, &str, Access, bool)] = &[
    ("GET", "/health", Anyone, WHOLE),
    ("GET", "/api/v1/health", Anyone, WHOLE),
    ("GET", "/api/v1/health/database", Anyone, WHOLE),
    ("GET", "/api/v1/health/redis", Anyone, WHOLE),
    ("GET", "/api/v1/status", Viewer, WHOLE),
    ("GET", "/api/v1/statistics", Viewer, WHOLE),
    ("GET", "/api/v1/statistics/commands", Viewer, SCOPED),
    ("GET", "/api/v1/metrics", Viewer, SCOPED),
    ("GET", "/api/v1/dashboard/stats", Viewer, SCOPED),
    ("GET", "/api/v1/dashboard/services", Viewer, SCOPED),
    ("POST", "/api/v1/backups", Admin, WHOLE),
    ("GET", "/api/v1/audit", Admin, WHOLE),
    ("GET", "/api/v1/audit/export", Admin, WHOLE),
    ("GET", "/api-docs/openapi.json", Anyone, WHOLE),
    ("GET", "/api-docs", Anyone, WHOLE),
    ("POST", "/api/v1/auth/login", Anyone, WHOLE),
    ("POST", "/api/auth/login", Anyone, WHOLE),
    ("POST", "/api/v1/auth/logout", Viewer, SCOPED),
    ("GET", "/api/v1/auth/me", Viewer, SCOPED),
    ("POST", "/api/v1/auth/keys", Viewer, WHOLE),
    ("GET", "/api/v1/auth/keys", Viewer, WHOLE),
    ("POST", "/api/v1/auth/keys/{id}/rotate", Viewer, WHOLE),
    ("DELETE", "/api/v1/auth/keys/{id}", Viewer, WHOLE),
    ("GET", "/api/v1/users", Admin, WHOLE),
    ("POST", "/api/v1/users", Admin, WHOLE),
    ("POST", "/api/v1/users/{id}/disable", Admin, WHOLE),
    ("POST", "/api/v1/users/{id}/enable", Admin, WHOLE),
    ("PUT", "/api/v1/users/{id}/role", Admin, WHOLE),
    // Of oneself; of others an admin alone, which is the handler's to say.
    ("PUT", "/api/v1/users/{id}/password", Viewer, WHOLE),
    ("POST", "/api/v1/users/{id}/sign-out", Viewer, WHOLE),
    ("POST", "/api/v1/invitations", Admin, WHOLE),
    ("POST", "/api/v1/join", Anyone, WHOLE),
    ("POST", "/api/v1/certificates", Agent, WHOLE),
    ("GET", "/api/v1/trust", Viewer, WHOLE),
    ("POST", "/api/v1/trust/{kind}", Admin, WHOLE),
    ("GET", "/ws/agent", Agent, WHOLE),
    ("POST", "/api/v1/internal/heartbeat", Agent, WHOLE),
    ("GET", "/api/v1/agents", Viewer, SCOPED),
    ("GET", "/api/v1/statistics/agents", Viewer, SCOPED),
    ("POST", "/api/v1/agents/sync", Operator, SCOPED),
    ("GET", "/api/v1/agents/{id}", Viewer, SCOPED),
    ("PUT", "/api/v1/agents/{id}/status", Admin, WHOLE),
    ("GET", "/api/v1/agents/{id}/telemetry", Viewer, SCOPED),
    ("GET", "/api/v1/agents/{id}/health", Viewer, SCOPED),
    ("POST", "/api/v1/agents/{id}/revoke", Admin, WHOLE),
    ("POST", "/api/v1/agents/{id}/replacement", Admin, WHOLE),
    ("DELETE", "/api/v1/agents/{id}", Admin, WHOLE),
    ("GET", "/api/v1/containers", Viewer, SCOPED),
    ("GET", "/api/v1/containers/{id}", Viewer, SCOPED),
    ("POST", "/api/v1/containers/{id}/start", Operator, SCOPED),
    ("POST", "/api/v1/containers/{id}/stop", Operator, SCOPED),
    ("POST", "/api/v1/containers/{id}/restart", Operator, SCOPED),
    ("DELETE", "/api/v1/containers/{id}", Operator, SCOPED),
    ("GET", "/api/v1/containers/{id}/logs", Viewer, SCOPED),
    ("GET", "/api/v1/containers/{id}/stats", Viewer, SCOPED),
    ("GET", "/api/v1/containers/{id}/inspect", Viewer, SCOPED),
    ("GET", "/api/v1/images", Viewer, SCOPED),
    ("POST", "/api/v1/commands", Operator, SCOPED),
    ("GET", "/api/v1/commands", Viewer, SCOPED),
    ("POST", "/api/v1/images/pull", Operator, SCOPED),
    ("POST", "/api/v1/docker/prune", Operator, SCOPED),
    ("GET", "/api/v1/telemetry/latest", Viewer, SCOPED),
    ("GET", "/api/v1/telemetry/history", Viewer, SCOPED),
    ("GET", "/api/v1/telemetry/analytics", Viewer, SCOPED),
    ("GET", "/api/v1/telemetry/metrics", Viewer, SCOPED),
    ("GET", "/api/v1/dashboard/network", Viewer, SCOPED),
    ("GET", "/api/v1/commands/{id}", Viewer, SCOPED),
    ("POST", "/api/v1/commands/{id}/cancel", Operator, SCOPED),
    ("POST", "/api/v1/commands/{id}/retry", Operator, SCOPED),
    ("GET", "/api/v1/commands/{id}/output", Viewer, SCOPED),
    ("GET", "/api/v1/verbs", Viewer, SCOPED),
    ("POST", "/api/v1/plans", Operator, SCOPED),
    ("GET", "/api/v1/plans/{id}", Viewer, SCOPED),
    ("POST", "/api/v1/plans/{id}/apply", Operator, SCOPED),
    ("POST", "/api/v1/schedules", Operator, SCOPED),
    ("GET", "/api/v1/schedules", Viewer, SCOPED),
    ("GET", "/api/v1/schedules/{id}", Viewer, SCOPED),
    ("POST", "/api/v1/schedules/{id}/pause", Operator, SCOPED),
    ("DELETE", "/api/v1/schedules/{id}", Operator, SCOPED),
    ("GET", "/api/v1/events/history", Viewer, SCOPED),
    ("GET", "/api/events/history", Viewer, SCOPED),
    ("GET", "/api/v1/events/subscribe", Viewer, SCOPED),
    ("GET", "/api/events/subscribe", Viewer, SCOPED),
    ("GET", "/api/v1/windows", Viewer, SCOPED),
];

#[test]
fn every_route_of_the_router_has_its_row_and_every_row_its_route() {
    let api = worpen::api::api();
    let mut routed: Vec<_> = api
        .routes()
        .iter()
        .map(|route| (route.method.as_str(), route.path, route.access, route.scoped))
        .collect();
    let mut listed = ROUTES.to_vec();
    routed.sort_unstable();
    listed.sort_unstable();
    assert_eq!(routed, listed);
}

/// Where the whole fleet is read: of agents that speak for themselves, of what is not of nodes, and in calls that refuse a key
/// with a scope. Everything else is answered from what its caller is shown (`Call::sight`).
const READ_THE_WHOLE: &[&str] = &[
    "agent.rs",
    "app.rs",
    "authority.rs",
    "heartbeat.rs",
    "judgement.rs",
    "listing/kept.rs",
    "sight.rs",
    "statistics.rs",
    "status.rs",
    "ws/admission.rs",
    "ws/agent.rs",
    "ws/place.rs",
    "ws/plain.rs",
    "ws/window/opened.rs",
];

#[test]
fn no_other_file_of_the_api_reads_the_whole_fleet() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).unwrap().contains("app.fleet.read()") {
                found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.retain(|path| !READ_THE_WHOLE.contains(&path.as_str()));
    assert!(found.is_empty(), "these take no notice of scopes: {found:?}");
}

/// A request to a route, with nothing in it that would make it succeed.
async fn call(http: &Client, server: &TestServer, method: &str, path: &str, token: Option<&str>) -> Response {
    let path = path.replace("{kind}", "signing").replace("{id}", "0198c0de-0000-7000-8000-000000000000");
    let mut request = http.request(Method::from_bytes(method.as_bytes()).unwrap(), server.at(&path));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap()
}

/// Whether an answer refuses the caller, after checking that a refusal is a problem with the request's id.
async fn refusal(response: Response) -> Option<u16> {
    let status = response.status().as_u16();
    if !matches!(status, 401 | 403) {
        return None;
    }
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!((problem.status, problem.request_id), (status, id));
    Some(status)
}

/// Somebody who calls.
#[derive(Debug)]
enum Who {
    Nobody,
    User(Role),
    /// An admin's key, narrowed to some nodes.
    Scoped,
    /// A plain agent, by its token.
    Agent,
    /// One that was removed.
    RevokedAgent,
}

impl Who {
    /// The status that refuses this caller; `None` when it is let through.
    fn refused(&self, path: &str, access: Access, scoped: bool) -> Option<u16> {
        let needed = match (access, self) {
            (Agent, _) => return None,
            // An agent's token is nothing among users, and what does not hold is refused even where nothing is asked for.
            (_, Self::Agent | Self::RevokedAgent) => return Some(401),
            (Anyone, _) => return None,
            (Viewer, _) => Role::Viewer,
            (Operator, _) => Role::Operator,
            (Admin, _) => Role::Admin,
        };
        match self {
            Self::Nobody | Self::Agent | Self::RevokedAgent => Some(401),
            Self::Scoped => (!scoped).then_some(403),
            // The path names another user.
            Self::User(role) if path.ends_with("/sign-out") => (*role < Role::Admin).then_some(403),
            Self::User(role) => (*role < needed).then_some(403),
        }
    }
}

/// An API key of an admin, narrowed to some nodes.
async fn scoped_key(server: &TestServer) -> String {
    let request = json!({ "name": "scoped", "scope": { "nodes": ["web-*"] } });
    let token = server.token(Role::Admin).await;
    let issued = http().post(server.at("/api/v1/auth/keys")).bearer_auth(token).json(&request).send().await;
    let issued: Value = issued.unwrap().json().await.unwrap();
    issued["secret"].as_str().unwrap().to_owned()
}

/// The tokens of a plain agent, and of one that was removed.
async fn agents(server: &TestServer) -> (String, String) {
    let (stays, goes) = (Foreign::of(server, "press-1").await, Foreign::of(server, "press-2").await);
    let removed = http().delete(server.at("/api/v1/agents/press-2")).bearer_auth(server.admin().await);
    assert_eq!(removed.send().await.unwrap().status().as_u16(), 200);
    (stays.token, goes.token)
}

#[tokio::test]
async fn each_caller_is_let_through_and_stopped_as_the_matrix_says() {
    let server = TestServer::start().await;
    let http = http();
    let (agent, removed) = agents(&server).await;
    let mut callers = vec![
        (Who::Nobody, None),
        (Who::Scoped, Some(scoped_key(&server).await)),
        (Who::Agent, Some(agent)),
        (Who::RevokedAgent, Some(removed)),
    ];
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        callers.push((Who::User(role), Some(server.token(role).await)));
    }
    for (method, path, access, scoped) in ROUTES {
        for (who, token) in &callers {
            let token = match (who, *path) {
                // Whoever signs out is gone: somebody else does.
                (Who::User(role), "/api/v1/auth/logout") => Some(server.token(*role).await),
                (Who::Scoped, "/api/v1/auth/logout") => Some(scoped_key(&server).await),
                _ => token.clone(),
            };
            let response = call(&http, &server, method, path, token.as_deref()).await;
            if (*method, *path) == ("POST", "/api/v1/join") || path.ends_with("/login") {
                // These need no caller: what they say of bad input is their own matter.
                assert_ne!(response.status().as_u16(), 403, "{method} {path} as {who:?}");
                continue;
            }
            if *path == "/api/v1/certificates" {
                // They are given where agents are managed; here nobody's word is even read.
                assert_eq!(response.status().as_u16(), 403, "{method} {path} as {who:?}");
                continue;
            }
            let refused = refusal(response).await;
            assert_eq!(refused, who.refused(path, *access, *scoped), "{method} {path} as {who:?}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_heartbeat_is_taken_of_an_agent_and_of_nobody_else() {
    let server = TestServer::start().await;
    let (agent, removed) = agents(&server).await;
    let beat = async |token: Option<&str>| {
        let body = json!({ "id": "press-1", "status": "ONLINE" });
        let mut request = http().post(server.at("/api/v1/internal/heartbeat")).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(beat(Some(&agent)).await, 200);
    for token in [Some(removed), Some(server.admin().await), Some(scoped_key(&server).await), None] {
        assert_eq!(beat(token.as_deref()).await, 401);
    }
    server.stop().await;
}

#[tokio::test]
async fn credentials_that_do_not_hold_are_refused_everywhere() {
    let server = TestServer::start().await;
    let http = http();
    for token in ["wpk_unknown", "a.b.c", "", "null"] {
        for (method, path, access, _) in ROUTES {
            if matches!(access, Anyone | Agent) {
                continue;
            }
            let response = call(&http, &server, method, path, Some(token)).await;
            assert_eq!(refusal(response).await, Some(401), "{method} {path} with '{token}'");
        }
    }
    server.stop().await;
}
