use serde_json::json;

use super::{Seal, SealingKey, SigningKey};

const NONCE: super::SealNonce = [7; 12];

fn key(seed: u8) -> SealingKey {
    SealingKey::of(&SigningKey::from_seed(&[seed; 32]))
}

#[test]
fn what_was_sealed_is_opened_by_the_same_key_for_the_same_record() {
    for plain in [&b""[..], b"x", &[0xA5; 70_000]] {
        let sealed = key(1).seal(plain, "record", NONCE);
        assert_eq!(key(1).open(&sealed, "record").unwrap().as_slice(), plain);
    }
}

#[test]
fn what_is_sealed_does_not_hold_the_text() {
    let sealed = key(1).seal(b"correct horse battery staple", "record", NONCE);
    assert!(!sealed.windows(5).any(|part| part == b"horse"));
    assert_eq!(sealed.len(), 1 + 12 + 28 + 16, "form, nonce, text and tag");
}

#[test]
fn another_record_another_key_and_every_altered_byte_are_refused() {
    let sealed = key(1).seal(b"secret", "record", NONCE);
    assert!(key(1).open(&sealed, "other").is_none(), "a seal is not moved between records");
    assert!(key(2).open(&sealed, "record").is_none(), "another server's key");
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(key(1).open(&altered, "record").is_none(), "byte {at}");
        assert!(key(1).open(&sealed[..at], "record").is_none(), "cut at {at}");
    }
}

#[test]
fn two_nonces_make_two_seals() {
    assert_ne!(key(1).seal(b"secret", "record", NONCE), key(1).seal(b"secret", "record", [8; 12]));
}

#[test]
fn the_key_is_not_printed() {
    assert_eq!(format!("{:?}", key(1)), "SealingKey");
}

#[test]
fn arguments_come_back_for_their_record_alone() {
    let key = key(1);
    let args = json!({ "name": "ada", "password": "hunter2" });
    let sealed = Seal { key: &key, nonce: NONCE }.arguments("one", &args);
    assert_eq!(serde_json::Value::Object(key.arguments("one", &sealed).unwrap()), args);
    let said = key.arguments("two", &sealed).unwrap_err().to_string();
    assert!(said.contains("two") && !said.contains("hunter2"), "{said}");
}
