//! [`Endpoint`]: method, path, access, request and response of a call, declared once for the server, the client
//! and OpenAPI.

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One call of the API.
///
/// A request is one struct. Fields named in [`PATH`](Self::PATH) (`{id}`) travel in the path; of the others those
/// of a `GET` or `DELETE`, and those listed in [`QUERY`](Self::QUERY), travel in the query, the rest in a JSON body.
pub trait Endpoint: Send + Sync + 'static {
    /// The HTTP method.
    const METHOD: Method;
    /// The canonical path, with `{field}` placeholders.
    const PATH: &'static str;
    /// Further paths, as other documents spell them, where the same handler answers.
    const ALIASES: &'static [&'static str] = &[];
    /// Who may call it.
    const ACCESS: Access;
    /// Fields of a `POST` or `PUT` that travel in the query.
    const QUERY: &'static [&'static str] = &[];
    /// What the answer is made of.
    const CONTENT: Content = Content::Json;
    /// One line for people.
    const SUMMARY: &'static str;
    /// What the call is called in Rust; OpenAPI's `operationId` is made of it.
    const NAME: &'static str;
    /// The module that declares it; the last part is its noun.
    const MODULE: &'static str;
    /// The statuses of success, the usual one first.
    const SUCCESS: &'static [u16] = &[200];
    /// The statuses of refusals that neither its form nor its access implies.
    const REFUSALS: &'static [u16] = &[];
    /// Whether a node is asked while the caller waits, so that the time of the answer is the node's.
    const ASKS_NODE: bool = false;
    /// Whether an `Idempotency-Key` makes a repetition count once.
    const KEYED: bool = false;
    /// Whether a key with a scope may call it; it is then shown, and does, no more than its scope holds. Whatever does not
    /// say so refuses such a key.
    const SCOPED: bool = false;
    /// What the caller says.
    type Request: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// What the server answers when it succeeds.
    type Response: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
}

/// Who may call an endpoint; each role may do what the roles before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Anybody, signed in or not.
    Anyone,
    /// An agent. Ours is proven by the signed challenge in its first frame (the link) and by nothing else, a plain one by
    /// its token alone.
    Agent,
    /// A caller who may look.
    Viewer,
    /// A caller who may act on nodes and containers.
    Operator,
    /// A caller who may admit agents and callers.
    Admin,
}

impl Access {
    /// The rule in one word, as people and the audit log read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Agent => "agent",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// The media type of answers that are one JSON object a line.
pub const NDJSON: &str = "application/x-ndjson";

/// The media type of answers that are no text.
pub const OCTETS: &str = "application/octet-stream";

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `application/json`.
    Json,
    /// `text/plain`.
    Text,
    /// A stream without an end of its own: `text/plain`, or with `Accept: application/x-ndjson` one object a line.
    Lines,
    /// A stream of one object a line, `application/x-ndjson`, that ends by itself.
    Objects,
    /// `application/octet-stream`, as long as it comes.
    Bytes,
    /// `text/html`, under a policy that lets it load nothing.
    Html,
    /// The connection becomes a WebSocket (RFC 6455).
    WebSocket,
}

/// A request or an answer without fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Empty {}

/// Declares endpoints: `/// summary` `Name: METHOD "path", access, Request => Response;`, then optional constants.
macro_rules! endpoints {
    ($(
        #[doc = $summary:literal]
        $name:ident: $method:ident $path:literal, $access:ident, $request:ty => $response:ty
        $({ $($constant:ident: $type:ty = $value:expr;)* })?;
    )*) => {$(
        #[doc = $summary]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::proto::endpoint::Endpoint for $name {
            const METHOD: ::http::Method = ::http::Method::$method;
            const PATH: &'static str = $path;
            const ACCESS: $crate::proto::endpoint::Access = $crate::proto::endpoint::Access::$access;
            const SUMMARY: &'static str = $summary.trim_ascii();
            const NAME: &'static str = stringify!($name);
            const MODULE: &'static str = module_path!();
            $($(const $constant: $type = $value;)*)?
            type Request = $request;
            type Response = $response;
        }
    )*};
}
pub(crate) use endpoints;
