//! [`OnBehalf`]: the store as a caller writes to it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::core::{
    access::Caller,
    change::{Change, CommitError, Committed},
    port::store::Store,
    statement::caller,
};

/// The store on behalf of whoever calls: nothing is written for one whose credentials were revoked between the look at them and
/// the commit, however long its request took.
pub(in crate::api) struct OnBehalf {
    store: Arc<dyn Store>,
    caller: Option<Caller>,
}

impl OnBehalf {
    pub(in crate::api) fn new(store: &Arc<dyn Store>, caller: Option<&Caller>) -> Self {
        Self { store: Arc::clone(store), caller: caller.cloned() }
    }
}

#[async_trait]
impl Store for OnBehalf {
    async fn commit(&self, mut change: Change) -> Result<Committed, CommitError> {
        // What only notes that somebody came is noted of whoever it was.
        if let Some(caller) = self.caller.as_ref().filter(|_| !change.statements.is_empty()) {
            change.statements.insert(0, caller::stands(caller));
        }
        match self.store.commit(change).await {
            Err(error) if error.is_conflict_of(caller::STANDS) => Err(CommitError::Dismissed),
            committed => committed,
        }
    }
}
