//! Frames of both sides of the agent link: what is read is written back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{from_str, to_string};
use worpen::proto::link::{AgentFrame, ServerFrame};

fuzz_target!(|text: &str| {
    if let Ok(frame) = from_str::<AgentFrame>(text) {
        let again = to_string(&frame).expect("a frame serializes");
        let read: AgentFrame = from_str(&again).expect("a frame that was written is read");
        assert_eq!(to_string(&read).expect("a frame serializes"), again);
    }
    if let Ok(frame) = from_str::<ServerFrame>(text) {
        let again = to_string(&frame).expect("a frame serializes");
        let read: ServerFrame = from_str(&again).expect("a frame that was written is read");
        assert_eq!(to_string(&read).expect("a frame serializes"), again);
    }
});
