//! Any text is an invitation that is written back the same, or none.

#![no_main]

use libfuzzer_sys::fuzz_target;
use worpen::core::invitation::Token;

fuzz_target!(|text: &str| {
    if let Some(token) = Token::parse(text) {
        assert_eq!(token.encode(), text.trim());
    }
});
