use super::*;

fn networks(text: &str) -> Result<Networks, String> {
    Networks::read(&Raw::Untyped(text.to_owned()))
}

#[test]
fn a_range_holds_its_addresses_and_no_other() {
    let known = networks("10.0.0.0/8, 192.0.2.7, 2001:db8::/32").unwrap();
    for inside in ["10.255.0.1", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8:1::1"] {
        assert!(known.contain(inside.parse().unwrap()), "{inside}");
    }
    for outside in ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::1"] {
        assert!(!known.contain(outside.parse().unwrap()), "{outside}");
    }
    assert!(networks("0.0.0.0/0").unwrap().contain("203.0.113.9".parse().unwrap()));
    assert!(!networks("0.0.0.0/0").unwrap().contain("2001:db8::1".parse().unwrap()));
    assert!(!networks("").unwrap().contain("127.0.0.1".parse().unwrap()));
}

#[test]
fn what_is_no_range_is_refused() {
    for bad in ["10.0.0.1/8", "10.0.0.0/33", "proxy.example.com", "10.0.0.0/", "2001:db8::/129"] {
        assert!(networks(bad).is_err(), "{bad}");
    }
}
