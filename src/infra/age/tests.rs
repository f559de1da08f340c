use base64::engine::general_purpose::STANDARD;

use super::*;

/// Made by age-keygen 1.1.1, and a file that age 1.1.1 wrote for it.
const KEY: &str = "AGE-SECRET-KEY-18EC8X5WUD53XLYU2QC89URJRC3W6FWKMUUEHKFUWRL80H74WS59Q38XDYM";
const FILE: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSByQmVveTNZRDdFWU9KWlBUeWY3UERpUmFEVDczTHgvRFlnRXNBUGNUUDNj\
    Ci9KQ05ORm9OWGlLSk9xN1Z5NkFxbHhKbVRGVC9YbW52L0MzeitvSW8wdkEKLS0tIGN4VWJXK3djQUYyOWRkTHVpc2JCZkZsbjZV\
    cmtZaWtTL24vWHo2U09VNU0K/u56Sp0zelDLFH4WfccFQ5IvirHX5LcTII3qXAN8aw8ek38d7Frw3pq+0No=";

fn opened(identities: &[Identity], file: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Decryptor::new(identities, file)?.read_to_end(&mut plain)?;
    Ok(plain)
}

fn sealed(recipients: &[Recipient], plain: &[u8]) -> Vec<u8> {
    let mut encryptor = Encryptor::new(recipients, Vec::new()).unwrap();
    encryptor.write_all(plain).unwrap();
    encryptor.finish().unwrap()
}

#[test]
fn what_age_wrote_is_opened_and_its_key_spelt_as_it_does() {
    let identity: Identity = KEY.parse().unwrap();
    assert_eq!(*identity.expose(), KEY);
    let file = STANDARD.decode(FILE).unwrap();
    assert_eq!(opened(&[Identity::generate().unwrap(), identity], &file).unwrap(), b"hello, fleet");
}

#[test]
fn each_recipient_opens_it_and_nobody_else() {
    let (first, second) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let plain: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let file = sealed(&[first.recipient(), second.recipient()], &plain);
        assert_eq!(opened(std::slice::from_ref(&first), &file).unwrap(), plain);
        assert_eq!(opened(std::slice::from_ref(&second), &file).unwrap(), plain);
        let stranger = opened(&[Identity::generate().unwrap()], &file).unwrap_err().to_string();
        assert!(stranger.contains("another key"), "{stranger}");
    }
}

#[test]
fn any_altered_or_missing_byte_is_noticed() {
    let identity = Identity::generate().unwrap();
    let file = sealed(&[identity.recipient()], &vec![7; CHUNK + 100]);
    let known = std::slice::from_ref(&identity);
    let header = 250;
    for at in (0..header).chain([header + 1, CHUNK, CHUNK + 300, file.len() - 1]) {
        let mut altered = file.clone();
        altered[at] ^= 1;
        assert!(opened(known, &altered).is_err(), "byte {at}");
    }
    // A cut right behind a chunk would be one that is whole.
    let end_of_chunk = file.len() - 100 - TAG;
    for cut in [0, 10, header, end_of_chunk - 1, end_of_chunk, end_of_chunk + 1, file.len() - 1] {
        assert!(opened(known, &file[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_key_of_low_order_is_nobody_to_encrypt_for() {
    assert!(Encryptor::new(&[Recipient([0; 32])], Vec::new()).is_err());
    assert!(Encryptor::new(&[], Vec::new()).is_err());
}
