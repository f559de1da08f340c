use argon2::PasswordVerifier;

use super::*;

#[test]
fn a_password_holds_against_its_hash_alone() {
    let mut memory = Memory::default();
    let hash = hash("correct horse battery", &[1; 16], &mut memory).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(verify("correct horse battery", Some(&hash), &mut memory));
    assert!(!verify("correct horse batterx", Some(&hash), &mut memory));
    assert!(!verify("correct horse battery", None, &mut memory));
    assert!(!verify("correct horse battery", Some("no hash"), &mut memory));
}

#[test]
fn the_hash_of_nobody_costs_what_a_real_one_costs() {
    let parsed = PasswordHash::new(NOBODY).unwrap();
    assert_eq!(parsed.params.to_string(), "m=19456,t=2,p=1");
}

#[test]
fn memory_that_was_used_gives_the_same_hash() {
    let (mut fresh, mut used) = (Memory::default(), Memory::default());
    hash("another password", &[2; 16], &mut used).unwrap();
    let hash = hash("correct horse battery", &[1; 16], &mut used).unwrap();
    assert!(verify("correct horse battery", Some(&hash), &mut fresh));
    let known = PasswordHash::new(&hash).unwrap();
    assert!(Argon2::default().verify_password(b"correct horse battery", &known).is_ok());
}
