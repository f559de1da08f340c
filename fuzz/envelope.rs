//! An envelope that anybody wrote is refused, whatever its bytes; one that was sealed and altered after opens as what was
//! sealed or not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, from_slice, from_str, json, to_vec};
use worpen::{
    core::{
        envelope::{open, seal},
        signing::SigningKey,
    },
    proto::envelope::{COMMAND_TYPE, CommandOrder, Envelope, HELLO_TYPE, HelloProof},
};

/// An order of every kind of field.
const ORDER: &str = r#"{"agent":"0192f000-0000-7000-8000-000000000001","execution":"0192f000-0000-7000-8000-000000000002",
    "command":"0192f000-0000-7000-8000-000000000003","verb":"docker.stop","args":{"container":"web","timeout_s":10},
    "not_before":"2026-01-01T00:00:00Z","expires_at":"2026-01-01T00:05:00Z","timeout_s":60,"epoch":3,"sequence":7,
    "actor":"user:ada","precondition":"cpu < 80","output_bytes":1048576}"#;

fuzz_target!(|edits: &[u8]| {
    let key = SigningKey::from_seed(&[7; 32]);
    let trusted = [key.public()];
    if let Ok(envelope) = from_slice::<Envelope>(edits) {
        let opened: Result<Value, _> = open(&[SigningKey::from_seed(&[8; 32]).public()], &envelope.payload_type, &envelope);
        assert!(opened.is_err(), "nobody signed it");
    }
    let order: CommandOrder = from_str(ORDER).expect("the order is one");
    let sealed = seal(&key, COMMAND_TYPE, &order);
    assert!(open::<HelloProof>(&trusted, HELLO_TYPE, &sealed).is_err(), "an order is no proof");
    let mut text = to_vec(&json!(sealed)).expect("an envelope serializes");
    // Each three bytes of the input are a place and what stands there from now on.
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % text.len();
        text[place] = edit[2];
    }
    if let Ok(altered) = from_slice::<Envelope>(&text)
        && let Ok(opened) = open::<CommandOrder>(&trusted, COMMAND_TYPE, &altered)
    {
        assert_eq!(opened, order);
    }
});
