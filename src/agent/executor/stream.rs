//! What the container engine says while something runs, passed on as it comes.

use futures_util::StreamExt;

use super::done::{Cut, Limits};
use crate::{
    agent::output::Recorder,
    infra::docker::{EngineError, Printing},
};

/// Why nothing more is passed on.
pub(super) enum Flow {
    /// Everything was said.
    Over,
    /// It is to be cut off.
    Cut(Cut),
    /// The engine broke off.
    Broken(EngineError),
}

/// Passes on what is printed until it is over or cut off.
pub(super) async fn pass(printing: &mut Printing, limits: &Limits, recorder: &mut Recorder) -> Flow {
    let cut = limits.cut();
    tokio::pin!(cut);
    loop {
        tokio::select! {
            biased;
            cut = &mut cut => return Flow::Cut(cut),
            () = recorder.due() => recorder.flush().await,
            message = printing.next() => match message {
                Some(Ok((stream, bytes))) => {
                    recorder.take(stream, &bytes);
                    if recorder.is_full() {
                        recorder.flush().await;
                    }
                }
                Some(Err(error)) => return Flow::Broken(error),
                None => return Flow::Over,
            },
        }
    }
}
