//! One link to the server, from the first byte to the last: both sides prove themselves, then frames travel.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use rustls::ClientConfig;
use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_with_config, connect_async_tls_with_config,
    tungstenite::{self, Message, handshake::client::Response, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{
    address::Address,
    cause::chain,
    certificate::{self, NotCertified, is_of_certificate, tls_error},
    collector::Pulse,
    exchange,
    executor::Executor,
    gate::Gate,
    heads::Heads,
    identity::Identity,
    output::Lane,
    spool::Spool,
    verbs::Verbs,
    watcher::Presence,
};
use crate::{
    core::{
        envelope::{open, seal},
        signing::PublicKey,
        trust::successors,
    },
    id::{AgentId, ServerId},
    proto::{
        agent::HostFacts,
        envelope::{AuditWitness, HELLO_TYPE, HelloProof, WELCOME_TYPE, WelcomeProof},
        link::{
            AgentFrame, CHALLENGE_HEADER, Hello, LinkError, LinkErrorCode, MAX_FRAME_BYTES, ServerFrame,
            Welcome,
        },
    },
};

mod traffic;

/// How long the server may take to accept, and to welcome.
const OPENING: Duration = Duration::from_secs(30);
/// Small, because there is one link and its frames are small.
const BUFFER_BYTES: usize = 4 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a link ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The agent was asked to stop.
    Stopped,
    /// What HELLO told is no longer so.
    Renewed,
    /// The connection went, or never came.
    Lost(String),
    /// Whoever answers has no time just now, and says when to come again.
    Later(Duration, String),
    /// Whoever answered did not prove to be the server that this node joined.
    NotTrusted(String),
    /// The server withdrew this identity.
    Revoked(String),
    /// Whoever answers refused before it proved itself.
    Refused(String),
    /// The server does not take the certificate that the link was opened with.
    Uncertified(String),
    /// The server believes that two processes hold this identity, or that it is an old copy.
    Quarantined(String),
}

/// What a link connects, and what outlives it.
pub(super) struct Node {
    /// The server.
    pub(super) address: Address,
    /// How its certificate is judged.
    pub(super) tls: Arc<ClientConfig>,
    /// Whether authorities that the system trusts may stand in for the server's own.
    pub(super) trust_system_roots: bool,
    /// What the host is.
    pub(super) host: HostFacts,
    /// What its operator calls it.
    pub(super) labels: BTreeMap<String, String>,
    /// Random per process.
    pub(super) instance: String,
    /// What must not be lost.
    pub(super) spool: Arc<Spool>,
    /// What executions printed.
    pub(super) lane: Arc<Lane>,
    /// What orders are given to.
    pub(super) executor: Arc<Executor>,
    /// Heads of the server's audit log.
    pub(super) heads: Arc<Heads>,
    /// What may be done here.
    pub(super) gate: Arc<Gate>,
    /// The verbs that this site defined.
    pub(super) verbs: watch::Receiver<Arc<Verbs>>,
    /// Whether there is a container engine.
    pub(super) presence: watch::Receiver<Presence>,
    /// The newest measurement.
    pub(super) pulse: watch::Receiver<Pulse>,
    /// How often to measure.
    pub(super) interval: watch::Sender<Duration>,
    /// Asks for a report of the engine.
    pub(super) report: Arc<Notify>,
    /// Asks for a measurement.
    pub(super) measure: Arc<Notify>,
    /// Ends the link.
    pub(super) stop: CancellationToken,
}

/// What both sides agreed on when the link opened.
struct Session {
    agent: AgentId,
    server: ServerId,
    name: String,
    trusted: Vec<PublicKey>,
    epoch: u64,
    acknowledged: u64,
    heartbeat: Duration,
    clock: ServerClock,
    /// The verbs as HELLO told them; it notices when they change.
    verbs: watch::Receiver<Arc<Verbs>>,
}

/// The server's time; a node's own clock may be wrong. It counts from the moment HELLO left, so that it runs ahead of
/// the server by what the opening took and never behind: no order that expired is taken for valid.
#[derive(Clone, Copy)]
struct ServerClock {
    told: Timestamp,
    at: Instant,
}

impl ServerClock {
    fn now(self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.at.elapsed()).unwrap_or(SignedDuration::MAX);
        self.told.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// Opens a link and serves it to its end. Says also how long it lasted once the server had welcomed the agent.
pub(super) async fn serve(node: &Node, identity: &mut Identity) -> (Duration, End) {
    let opened = tokio::select! {
        opened = open_link(node, identity) => opened,
        () = node.stop.cancelled() => Err(End::Stopped),
    };
    match opened {
        Ok((socket, session)) => {
            tracing::info!(server = %identity.url(), epoch = session.epoch, "linked");
            let began = Instant::now();
            let end = traffic::carry(node, identity, session, socket).await;
            (began.elapsed(), end)
        }
        Err(end) => (Duration::ZERO, end),
    }
}

/// Connects, proves the agent, and has the server prove itself. Nothing but HELLO is said before that.
async fn open_link(node: &Node, identity: &mut Identity) -> Result<(Socket, Session), End> {
    let (mut socket, challenge) = connect(node, identity).await?;
    let epoch = identity.epoch().map_err(|error| End::Lost(chain(&error)))?;
    let nonce = nonce().map_err(|error| End::Lost(error.to_string()))?;
    let proof = HelloProof {
        agent: identity.agent(),
        challenge,
        nonce: nonce.clone(),
        epoch,
        instance_nonce: node.instance.clone(),
        audit: Some(AuditWitness { last: node.heads.last() }),
    };
    let asked = Instant::now();
    let mut verbs = node.verbs.clone();
    let told = Arc::clone(&verbs.borrow_and_update());
    say(&mut socket, &AgentFrame::Hello(Box::new(hello(node, identity, &told, &proof)))).await?;
    let welcome = timeout(OPENING, welcome(&mut socket))
        .await
        .map_err(|_| End::Lost("no WELCOME came in time".into()))?
        .inspect_err(|end| {
            if matches!(end, End::Uncertified(_)) {
                identity.refused();
            }
        })?;
    let proof = proven(identity, &welcome, &nonce, epoch)?;
    let session = agree(node, identity, &welcome, &proof, asked, verbs).map_err(End::Lost)?;
    Ok((socket, session))
}

/// Opens the socket; the upgrade brings the connection's challenge.
async fn connect(node: &Node, identity: &mut Identity) -> Result<(Socket, String), End> {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    if node.address.is_encrypted() && certified(node, identity).await? {
        return connect_certified(node, identity, config).await;
    }
    let connector =
        if node.address.is_encrypted() { Connector::Rustls(Arc::clone(&node.tls)) } else { Connector::Plain };
    let opening = connect_async_tls_with_config(node.address.link(), Some(config), true, Some(connector));
    let (socket, response) = timeout(OPENING, opening)
        .await
        .map_err(|_| End::Lost("the server did not answer in time".into()))?
        .map_err(not_opened)?;
    Ok((socket, challenge_of(&response)?))
}

/// The connection's challenge.
fn challenge_of(response: &Response) -> Result<String, End> {
    let challenge = response.headers().get(CHALLENGE_HEADER).and_then(|value| value.to_str().ok());
    challenge.map(str::to_owned).ok_or_else(|| End::NotTrusted("it sends no challenge".into()))
}

/// Sees to it that the agent has a certificate that may hold. `false` for one that never had any, whose server is certified by
/// others and that may believe them: it links as one that has none.
async fn certified(node: &Node, identity: &mut Identity) -> Result<bool, End> {
    let ends = identity.certificate().map(|held| held.certificate.not_after);
    if ends.is_some_and(|ends| ends > Timestamp::now()) && !identity.is_refused() {
        return Ok(true);
    }
    if ends.is_none() && identity.authorities().is_empty() {
        return Ok(false);
    }
    let believes_others = node.trust_system_roots || identity.by_system_roots();
    match certificate::ask(identity, &node.address).await {
        Ok(()) => Ok(true),
        Err(NotCertified::NotTrusted(_)) if ends.is_none() && believes_others => Ok(false),
        Err(NotCertified::NotTrusted(why)) if ends.is_none() => {
            let cure = "where a TLS proxy stands before the server, give --trust-system-roots";
            Err(End::NotTrusted(format!("{why}; {cure}")))
        }
        Err(NotCertified::NotTrusted(why)) => Err(End::NotTrusted(why)),
        Err(NotCertified::Lost(why)) => Err(End::Lost(why)),
        Err(NotCertified::Refused(why)) => Err(End::Refused(why)),
    }
}

/// Opens the socket with certificates on both sides.
async fn connect_certified(
    node: &Node,
    identity: &mut Identity,
    config: WebSocketConfig,
) -> Result<(Socket, String), End> {
    let tls = certificate::linking(identity).map_err(|error| End::Lost(chain(&error)))?;
    let opening = async {
        let stream = exchange::shake_hands(&node.address, Arc::new(tls)).await?;
        client_async_with_config(node.address.link(), MaybeTlsStream::Rustls(stream), Some(config)).await
    };
    let opened = timeout(OPENING, opening).await;
    match opened.map_err(|_| End::Lost("the server did not answer in time".into()))? {
        Ok((socket, response)) => Ok((socket, challenge_of(&response)?)),
        Err(error) => {
            let why = chain(&error);
            Err(match tls_error(&error) {
                Some(rustls::Error::InvalidCertificate(_)) => End::NotTrusted(why),
                Some(alert) if is_of_certificate(alert) => {
                    identity.refused();
                    End::Lost(format!("the server does not take this agent's certificate: {why}"))
                }
                _ => not_opened(error),
            })
        }
    }
}

/// Why no socket opened. Nobody has proven anything yet: whoever answers may slow the agent down, for a minute at most.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn not_opened(error: tungstenite::Error) -> End {
    const MOST: u64 = 60;
    if let tungstenite::Error::Http(response) = &error
        && matches!(response.status().as_u16(), 429 | 503)
        && let Some(after) = response.headers().get("retry-after").and_then(|value| value.to_str().ok())
        && let Ok(seconds) = after.parse::<u64>()
    {
        return End::Later(Duration::from_secs(seconds.min(MOST)), chain(&error));
    }
    End::Lost(chain(&error))
}

fn hello(node: &Node, identity: &Identity, verbs: &Verbs, proof: &HelloProof) -> Hello {
    let engine = node.presence.borrow().engine.as_ref().map(|engine| engine.about().clone());
    Hello {
        agent_id: identity.name().to_owned(),
        site: identity.site().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: verbs.capabilities(engine.is_some()),
        verbs: verbs.announced(),
        host: node.host.clone(),
        container_engine: engine,
        labels: node.labels.clone(),
        proof: Some(seal(identity.key(), HELLO_TYPE, proof)),
    }
}

/// Waits for WELCOME; nothing else may come before it but an error.
async fn welcome(socket: &mut Socket) -> Result<Welcome, End> {
    loop {
        let message = socket.next().await.ok_or_else(|| End::Lost("the server closed the link".into()))?;
        let text = match message.map_err(|error| End::Lost(chain(&error)))? {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return Err(End::Lost("the server closed the link".into())),
            _ => return Err(End::NotTrusted("it does not speak the protocol".into())),
        };
        return match serde_json::from_str(&text) {
            Ok(ServerFrame::Welcome(welcome)) => Ok(welcome),
            // Nothing is proven yet: whoever answers may slow the agent down, but not end it.
            Ok(ServerFrame::Error(error)) => Err(if error.code == LinkErrorCode::CertificateRefused {
                End::Uncertified(error.detail)
            } else {
                End::Refused(error.detail)
            }),
            _ => Err(End::NotTrusted("it says other things before WELCOME".into())),
        };
    }
}

/// Opens the server's proof and holds it against what the agent knows.
fn proven(identity: &Identity, welcome: &Welcome, nonce: &str, epoch: u64) -> Result<WelcomeProof, End> {
    let not_trusted = |why: &str| End::NotTrusted(why.to_owned());
    let envelope = welcome.proof.as_ref().ok_or_else(|| not_trusted("its WELCOME has no proof"))?;
    // A server whose keys changed while the agent was away shows how, one key's word for the next.
    let successors = successors(identity.trusted(), &welcome.successions);
    let trusted = [identity.trusted(), &successors].concat();
    let proof: WelcomeProof = open(&trusted, WELCOME_TYPE, envelope)
        .map_err(|why| End::NotTrusted(format!("its proof does not hold: {why}")))?;
    if proof.server != identity.server() || proof.agent != identity.agent() || proof.nonce != nonce {
        return Err(not_trusted("its proof is for another server, agent or link"));
    }
    if proof.epoch <= epoch {
        return Err(not_trusted("its proof names an epoch that is over"));
    }
    Ok(proof)
}

/// Makes the agreement durable before anything else is said: the epoch first, then keys, then the spool's place.
fn agree(
    node: &Node,
    identity: &mut Identity,
    welcome: &Welcome,
    proof: &WelcomeProof,
    asked: Instant,
    verbs: watch::Receiver<Arc<Verbs>>,
) -> Result<Session, String> {
    identity.sync_epoch(proof.epoch).map_err(|error| chain(&error))?;
    identity.trust(&proof.keys, &proof.authorities, proof.revision).map_err(|error| chain(&error))?;
    node.spool.resume(proof.acknowledged).map_err(|error| chain(&error))?;
    node.spool.vouch_from(proof.server_time).map_err(|error| chain(&error))?;
    let seconds = |value: u32| Duration::from_secs(value.clamp(1, 3600).into());
    let telemetry = seconds(welcome.telemetry_interval_s);
    node.interval.send_if_modified(|interval| std::mem::replace(interval, telemetry) != telemetry);
    node.measure.notify_one();
    node.report.notify_one();
    Ok(Session {
        agent: identity.agent(),
        server: identity.server(),
        name: identity.name().to_owned(),
        trusted: identity.trusted().to_vec(),
        epoch: proof.epoch,
        acknowledged: proof.acknowledged,
        heartbeat: seconds(welcome.heartbeat_interval_s),
        clock: ServerClock { told: proof.server_time, at: asked },
        verbs,
    })
}

/// What an error frame means for the link.
fn end_of(error: LinkError) -> End {
    match error.code {
        LinkErrorCode::Revoked => End::Revoked(error.detail),
        LinkErrorCode::Quarantined => End::Quarantined(error.detail),
        LinkErrorCode::CertificateRefused => End::Uncertified(error.detail),
        _ => End::Lost(format!("the server says: {}", error.detail)),
    }
}

async fn say(socket: &mut Socket, frame: &AgentFrame) -> Result<(), End> {
    let text = serde_json::to_string(frame).map_err(|error| End::Lost(error.to_string()))?;
    socket.send(Message::text(text)).await.map_err(|error| End::Lost(chain(&error)))
}

/// 32 random bytes as text.
pub(super) fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests;
