//! Who may call what: every route of the router, for every kind of caller.

use reqwest::{Client, Method, Response};
use worpen::proto::{
    endpoint::Access::{self, Admin, Agent, Anyone, Operator, Viewer},
    problem::Problem,
    user::Role,
};

use crate::harness::{TestServer, http};

/// The matrix, a row for each method and path. A route that is missing here, or here and not in the router, fails.
const ROUTES: &[(&str, &str, Access)] = &[
    ("GET", "/health", Anyone),
    ("GET", "/api/v1/health", Anyone),
    ("GET", "/api/v1/health/database", Anyone),
    ("GET", "/api/v1/health/redis", Anyone),
    ("GET", "/api/v1/status", Viewer),
    ("GET", "/api/v1/statistics", Viewer),
    ("GET", "/api/v1/metrics", Viewer),
    ("GET", "/api/v1/dashboard/stats", Viewer),
    ("GET", "/api/v1/dashboard/services", Viewer),
    ("GET", "/api-docs/openapi.json", Anyone),
    ("GET", "/api-docs", Anyone),
    ("POST", "/api/v1/auth/login", Anyone),
    ("POST", "/api/auth/login", Anyone),
    ("GET", "/api/v1/auth/me", Viewer),
    ("POST", "/api/v1/auth/keys", Viewer),
    ("GET", "/api/v1/auth/keys", Viewer),
    ("DELETE", "/api/v1/auth/keys/{id}", Viewer),
    ("GET", "/api/v1/users", Admin),
    ("POST", "/api/v1/users", Admin),
    ("POST", "/api/v1/invitations", Admin),
    ("POST", "/api/v1/join", Anyone),
    ("GET", "/ws/agent", Agent),
    ("POST", "/api/v1/internal/heartbeat", Agent),
    ("GET", "/api/v1/agents", Viewer),
    ("GET", "/api/v1/statistics/agents", Viewer),
    ("POST", "/api/v1/agents/sync", Operator),
    ("GET", "/api/v1/agents/{id}", Viewer),
    ("PUT", "/api/v1/agents/{id}/status", Admin),
    ("GET", "/api/v1/agents/{id}/telemetry", Viewer),
    ("GET", "/api/v1/agents/{id}/health", Viewer),
    ("DELETE", "/api/v1/agents/{id}", Admin),
    ("GET", "/api/v1/containers", Viewer),
    ("GET", "/api/v1/containers/{id}", Viewer),
    ("POST", "/api/v1/containers/{id}/start", Operator),
    ("POST", "/api/v1/containers/{id}/stop", Operator),
    ("POST", "/api/v1/containers/{id}/restart", Operator),
    ("DELETE", "/api/v1/containers/{id}", Operator),
    ("GET", "/api/v1/containers/{id}/logs", Viewer),
    ("GET", "/api/v1/containers/{id}/stats", Viewer),
    ("GET", "/api/v1/containers/{id}/inspect", Viewer),
    ("GET", "/api/v1/images", Viewer),
    ("POST", "/api/v1/commands", Operator),
    ("GET", "/api/v1/commands", Viewer),
    ("POST", "/api/v1/images/pull", Operator),
    ("POST", "/api/v1/docker/prune", Operator),
    ("GET", "/api/v1/telemetry/latest", Viewer),
    ("GET", "/api/v1/telemetry/history", Viewer),
    ("GET", "/api/v1/telemetry/analytics", Viewer),
    ("GET", "/api/v1/telemetry/metrics", Viewer),
    ("GET", "/api/v1/dashboard/network", Viewer),
    ("GET", "/api/v1/commands/{id}", Viewer),
    ("GET", "/api/v1/events/history", Viewer),
    ("GET", "/api/events/history", Viewer),
    ("GET", "/api/v1/events/subscribe", Viewer),
    ("GET", "/api/events/subscribe", Viewer),
];

#[test]
fn every_route_of_the_router_has_its_row_and_every_row_its_route() {
    let api = worpen::api::api();
    let mut routed: Vec<_> =
        api.routes().iter().map(|route| (route.method.as_str(), route.path, route.access)).collect();
    let mut listed = ROUTES.to_vec();
    routed.sort_unstable();
    listed.sort_unstable();
    assert_eq!(routed, listed);
}

/// A request to a route, with nothing in it that would make it succeed.
async fn call(http: &Client, server: &TestServer, method: &str, path: &str, token: Option<&str>) -> Response {
    let path = path.replace("{id}", "0198c0de-0000-7000-8000-000000000000");
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

#[tokio::test]
async fn each_role_is_let_through_and_stopped_as_the_matrix_says() {
    let server = TestServer::start().await;
    let http = http();
    let mut callers = vec![(None, None)];
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        callers.push((Some(role), Some(server.token(role).await)));
    }
    for (method, path, access) in ROUTES {
        let needed = match access {
            Anyone | Agent => None,
            Viewer => Some(Role::Viewer),
            Operator => Some(Role::Operator),
            Admin => Some(Role::Admin),
        };
        for (role, token) in &callers {
            let expected = match (needed, role) {
                (None, _) => None,
                (Some(_), None) => Some(401),
                (Some(needed), Some(role)) => (*role < needed).then_some(403),
            };
            let response = call(&http, &server, method, path, token.as_deref()).await;
            if (*method, *path) == ("POST", "/api/v1/join") || path.ends_with("/login") {
                // These need no caller: what they say of bad input is their own matter.
                assert_ne!(response.status().as_u16(), 403, "{method} {path} as {role:?}");
                continue;
            }
            assert_eq!(refusal(response).await, expected, "{method} {path} as {role:?}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn credentials_that_do_not_hold_are_refused_everywhere() {
    let server = TestServer::start().await;
    let http = http();
    for token in ["wpk_unknown", "a.b.c", "", "null"] {
        for (method, path, access) in ROUTES {
            if matches!(access, Anyone | Agent) {
                continue;
            }
            let response = call(&http, &server, method, path, Some(token)).await;
            assert_eq!(refusal(response).await, Some(401), "{method} {path} with '{token}'");
        }
    }
    server.stop().await;
}
