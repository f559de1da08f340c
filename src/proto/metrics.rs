//! What the server counts of itself, for Prometheus.

use super::endpoint::{Content, Empty, endpoints};

endpoints! {
    /// Shows every count as Prometheus text 0.0.4; as OpenMetrics or as JSON for a caller whose `Accept` asks for it.
    GetMetrics: GET "/api/v1/metrics", Viewer, Empty => String { SCOPED: bool = true; CONTENT: Content = Content::Text; };
}
