//! The WebSockets: agents' links, and watchers' streams.

pub(super) mod admission;
pub(super) mod agent;
pub(super) mod event;
pub mod feed;
pub mod hub;
pub(super) mod output;
mod place;
mod plain;
mod printing;
mod progress;
pub mod window;

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    self,
    error::{CapacityError, ProtocolError},
};

use crate::proto::link::LinkErrorCode;

/// A peer that does not take a frame for so long is too slow to keep.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// What a socket reads and writes at once.
const BUFFER_BYTES: usize = 1024;

/// Bounds a socket's buffers: the defaults hold 134 KB for each connection, these 4 KB.
fn small(upgrade: WebSocketUpgrade, max_frame_bytes: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_frame_size(max_frame_bytes)
        .max_message_size(max_frame_bytes)
}

/// What is wrong with what a peer sent, when its connection ends for that; `None` when the connection itself broke.
fn fault(error: &axum::Error) -> Option<(LinkErrorCode, String)> {
    let cause = std::error::Error::source(error)?.downcast_ref::<tungstenite::Error>()?;
    let detail = match cause {
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
            format!("a frame may have at most {max_size} bytes")
        }
        tungstenite::Error::Utf8(_) => "a text frame must be UTF-8".to_owned(),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return None,
        tungstenite::Error::Protocol(why) => format!("this is not WebSocket (RFC 6455): {why}"),
        _ => return None,
    };
    Some((LinkErrorCode::BadFrame, detail))
}

/// Sends one frame as JSON text; `false` when the peer is gone or too slow.
async fn send(socket: &mut WebSocket, frame: &impl serde::Serialize) -> bool {
    let text = serde_json::to_string(frame).expect("frames are plain data and always serialize");
    send_text(socket, text).await
}

/// Sends one text message; `false` when the peer is gone or too slow.
async fn send_text(socket: &mut WebSocket, text: String) -> bool {
    matches!(timeout(SEND_TIMEOUT, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

/// Pings a peer; words when it is gone or too slow.
async fn ping(socket: &mut WebSocket) -> Result<(), &'static str> {
    let ping = socket.send(Message::Ping(Vec::new().into()));
    match timeout(SEND_TIMEOUT, ping).await {
        Ok(Ok(())) => Ok(()),
        _ => Err("the connection broke"),
    }
}
