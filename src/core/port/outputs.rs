//! The output store: what executions printed, in its own file, so that it can stall nothing else.

use async_trait::async_trait;

use super::StoreError;
use crate::{id::ExecutionId, proto::output::Piece};

/// What is kept of an execution's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Where the last piece ends.
    pub end: u64,
    /// Bytes that are kept.
    pub kept: u64,
}

/// Where output goes.
#[async_trait]
pub trait Outputs: Send + Sync {
    /// Keeps a piece; once this returns it survives the loss of power. The same piece a second time changes nothing.
    async fn append(&self, execution: ExecutionId, piece: Piece) -> Result<(), StoreError>;
    /// What is kept of an execution.
    async fn extent(&self, execution: ExecutionId) -> Result<Extent, StoreError>;
    /// Pieces that reach beyond an offset, in order, about so many bytes of them, and one at least where there is one.
    async fn read(&self, execution: ExecutionId, from: u64, bytes: usize) -> Result<Vec<Piece>, StoreError>;
    /// Forgets what executions printed.
    async fn forget(&self, executions: &[ExecutionId]) -> Result<(), StoreError>;
}
