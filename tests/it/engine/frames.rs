//! Output as an agent might send it that means no good.

use jiff::Timestamp;
use serde_json::json;
use worpen::{
    core::output::{Body, Frame, Line, MAX_PIECE_BYTES},
    id::ExecutionId,
    proto::{
        container::ContainerState::Running,
        link::{LinkErrorCode, ServerFrame},
        output::LogStream,
        problem::Problem,
        user::Role,
    },
};

use crate::{
    harness::{TestServer, http},
    node::{TestLink, TestNode},
};

/// A node that says it can tell logs, with the container `aaa`.
async fn a_node(server: &TestServer) -> (TestNode, TestLink) {
    let mut node = TestNode::joined(server, "web-1").await;
    node.verbs = vec!["docker.logs".into()];
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    (node, link)
}

async fn refused(link: &mut TestLink) -> String {
    let ServerFrame::Error(error) = link.next().await else { panic!("expected ERROR") };
    assert_eq!(error.code, LinkErrorCode::BadFrame);
    error.detail
}

#[tokio::test]
async fn binary_frames_that_are_none_are_refused() {
    let server = TestServer::start().await;
    let (node, mut link) = a_node(&server).await;
    link.say_bytes(vec![1, 2, 3]).await;
    assert!(refused(&mut link).await.contains("header"));
    link.say_bytes(vec![9; 64]).await;
    assert!(refused(&mut link).await.contains("version"));
    // Output that nobody asked for is passed over unread.
    let frame = Frame { execution: ExecutionId::generate(), body: Body::Lines(vec![]) };
    link.say_bytes(frame.encode().0).await;
    link.say(&node.heartbeat()).await;
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_outruns_its_credit_or_is_a_bomb_ends() {
    let server = TestServer::start().await;
    let (_node, mut link) = a_node(&server).await;
    let token = server.token(Role::Viewer).await;
    for bomb in [true, false] {
        let asking = http().get(server.at("/api/v1/containers/aaa/logs")).bearer_auth(&token);
        let asking = tokio::spawn(asking.send());
        let order = link.order().await;
        assert_eq!((order.verb.as_str(), &order.args["container"]), ("docker.logs", &json!("aaa")));
        let execution = order.execution;
        link.say_bytes(Frame { execution, body: Body::Begun(Timestamp::now()) }.encode().0).await;
        // The reader must not take what comes, or it would be given more credit.
        let mut answer = asking.await.unwrap().unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        if bomb {
            let (honest, _) = Frame { execution, body: Body::Document(vec![0; MAX_PIECE_BYTES]) }.encode();
            let bomb = zstd::bulk::compress(&vec![0; 64 * MAX_PIECE_BYTES], 1).unwrap();
            link.say_bytes([&honest[..24], &bomb].concat()).await;
            assert!(refused(&mut link).await.contains("not what its header says"));
        } else {
            let bytes = vec![b'x'; MAX_PIECE_BYTES - 64];
            let line = Line { time: Timestamp::now(), stream: LogStream::Stdout, bytes, continues: false };
            let (piece, _) = Frame { execution, body: Body::Lines(vec![line]) }.encode();
            for _ in 0..64 {
                link.say_bytes(piece.clone()).await;
            }
            let detail = loop {
                match link.next().await {
                    ServerFrame::Error(error) => break error.detail,
                    ServerFrame::Credit(_) => {}
                    other => panic!("expected ERROR, got {other:?}"),
                }
            };
            assert!(detail.contains("more than was asked for"), "{detail}");
        }
        let mut broke = false;
        while let Ok(piece) = answer.chunk().await.map_err(|_| broke = true) {
            if piece.is_none() {
                break;
            }
        }
        assert!(broke, "the reader learns that it is not the end");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_node_that_does_not_know_the_question_is_not_asked() {
    let server = TestServer::start().await;
    let (_node, _link) = a_node(&server).await;
    let token = server.token(Role::Viewer).await;
    let answer =
        http().get(server.at("/api/v1/containers/aaa/stats")).bearer_auth(&token).send().await.unwrap();
    let problem: Problem = answer.json().await.unwrap();
    assert_eq!((problem.status, problem.code.as_str()), (409, "verb_unknown"));
    server.stop().await;
}
