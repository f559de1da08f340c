//! The API over TLS: the server's own authority, files of the operator's, and both versions of HTTP.

use std::{convert::Infallible, fs, path::Path, process::Command, sync::Arc, time::Duration};

use futures_util::{StreamExt, future::join_all, stream};
use http_body_util::{BodyExt, Empty as NoBody, StreamBody};
use hyper::{
    Request,
    body::{Bytes, Frame},
    client::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsConnector;
use worpen::{
    client::Client,
    config::{server::ServerConfig, transport::Tls, trust},
    core::{
        certificate::{fingerprint, pem},
        trust::AnchorKind,
    },
    infra::keys::KeyFolder,
    proto::{agent::AgentStatus, certificate::SERVER_NAME, endpoint::Empty, status::GetStatus},
    server::{Server, ServerError},
};

use crate::harness::{TestServer, until};

/// The certificate of the server's authority, DER in base64.
fn authority(server: &TestServer) -> String {
    server.app.trust.current().set.materials(AnchorKind::Authority).remove(0)
}

/// How this authority is trusted under the names that it certifies.
fn trusting(authority: &[u8]) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.to_vec().into()).unwrap();
    trust::client().unwrap().with_root_certificates(roots).with_no_client_auth()
}

/// An HTTP client that trusts this authority.
fn http(authority: &[u8], alpn: &[&[u8]]) -> reqwest::Client {
    builder(authority, alpn).build().unwrap()
}

fn builder(authority: &[u8], alpn: &[&[u8]]) -> reqwest::ClientBuilder {
    let mut tls = trusting(authority);
    tls.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    reqwest::Client::builder().tls_backend_preconfigured(tls)
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.decode(text).unwrap()
}

async fn own_authority() -> TestServer {
    TestServer::start_told(|config| config.tls = Tls::Authority).await
}

#[tokio::test]
async fn callers_choose_http_2_or_http_1() {
    let server = own_authority().await;
    let authority = decoded(&authority(&server));
    let health = server.at("/health");
    for (alpn, version) in [
        (&[b"h2".as_slice(), b"http/1.1"][..], reqwest::Version::HTTP_2),
        (&[b"http/1.1".as_slice()][..], reqwest::Version::HTTP_11),
        (&[][..], reqwest::Version::HTTP_11),
    ] {
        let http = http(&authority, alpn);
        let answer = http.get(&health).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
        // Many at once over one connection, as HTTP/2 has it.
        let many = join_all((0..60).map(|_| http.get(&health).send())).await;
        assert!(many.into_iter().all(|answer| answer.unwrap().status().is_success()));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_knows_the_server_by_its_authority_whatever_its_address() {
    let server = own_authority().await;
    let pinned = authority(&server);
    let key = worpen::config::secret::Secret::new(server.admin().await);
    let client = Client::trusting(&server.url, Some(key.clone()), Some(&pinned)).unwrap();
    client.call::<GetStatus>(&Empty {}).await.unwrap();
    let mut stream = client.stream(worpen::proto::event::SubscribeRequest::default());
    stream.next().await.unwrap();
    let other = own_authority().await;
    let wrong = Client::trusting(&server.url, Some(key), Some(&authority(&other))).unwrap();
    assert!(wrong.call::<GetStatus>(&Empty {}).await.is_err(), "another server's authority");
    other.stop().await;
    drop((client, stream));
    server.stop().await;
}

#[tokio::test]
async fn login_takes_the_fingerprint_that_was_compared_and_no_other() {
    let server = own_authority().await;
    let folder = tempfile::tempdir().unwrap();
    let password = fs::read_to_string(server.data.join("admin-password")).unwrap();
    let digits: Vec<String> =
        fingerprint(&decoded(&authority(&server))).iter().map(|byte| format!("{byte:02x}")).collect();
    let digits = digits.concat();
    let login = |more: Vec<String>| {
        let (url, folder, password) = (server.url.clone(), folder.path().to_owned(), password.clone());
        tokio::task::spawn_blocking(move || worpen(&folder, &login_arguments(&url, more), &password))
    };
    let (code, words) = login(vec![]).await.unwrap();
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains(&format!("--fingerprint {digits}")), "{words}");
    let (code, words) = login(vec!["--fingerprint".into(), "00".repeat(32)]).await.unwrap();
    assert_eq!(code, Some(4), "{words}");
    let (code, words) = login(vec!["--fingerprint".into(), digits.clone()]).await.unwrap();
    assert_eq!(code, Some(0), "{words}");
    let context = folder.path().to_owned();
    let arguments = vec!["ca".to_owned(), "show".to_owned()];
    let (code, words) = tokio::task::spawn_blocking(move || worpen(&context, &arguments, "")).await.unwrap();
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains(&digits), "the same server by the context alone: {words}");
    server.stop().await;
}

fn login_arguments(url: &str, more: Vec<String>) -> Vec<String> {
    let fixed = ["login", url, "--username", "admin", "--password-stdin"].map(str::to_owned);
    fixed.into_iter().chain(more).collect()
}

/// Runs the program: its exit code, and what it says on both streams.
fn worpen(folder: &Path, arguments: &[String], input: &str) -> (Option<i32>, String) {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_worpen"))
        .args(arguments)
        .env("WORPEN_CONFIG_DIR", folder)
        .env_remove("WORPEN_SERVER")
        .env_remove("WORPEN_TOKEN")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let ended = child.wait_with_output().unwrap();
    let words = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (ended.status.code(), words)
}

/// Writes a certificate of an operator's own, and gives its authority.
fn write_files(folder: &Path, cert: &Path, key: &Path) -> Vec<u8> {
    use worpen::core::port::keys::Keys;
    let keys = KeyFolder::new(folder, Duration::from_secs(60));
    let anchor = keys.make(AnchorKind::Authority, None, Timestamp::now()).unwrap();
    let made = keys.issuer(&anchor).unwrap().certify_server(&["127.0.0.1".into()], Timestamp::now()).unwrap();
    let private = pem(&made.key).replace("CERTIFICATE", "PRIVATE KEY");
    fs::write(key, private).unwrap();
    fs::write(cert, pem(&made.der)).unwrap();
    decoded(&anchor.material)
}

/// Starts the agent of a node whose system trusts an authority.
fn agent(folder: &Path, url: &str, more: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_worpen"))
        .args(["agent", "--server", url, "--data", folder.join("agent").to_str().unwrap()])
        .args(more)
        .env("SSL_CERT_FILE", folder.join("system.pem"))
        .env_remove("SSL_CERT_DIR")
        .env("WORPEN_CONFIG", "")
        .env("WORPEN_CONFIG_DIR", folder)
        .env("DOCKER_HOST", "unix:///nonexistent.sock")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn an_invitation_is_shown_to_nobody_whom_others_certify_unless_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let others = write_files(folder.path(), &cert, &key);
    fs::write(folder.path().join("system.pem"), pem(&others)).unwrap();
    // What a TLS proxy is to a node, and whoever was sold a certificate for the name.
    let server = TestServer::start_told(|config| config.tls = Tls::Files { cert, key }).await;
    let token = worpen::server::invite_locally(&server.app, "web-1").await.unwrap().token;
    let refused = agent(folder.path(), &server.url, &["--join", &token]);
    let refused = tokio::task::spawn_blocking(move || refused.wait_with_output().unwrap()).await.unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{words}");
    assert!(words.contains("--trust-system-roots"), "the cure: {words}");
    assert!(server.app.fleet.read().agent("web-1").is_err(), "it was shown to whoever answers");

    let is_online = |server: &TestServer| {
        server.app.fleet.read().agent("web-1").is_ok_and(|agent| agent.status == AgentStatus::Online)
    };
    let mut told = agent(folder.path(), &server.url, &["--join", &token, "--trust-system-roots"]);
    until("it joined and linked", || is_online(&server)).await;
    told.kill().unwrap();
    told.wait().unwrap();
    until("its link ended", || !is_online(&server)).await;
    let mut again = agent(folder.path(), &server.url, &[]);
    until("it links as it joined", || is_online(&server)).await;
    again.kill().unwrap();
    again.wait().unwrap();
    until("its link ended again", || !is_online(&server)).await;
    // One that joined in another way does not follow whoever answers there.
    let identity = folder.path().join("agent/identity.json");
    let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(&identity).unwrap()).unwrap();
    assert_eq!(kept["membership"]["by_system_roots"].take(), true);
    kept["membership"].as_object_mut().unwrap().remove("by_system_roots");
    fs::write(&identity, kept.to_string()).unwrap();
    let mut moved = agent(folder.path(), &server.url, &[]);
    let said = moved.stderr.take().unwrap();
    let hinted = tokio::task::spawn_blocking(move || {
        use std::io::BufRead;
        std::io::BufReader::new(said)
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("--trust-system-roots"))
    });
    assert!(hinted.await.unwrap().is_some(), "its log names the cure");
    assert!(!is_online(&server));
    moved.kill().unwrap();
    moved.wait().unwrap();
    server.stop().await;
}

#[tokio::test]
async fn files_that_change_are_shown_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let first = write_files(folder.path(), &cert, &key);
    let files = Tls::Files { cert: cert.clone(), key: key.clone() };
    let server = TestServer::start_told(|config| config.tls = files).await;
    let health = server.at("/health");
    let alpn = [b"h2".as_slice()];
    assert!(http(&first, &alpn).get(&health).send().await.unwrap().status().is_success());
    fs::write(&cert, "nonsense").unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(http(&first, &alpn).get(&health).send().await.is_ok(), "what was shown is shown still");
    let second = write_files(folder.path(), &cert, &key);
    let mut is_shown = false;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        is_shown = http(&second, &alpn).get(&health).send().await.is_ok();
        if is_shown {
            break;
        }
    }
    assert!(is_shown, "the new certificate is shown");
    assert!(http(&first, &alpn).get(&health).send().await.is_err());
    server.stop().await;
}

#[tokio::test]
async fn plain_http_beyond_this_machine_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("server");
    let mut config = ServerConfig::resolve(Some("0.0.0.0:0"), data.clone(), |_| None).unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let refused = Server::open(&config, stop.clone()).await.err().unwrap();
    assert!(matches!(refused, ServerError::PlainHttp(_)));
    assert!(refused.to_string().contains("server.tls"), "{refused}");
    assert!(!data.exists(), "nothing was made");
    config.tls = Tls::Authority;
    assert!(Server::open(&config, stop).await.is_ok());
}

#[tokio::test]
async fn who_speaks_plain_http_to_tls_is_told_so() {
    let server = own_authority().await;
    let mut stream = TcpStream::connect(server.url.trim_start_matches("https://")).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(heard.is_empty() || heard.contains("use https://"), "{heard}");
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_is_never_finished_keeps_nobody_out() {
    let server = TestServer::start_told(|config| {
        config.tls = Tls::Authority;
        config.max_connections = 16;
    })
    .await;
    let address = server.url.trim_start_matches("https://").to_owned();
    let mut half = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(&[22, 3, 1]).await.unwrap();
        half.push(stream);
    }
    let authority = decoded(&authority(&server));
    let answer = http(&authority, &[b"h2"]).get(server.at("/health")).send().await.unwrap();
    assert!(answer.status().is_success());
    // And each ends by itself.
    let mut ended = Vec::new();
    let _ = half.remove(39).read_to_end(&mut ended).await;
    drop(half);
    server.stop().await;
}

#[tokio::test]
async fn the_oldest_versions_and_weak_suites_are_not_spoken() {
    let server = own_authority().await;
    // TLS 1.1 with a suite of that time: the head of a record, a ClientHello, no extensions.
    let mut hello = vec![22, 3, 1, 0, 47, 1, 0, 0, 43, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0, 0x2f, 0, 0x35, 1, 0]);
    let mut stream = TcpStream::connect(server.url.trim_start_matches("https://")).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;
    assert!(heard.is_empty() || heard[0] == 21, "an alert at most: {heard:?}");
    until("nothing is linked", || server.app.hub.changes() == 0).await;
    let name = ServerName::try_from(SERVER_NAME).unwrap();
    let pinned = trust::ByAuthority::new([decoded(&authority(&server)).as_slice()], SERVER_NAME).unwrap();
    let config = trust::client()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    let stream = TcpStream::connect(server.url.trim_start_matches("https://")).await.unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    server.stop().await;
}

#[tokio::test]
async fn answers_that_nobody_takes_keep_nobody_out() {
    // Two addresses that opened no window for an answer (SETTINGS_INITIAL_WINDOW_SIZE of 0) held every place for ever.
    let server = TestServer::start_told(|config| {
        config.tls = Tls::Authority;
        config.max_connections = 16;
    })
    .await;
    let (authority, health) = (decoded(&authority(&server)), server.at("/health"));
    let mut held = Vec::new();
    for number in 0..16 {
        let from: std::net::IpAddr = format!("127.0.0.{}", 2 + number % 2).parse().unwrap();
        let greedy = builder(&authority, &[b"h2"]).http2_initial_stream_window_size(0).local_address(from);
        let greedy = greedy.build().unwrap();
        let answer = greedy.get(&health).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
        held.push((greedy, answer));
    }
    assert_eq!(server.app.connections.count().0, 16, "all places are taken");
    for _ in 0..4 {
        let answer = http(&authority, &[b"h2"]).get(&health).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    assert!(server.app.connections.evicted.get() > 0);
    let agent = super::Node::joined(&server, "web-1").await;
    drop((agent, held));
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_never_ends_hides_no_idle_connection() {
    // A second request, long answered, was its connection's work for as long as the first one's body did not end.
    let server = TestServer::start_told(|config| {
        config.tls = Tls::Authority;
        config.max_connections = 16;
    })
    .await;
    let authority = decoded(&authority(&server));
    let mut config = trusting(&authority);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (config, received) = (Arc::new(config), &server.app.connections.received);
    let (mut held, mut spoken) = (Vec::new(), JoinSet::new());
    for number in 0..16 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("127.0.0.{}:0", 2 + number % 2).parse().unwrap()).unwrap();
        let stream =
            socket.connect(server.url.trim_start_matches("https://").parse().unwrap()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(config.clone()).connect(name, stream).await.unwrap();
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        spoken.spawn(async { drop(connection.await) });
        let before = received.get();
        let endless = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b' '; 1000])))])
            .chain(stream::pending());
        let join = Request::post("https://localhost/api/v1/join").header("content-type", "application/json");
        let join = sender.send_request(join.body(BodyExt::boxed(StreamBody::new(endless))).unwrap());
        spoken.spawn(async { drop(join.await) });
        until("a part of its body came", || received.get() >= before + 1000).await;
        let health = Request::get("https://localhost/health").body(BodyExt::boxed(NoBody::new())).unwrap();
        assert_eq!(sender.send_request(health).await.unwrap().status().as_u16(), 200);
        held.push(sender);
    }
    assert_eq!(server.app.connections.count().0, 16, "all places are taken");
    for _ in 0..4 {
        let answer = http(&authority, &[b"h2"]).get(server.at("/health")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    drop(held);
    spoken.shutdown().await;
    server.stop().await;
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_tls_where_it_is_spoken() {
    for (tls, hsts, told) in [
        (Tls::Authority, Some(31_536_000), Some("max-age=31536000")),
        (Tls::Authority, None, None),
        (Tls::Off, Some(31_536_000), None),
    ] {
        let server = TestServer::start_told(|config| (config.tls, config.hsts) = (tls, hsts)).await;
        let client = http(&decoded(&authority(&server)), &[b"http/1.1"]);
        for path in ["/health", "/api/v1/agents", "/nowhere"] {
            let answer = client.get(server.at(path)).send().await.unwrap();
            let header = answer.headers().get("strict-transport-security");
            assert_eq!(header.map(|value| value.to_str().unwrap()), told, "{path}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn where_agents_are_managed_the_certificate_bears_the_names_of_the_server() {
    let server = TestServer::start_told(|config| config.names = vec!["worpen.example.com".into()]).await;
    let config = Arc::new(trusting(&decoded(&authority(&server))));
    for name in ["worpen.example.com", "localhost", "127.0.0.1", SERVER_NAME] {
        let stream = TcpStream::connect(server.agents.trim_start_matches("https://")).await.unwrap();
        let shaken =
            TlsConnector::from(config.clone()).connect(ServerName::try_from(name).unwrap(), stream).await;
        assert!(shaken.is_ok(), "{name}: {:?}", shaken.err());
    }
    let stream = TcpStream::connect(server.agents.trim_start_matches("https://")).await.unwrap();
    let other = ServerName::try_from("other.example.com").unwrap();
    assert!(TlsConnector::from(config).connect(other, stream).await.is_err());
    server.stop().await;
}
