//! An agent that is not ours: a plain WebSocket, frames written by hand, a bearer token.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::harness::{TestServer, http};

/// An agent that was invited with `--plain`.
#[derive(Clone)]
pub(crate) struct Foreign {
    pub(crate) name: String,
    pub(crate) token: String,
    url: String,
}

/// Its open link.
pub(crate) struct ForeignLink {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) welcome: Value,
}

impl Foreign {
    /// An agent of this name, invited by somebody who may.
    pub(crate) async fn invited(url: &str, admin: &str, name: &str) -> Self {
        let request = json!({ "name": name, "site": "floor", "plain": true });
        let answer = http().post(format!("{url}/api/v1/invitations")).bearer_auth(admin).json(&request);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 201);
        let invitation: Value = answer.json().await.unwrap();
        let token = invitation["token"].as_str().unwrap().to_owned();
        assert!(token.starts_with("wpa_") && invitation["expires_at"].is_null(), "{invitation}");
        Self { name: name.into(), token, url: url.into() }
    }

    pub(crate) async fn of(server: &TestServer, name: &str) -> Self {
        Self::invited(&server.url, &server.admin().await, name).await
    }

    /// A connection that shows the token in the header and has said nothing.
    pub(crate) async fn connect(&self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        let mut request =
            format!("{}/ws/agent", self.url.replace("http", "ws")).into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        connect_async(request).await.unwrap().0
    }

    /// A connection that shows the token in the query and has said nothing.
    pub(crate) async fn connect_by_query(&self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        let url = format!("{}/ws/agent?token={}", self.url.replace("http", "ws"), self.token);
        connect_async(url).await.unwrap().0
    }

    /// The HELLO of the documents.
    pub(crate) fn hello(&self, verbs: &[&str]) -> Value {
        json!({ "type": "HELLO", "payload": { "agent_id": self.name, "site": "production", "version": "1.0.0",
            "capabilities": verbs } })
    }

    /// A link of an agent that announced these verbs.
    pub(crate) async fn link(&self, verbs: &[&str]) -> ForeignLink {
        let mut link = ForeignLink { socket: self.connect().await, welcome: Value::Null };
        link.say(&self.hello(verbs)).await;
        link.welcome = link.next().await;
        assert_eq!(link.welcome["type"], "WELCOME", "{}", link.welcome);
        link
    }

    /// The code of the ERROR that a HELLO gets.
    pub(crate) async fn refused(&self) -> Value {
        let mut link = ForeignLink { socket: self.connect().await, welcome: Value::Null };
        link.say(&self.hello(&[])).await;
        let answer = link.next().await;
        assert_eq!(answer["type"], "ERROR", "{answer}");
        answer["payload"]["code"].clone()
    }
}

impl ForeignLink {
    pub(crate) async fn say(&mut self, frame: &Value) {
        self.say_text(frame.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: String) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        self.next_or_end().await.expect("the link is open")
    }

    /// The next frame; `None` at the end of the link.
    pub(crate) async fn next_or_end(&mut self) -> Option<Value> {
        loop {
            match timeout(Duration::from_secs(20), self.socket.next())
                .await
                .expect("the server speaks within 20 s")
            {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The code and words of the ERROR that a frame gets.
    pub(crate) async fn error_of(&mut self, frame: &Value) -> (String, String) {
        self.say(frame).await;
        let answer = self.next().await;
        assert_eq!(answer["type"], "ERROR", "{frame}: {answer}");
        let text = |name: &str| answer["payload"][name].as_str().unwrap().to_owned();
        (text("code"), text("detail"))
    }

    /// Answers a command and returns once that is committed.
    pub(crate) async fn answer(&mut self, command: &Value, sequence: u64, status: &str, result: &Value) {
        self.say(&json!({ "type": "COMMAND_RESULT", "payload": { "command_id": command["payload"]["id"],
            "status": status, "result": result, "sequence": sequence } }))
            .await;
        let ack = self.next().await;
        assert_eq!((&ack["type"], &ack["payload"]["sequence"]), (&json!("ACK"), &json!(sequence)), "{ack}");
    }

    /// Answers pings until the link ends; the code of the ERROR that ended it.
    pub(crate) async fn idle(mut self) -> Option<Value> {
        let mut code = None;
        while let Some(Ok(message)) = self.socket.next().await {
            if let Message::Text(text) = message {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == "ERROR" {
                    code = Some(frame["payload"]["code"].clone());
                }
            }
        }
        code
    }
}
