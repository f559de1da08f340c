//! The WebSockets: agents' links, and watchers' streams.

mod admission;
pub(super) mod agent;
pub(super) mod event;
pub mod feed;
pub mod hub;
pub(super) mod output;
mod progress;

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use tokio::time::timeout;

/// A peer that does not take a frame for so long is too slow to keep.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Bounds a socket's buffers: the defaults hold 134 KB for each connection, these 6 KB.
fn small(upgrade: WebSocketUpgrade, max_frame_bytes: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(4096)
        .write_buffer_size(4096)
        .max_frame_size(max_frame_bytes)
        .max_message_size(max_frame_bytes)
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
