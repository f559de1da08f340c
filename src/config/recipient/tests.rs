use super::*;

#[test]
fn a_recipient_reads_as_age_spells_it() {
    // Made by age-keygen 1.1.1.
    let text = "age1el052kc6ger45ededdej8rqu87275mrxqsq8lcxanm5y8h8s2axsuyxf75";
    assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
}

#[test]
fn what_is_no_recipient_is_refused() {
    let good = "age1el052kc6ger45ededdej8rqu87275mrxqsq8lcxanm5y8h8s2axsuyxf75";
    let (secret, altered) = (spell("age-secret-key-", &[7; 32]), good.replace("el052", "el053"));
    for bad in ["", "age1", &secret, &altered, &good[..50]] {
        assert!(bad.parse::<Recipient>().is_err(), "{bad}");
    }
}
