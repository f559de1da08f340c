//! [`Networks`]: addresses and ranges of addresses, as an operator lists them.

use std::net::{IpAddr, Ipv6Addr};

use super::value::{Raw, Value};

/// A list of addresses and of ranges in CIDR notation (RFC 4632), `10.0.0.0/8`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// A range: the addresses that share its first bits. IPv4 is kept as IPv6 has it (RFC 4291, section 2.5.5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Network {
    bits: u128,
    length: u8,
    text: String,
}

impl Networks {
    /// Whether an address is in one of the ranges.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = wide(address);
        self.0.iter().any(|network| (address ^ network.bits) & mask(network.length) == 0)
    }

    /// Whether there is no range.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Network {
    /// Reads `192.0.2.1`, `10.0.0.0/8` or `2001:db8::/32`. Bits beyond the length must be zero, lest a slip of the pen
    /// trusts more than was meant.
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (most, wider) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = match length {
            Some(length) => length.parse::<u8>().ok().filter(|length| *length <= most)?,
            None => most,
        } + wider;
        let bits = wide(address);
        (bits & !mask(length) == 0).then(|| Self { bits, length, text: text.to_owned() })
    }
}

fn wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

impl Value for Networks {
    fn expected() -> String {
        "a list of addresses and ranges, like [\"192.0.2.7\", \"10.0.0.0/8\"]".to_owned()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let texts: Vec<String> = match raw {
            Raw::Untyped(text) => listed(text),
            Raw::Strings(texts) => texts.clone(),
            _ => return Err(Self::expected()),
        };
        let read: Option<Vec<Network>> = texts.iter().map(|text| Network::parse(text)).collect();
        read.map(Self).ok_or_else(Self::expected)
    }

    fn shown(&self) -> Option<toml::Value> {
        Some(self.0.iter().map(|network| network.text.clone()).collect::<Vec<_>>().into())
    }
}

/// The items of a variable that is a list, `a, b`; an empty one has none.
pub(super) fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
