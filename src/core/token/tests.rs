use super::*;

fn claims(server: ServerId) -> Claims {
    Claims {
        iss: server,
        sub: UserId::generate(),
        name: "ada".into(),
        role: Role::Viewer,
        sid: SessionId::generate(),
        iat: 1_000,
        exp: 2_000,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_token_holds_until_it_expires_and_for_its_server_alone() {
    let (key, server) = (key_from_secret(&[7; 32]), ServerId::generate());
    let token = issue(&key, &claims(server));
    assert_eq!(read(&key.public(), server, &token, at(1_999)).unwrap().name, "ada");
    assert!(read(&key.public(), server, &token, at(2_000)).is_none());
    assert!(read(&key.public(), ServerId::generate(), &token, at(1_500)).is_none());
    assert!(read(&key_from_secret(&[8; 32]).public(), server, &token, at(1_500)).is_none());
}

#[test]
fn another_algorithm_or_a_swapped_claim_is_refused() {
    let (key, server) = (key_from_secret(&[7; 32]), ServerId::generate());
    let mine = claims(server);
    let token = issue(&key, &mine);
    let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let admin = Claims { role: Role::Admin, ..mine };
    let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&admin).unwrap());
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let hs256 = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let no_kid = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"JWT"}"#);
    let mine_body = token.split('.').nth(1).unwrap();
    let signed = |head: &str| {
        let signed = format!("{head}.{mine_body}");
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    };
    let other_kid = super::header(&key_from_secret(&[8; 32]).public());
    for forged in [
        signed(&no_kid),
        signed(&other_kid),
        format!("{header}.{body}.{signature}"),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{hs256}.{body}.{signature}"),
        format!("{header}.{body}"),
        String::new(),
    ] {
        assert!(read(&key.public(), server, &forged, at(1_500)).is_none(), "{forged}");
    }
}
