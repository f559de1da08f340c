//! Is the server there?

use super::endpoint::{Content, Empty, endpoints};

endpoints! {
    /// Answers `OK` while the server serves.
    GetHealth: GET "/health", Anyone, Empty => String { CONTENT: Content = Content::Text; };
}
