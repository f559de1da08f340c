use super::*;

#[test]
fn a_password_holds_against_its_hash_alone() {
    let hash = hash("correct horse battery", &[1; 16]).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(verify("correct horse battery", Some(&hash)));
    assert!(!verify("correct horse batterx", Some(&hash)));
    assert!(!verify("correct horse battery", None));
}

#[test]
fn the_hash_of_nobody_costs_what_a_real_one_costs() {
    let parsed = PasswordHash::new(NOBODY).unwrap();
    assert_eq!(parsed.params.to_string(), "m=19456,t=2,p=1");
}
