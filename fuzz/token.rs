//! No text is a session but one that was issued, to the bit.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use worpen::{
    core::{
        signing::SigningKey,
        token::{Claims, issue, read},
    },
    id::{ServerId, SessionId, UserId},
    proto::user::Role,
};

fuzz_target!(|edits: &[u8]| {
    let key = SigningKey::from_seed(&[7; 32]);
    let server: ServerId = "0192f000-0000-7000-8000-000000000001".parse().expect("an id");
    let sub: UserId = "0192f000-0000-7000-8000-000000000002".parse().expect("an id");
    let sid: SessionId = "0192f000-0000-7000-8000-000000000003".parse().expect("an id");
    let (iat, exp) = (1_800_000_000, 1_800_003_600);
    let claims = Claims { iss: server, sub, name: "ada".to_owned(), role: Role::Viewer, sid, iat, exp };
    let issued = issue(&key, &claims);
    let now = Timestamp::from_second(iat).expect("a time");
    let mut text = issued.clone().into_bytes();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % text.len();
        text[place] = edit[2];
    }
    for text in [text.as_slice(), edits] {
        let Ok(text) = std::str::from_utf8(text) else { continue };
        assert_eq!(read(&key.public(), server, text, now).is_some(), text == issued);
    }
});
