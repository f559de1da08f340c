//! One request over a TLS connection of its own, to which what it signs is bound.

use std::{error::Error, io, sync::Arc, time::Duration};

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::address::Address;
use crate::core::certificate::{BINDING_LABEL, Binding, SERVER_NAME};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes that an answer may have.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// What went wrong on the way.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

/// Connects and shakes hands with the server that this configuration trusts.
pub(super) async fn shake_hands(
    address: &Address,
    config: Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect((address.host(), address.port())).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(SERVER_NAME).map_err(io::Error::other)?;
    TlsConnector::from(config).connect(name, stream).await
}

/// Posts what `body` makes of the connection's binding, and gives the answer.
pub(super) async fn post(
    address: &Address,
    config: Arc<ClientConfig>,
    path: &str,
    body: impl FnOnce(&Binding) -> Result<Vec<u8>, Cause>,
) -> Result<(StatusCode, Bytes), Cause> {
    timeout(PATIENCE, post_patiently(address, config, path, body)).await?
}

async fn post_patiently(
    address: &Address,
    config: Arc<ClientConfig>,
    path: &str,
    body: impl FnOnce(&Binding) -> Result<Vec<u8>, Cause>,
) -> Result<(StatusCode, Bytes), Cause> {
    let stream = shake_hands(address, config).await?;
    let binding: Binding = stream.get_ref().1.export_keying_material([0; 32], BINDING_LABEL, None)?;
    let request = Request::post(path)
        .header(header::HOST, address.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body(&binding)?)))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let answered = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await?.to_bytes();
        Ok::<_, Cause>((status, body))
    };
    tokio::pin!(answered);
    tokio::select! {
        answered = &mut answered => answered,
        // The connection may end as soon as the answer has come, which is then read to its end.
        ended = connection => match ended {
            Ok(()) => answered.await,
            Err(error) => Err(error.into()),
        },
    }
}
