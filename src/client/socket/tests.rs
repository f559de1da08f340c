use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;

use super::*;
use crate::proto::{endpoint::Empty, window::WatchWindows};

#[test]
fn pauses_grow_and_are_bounded() {
    for longest in [5, 30].map(Duration::from_secs) {
        for failures in 0..64 {
            let most = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(longest);
            assert!(pause(failures, longest) <= most, "after {failures} failures");
        }
    }
}

/// A socket, and the server's end of it.
async fn a_pair(silence: Duration) -> (Socket, WebSocketStream<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(&format!("http://{}", listener.local_addr().unwrap()), None).unwrap();
    let accepting = async { accept_async(listener.accept().await.unwrap().0).await.unwrap() };
    let request = Empty {};
    let opening = Socket::open::<WatchWindows>(&client, &request, 1024, silence);
    let (socket, server) = tokio::join!(opening, accepting);
    (socket.unwrap(), server)
}

#[tokio::test]
async fn a_server_that_vanishes_without_a_word_is_noticed() {
    let (mut socket, _server) = a_pair(Duration::from_millis(20)).await;
    let cause = socket.hear().await.unwrap_err().to_string();
    assert!(cause.starts_with("not a word for"), "{cause}");
}

#[tokio::test]
async fn a_server_that_gives_a_sign_of_life_is_kept() {
    let (mut socket, mut server) = a_pair(Duration::from_millis(200)).await;
    let server = tokio::spawn(async move {
        // Reading answers pings.
        let mut pings = 0;
        while pings < 3 {
            pings += usize::from(server.next().await.unwrap().unwrap().is_ping());
        }
        server.send(Message::Text("here".into())).await.unwrap();
        server
    });
    let Heard::Text(text) = socket.hear().await.unwrap() else { panic!("expected a text") };
    assert_eq!(text, "here");
    server.await.unwrap();
}

#[tokio::test]
async fn whoever_stops_waiting_loses_nothing() {
    let (mut socket, mut server) = a_pair(Duration::from_secs(20)).await;
    for number in 0..50 {
        socket.say(number.to_string());
        // Looked at once and let go of.
        assert!(futures_util::FutureExt::now_or_never(socket.hear()).is_none());
    }
    let reading = async {
        for number in 0..50 {
            assert_eq!(server.next().await.unwrap().unwrap().into_text().unwrap(), number.to_string());
        }
        server.send(Message::Text("all".into())).await.unwrap();
    };
    let (heard, ()) = tokio::join!(socket.hear(), reading);
    assert!(matches!(heard.unwrap(), Heard::Text(text) if text == "all"));
}
