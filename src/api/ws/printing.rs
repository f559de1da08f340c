//! [`Printing`]: what executions print on one link, on its way into the output store.

use std::collections::HashMap;

use crate::{
    api::app::App,
    core::{
        command::OUTPUT_TAIL_BYTES,
        error::Error,
        output::{Body, Frame, is_printed as of_kind},
    },
    id::{AgentId, ExecutionId},
    proto::output::Kept,
};

/// How many executions are remembered on a link; the others are looked up again.
const REMEMBERED: usize = 1024;

/// How much of an execution's output is kept, and may be.
struct Quota {
    kept: u64,
    most: u64,
}

/// What executions print on one link.
#[derive(Default)]
pub(super) struct Printing(HashMap<ExecutionId, Quota>);

/// Why a piece was not kept.
pub(super) enum NotKept {
    /// It is not one, or not of an execution of this agent.
    Malformed(String),
    /// The store cannot serve.
    Unavailable(Error),
}

/// Whether a binary frame holds what an execution printed, as far as its header tells.
pub(super) fn is_printed(frame: &[u8]) -> bool {
    of_kind(frame)
}

impl Printing {
    /// Keeps a piece, and says how far the agent may forget. What is more than may be kept is dropped: an honest agent sends
    /// no such thing.
    pub(super) async fn take(&mut self, app: &App, agent: AgentId, frame: &[u8]) -> Result<Kept, NotKept> {
        let malformed = |why: String| NotKept::Malformed(why);
        let Frame { execution, body } = Frame::decode(frame).map_err(|why| malformed(why.to_string()))?;
        let Body::Printed(piece) = body else {
            return Err(malformed("expected a piece of what an execution printed".into()));
        };
        let bytes = piece.bytes.len() as u64;
        let offset = piece
            .offset
            .checked_add(bytes)
            .filter(|end| i64::try_from(*end).is_ok())
            .ok_or_else(|| malformed("a piece lies within 2^63 bytes".into()))?;
        let quota = self.quota(app, agent, execution).await?;
        if bytes > 0 && quota.kept + bytes <= quota.most {
            let kept = app.outputs.append(execution, piece).await;
            kept.map_err(|error| NotKept::Unavailable(error.into()))?;
            quota.kept += bytes;
            // Nobody may look on, and then nobody misses it.
            let _ = app.printed.send(execution);
        }
        Ok(Kept { execution_id: execution, offset })
    }

    /// Forgets an execution that ended.
    pub(super) fn ended(&mut self, execution: ExecutionId) {
        self.0.remove(&execution);
    }

    async fn quota(
        &mut self,
        app: &App,
        agent: AgentId,
        execution: ExecutionId,
    ) -> Result<&mut Quota, NotKept> {
        if !self.0.contains_key(&execution) {
            let open = app.queue.lock().output_bytes(execution, agent);
            let allowed = match open {
                Some(bytes) => bytes,
                None => {
                    let found = app.records.execution(execution).await;
                    let found = found.map_err(|error| NotKept::Unavailable(error.into()))?;
                    let own = found.filter(|found| found.agent == agent);
                    let none = || NotKept::Malformed(format!("{execution} is no execution of this agent"));
                    own.ok_or_else(none)?.output_bytes
                }
            };
            let extent = app.outputs.extent(execution).await;
            let extent = extent.map_err(|error| NotKept::Unavailable(error.into()))?;
            if self.0.len() >= REMEMBERED {
                self.0.clear();
            }
            let most = u64::from(allowed) + OUTPUT_TAIL_BYTES as u64;
            self.0.insert(execution, Quota { kept: extent.kept, most });
        }
        self.0.get_mut(&execution).ok_or_else(|| NotKept::Malformed("it was forgotten".into()))
    }
}
