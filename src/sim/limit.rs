//! The limit of open files: every link is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::SimError;

/// Files that are open besides the links: joins on their way, the standard streams, the runtime's own.
const BESIDES: u64 = 128;

/// Raises the process's soft limit to what so many agents need, within the hard limit.
pub(super) fn make_room(agents: u32) -> Result<(), SimError> {
    let needed = u64::from(agents) + BESIDES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let too_few = |allowed| SimError::TooFewFiles { needed, allowed };
    if let Some(allowed) = limit.maximum.filter(|maximum| *maximum < needed) {
        return Err(too_few(allowed));
    }
    let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(|_| too_few(limit.current.unwrap_or_default()))
}
