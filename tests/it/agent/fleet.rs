//! A server that a test plays by hand, and an agent that runs for real.

use std::{collections::HashMap, fs, future::Future, path::Path, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{State, WebSocketUpgrade, ws},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime, sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use worpen::{
    agent::{Identity, JoinError, RunError},
    config::agent::AgentConfig,
    core::{
        digest::sha256_hex,
        envelope::{open, seal},
        invitation::{Token, join_message},
        output::{Body, Frame},
        signing::{PublicKey, SigningKey},
    },
    id::{AgentId, CommandId, ExecutionId, InvitationId, ServerId},
    proto::{
        command::CommandStatus,
        endpoint::Endpoint,
        envelope::{
            COMMAND_TYPE, CommandOrder, Envelope, HELLO_TYPE, HelloProof, WELCOME_TYPE, WelcomeProof,
        },
        invitation::{JoinFleet, JoinRequest, Joined},
        link::{
            Ack, AgentFrame, AgentLink, CHALLENGE_HEADER, CommandResult, Hello, LinkError, LinkErrorCode,
            NodeEvent, ServerFrame, Welcome,
        },
        output::{Ended, Kept, Piece},
        problem::Problem,
    },
};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);
/// The secret of every invitation here.
const SECRET: [u8; 32] = [9; 32];

/// Waits for something that must come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what} did not come in time"))
}

/// A socket that an agent opened, and the challenge that it was given.
type Opened = (ws::WebSocket, String);

#[derive(Clone)]
struct Shared {
    opened: mpsc::UnboundedSender<Opened>,
    joined: Joined,
    spent: bool,
}

/// A server of one agent.
pub(crate) struct Fleet {
    pub(crate) address: String,
    pub(crate) key: SigningKey,
    pub(crate) joined: Joined,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) epoch: u64,
    opened: mpsc::UnboundedReceiver<Opened>,
    serving: JoinHandle<()>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Fleet {
    /// A server that takes a node in and answers its link.
    pub(crate) async fn start() -> Self {
        Self::start_with(false).await
    }

    /// A server that says that every invitation was spent.
    pub(crate) async fn start_spent() -> Self {
        Self::start_with(true).await
    }

    #[expect(clippy::disallowed_methods, reason = "this is not the product's router")]
    async fn start_with(spent: bool) -> Self {
        let key = SigningKey::from_seed(&[7; 32]);
        let joined = Joined {
            id: AgentId::generate(),
            agent_id: "web-1".into(),
            site: "eu".into(),
            server: ServerId::generate(),
            server_key: key.public().to_string(),
            authorities: Vec::new(),
            certificate: None,
            epoch: 0,
        };
        let (sender, opened) = mpsc::unbounded_channel();
        let shared = Shared { opened: sender, joined: joined.clone(), spent };
        let router = Router::new()
            .route(JoinFleet::PATH, post(take_in))
            .route(AgentLink::PATH, get(accept))
            .with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, key, joined, folder: tempfile::tempdir().unwrap(), epoch: 0, opened, serving }
    }

    /// A token of an invitation of this server.
    pub(crate) fn token(&self) -> String {
        let server = self.key.public().fingerprint();
        Token { id: InvitationId::generate(), secret: SECRET, server, authority: None }.encode()
    }

    /// The node's settings.
    pub(crate) fn config(&self) -> AgentConfig {
        AgentConfig {
            docker: "/nowhere/docker.sock".into(),
            ..AgentConfig::new(&self.address, self.folder.path())
        }
    }

    /// Joins and runs the agent, without a container engine.
    pub(crate) async fn agent(&self) -> Agent {
        self.agent_with(self.config()).await
    }

    /// Joins and runs the agent.
    pub(crate) async fn agent_with(&self, config: AgentConfig) -> Agent {
        if let Err(error) = Identity::load(&config.data) {
            assert!(error.to_string().contains("has not joined"), "{error}");
            self.join(&self.token()).await.unwrap();
        }
        Agent::start(config)
    }

    /// Joins the node.
    pub(crate) async fn join(&self, token: &str) -> Result<Identity, JoinError> {
        soon("the join", worpen::agent::join(&self.config(), token)).await
    }

    /// The next link's HELLO, checked.
    pub(crate) async fn hello(&mut self) -> Link {
        let (socket, challenge) = soon("a link", self.opened.recv()).await.unwrap();
        let mut link = Link {
            socket,
            hello: None,
            proof: None,
            agent: self.joined.id,
            epoch: 0,
            orders: 0,
            printed: HashMap::new(),
            answered: HashMap::new(),
            keeps: true,
        };
        let AgentFrame::Hello(hello) = link.frame().await else { panic!("HELLO is first") };
        let public = Identity::load(self.folder.path()).unwrap().public_key();
        let proof: HelloProof = open(&[public], HELLO_TYPE, hello.proof.as_ref().unwrap()).unwrap();
        assert_eq!((proof.agent, &proof.challenge), (self.joined.id, &challenge));
        link.hello = Some(*hello);
        link.proof = Some(proof);
        link
    }

    /// The next link, welcomed.
    pub(crate) async fn link(&mut self, acknowledged: u64) -> Link {
        let mut link = self.hello().await;
        self.epoch += 1;
        link.epoch = self.epoch;
        let welcome = self.welcome(&self.key, &link, acknowledged);
        link.say(&welcome).await;
        link
    }

    /// A WELCOME that a key signed.
    pub(crate) fn welcome(&self, key: &SigningKey, link: &Link, acknowledged: u64) -> ServerFrame {
        let proof = WelcomeProof {
            server: self.joined.server,
            agent: self.joined.id,
            nonce: link.proof().nonce.clone(),
            epoch: link.epoch,
            server_time: Timestamp::now(),
            acknowledged,
            keys: vec![self.key.public().to_string()],
            authorities: Vec::new(),
            revision: 0,
        };
        ServerFrame::Welcome(Welcome {
            heartbeat_interval_s: 1,
            telemetry_interval_s: 1,
            server_time: proof.server_time,
            proof: Some(seal(key, WELCOME_TYPE, &proof)),
            successions: Vec::new(),
        })
    }

    /// The epoch that the agent has on disk.
    pub(crate) fn epoch_on_disk(&self) -> Option<u64> {
        fs::read_to_string(self.folder.path().join("epoch")).ok().and_then(|text| text.trim().parse().ok())
    }
}

async fn take_in(State(shared): State<Shared>, body: Bytes) -> (StatusCode, String) {
    let request: JoinRequest = serde_json::from_slice(&body).unwrap();
    let key = PublicKey::parse(&request.public_key).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(&request.signature).unwrap();
    assert!(key.verifies(&join_message(request.invitation, &sha256_hex(&SECRET), &key), &signature));
    if !shared.spent {
        return (StatusCode::OK, serde_json::to_string(&shared.joined).unwrap());
    }
    let problem = Problem {
        kind: "about:blank".into(),
        title: "Gone".into(),
        status: 410,
        detail: "the invitation was used already".into(),
        code: "invitation_used".into(),
        request_id: "r".into(),
        errors: vec![],
    };
    (StatusCode::GONE, serde_json::to_string(&problem).unwrap())
}

async fn accept(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    let challenge = InvitationId::generate().to_string();
    let header = HeaderMap::from_iter([(
        CHALLENGE_HEADER.parse().unwrap(),
        HeaderValue::from_str(&challenge).unwrap(),
    )]);
    let upgraded = upgrade.on_upgrade(async move |socket| drop(shared.opened.send((socket, challenge))));
    (header, upgraded).into_response()
}

/// One link, from the server's side.
pub(crate) struct Link {
    socket: ws::WebSocket,
    hello: Option<Hello>,
    proof: Option<HelloProof>,
    agent: AgentId,
    pub(crate) epoch: u64,
    orders: u64,
    /// What executions printed, as it came.
    pub(crate) printed: HashMap<ExecutionId, Vec<Piece>>,
    /// How the answers to questions ended.
    answered: HashMap<ExecutionId, Ended>,
    /// Whether what was printed is acknowledged as it comes.
    pub(crate) keeps: bool,
}

impl Link {
    pub(crate) fn hello(&self) -> &Hello {
        self.hello.as_ref().unwrap()
    }

    pub(crate) fn proof(&self) -> &HelloProof {
        self.proof.as_ref().unwrap()
    }

    pub(crate) async fn say(&mut self, frame: &ServerFrame) {
        let text = serde_json::to_string(frame).unwrap();
        self.socket.send(ws::Message::text(text)).await.unwrap();
    }

    pub(crate) async fn acknowledge(&mut self, sequence: u64) {
        self.say(&ServerFrame::Ack(Ack { sequence })).await;
    }

    /// The next frame; `None` when the agent closed the link.
    pub(crate) async fn next(&mut self) -> Option<AgentFrame> {
        loop {
            match soon("a frame", self.socket.recv()).await {
                Some(Ok(ws::Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(ws::Message::Binary(bytes))) => self.take(&bytes).await,
                Some(Ok(ws::Message::Ping(_) | ws::Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) {
        let Frame { execution, body } = Frame::decode(bytes).unwrap();
        let piece = match body {
            Body::Printed(piece) => piece,
            Body::Ended(ended) => {
                self.answered.insert(execution, ended);
                return;
            }
            _ => return,
        };
        let offset = piece.offset + piece.bytes.len() as u64;
        self.printed.entry(execution).or_default().push(piece);
        if self.keeps {
            self.say(&ServerFrame::Kept(Kept { execution_id: execution, offset })).await;
        }
    }

    /// What an execution printed so far; what came twice must be the same, and holes are left out.
    pub(crate) fn output(&self, execution: ExecutionId) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        let mut end = 0;
        for piece in self.printed.get(&execution).into_iter().flatten() {
            assert!(piece.offset >= end, "{} comes after {end}", piece.offset);
            end = piece.offset + piece.bytes.len() as u64;
            bytes.extend(&piece.bytes);
        }
        bytes
    }

    /// Asks something and waits until the answer is over.
    pub(crate) async fn ask(&mut self, key: &SigningKey, verb: &str, args: Value) -> Ended {
        let order = CommandOrder { is_question: true, ..self.order(verb, args) };
        self.send_order(key, &order).await;
        loop {
            if let Some(ended) = self.answered.remove(&order.execution) {
                return ended;
            }
            match soon("the end of an answer", self.socket.recv()).await {
                Some(Ok(ws::Message::Binary(bytes))) => self.take(&bytes).await,
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Orders something and waits for its end.
    pub(crate) async fn run(
        &mut self,
        key: &SigningKey,
        verb: &str,
        args: Value,
    ) -> (CommandResult, Vec<u8>) {
        let next = self.orders + 1;
        self.run_as(next, key, verb, args).await
    }

    /// The same as the order of this number.
    pub(crate) async fn run_as(
        &mut self,
        sequence: u64,
        key: &SigningKey,
        verb: &str,
        args: Value,
    ) -> (CommandResult, Vec<u8>) {
        self.orders = sequence - 1;
        let order = self.order(verb, args);
        self.send_order(key, &order).await;
        let (result, _) = self.end(order.execution).await;
        (result, self.output(order.execution))
    }

    pub(crate) async fn frame(&mut self) -> AgentFrame {
        self.next().await.expect("the agent closed the link")
    }

    /// The first frame that is wanted; others are passed over.
    pub(crate) async fn find<T>(&mut self, what: &str, wanted: impl Fn(AgentFrame) -> Option<T>) -> T {
        let search = async {
            loop {
                if let Some(found) = wanted(self.frame().await) {
                    return found;
                }
            }
        };
        soon(what, search).await
    }

    /// The first error frame.
    pub(crate) async fn error(&mut self) -> LinkError {
        self.find("an error", |frame| match frame {
            AgentFrame::Error(error) => Some(error),
            _ => None,
        })
        .await
    }

    /// How an execution ended, and the events that came before.
    pub(crate) async fn end(&mut self, execution: ExecutionId) -> (CommandResult, Vec<NodeEvent>) {
        let mut events = Vec::new();
        loop {
            match self.frame().await {
                AgentFrame::Event(event) => events.push(event.body),
                AgentFrame::CommandResult(result)
                    if result.body.execution_id == Some(execution)
                        && result.body.status != CommandStatus::Started =>
                {
                    return (result.body, events);
                }
                _ => {}
            }
        }
    }

    /// An order of this link.
    pub(crate) fn order(&mut self, verb: &str, args: Value) -> CommandOrder {
        self.orders += 1;
        let now = Timestamp::now();
        CommandOrder {
            agent: self.agent,
            execution: ExecutionId::generate(),
            command: CommandId::generate(),
            verb: verb.into(),
            args,
            not_before: now - SignedDuration::from_secs(5),
            expires_at: now + SignedDuration::from_secs(60),
            timeout_s: 30,
            epoch: self.epoch,
            sequence: self.orders,
            actor: "user:ada".into(),
            is_question: false,
            has_begun: false,
            precondition: None,
            output_bytes: 1024 * 1024,
        }
    }

    pub(crate) async fn send_order(&mut self, key: &SigningKey, order: &CommandOrder) {
        self.send_envelope(seal(key, COMMAND_TYPE, order)).await;
    }

    pub(crate) async fn send_envelope(&mut self, envelope: Envelope) {
        self.say(&ServerFrame::Command(envelope)).await;
    }

    pub(crate) async fn say_fatal(&mut self, code: LinkErrorCode, detail: &str) {
        self.say(&ServerFrame::Error(LinkError { code, detail: detail.into() })).await;
    }
}

/// An agent in a runtime of its own, so that it can be killed like a process.
pub(crate) struct Agent {
    runtime: Option<Runtime>,
    shutdown: CancellationToken,
    ended: Option<JoinHandle<Result<(), RunError>>>,
}

impl Agent {
    fn start(config: AgentConfig) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shutdown = CancellationToken::new();
        let ended = runtime.spawn(worpen::agent::run(config, shutdown.clone()));
        Self { runtime: Some(runtime), shutdown, ended: Some(ended) }
    }

    /// Asks it to stop, and waits.
    pub(crate) async fn stop(mut self) -> Result<(), RunError> {
        self.shutdown.cancel();
        soon("the agent's end", self.ended.take().unwrap()).await.unwrap()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(mut self) -> Result<(), RunError> {
        soon("the agent's end", self.ended.take().unwrap()).await.unwrap()
    }

    /// Ends it in the middle of whatever it does, and waits until its data folder is free.
    pub(crate) async fn kill(mut self, folder: &Path) {
        self.runtime.take().unwrap().shutdown_background();
        let lock = fs::File::open(folder.join("lock")).unwrap();
        soon("the lock", async {
            while lock.try_lock().is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
