//! The frames of the agent link at `/ws/agent` (ledger row V6): JSON text, `{"type":"HELLO","payload":{...}}`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    agent::{ContainerEngine, HostFacts},
    certificate::Certificate,
    command::{CommandStatus, OutputSize},
    container::ContainerFacts,
    endpoint::{Content, Empty, endpoints},
    envelope::Envelope,
    event::EventKind,
    example,
    image::ImageFacts,
    output::{Credit, Kept, Progress},
    telemetry::Telemetry,
    verb::SiteVerb,
};
use crate::id::{CommandId, ExecutionId};

endpoints! {
    /// The agent link: a WebSocket whose first frame proves the agent; a plain agent shows its token instead.
    AgentLink: GET "/ws/agent", Agent, LinkRequest => Empty { CONTENT: Content = Content::WebSocket; };
}

/// Opens a link. Our own agents show nothing here; a plain one shows its token as `Authorization: Bearer wpa_...` or, where
/// its library cannot send headers, in the query.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::open_link())]
pub struct LinkRequest {
    /// A plain agent's token, `wpa_...`; the header is the better place, which no proxy writes down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// The response header that carries the connection's challenge, base64url.
pub const CHALLENGE_HEADER: &str = "worpen-challenge";

/// The most bytes one text frame may have.
pub const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

/// Agents send what is longer in fragments (RFC 6455, section 5.4): the server's buffer for a link never grows.
pub const FRAGMENT_BYTES: usize = 1024;

/// A frame from an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AgentFrame {
    /// Who it is; always first.
    Hello(Box<Hello>),
    /// It lives.
    Heartbeat(Heartbeat),
    /// What it measured.
    Telemetry(Box<Sequenced<Telemetry>>),
    /// Everything its engine holds now.
    Inventory(Sequenced<Inventory>),
    /// Something happened on the node.
    Event(Box<Sequenced<NodeEvent>>),
    /// How an execution stands.
    #[serde(alias = "RESULT")]
    CommandResult(Sequenced<CommandResult>),
    /// How far an execution is; may be lost.
    Progress(Box<Progress>),
    /// Every server frame up to this one is committed.
    Ack(Ack),
    /// It wants a new certificate.
    Certify(Certify),
    /// What it has on disk to prove itself and to judge its server by.
    Holds(Holds),
    /// It could not take a frame.
    Error(LinkError),
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServerFrame {
    /// The agent is admitted.
    Welcome(Welcome),
    /// Do this.
    Command(Envelope),
    /// Stop doing that.
    Cancel(Cancel),
    /// More output may come.
    Credit(Credit),
    /// Output is on disk.
    Kept(Kept),
    /// Keep this head of the audit log; only for agents whose HELLO says that they do.
    AuditHead(Box<Envelope>),
    /// Report in full now.
    Sync(Empty),
    /// The certificate that was asked for.
    Certificate(Certificate),
    /// A signed [`TrustOrder`](super::envelope::TrustOrder).
    Trust(Envelope),
    /// Everything up to this sequence is committed; the agent may forget it.
    Ack(Ack),
    /// The server could not take a frame; after `fatal` codes it closes the link.
    Error(LinkError),
}

/// A payload that must not be lost: the agent keeps it until its sequence is acknowledged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequenced<T> {
    /// Rises by one with every such frame of the agent, across links and restarts; absent from plain clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The payload.
    #[serde(flatten)]
    pub body: T,
}

/// Who an agent is and what it can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The agent's name.
    pub agent_id: String,
    /// Its site.
    pub site: String,
    /// The version of its program.
    pub version: String,
    /// The verbs that it can run.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// What is to be known of the verbs that this site defined; each is among the capabilities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<SiteVerb>,
    /// The node.
    #[serde(flatten)]
    pub host: HostFacts,
    /// The container engine, where there is one.
    #[serde(default)]
    pub container_engine: Option<ContainerEngine>,
    /// Names and values that its operator gave it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The signed [`HelloProof`](super::envelope::HelloProof).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Envelope>,
}

/// How often to speak, and the server's own proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// Seconds between heartbeats.
    pub heartbeat_interval_s: u32,
    /// Seconds between telemetry.
    pub telemetry_interval_s: u32,
    /// The server's time.
    pub server_time: Timestamp,
    /// The signed [`WelcomeProof`](super::envelope::WelcomeProof).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Envelope>,
    /// For an agent that does not know the key of the proof: how those that it knows were succeeded. Signed
    /// [`Succession`](super::envelope::Succession)s.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successions: Vec<Envelope>,
}

/// Asks for a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certify {
    /// The P-256 public key that it is for: an uncompressed point, base64url.
    pub tls_key: String,
}

/// What an agent has on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// The number of its certificate; absent while it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The revision of what it trusts.
    pub revision: u64,
}

/// A pulse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heartbeat {
    /// The agent's name.
    pub agent_id: String,
    /// `ONLINE` or `DEGRADED`, by the agent's own judgement.
    pub status: String,
    /// CPU in use, percent.
    #[serde(default)]
    pub cpu: Option<f32>,
    /// Memory in use, percent.
    #[serde(default)]
    pub ram: Option<f32>,
}

/// Everything a node's engine holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// When it was taken, by the node's clock.
    pub time: Timestamp,
    /// The engine; `null` where there is none, and then the lists are empty.
    #[serde(default)]
    pub container_engine: Option<ContainerEngine>,
    /// Every container, whatever its state.
    #[serde(default)]
    pub containers: Vec<ContainerFacts>,
    /// Every image.
    #[serde(default)]
    pub images: Vec<ImageFacts>,
}

/// Something that happened on a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeEvent {
    /// When, by the node's clock.
    pub time: Timestamp,
    /// What, `container.died`.
    #[serde(rename = "kind")]
    pub kind: EventKind,
    /// The container as it is now; of a removed one, as it last was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerFacts>,
    /// The image as it is now; of a removed one, as it last was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageFacts>,
    /// Further facts, such as `exit_code` or `signal`.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub attributes: serde_json::Map<String, serde_json::Value>,
    /// The execution that caused it, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionId>,
}

/// How an execution stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandResult {
    /// The command.
    pub command_id: CommandId,
    /// The attempt; absent from plain clients, which have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
    /// `started`, or how it ended.
    pub status: CommandStatus,
    /// What it gave.
    #[serde(default)]
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
    /// When, by the node's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Of an end: when it had begun. One that ends at once is told by its end alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Of a failure: nothing had begun, so that it may be tried again whatever the verb is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_begun: bool,
    /// Of an end: how much it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputSize>,
}

/// Names a command to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The command.
    pub command_id: CommandId,
    /// Which of its executions; all of this agent's unless told. One that has not begun here never will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
}

/// Everything up to `sequence` is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The highest committed sequence.
    pub sequence: u64,
}

/// Why a frame was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkError {
    /// A stable, machine-readable name.
    pub code: LinkErrorCode,
    /// What was wrong with the frame.
    pub detail: String,
}

/// The kinds of [`LinkError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkErrorCode {
    /// The frame is not one of the protocol's.
    BadFrame,
    /// The frame may not come now: HELLO is first, and only once.
    OutOfOrder,
    /// The proof does not hold; fatal.
    NotProven,
    /// The certificate of the connection was superseded; fatal, and the agent asks for another with its own key.
    CertificateRefused,
    /// The agent is revoked or removed; fatal, and trying again is useless.
    Revoked,
    /// Two processes hold this identity, or its state is an old copy; fatal.
    Quarantined,
    /// A newer link of the same process took over; fatal.
    Replaced,
    /// The order was refused by the agent.
    Refused,
    /// The server cannot store just now; the agent keeps the frame and comes again.
    Unavailable,
}
