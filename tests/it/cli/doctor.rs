//! `worpen doctor` against what is broken: each test names it, and its cure.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::Value;

use super::terminal::{Ran, Terminal, ended};
use crate::harness::TestServer;

/// Runs the doctor, and gives what it found by test.
fn doctor(terminal: &Terminal, more: &[(&str, &str)]) -> (Ran, Value) {
    let mut command = terminal.command(&["doctor", "-o", "json"]);
    command.env("DOCKER_HOST", "/nowhere/docker.sock").envs(more.iter().copied());
    let ran = ended(command.spawn().unwrap());
    let findings: Vec<Value> =
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    let by_check =
        findings.into_iter().map(|finding| (finding["check"].as_str().unwrap().to_owned(), finding));
    (ran, Value::Object(by_check.collect()))
}

fn outcome<'a>(found: &'a Value, check: &str) -> &'a str {
    found[check]["outcome"].as_str().unwrap_or_else(|| panic!("{check} is missing: {found:#}"))
}

fn signed_in(url: &str, key: &str) -> Terminal {
    let terminal = Terminal::bare();
    let text = format!("current = \"lab\"\n[contexts.lab]\nserver = \"{url}\"\nkey = \"{key}\"\n");
    terminal.write("contexts.toml", &text);
    terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_well_passes_every_test() {
    let server = TestServer::start().await;
    let terminal = signed_in(&server.url, &server.admin().await);
    let (ran, found) = tokio::task::block_in_place(|| doctor(&terminal, &[]));
    assert_eq!(ran.code, 0, "{found:#}");
    for check in [
        "contexts",
        "config",
        "context",
        "dns",
        "tcp",
        "tls",
        "server",
        "clock",
        "token",
        "version",
        "websocket",
    ] {
        assert_eq!(outcome(&found, check), "ok", "{found:#}");
    }
    assert_eq!(outcome(&found, "docker"), "warning", "only a node needs it");

    let terminal = signed_in(&server.url, "wpk_of_nobody");
    let (ran, found) = tokio::task::block_in_place(|| doctor(&terminal, &[]));
    assert_eq!((ran.code, outcome(&found, "token")), (1, "failed"));
    assert_eq!(found["token"]["cure"], "sign in with: worpen login");
    assert_eq!(outcome(&found, "websocket"), "skipped");

    let table = tokio::task::block_in_place(|| terminal.run(&["doctor"]));
    assert_eq!(table.code, 1);
    assert!(table.out.contains("FAIL  token      the token is unknown"), "{}", table.out);
    assert!(table.out.contains("\n                 cure: sign in with: worpen login\n"), "{}", table.out);
    assert!(table.err.contains("failed: 1"), "{}", table.err);
    server.stop().await;
}

#[test]
fn without_a_server_the_first_broken_part_is_named() {
    let (ran, found) = doctor(&Terminal::bare(), &[]);
    assert_eq!((ran.code, outcome(&found, "context"), outcome(&found, "dns")), (1, "failed", "skipped"));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (ran, found) = doctor(&signed_in(&format!("http://{closed}"), "wpk_x"), &[]);
    assert_eq!((ran.code, outcome(&found, "tcp"), outcome(&found, "server")), (1, "failed", "skipped"));
    assert!(found["tcp"]["cure"].as_str().unwrap().contains(&closed.port().to_string()));

    let (ran, found) = doctor(&signed_in("http://no-such-host.invalid", "wpk_x"), &[]);
    assert_eq!((ran.code, outcome(&found, "dns"), outcome(&found, "tcp")), (1, "failed", "skipped"));

    let terminal = Terminal::bare();
    terminal.write("contexts.toml", "[contexts.a]\nservre = \"http://a\"\n");
    terminal.write("config.toml", "[alias]\nagents = \"images ls\"\n");
    let (ran, found) = doctor(&terminal, &[]);
    assert_eq!((ran.code, outcome(&found, "contexts"), outcome(&found, "config")), (1, "failed", "warning"));
    assert!(found["contexts"]["found"].as_str().unwrap().contains("contexts.toml:2"), "{found:#}");
}

/// A server that says `date` and knows nobody, for one connection after another.
fn fake(date: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for link in listener.incoming() {
            let Ok(mut link) = link else { return };
            thread::spawn(move || {
                let head =
                    BufReader::new(&link).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
                if head.count() > 0 {
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ndate: {date}\r\nconnection: close\r\ncontent-length: 3\r\n\r\nOK\n"
                    );
                    let _ = link.write_all(answer.as_bytes());
                }
            });
        }
    });
    url
}

#[test]
fn a_clock_that_is_wrong_fails() {
    let (ran, found) = doctor(&signed_in(&fake("Sun, 01 Mar 2026 12:00:00 GMT"), "wpk_x"), &[]);
    assert_eq!(
        (ran.code, outcome(&found, "server"), outcome(&found, "clock")),
        (1, "ok", "failed"),
        "{found:#}"
    );
    assert!(found["clock"]["cure"].as_str().unwrap().contains("NTP"));
    assert_eq!(outcome(&found, "token"), "failed", "what it answers is no identity");
}

fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cli/certificates").join(name)
}

/// A port that shakes hands with a certificate and says no more.
fn tls(name: &str) -> String {
    let chain = vec![CertificateDer::from_pem_file(certificate(&format!("{name}.pem"))).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate(&format!("{name}.key"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for link in listener.incoming() {
            let (Ok(mut link), Ok(mut session)) = (link, rustls::ServerConnection::new(config.clone()))
            else {
                return;
            };
            thread::spawn(
                move || while session.is_handshaking() && session.complete_io(&mut link).is_ok() {},
            );
        }
    });
    format!("https://localhost:{port}")
}

#[test]
fn a_certificate_is_judged_and_its_end_is_told() {
    let trusted = |name: &str| certificate(&format!("{name}.pem")).to_str().unwrap().to_owned();
    let look = |name: &str, trusts: &str| {
        let (_, found) = doctor(&signed_in(&tls(name), "wpk_x"), &[("SSL_CERT_FILE", &trusted(trusts))]);
        (outcome(&found, "tls").to_owned(), found["tls"]["found"].as_str().unwrap().to_owned())
    };
    let (outcome, found) = look("good", "good");
    assert!(outcome == "ok" && found.contains("TLS 1.3") && found.contains("trusted until 21"), "{found}");
    let (outcome, found) = look("ended", "ended");
    assert!(outcome == "failed" && found.contains("ended at 2021-01-01T00:00:00Z"), "{found}");
    let (outcome, found) = look("other", "other");
    assert!(
        outcome == "failed" && found.contains("other.example") && found.contains("not for localhost"),
        "{found}"
    );
    let (outcome, found) = look("good", "other");
    assert!(outcome == "failed" && found.contains("nobody that this system trusts"), "{found}");
}
