//! What the document and the page say in the same words.

use axum::http::StatusCode;

use crate::proto::endpoint::Access;

/// What the API is, in a paragraph.
pub(super) const ABOUT: &str = "Sees and commands a fleet of machines. Fields are JSON in `snake_case`, times are \
    RFC 3339 in UTC. An unknown field is refused. A list comes in pages: send `next_cursor` back as `cursor` until it is \
    `null`. An act on a node is a command: with `wait` the answer is `200` once it ended, whatever the outcome, else \
    `202`. Every error is `application/problem+json` (RFC 9457), every answer carries its request's id in `x-request-id`; \
    a path that is not here answers `404`, a method that a path has not `405`.";

/// How callers prove who they are.
pub(super) const BEARER: &str = "The token that signing in gives, or an API key (`wpk_...`).";

/// What `Idempotency-Key` does.
pub(super) const IDEMPOTENCY_KEY: &str = "Makes a repetition count once: within 24 hours the same caller's same request \
    under the same key gives the first one's command. The same key with another request is `422`.";

/// What a noun is, in a line.
pub(super) fn noun(noun: &str) -> (&'static str, &'static str) {
    match noun {
        "health" => ("Health", "Whether the server is there, and whether it can do its work."),
        "status" => ("Status", "The server as it is now."),
        "statistics" => ("Statistics", "Totals and rates of the fleet and its server."),
        "metrics" => ("Metrics", "What the server counts, for Prometheus."),
        "dashboard" => ("Dashboard", "The fleet in a few numbers."),
        "service" => ("Services", "The server's parts and the nodes' services, and how each stands."),
        "docs" => ("Documentation", "The API described by itself."),
        "auth" => ("Signing in", "Tokens for people, API keys for scripts."),
        "audit" => ("Audit", "Who did what to what, and what proves that nobody changed it since."),
        "user" => ("Users", "Who may sign in, and what they may do."),
        "invitation" => ("Invitations", "How a node becomes part of the fleet."),
        "certificate" => {
            ("Certificates and trust", "What agents shake hands with, and which keys the fleet trusts.")
        }
        "link" => (
            "Agent link",
            "The WebSocket that an agent holds open; its frames are no part of this description.",
        ),
        "heartbeat" => ("Heartbeats", "The pulse of agents that speak only HTTP."),
        "agent" => ("Agents", "The process on each node, and the node it speaks for."),
        "container" => ("Containers", "Looked at from memory, acted on by commands."),
        "image" => ("Images", "What the nodes hold."),
        "telemetry" => ("Telemetry", "What the nodes measure, now and over time."),
        "command" => ("Commands", "The only way in which a node is touched."),
        "backup" => ("Backups", "A copy of everything that the server keeps."),
        "plan" => {
            ("Plans", "Who would be hit by a command, looked at before it is given and held to it then.")
        }
        "schedule" => ("Schedules", "Commands that the clock gives, in their maker's name."),
        "verb" => ("Verbs", "What nodes can be told to do, and with which arguments."),
        "event" => ("Events", "Whatever happened, in the order in which it was committed."),
        "window" => ("Windows", "The part of a list that somebody looks at, kept true."),
        _ => ("", ""),
    }
}

/// Who may call, as a word and as a sentence.
pub(super) const fn access(access: Access) -> (&'static str, &'static str) {
    match access {
        Access::Anyone => ("anyone", "Anyone may call it."),
        Access::Agent => {
            ("agent", "For agents: ours prove themselves in their first frame, plain ones show their token.")
        }
        Access::Viewer => ("viewer", "Needs the role viewer, operator or admin."),
        Access::Operator => ("operator", "Needs the role operator or admin."),
        Access::Admin => ("admin", "Needs the role admin."),
    }
}

/// What a key with a scope may do with a call, where a role is asked for.
pub(super) const fn scope(access: Access, scoped: bool) -> &'static str {
    match access {
        Access::Anyone | Access::Agent => "",
        _ if scoped => " A key with a scope is shown, and does, what its scope holds.",
        _ => " A key with a scope may not call it.",
    }
}

/// What a status means here.
pub(super) fn status(status: u16) -> &'static str {
    match status {
        101 => "The connection becomes a WebSocket (RFC 6455).",
        200 => "Done.",
        201 => "Created.",
        202 => "The command goes on; look again with `wait`.",
        304 => "What the caller has under this `ETag` is still right.",
        400 => "A field is unknown, wrong or missing; `errors` names each.",
        401 => "Nobody is signed in, or the proof does not hold.",
        403 => "The caller's role or scope does not reach, or a node may not call this here.",
        404 => "There is no such thing.",
        408 => "The body did not come in time.",
        409 => "The state forbids it, or a name fits several things.",
        413 => "The body is larger than 1 MiB, or than 16 KiB without credentials of a user.",
        415 => "The body is not `application/json`.",
        422 => "The `Idempotency-Key` was used for another request.",
        426 => "This path is a WebSocket.",
        429 => "Too many requests; `Retry-After` tells in how many seconds the same is let through.",
        500 => "A defect of the server; its log has the request's id.",
        502 => "A node answered what cannot be passed on; compare the versions of agent and server.",
        503 => "The server cannot do this just now; try again shortly.",
        507 => "The server's disk is full; `detail` says what is missing, `Retry-After` when to try again.",
        504 => "A node did not answer in time; `Retry-After` tells when to try again.",
        _ => "",
    }
}

/// The name of a status, `Not Found`.
pub(super) fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}
