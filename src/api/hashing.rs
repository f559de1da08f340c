//! [`Hashing`]: places to hash passwords in. Each takes 19 MiB and a core, so there are few, and their memory is used again: what
//! is taken anew on each of many threads would stay with the process.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::core::{error::Error, password::Memory};

/// The places.
#[derive(Debug)]
pub struct Hashing {
    free: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Memory>>>,
}

/// A place. Dropping it makes it free, and leaves its memory to the next.
pub(super) struct Place {
    memory: Memory,
    home: Arc<Mutex<Vec<Memory>>>,
    _free: OwnedSemaphorePermit,
}

impl Hashing {
    /// So many places.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(places)), memory: Arc::default() }
    }

    /// Waits for a place; whoever comes first is let in first.
    pub(super) async fn place(&self) -> Result<Place, Error> {
        let free = self.free.clone().acquire_owned().await.map_err(|_| ends())?;
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        Ok(Place { memory, home: self.memory.clone(), _free: free })
    }
}

/// What is said when nobody will be let in any more.
pub(super) fn ends() -> Error {
    Error::Unavailable("the server ends".into())
}

impl Place {
    /// The memory to hash in.
    pub(super) const fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        self.home.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_is_used_again() {
        let hashing = Hashing::new(2);
        for _ in 0..10 {
            let (one, other) = (hashing.place().await.unwrap(), hashing.place().await.unwrap());
            drop((one, other));
        }
        assert_eq!(hashing.memory.lock().unwrap().len(), 2);
    }
}
