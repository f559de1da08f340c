//! A thread that takes jobs from a bounded queue and answers them.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{self, JoinHandle},
};

use tokio::sync::{mpsc, oneshot};

/// How many jobs wait before a caller has to wait to hand one in.
const QUEUE: usize = 1024;

/// How many jobs are taken at once.
const BATCH: usize = 512;

/// A job with the one who waits for its answer.
pub(super) struct Asked<J, A> {
    pub(super) job: J,
    pub(super) answer: oneshot::Sender<A>,
}

/// The jobs that wait.
pub(super) struct Jobs<J, A>(mpsc::Receiver<Asked<J, A>>);

impl<J, A> Jobs<J, A> {
    /// Waits for a job and takes all that wait with it; `None` once there will be no more.
    pub(super) fn take(&mut self) -> Option<Vec<Asked<J, A>>> {
        let mut jobs = Vec::with_capacity(64);
        (self.0.blocking_recv_many(&mut jobs, BATCH) > 0).then_some(jobs)
    }
}

/// The thread. Dropping this finishes what waits, then joins it.
#[derive(Debug)]
pub(super) struct Worker<J, A> {
    queue: Option<mpsc::Sender<Asked<J, A>>>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static, A: Send + 'static> Worker<J, A> {
    /// Starts a thread that runs `work` until there are no more jobs. When it panics, whoever waits gets no answer,
    /// and so does whoever asks later.
    pub(super) fn start(
        name: &'static str,
        work: impl FnOnce(&mut Jobs<J, A>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut jobs = Jobs(jobs);
            if catch_unwind(AssertUnwindSafe(|| work(&mut jobs))).is_err() {
                tracing::error!(thread = name, "a store thread panicked and serves no more");
            }
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Hands in a job and waits for its answer; `None` when the thread has ended.
    pub(super) async fn ask(&self, job: J) -> Option<A> {
        let (answer, answered) = oneshot::channel();
        self.queue.as_ref()?.send(Asked { job, answer }).await.ok()?;
        answered.await.ok()
    }
}

impl<J, A> Drop for Worker<J, A> {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic was told when it happened.
            let _ = thread.join();
        }
    }
}
