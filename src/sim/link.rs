//! One link of a simulated agent: both sides prove themselves, then frames travel, as with a real agent.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use rustls::ClientConfig;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_with_config, connect_async_tls_with_config,
    tungstenite::{
        self, Bytes, Message, Utf8Bytes,
        protocol::{
            WebSocketConfig,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use super::{
    agent::{Agent, World},
    certificate::shake_hands,
    host::Host,
    order::VERBS,
    tally::{FrameKind, count},
};
use crate::{
    core::{
        envelope::{open, seal},
        fragment::fragments,
        signing::PublicKey,
    },
    proto::{
        endpoint::Endpoint,
        envelope::{HELLO_TYPE, HelloProof, WELCOME_TYPE, WelcomeProof},
        link::{
            AgentFrame, AgentLink, CHALLENGE_HEADER, Hello, LinkError, LinkErrorCode, MAX_FRAME_BYTES,
            ServerFrame, Welcome,
        },
    },
};

mod question;
mod traffic;

/// How long the server may take to accept, and to welcome.
const OPENING: Duration = Duration::from_secs(30);
/// How long it may take to accept a frame.
const SEND: Duration = Duration::from_secs(30);
/// Small, because there are many links.
const BUFFER_BYTES: usize = 4 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a link ended: of an error its kind, and what was said.
pub(super) enum End {
    /// The run is over.
    Stopped,
    /// It was cut on purpose.
    Cut,
    /// It was lost; another may open.
    Lost(&'static str, String),
    /// The server has no time for it yet, and says when to come again.
    Later(Duration),
    /// The server wants no other from this agent.
    Over(&'static str, String),
}

/// What both sides agreed on.
struct Agreement {
    heartbeat: Duration,
    telemetry: Duration,
    /// The server's time at the moment `at`; never behind it.
    told: Timestamp,
    at: Instant,
}

impl Agreement {
    /// The server's time now.
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.at.elapsed()).unwrap_or(SignedDuration::MAX);
        self.told.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// Opens a link and serves it to its end. Says also how long it lasted once the server had welcomed the agent.
pub(super) async fn serve(agent: &mut Agent, world: &World) -> (Duration, End) {
    let opened = tokio::select! {
        // Opening takes far more memory than being linked; it is given back.
        opened = Box::pin(open_link(agent, world)) => opened,
        () = world.stop.cancelled() => Err(End::Stopped),
    };
    match opened {
        Ok((socket, agreement)) => {
            let began = Instant::now();
            let _linked = world.tally.link();
            let end = traffic::carry(agent, world, socket, agreement).await;
            (began.elapsed(), end)
        }
        Err(end) => (Duration::ZERO, end),
    }
}

/// Connects, proves the agent, and has the server prove itself.
async fn open_link(agent: &mut Agent, world: &World) -> Result<(Socket, Agreement), End> {
    let asked = Instant::now();
    let (mut socket, challenge) = connect(world, agent.certified.clone()).await?;
    let nonce = nonce();
    let proof = HelloProof {
        agent: agent.membership.agent,
        challenge,
        nonce: nonce.clone(),
        epoch: agent.membership.epoch,
        instance_nonce: agent.instance.clone(),
        audit: None,
    };
    say(&mut socket, world, FrameKind::Hello, &AgentFrame::Hello(Box::new(hello(agent, &proof)))).await?;
    flush(&mut socket).await?;
    let welcome = timeout(OPENING, welcome(&mut socket, world))
        .await
        .map_err(|_| End::Lost("no_welcome", "no WELCOME came in time".into()))??;
    let proof = proven(agent, &welcome, &nonce)?;
    world.tally.welcomed.record(asked.elapsed());
    count(&world.tally.links);
    if agent.measures.is_some() {
        count(&world.tally.reconnects);
    }
    agent.membership.epoch = proof.epoch;
    agent.trusted = proof.keys.iter().filter_map(|key| PublicKey::parse(key)).collect();
    agent.membership.keys = proof.keys;
    agent.outbox.resume(proof.acknowledged);
    let seconds = |value: u32| Duration::from_secs(value.clamp(1, 3600).into());
    let agreement = Agreement {
        heartbeat: seconds(welcome.heartbeat_interval_s),
        telemetry: world.plan.telemetry.unwrap_or_else(|| seconds(welcome.telemetry_interval_s)),
        told: proof.server_time,
        at: asked,
    };
    Ok((socket, agreement))
}

/// Opens the socket; the upgrade brings the connection's challenge.
async fn connect(world: &World, certified: Option<Arc<ClientConfig>>) -> Result<(Socket, String), End> {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let opening = async {
        if let Some((managed, certified)) = world.managed.as_ref().zip(certified) {
            let stream = MaybeTlsStream::Rustls(shake_hands(managed, certified).await?);
            return client_async_with_config(managed.socket(AgentLink::PATH), stream, Some(config)).await;
        }
        let connector = if world.address.is_encrypted() {
            Connector::Rustls(Arc::clone(&world.tls))
        } else {
            Connector::Plain
        };
        let url = world.address.socket(AgentLink::PATH);
        connect_async_tls_with_config(url, Some(config), true, Some(connector)).await
    };
    let (socket, response) = timeout(OPENING, opening)
        .await
        .map_err(|_| End::Lost("connect", "the server did not answer in time".into()))?
        .map_err(not_opened)?;
    let challenge = response.headers().get(CHALLENGE_HEADER).and_then(|value| value.to_str().ok());
    let challenge = challenge.ok_or_else(|| End::Lost("not_trusted", "it sends no challenge".into()))?;
    Ok((socket, challenge.to_owned()))
}

/// Why no socket opened: a server that is asked by many says when it has time.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn not_opened(error: tungstenite::Error) -> End {
    let after = match &error {
        tungstenite::Error::Http(refused) => refused.headers().get("retry-after"),
        _ => None,
    };
    match after.and_then(|after| after.to_str().ok()?.parse().ok()) {
        Some(seconds) => End::Later(Duration::from_secs(seconds).min(OPENING * 2)),
        None => End::Lost("connect", error.to_string()),
    }
}

fn hello(agent: &Agent, proof: &HelloProof) -> Hello {
    Hello {
        verbs: Vec::new(),
        agent_id: agent.name.clone(),
        site: agent.membership.site.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: VERBS.iter().map(|&verb| verb.to_owned()).collect(),
        host: agent.host.facts(&agent.name),
        container_engine: Some(Host::engine()),
        labels: BTreeMap::from([("simulated".to_owned(), "true".to_owned())]),
        proof: Some(seal(&agent.key, HELLO_TYPE, proof)),
    }
}

/// Waits for WELCOME; nothing else may come before it but an error.
async fn welcome(socket: &mut Socket, world: &World) -> Result<Welcome, End> {
    loop {
        let message = socket.next().await.ok_or_else(closed)?.map_err(broken)?;
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(closed()),
            _ => continue,
        };
        world.tally.received(text.len());
        return match serde_json::from_str(&text) {
            Ok(ServerFrame::Welcome(welcome)) => Ok(welcome),
            Ok(ServerFrame::Error(error)) => Err(end_of(error)),
            _ => Err(End::Lost("not_trusted", "it says other things before WELCOME".into())),
        };
    }
}

/// Opens the server's proof and holds it against what the agent knows.
fn proven(agent: &Agent, welcome: &Welcome, nonce: &str) -> Result<WelcomeProof, End> {
    let not_trusted = |why: &str| End::Lost("not_trusted", why.to_owned());
    let envelope = welcome.proof.as_ref().ok_or_else(|| not_trusted("its WELCOME has no proof"))?;
    let proof: WelcomeProof =
        open(&agent.trusted, WELCOME_TYPE, envelope).map_err(|why| not_trusted(&why.to_string()))?;
    let known = &agent.membership;
    if proof.server != known.server || proof.agent != known.agent || proof.nonce != nonce {
        return Err(not_trusted("its proof is for another server, agent or link"));
    }
    if proof.epoch <= known.epoch {
        return Err(not_trusted("its proof names an epoch that is over"));
    }
    Ok(proof)
}

async fn say(socket: &mut Socket, world: &World, kind: FrameKind, frame: &AgentFrame) -> Result<(), End> {
    let text = serde_json::to_string(frame).map_err(|error| End::Lost("not_a_frame", error.to_string()))?;
    say_text(socket, world, kind, text.into()).await
}

fn say_text(
    socket: &mut Socket,
    world: &World,
    kind: FrameKind,
    text: Utf8Bytes,
) -> impl Future<Output = Result<(), End>> {
    say_bytes(socket, world, kind, (Data::Text, text.into()))
}

/// Writes a message in fragments, so that neither side's buffer grows; it goes with the next [`flush`] at the latest.
async fn say_bytes(
    socket: &mut Socket,
    world: &World,
    kind: FrameKind,
    (data, bytes): (Data, Bytes),
) -> Result<(), End> {
    world.tally.sent(kind, bytes.len());
    for piece in fragments(bytes) {
        let code = OpCode::Data(if piece.first { data } else { Data::Continue });
        let message = Message::Frame(Frame::message(piece.bytes, code, piece.last));
        in_time(socket.feed(message)).await?;
    }
    Ok(())
}

/// Sends what was written.
async fn flush(socket: &mut Socket) -> Result<(), End> {
    in_time(socket.flush()).await
}

async fn send(socket: &mut Socket, message: Message) -> Result<(), End> {
    in_time(socket.send(message)).await
}

async fn in_time(sending: impl Future<Output = Result<(), tungstenite::Error>>) -> Result<(), End> {
    timeout(SEND, sending)
        .await
        .map_err(|_| End::Lost("not_taken", "the server did not take a frame in time".into()))?
        .map_err(broken)
}

/// What an error frame means for the link.
fn end_of(error: LinkError) -> End {
    match error.code {
        LinkErrorCode::Revoked => End::Over("revoked", error.detail),
        LinkErrorCode::Quarantined => End::Over("quarantined", error.detail),
        LinkErrorCode::Replaced => End::Lost("replaced", error.detail),
        LinkErrorCode::Unavailable => End::Lost("unavailable", error.detail),
        LinkErrorCode::NotProven | LinkErrorCode::CertificateRefused => End::Lost("not_proven", error.detail),
        LinkErrorCode::BadFrame | LinkErrorCode::OutOfOrder | LinkErrorCode::Refused => {
            End::Lost("bad_frame", error.detail)
        }
    }
}

fn closed() -> End {
    End::Lost("closed", "the server closed the link".into())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn broken(error: tungstenite::Error) -> End {
    End::Lost("broken", error.to_string())
}

/// 32 random bytes as text. Proofs need not be had again, so the seed has no part in them.
///
/// # Panics
/// When the operating system gives no randomness.
pub(super) fn nonce() -> String {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system's random source works");
    URL_SAFE_NO_PAD.encode(bytes)
}
