//! A file of settings with anything in it resolves, or says what is wrong with it and where.

#![no_main]

use libfuzzer_sys::fuzz_target;
use worpen::config::layer::{File, Flags, Layers};

fuzz_target!(|text: &str| {
    let file = File { path: "worpen.toml".into(), text: text.to_owned() };
    let layers = Layers { part: "server", file: Some(file), variable: |_: &str| None, flags: Flags::default() };
    if let Err(error) = layers.resolve() {
        assert!(!error.to_string().is_empty());
    }
});
