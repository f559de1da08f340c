use serde_json::{Value, json};

use super::*;

const TYPE: &str = "application/vnd.worpen.test+json";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

#[test]
fn pre_authentication_is_as_the_dsse_specification_shows() {
    assert_eq!(
        pre_authentication("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn a_sealed_payload_opens_under_its_key_and_type_alone() {
    let sealed = seal(&key(1), TYPE, &json!({"a": 1}));
    assert_eq!(open::<Value>(&[key(1).public()], TYPE, &sealed), Ok(json!({"a": 1})));
    assert_eq!(open::<Value>(&[key(2).public()], TYPE, &sealed), Err(Unopened::NotTrusted));
    assert_eq!(open::<Value>(&[], TYPE, &sealed), Err(Unopened::NotTrusted));
    assert_eq!(open::<Value>(&[key(1).public()], "text/plain", &sealed), Err(Unopened::WrongType));
    let retyped = Envelope { payload_type: "text/plain".into(), ..sealed };
    assert_eq!(open::<Value>(&[key(1).public()], "text/plain", &retyped), Err(Unopened::NotTrusted));
}

#[test]
fn any_flipped_bit_of_payload_or_signature_is_refused() {
    let sealed = seal(&key(1), TYPE, &json!({"verb": "docker.stop"}));
    let payload = STANDARD.decode(&sealed.payload).unwrap();
    for bit in 0..payload.len() * 8 {
        let mut altered = payload.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let envelope = Envelope { payload: STANDARD.encode(&altered), ..sealed.clone() };
        assert_eq!(open::<Value>(&[key(1).public()], TYPE, &envelope), Err(Unopened::NotTrusted));
    }
    let signature = STANDARD.decode(&sealed.signatures[0].sig).unwrap();
    for bit in 0..signature.len() * 8 {
        let mut altered = signature.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let mut envelope = sealed.clone();
        envelope.signatures[0].sig = STANDARD.encode(&altered);
        assert_eq!(open::<Value>(&[key(1).public()], TYPE, &envelope), Err(Unopened::NotTrusted));
    }
}
