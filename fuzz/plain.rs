//! Frames of agents that are not ours: read, or refused in words; measurements that are read have numbers that are some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use worpen::core::plain::{PlainFrame, read, telemetry};

fuzz_target!(|text: &str| {
    match read(text) {
        Ok(message) => {
            if let PlainFrame::Telemetry(payload) = message.frame
                && let Ok(measured) = telemetry(&payload, "node", jiff::Timestamp::UNIX_EPOCH)
            {
                assert!(measured.cpu_usage.is_finite());
                serde_json::to_string(&measured).expect("a measurement serializes");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
