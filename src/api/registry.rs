//! [`Api::add`]: the only way to register a route, which brings its access rule, its form and its errors.

use std::{convert::Infallible, future::Future, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    http::Method,
    middleware::map_response,
    response::Response,
    routing::{MethodFilter, on},
};

use super::{
    app::App,
    browser::{cors, harden, tls_alone},
    call::{self, Answer, Call},
    docs::{self, Description, Docs},
    failure::Failure,
    meter::{Meters, RouteMeter},
    shape::Shape,
};
use crate::{
    core::error::Error,
    proto::{
        certificate::CertifyAgent,
        endpoint::{Access, Endpoint},
        invitation::JoinFleet,
        link::AgentLink,
    },
};

/// A route as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with placeholders.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whether a key with a scope may call it.
    pub scoped: bool,
    /// One line for people.
    pub summary: &'static str,
}

/// The routes so far.
pub struct Api {
    router: Router<Arc<App>>,
    /// What is served where agents are managed.
    agents: Router<Arc<App>>,
    routes: Vec<Route>,
    meters: Vec<Arc<RouteMeter>>,
    description: Description,
}

impl Api {
    pub(super) fn new() -> Self {
        Self {
            router: Router::new(),
            agents: Router::new(),
            routes: Vec::new(),
            meters: Vec::new(),
            description: Description::new(),
        }
    }

    /// Adds an endpoint under its path and its aliases.
    ///
    /// # Panics
    /// When two endpoints have one method and path, or a method that no endpoint has: at start, so in every test.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that the ban points to")]
    pub(super) fn add<E, H, F>(mut self, handler: H) -> Self
    where
        E: Endpoint,
        H: Fn(Call<E>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Answer<E>, Error>> + Send + 'static,
    {
        self.description.add::<E>();
        let shape = Arc::new(Shape::of::<E>());
        let filter = MethodFilter::try_from(E::METHOD).expect("endpoints use the common methods");
        let is_own_time = !shape.has("wait") && !E::ASKS_NODE;
        for path in std::iter::once(&E::PATH).chain(E::ALIASES) {
            let (shape, handler) = (shape.clone(), handler.clone());
            let meter = Arc::new(RouteMeter::new(E::METHOD.as_str(), path, is_own_time));
            self.meters.push(meter.clone());
            let serve = move |State(app): State<Arc<App>>, request: Request| async move {
                Ok::<Response, Infallible>(call::serve(app, shape, handler, meter, request).await)
            };
            if is_for_agents(path) {
                self.agents = self.agents.route(path, on(filter, serve.clone()));
            }
            self.router = self.router.route(path, on(filter, serve));
            self.routes.push(Route {
                method: E::METHOD,
                path,
                access: E::ACCESS,
                scoped: E::SCOPED,
                summary: E::SUMMARY,
            });
        }
        self
    }

    /// The routes, in the table's order.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The routes described, as they are served.
    #[must_use]
    pub fn docs(&self) -> Docs {
        Docs::of(&self.description)
    }

    /// The routes described in OpenAPI 3.1.
    #[must_use]
    pub fn openapi(&self) -> serde_json::Value {
        docs::document(&self.description)
    }

    /// The counts of these routes, empty so far.
    #[must_use]
    pub fn meters(&self) -> Meters {
        Meters::new(self.meters.clone())
    }

    /// The service of those that agents of ours call, for where they are managed, and of no other.
    pub fn agents_router(&self, app: Arc<App>) -> Router {
        let router = self.agents.clone();
        router.fallback(no_such_path).method_not_allowed_fallback(no_such_method).with_state(app)
    }

    /// The service that answers them, and every other path and method with a problem.
    pub fn into_router(self, app: Arc<App>) -> Router {
        let (cors, tls_alone) = (cors(&app.origins), app.settings.hsts.map(tls_alone));
        let router =
            self.router.fallback(no_such_path).method_not_allowed_fallback(no_such_method).with_state(app);
        let router = match cors {
            Some(cors) => router.layer(cors),
            None => router,
        };
        router.layer(map_response(move |response| std::future::ready(harden(response, tls_alone.clone()))))
    }
}

/// Whether agents of ours call it: to join, to be certified, to link.
fn is_for_agents(path: &str) -> bool {
    [JoinFleet::PATH, CertifyAgent::PATH, AgentLink::PATH].contains(&path)
}

async fn no_such_path(State(app): State<Arc<App>>, request: Request) -> Response {
    let begun = Instant::now();
    let detail = format!("there is no {} here", request.uri().path());
    let answer = Failure::http(404, "path_not_found", detail).into_response_for(&call::request_id());
    app.meters.answered(&app.meters.unmatched, 404, begun.elapsed());
    answer
}

async fn no_such_method(State(app): State<Arc<App>>, request: Request) -> Response {
    let begun = Instant::now();
    let detail = format!("{} does not answer {}", request.uri().path(), request.method());
    let answer = Failure::http(405, "method_not_allowed", detail).into_response_for(&call::request_id());
    app.meters.answered(&app.meters.unmatched, 405, begun.elapsed());
    answer
}
