use super::*;

#[test]
fn a_finding_is_a_line_and_its_cure_another() {
    let plain = Canvas { width: None, colour: false };
    let found = Finding::failed("tcp", "127.0.0.1:9: refused\u{7}", "start it");
    assert_eq!(
        line(&found, plain),
        "FAIL  tcp        127.0.0.1:9: refused\u{fffd}\n                 cure: start it"
    );
    assert_eq!(line(&Finding::ok("dns", "all is well"), plain), "ok    dns        all is well");
    let coloured = line(&found, Canvas { width: None, colour: true });
    assert!(coloured.starts_with("\u{1b}[1;31mFAIL\u{1b}[0m  tcp"), "{coloured}");
}

#[test]
fn the_end_of_a_certificate_is_read_from_its_der() {
    // Certificate { TBSCertificate { version, serial, algorithm, issuer, validity { UTCTime, GeneralizedTime } } }
    let element = |tag: u8, content: &[u8]| {
        let mut bytes = vec![tag, u8::try_from(content.len()).unwrap()];
        bytes.extend_from_slice(content);
        bytes
    };
    let validity = [element(0x17, b"260301120000Z"), element(0x18, b"20560301120000Z")].concat();
    let parts = [
        element(0xa0, &[2, 1, 2]),
        element(2, &[1]),
        element(0x30, &[]),
        element(0x30, &[]),
        element(0x30, &validity),
    ];
    let whole = element(0x30, &element(0x30, &parts.concat()));
    let (begin, end) = certificate::validity(&whole).unwrap();
    assert_eq!(
        (begin.to_string(), end.to_string()),
        ("2026-03-01T12:00:00Z".into(), "2056-03-01T12:00:00Z".into())
    );
    for cut in 0..whole.len() {
        assert_eq!(certificate::validity(&whole[..cut]), None, "cut at {cut}");
    }
}
