//! A node's policy with anything in it is read, or says why not.

#![no_main]

use std::{env, fs, path::PathBuf, process, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use worpen::agent::check_policy;

/// A file in memory where there is such a place.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { env::temp_dir() };
    folder.join(format!("worpen-fuzz-policy-{}.toml", process::id()))
});

fuzz_target!(|text: &str| {
    fs::write(&*FILE, text).expect("a temporary file is written");
    if let Err(why) = check_policy(&FILE) {
        assert!(!why.is_empty());
    }
});
