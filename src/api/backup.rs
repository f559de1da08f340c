//! Taking a backup: it streams to the caller as fast as it is read, and never lies in memory.

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::{
    runtime::Handle,
    sync::mpsc::{self, Sender},
    time::timeout,
};

use super::{
    app::App,
    call::{Answer, Call},
};
use crate::{
    core::{
        backup::Besides,
        error::Error,
        port::backup::Taken,
        usecase::{Origin, backup},
    },
    proto::{backup::CreateBackup, endpoint::OCTETS},
};

/// How long copying may take before the answer begins without them: a refusal after that only breaks the stream.
const COPYING: Duration = Duration::from_secs(20);
/// A reader that takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are handed to the connection together, and how many such pieces wait for it.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

pub(super) async fn create(call: Call<CreateBackup>) -> Result<Answer<CreateBackup>, Error> {
    let (app, origin) = (call.app.clone(), call.origin.clone());
    let besides = Besides { output: call.request.output, telemetry: call.request.telemetry };
    let mut taking = tokio::spawn(async move {
        let taken = app.backups.take(besides, origin.now).await?;
        note(&app, &*taken, &origin).await.map(|()| taken)
    });
    let lost = |error: tokio::task::JoinError| Error::Internal(error.to_string());
    let ready = match timeout(COPYING, &mut taking).await {
        Ok(taken) => Some(taken.map_err(lost)??),
        Err(_) => None,
    };
    let (out, pieces) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        let taken = match ready {
            Some(taken) => Ok(taken),
            None => taking.await.map_err(lost).and_then(|taken| taken),
        };
        let written = match taken {
            Ok(taken) => send(taken, out.clone()).await,
            Err(error) => Err(io::Error::other(error.to_string())),
        };
        if let Err(error) = written {
            tracing::error!(%error, "a backup was broken off");
            // The connection breaks, so that nobody takes what came for a backup.
            let _ = out.send(Err(error)).await;
        }
    });
    let pieces =
        stream::unfold(pieces, |mut pieces| async move { pieces.recv().await.map(|piece| (piece, pieces)) });
    Ok(Answer::streamed(OCTETS, Body::from_stream(pieces)))
}

/// Nothing leaves before the audit log says who took it.
async fn note(app: &App, taken: &dyn Taken, origin: &Origin) -> Result<(), Error> {
    backup::taken(&*app.store, taken.manifest(), &app.backups.recipients(), origin).await
}

async fn send(taken: Box<dyn Taken>, out: Sender<io::Result<Bytes>>) -> io::Result<()> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces { out, runtime, piece: Vec::with_capacity(PIECE) };
        taken.write(&mut pieces)?;
        pieces.flush()
    })
    .await
    .map_err(io::Error::other)?
}

/// Hands what is written to a connection, piece by piece.
struct Pieces {
    out: Sender<io::Result<Bytes>>,
    runtime: Handle,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let sent = self.runtime.block_on(timeout(PATIENCE, self.out.send(Ok(piece.into()))));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "its reader went away")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "its reader took nothing for a minute")),
        }
    }
}
