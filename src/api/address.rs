//! Whom a request came from: the peer of the connection, or, where that is a trusted proxy, whom it names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};

use crate::config::network::Networks;

/// What most proxies say, one address for each hop, the nearest last.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address that a request came from.
///
/// Each hop adds whom it heard from at the end, so that the list is read from there: the first that is no trusted proxy
/// is the client, and what stands before it is the client's own claim. Where both headers are there and disagree, one of
/// them is not the proxy's, and neither is believed.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    if trusted.is_empty() || !trusted.contain(peer) {
        return peer;
    }
    let forwarded_for = nearest(&values(headers, &X_FORWARDED_FOR, forwarded_for), peer, trusted);
    let forwarded = nearest(&values(headers, &header::FORWARDED, forwarded), peer, trusted);
    match (forwarded_for, forwarded) {
        (Some(one), Some(other)) if one != other => peer,
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => peer,
    }
}

/// An address as the limits count it: those of one IPv6 network of 64 bits are one household's.
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// An address as a network that one party may hold many addresses of: 24 bits of IPv4, 48 of IPv6.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
    }
}

/// The nearest hop that is no trusted proxy; the farthest when all are. A hop that cannot be read hides all before it.
fn nearest(hops: &[Option<IpAddr>], peer: IpAddr, trusted: &Networks) -> Option<IpAddr> {
    if hops.is_empty() {
        return None;
    }
    let mut last = peer;
    for hop in hops.iter().rev() {
        let Some(hop) = hop else { break };
        last = *hop;
        if !trusted.contain(*hop) {
            break;
        }
    }
    Some(last)
}

/// The hops of all headers of a name, the nearest last.
fn values(
    headers: &HeaderMap,
    name: &HeaderName,
    read: impl Fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    lines.flat_map(|line| line.to_str().unwrap_or("unreadable").split(',').map(&read)).collect()
}

/// A hop of `X-Forwarded-For`: an address, some proxies say with its port.
fn forwarded_for(hop: &str) -> Option<IpAddr> {
    address(hop.trim())
}

/// A hop of `Forwarded` (RFC 7239): its `for`.
fn forwarded(hop: &str) -> Option<IpAddr> {
    let mut parameters = hop.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let (_, node) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

fn address(text: &str) -> Option<IpAddr> {
    let plain = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let read = plain.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    read.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
