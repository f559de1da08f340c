use super::*;
use crate::{
    api::limit::answers::Answers,
    core::{access::Caller, output::Line},
    id::UserId,
    proto::{output::LogStream, user::Role},
};

/// A question that was asked, and the execution that it is.
fn asked(outputs: &Arc<Outputs>) -> (Answering, ExecutionId) {
    let caller = Caller {
        user: UserId::generate(),
        username: "ada".into(),
        role: Role::Viewer,
        key: None,
        session: None,
    };
    let place = Arc::new(Answers::default()).place(&caller).unwrap();
    let question =
        Question { verb: "docker.logs", args: Value::Null, actor: "user:ada".into(), timeout_s: 1 };
    let answering = outputs.ask(question, place).unwrap();
    let execution = answering.ids.execution;
    (answering, execution)
}

fn lines(execution: ExecutionId) -> Vec<u8> {
    let time = Timestamp::UNIX_EPOCH;
    let line = Line { time, stream: LogStream::Stdout, bytes: b"hello".into(), continues: false };
    Frame { execution, body: Body::Lines(vec![line]) }.encode().0
}

#[tokio::test]
async fn whatever_is_wrong_with_a_frame_whoever_waits_is_told() {
    // Its kind, its size, its stream.
    for (at, value) in [(1, 9), (20, 255), (24, 9)] {
        let outputs = Arc::new(Outputs::default());
        let (mut answering, execution) = asked(&outputs);
        outputs.put(&lines(execution)).unwrap();
        let mut bytes = lines(execution);
        bytes[at] = value;
        let _ = outputs.put(&bytes);
        assert!(matches!(answering.next().await, Some(Ok(Body::Lines(_)))), "what came before is told");
        assert!(matches!(answering.next().await, Some(Err(_))));
        drop(answering);
        let said = outputs.take(AgentId::generate(), 1, Timestamp::UNIX_EPOCH, || 1);
        assert!(
            said.iter().any(|say| matches!(say, Say::Frame(ServerFrame::Cancel(_)))),
            "the agent is told to stop"
        );
    }
}
