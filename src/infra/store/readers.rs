//! The threads that read, each with a connection of its own.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::core::port::StoreError;

/// How many reads wait before a caller has to wait to hand one in.
const QUEUE: usize = 1024;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The threads. Dropping this finishes what waits, then joins them.
#[derive(Debug)]
pub(super) struct Readers {
    queue: Option<mpsc::Sender<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each connection.
    pub(super) fn start(name: &'static str, connections: Vec<Connection>) -> io::Result<Self> {
        let (queue, reads) = mpsc::channel(QUEUE);
        let reads = Arc::new(Mutex::new(reads));
        let threads = connections
            .into_iter()
            .map(|connection| {
                let reads = Arc::clone(&reads);
                thread::Builder::new().name(name.to_owned()).spawn(move || serve(&connection, &reads))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { queue: Some(queue), threads })
    }

    /// Runs a read on whichever thread is free.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_while(move |connection, _| read(connection)).await
    }

    /// Runs a read that may be long and can ask, now and then, whether its caller still waits.
    pub(super) async fn run_while<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, &dyn Fn() -> bool) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::Unavailable("the read ended without an answer".to_owned());
        let (answer, answered) = oneshot::channel();
        let job: Read = Box::new(move |connection| {
            if !answer.is_closed() {
                let done = read(connection, &|| !answer.is_closed());
                // A caller that no longer waits needs no answer.
                let _ = answer.send(done);
            }
        });
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        queue.send(job).await.map_err(|_| ended())?;
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn serve(connection: &Connection, reads: &Mutex<mpsc::Receiver<Read>>) {
    loop {
        let next = reads.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(read) = next else { return };
        if catch_unwind(AssertUnwindSafe(|| read(connection))).is_err() {
            tracing::error!("a read panicked");
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // A panic was told when it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_read_whose_caller_left_is_told() {
        let readers = Readers::start("test", vec![Connection::open_in_memory().unwrap()]).unwrap();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (left, leaves) = mpsc::channel();
        let (told, tells) = tokio::sync::oneshot::channel();
        let read = readers.run_while(move |_, still| {
            let before = still();
            begun.send(()).unwrap();
            leaves.recv().unwrap();
            told.send((before, still())).unwrap();
            Ok(())
        });
        tokio::select! {
            _ = read => panic!("the read cannot end before its caller leaves"),
            begun = begins => begun.unwrap(),
        }
        left.send(()).unwrap();
        assert_eq!(tells.await.unwrap(), (true, false));
    }
}
