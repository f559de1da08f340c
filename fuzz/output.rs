//! Binary frames: whatever a header says of sizes, no more is unpacked; what is read is written back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use worpen::core::output::{Frame, MAX_PIECE_BYTES, Peek, peek};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::decode(bytes) {
        let Peek { execution, cost, .. } = peek(bytes).expect("what is decoded has a header");
        assert_eq!(execution, frame.execution);
        assert!(cost as usize <= MAX_PIECE_BYTES + 1024);
        let (again, _) = frame.encode();
        assert_eq!(Frame::decode(&again).expect("what was written is read"), frame);
    }
});
