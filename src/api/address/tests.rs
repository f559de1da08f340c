use super::*;
use crate::config::value::{Raw, Value};

fn of(peer: &str, headers: &[(&'static str, &str)]) -> String {
    let trusted = Networks::read(&Raw::Untyped("10.0.0.0/8".into())).unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect::<HeaderMap>();
    client(peer.parse().unwrap(), &headers, &trusted).to_string()
}

#[test]
fn a_stranger_is_not_believed() {
    assert_eq!(of("192.0.2.1", &[("x-forwarded-for", "203.0.113.5")]), "192.0.2.1");
    assert_eq!(of("192.0.2.1", &[("forwarded", "for=203.0.113.5")]), "192.0.2.1");
}

#[test]
fn the_nearest_that_is_no_proxy_is_the_client_whatever_it_claims() {
    let chain = [("x-forwarded-for", "1.1.1.1, 203.0.113.5, 10.0.0.2")];
    assert_eq!(of("10.0.0.1", &chain), "203.0.113.5");
    assert_eq!(of("10.0.0.1", &[("x-forwarded-for", "nonsense, 10.0.0.2")]), "10.0.0.2");
    assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(of("10.0.0.1", &[("x-forwarded-for", "203.0.113.5:4711")]), "203.0.113.5");
    let quoted = [("forwarded", "for=\"[2001:db8::1]:4711\";proto=https, for=10.0.0.9")];
    assert_eq!(of("10.0.0.1", &quoted), "2001:db8::1");
}

#[test]
fn two_headers_that_disagree_are_both_not_believed() {
    let both = [("x-forwarded-for", "203.0.113.5"), ("forwarded", "for=203.0.113.6")];
    assert_eq!(of("10.0.0.1", &both), "10.0.0.1");
    let agreed = [("x-forwarded-for", "203.0.113.5"), ("forwarded", "for=203.0.113.5")];
    assert_eq!(of("10.0.0.1", &agreed), "203.0.113.5");
}

#[test]
fn a_household_has_one_count() {
    let of = |text: &str| household(text.parse().unwrap()).to_string();
    assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
}
