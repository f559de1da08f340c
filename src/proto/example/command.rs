//! Examples of commands given and listed.

use serde_json::json;

use super::WEB_1;
use crate::proto::command::{CommandStatus, GiveCommandRequest, ListCommandsRequest};

pub(in crate::proto) fn give_command() -> GiveCommandRequest {
    let args = [("container".to_owned(), json!("nginx")), ("timeout_s".to_owned(), json!(10))];
    GiveCommandRequest {
        verb: "docker.stop".into(),
        args: args.into_iter().collect(),
        agent_targets: vec![WEB_1.into()],
        timeout_s: Some(60),
        wait: Some(30),
    }
}

pub(in crate::proto) fn list_commands() -> ListCommandsRequest {
    ListCommandsRequest {
        status: Some(CommandStatus::Failed),
        agent: Some(WEB_1.into()),
        verb: Some("docker.stop".into()),
        limit: Some(50),
        cursor: None,
    }
}
