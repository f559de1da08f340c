use super::*;

fn typed(keys: &[u8]) -> Option<String> {
    read(keys.iter().copied().map(Ok)).unwrap().map(|secret| secret.expose().to_owned())
}

#[test]
fn a_password_ends_at_enter_and_can_be_corrected() {
    assert_eq!(typed(b"secret\rmore").as_deref(), Some("secret"));
    assert_eq!(typed("pä\u{7f}a\r".as_bytes()).as_deref(), Some("pa"), "a character of two bytes goes whole");
    assert_eq!(typed(b"wrong\x15right\r").as_deref(), Some("right"));
}

#[test]
fn a_password_can_be_given_up() {
    assert_eq!(typed(b"sec\x03"), None);
    assert_eq!(typed(b"sec"), None, "the terminal went away");
}
