//! What this process takes of its machine, from `/proc`.

use std::fs;

use crate::core::meter::ProcessUsage;

/// Asks the kernel; what it does not tell is `None`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "seconds as Prometheus counts them")]
pub fn usage() -> ProcessUsage {
    let memory = fs::read_to_string("/proc/self/statm").ok();
    let pages = |place: usize| memory.as_deref()?.split_whitespace().nth(place)?.parse::<u64>().ok();
    let page = rustix::param::page_size() as u64;
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    ProcessUsage {
        resident_bytes: pages(1).map(|pages| pages * page),
        virtual_bytes: pages(0).map(|pages| pages * page),
        cpu_seconds: cpu_ticks().map(|used| used as f64 / ticks),
        // The folder that is being listed is open too.
        open_fds: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1) as u64),
        max_fds: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
        threads: fs::read_dir("/proc/self/task").ok().map(|entries| entries.count() as u64),
    }
}

/// Clock ticks in user and kernel mode: the fields after the name, which ends with the last parenthesis.
fn cpu_ticks() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Raises the limit of open files to the most that this process may have; returns it, `None` for no limit.
pub fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}
