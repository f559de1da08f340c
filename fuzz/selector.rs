//! Any text is an expression over a table of fields, or a fault that says why not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use worpen::core::selector::{agent, compile, container, image};

fuzz_target!(|text: &str| {
    if let Err(fault) = compile(text, agent::FIELDS) {
        assert!(!fault.0.is_empty());
    }
    let _ = compile(text, container::FIELDS);
    let _ = compile(text, image::FIELDS);
});
