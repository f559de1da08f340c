//! Who is not let in where agents are managed.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use rustls::{HandshakeKind, client::Resumption, version};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{client_async, tungstenite::Message};
use worpen::{
    config::trust,
    core::{
        certificate::{TlsKey, certify_message},
        envelope,
    },
    infra::keys::make_tls_key,
    proto::{
        agent::HostFacts,
        envelope::{HELLO_TYPE, HelloProof},
        link::{AgentFrame, CHALLENGE_HEADER, Hello, LinkErrorCode, ServerFrame},
    },
    server as servers,
};

use super::{Kept, Node, connect, get, post, server, status};
use crate::harness::{TestServer, http, until};

/// What the server answers to a HELLO of `who` over a connection that shows the certificate of `shown`.
async fn hello(server: &TestServer, shown: &Kept, who: &Kept) -> ServerFrame {
    let stream = connect(server, shown.config()).await.unwrap();
    let (mut socket, response) = client_async("wss://localhost/ws/agent", stream).await.unwrap();
    let proof = HelloProof {
        agent: who.joined.id,
        challenge: response.headers()[CHALLENGE_HEADER].to_str().unwrap().to_owned(),
        nonce: "nonce".into(),
        epoch: 0,
        instance_nonce: "test".into(),
        audit: None,
    };
    let hello = Hello {
        verbs: Vec::new(),
        agent_id: who.joined.agent_id.clone(),
        site: who.joined.site.clone(),
        version: "test".into(),
        capabilities: Vec::new(),
        host: HostFacts::default(),
        container_engine: None,
        labels: BTreeMap::new(),
        proof: Some(envelope::seal(&who.key, HELLO_TYPE, &proof)),
    };
    let frame = serde_json::to_string(&AgentFrame::Hello(Box::new(hello))).unwrap();
    socket.send(Message::text(frame)).await.unwrap();
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

fn code(frame: &ServerFrame) -> Option<LinkErrorCode> {
    match frame {
        ServerFrame::Error(error) => Some(error.code),
        _ => None,
    }
}

/// Whether the server ends a connection instead of answering on it.
async fn is_shut_out(server: &TestServer, config: rustls::ClientConfig) -> bool {
    match connect(server, config).await {
        Ok(mut stream) => match get(&mut stream, "/ws/agent").await {
            Ok(answer) => answer.is_empty(),
            Err(_) => true,
        },
        Err(_) => true,
    }
}

#[tokio::test]
async fn a_plain_connection_gets_nothing_at_all() {
    let server = server(3600).await;
    let address = server.agents.trim_start_matches("https://");
    for said in ["GET /health HTTP/1.1\r\nhost: a\r\n\r\n", "POST /api/v1/join HTTP/1.1\r\n\r\n", "\0\0\0\0"]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        // A reset is as good as an end.
        let _ = stream.read_to_end(&mut heard).await;
        assert_eq!(heard, b"", "after {said:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_shows_no_certificate_can_join_and_nothing_else() {
    let server = server(3600).await;
    let kept = Node::joined(&server, "web-1").await.kept();
    let nobody = || kept.judging().with_no_client_auth();
    let answer = get(&mut connect(&server, nobody()).await.unwrap(), "/ws/agent").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("certificate_required"), "{answer}");
    for path in ["/health", "/api/v1/agents", "/metrics", "/api/v1/trust", "/ws/events", "/docs"] {
        for config in [nobody(), kept.config()] {
            let answer = get(&mut connect(&server, config).await.unwrap(), path).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn another_authoritys_and_an_ended_certificate_are_refused_in_the_handshake() {
    let (one, other) = (server(2).await, server(3600).await);
    let kept = Node::joined(&one, "web-1").await.kept();
    assert!(matches!(hello(&one, &kept, &kept).await, ServerFrame::Welcome(_)), "it holds");
    let foreign = Node::joined(&other, "web-1").await.kept();
    let posing = Kept { authorities: kept.authorities.clone(), ..foreign };
    assert!(is_shut_out(&one, posing.config()).await, "another authority certified it");
    // Certificates know whole seconds; the last one is within.
    let end = kept.not_after + jiff::SignedDuration::from_secs(1);
    until("the certificate ended", || Timestamp::now() > end).await;
    assert!(is_shut_out(&one, kept.config()).await, "it ended");
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn an_agent_trusts_no_server_of_another_authority() {
    let (one, other) = (server(3600).await, server(3600).await);
    let kept = Node::joined(&one, "web-1").await.kept();
    let error = connect(&other, kept.config()).await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    let invitation = servers::invite_locally(&one.app, "web-2").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = worpen::config::agent::AgentConfig::new(other.agents.clone(), folder.path());
    let refused = worpen::agent::join(&config, &invitation.token).await.err().unwrap();
    assert!(matches!(refused, worpen::agent::JoinError::OtherAuthority { .. }), "{refused}");
    assert!(status(&other, "web-2").is_none() && status(&one, "web-2").is_none());
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_hello_under_another_agents_certificate_is_refused() {
    let server = server(3600).await;
    let (one, other) =
        (Node::joined(&server, "web-1").await.kept(), Node::joined(&server, "web-2").await.kept());
    assert_eq!(code(&hello(&server, &one, &other).await), Some(LinkErrorCode::NotProven));
    assert_eq!(code(&hello(&server, &one, &one).await), None);
    server.stop().await;
}

#[tokio::test]
async fn a_superseded_certificate_is_refused_though_it_has_not_ended() {
    let server = server(3600).await;
    let node = Node::joined(&server, "web-1").await;
    let first = node.kept();
    assert_eq!(code(&hello(&server, &first, &first).await), None, "it is used");
    // A further certificate, on the agent's own key's word.
    let second = certified(&server, &first).await;
    assert_eq!(code(&hello(&server, &first, &first).await), None, "the new one was not used yet");
    assert_eq!(code(&hello(&server, &second, &first).await), None);
    assert_eq!(code(&hello(&server, &first, &first).await), Some(LinkErrorCode::CertificateRefused));
    server.stop().await;
}

/// Asks for a certificate with a node's own key.
async fn certified(server: &TestServer, kept: &Kept) -> Kept {
    let (private, public) = make_tls_key().unwrap();
    let (status, body) = certify(server, kept, &public, |signature| signature).await;
    assert_eq!(status, 200, "{body}");
    let der =
        base64::engine::general_purpose::STANDARD.decode(body["certificate"].as_str().unwrap()).unwrap();
    Kept {
        key: worpen::core::signing::SigningKey::from_seed(&kept.key.seed()),
        joined: kept.joined.clone(),
        certificate: der,
        tls_key: private.to_vec(),
        serial: body["serial"].as_str().unwrap().to_owned(),
        not_after: kept.not_after,
        authorities: kept.authorities.clone(),
    }
}

async fn certify(
    server: &TestServer,
    kept: &Kept,
    public: &TlsKey,
    bend: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> (u16, serde_json::Value) {
    let mut stream = connect(server, kept.judging().with_no_client_auth()).await.unwrap();
    let label = worpen::core::certificate::BINDING_LABEL;
    let binding = stream.get_ref().1.export_keying_material([0; 32], label, None).unwrap();
    let message = certify_message(kept.joined.server, kept.joined.id, public, &binding);
    let signature = bend(kept.key.sign(&message).to_vec());
    let body = json!({ "agent": kept.joined.id, "tls_key": public.to_string(),
        "signature": URL_SAFE_NO_PAD.encode(signature) });
    let body = body.to_string();
    let request = format!(
        "POST /api/v1/certificates HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn a_word_for_a_certificate_holds_on_its_own_connection_and_for_a_living_agent_alone() {
    let server = server(3600).await;
    let kept = Node::joined(&server, "web-1").await.kept();
    let (_, public) = make_tls_key().unwrap();
    let elsewhere = kept.key.sign(&certify_message(kept.joined.server, kept.joined.id, &public, &[7; 32]));
    let replayed = certify(&server, &kept, &public, |_| elsewhere.to_vec()).await;
    assert_eq!(replayed.0, 401, "{}", replayed.1);
    let (code, _) = post(&server, "/api/v1/agents/web-1/revoke", &json!({})).await;
    assert_eq!(code, 200);
    let revoked = certify(&server, &kept, &public, |signature| signature).await;
    assert_eq!(revoked.0, 403, "{}", revoked.1);
    assert!(is_shut_out(&server, kept.config()).await, "and its certificate is refused in the handshake");
    server.stop().await;
}

/// How a node shakes hands in one version of TLS.
fn speaking(kept: &Kept, version: &'static rustls::SupportedProtocolVersion) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = trust::ByAuthority::new(
        kept.authorities.iter().map(Vec::as_slice),
        worpen::proto::certificate::SERVER_NAME,
    );
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(kept.tls_key.clone());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge.unwrap()))
        .with_client_auth_cert(vec![kept.certificate.clone().into()], key.into())
        .unwrap()
}

#[tokio::test]
async fn no_handshake_is_ever_resumed() {
    let server = server(3600).await;
    let kept = Node::joined(&server, "web-1").await.kept();
    let mut config = speaking(&kept, &version::TLS13);
    config.resumption = Resumption::in_memory_sessions(16);
    for _ in 0..3 {
        let mut stream = connect(&server, config.clone()).await.unwrap();
        // What comes after the handshake, as tickets do, is read with the answer.
        get(&mut stream, "/health").await.unwrap();
        let tls = stream.get_ref().1;
        assert_eq!(tls.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(tls.tls13_tickets_received(), 0);
    }
    server.stop().await;
}

#[tokio::test]
async fn nothing_older_than_tls_1_3_is_spoken_with_agents() {
    let server = server(3600).await;
    let kept = Node::joined(&server, "web-1").await.kept();
    let refused = connect(&server, speaking(&kept, &version::TLS12)).await.unwrap_err();
    assert!(refused.to_string().contains("ProtocolVersion"), "{refused}");
    assert!(connect(&server, speaking(&kept, &version::TLS13)).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn certificates_that_are_refused_are_counted_and_not_logged_each() {
    // Each handshake with a certificate that anybody can make wrote a line of the log.
    let (one, other) = (server(3600).await, server(3600).await);
    let kept = Node::joined(&one, "web-1").await.kept();
    let foreign = Node::joined(&other, "web-1").await.kept();
    let posing = Kept { authorities: kept.authorities, ..foreign };
    for _ in 0..3 {
        assert!(is_shut_out(&one, posing.config()).await);
    }
    other.stop().await;
    // They are written when the server ends, if the minute has not passed.
    let one = one.restart_after(|_| ()).await;
    let path = one.at("/api/v1/audit?action=anonymous.denied");
    let page = http().get(path).bearer_auth(one.admin().await).send().await.unwrap();
    let page: serde_json::Value = page.json().await.unwrap();
    let found = page["items"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["address"], &found[0]["detail"]["agent"]), (&json!("127.0.0.1"), &json!(3)));
    one.stop().await;
}
