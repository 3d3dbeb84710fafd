//! Networks and addresses: `parseCidr`, `cidrSubnet`, `cidrHost`, `parseUri`, `buildUri`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value as Json, json};

use super::{Function, as_integer, as_object, as_text, find_member, print, pure};

pub(super) const TABLE: &[Function] = &[
    pure("parseCidr", 1, 1, |args| Ok(Network::parse(as_text(&args[0])?)?.describe())),
    pure("cidrSubnet", 3, 3, |args| {
        let network = Network::parse(as_text(&args[0])?)?;
        network.subnet(as_integer(&args[1])?, as_integer(&args[2])?).map(Json::from)
    }),
    pure("cidrHost", 2, 2, |args| Network::parse(as_text(&args[0])?)?.host(as_integer(&args[1])?).map(Json::from)),
    pure("parseUri", 1, 1, |args| parse_uri(as_text(&args[0])?)),
    pure("buildUri", 1, 1, |args| build_uri(as_object(&args[0])?).map(Json::from)),
];

/// A range of addresses; those of version 4 use the low 32 bits.
struct Network {
    first: u128,
    prefix: u32,
    /// Bits of an address: 32 or 128.
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no network such as `10.0.0.0/16` or `fd00::/48`");
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
        let (address, bits) = match address.parse().map_err(|_| wrong())? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        if prefix > bits {
            return Err(wrong());
        }
        Ok(Self { first: address & !rest(bits - prefix), prefix, bits })
    }

    fn last(&self) -> u128 {
        self.first | rest(self.bits - self.prefix)
    }

    /// Addresses that hosts may have: version 4 keeps the ends of a range for itself where there is room.
    fn usable(&self) -> (u128, u128) {
        match self.bits == 32 && self.prefix < 31 {
            true => (self.first + 1, self.last() - 1),
            false => (self.first, self.last()),
        }
    }

    fn describe(&self) -> Json {
        let (first, last) = self.usable();
        let mask = !rest(self.bits - self.prefix) & rest(self.bits);
        let mut described = json!({ "network": self.show(self.first), "netmask": self.show(mask) });
        if self.bits == 32 {
            described["broadcast"] = self.show(self.last()).into();
        }
        described["firstUsable"] = self.show(first).into();
        described["lastUsable"] = self.show(last).into();
        described["cidr"] = self.prefix.into();
        described
    }

    fn subnet(&self, prefix: i64, index: i64) -> Result<String, String> {
        let prefix = u32::try_from(prefix).ok().filter(|prefix| (self.prefix..=self.bits).contains(prefix));
        let prefix = prefix.ok_or_else(|| format!("the new prefix must be from {} to {}", self.prefix, self.bits))?;
        let size = rest(self.bits - prefix);
        let start = u128::try_from(index).ok().and_then(|index| index.checked_mul(size.checked_add(1)?));
        let start = start.and_then(|offset| self.first.checked_add(offset)).filter(|start| *start <= self.last());
        let start = start.ok_or_else(|| format!("the network has no subnet {index} of prefix {prefix}"))?;
        Ok(format!("{}/{prefix}", self.show(start)))
    }

    /// Returns the usable address of an index; the first is 0, after the network's own address.
    fn host(&self, index: i64) -> Result<String, String> {
        let skipped = u128::from(self.prefix + 1 < self.bits);
        let offset = u128::try_from(index).ok().map(|index| index + skipped);
        let address = offset.and_then(|offset| self.first.checked_add(offset));
        let address = address.filter(|address| *address <= self.usable().1);
        address.map(|address| self.show(address)).ok_or_else(|| format!("the network has no host {index}"))
    }

    fn show(&self, address: u128) -> String {
        match u32::try_from(address) {
            Ok(address) if self.bits == 32 => Ipv4Addr::from(address).to_string(),
            _ => Ipv6Addr::from(address).to_string(),
        }
    }
}

/// As many low bits as are not given by a prefix.
fn rest(bits: u32) -> u128 {
    1u128.checked_shl(bits).map_or(u128::MAX, |next| next - 1)
}

/// Takes an address apart: `{scheme, host, port, path, query}`.
fn parse_uri(text: &str) -> Result<Json, String> {
    let wrong = || format!("`{text}` is no absolute address such as `https://host:8080/path?query`");
    let (scheme, after) = text.split_once("://").filter(|(scheme, _)| !scheme.is_empty()).ok_or_else(wrong)?;
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, tail) = after.split_at(end);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())) {
        Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| wrong())?)),
        None => (authority, None),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    let tail = tail.split('#').next().unwrap_or_default();
    let (path, query) = tail.split_once('?').map_or((tail, ""), |(path, query)| (path, query));
    let known = match scheme.to_ascii_lowercase().as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let path = if path.is_empty() { "/" } else { path };
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let mut parts = json!({ "scheme": scheme.to_ascii_lowercase(), "host": host.to_ascii_lowercase() });
    if let Some(port) = port.or(known) {
        parts["port"] = port.into();
    }
    parts["path"] = path.into();
    parts["query"] = query.into();
    Ok(parts)
}

/// Puts an address together; the port that a scheme has anyway is left out.
fn build_uri(parts: &Map<String, Json>) -> Result<String, String> {
    let part = |name: &str| find_member(parts, name).filter(|value| !value.is_null()).map(print).unwrap_or_default();
    let (scheme, host, port, path, query) = (part("scheme"), part("host"), part("port"), part("path"), part("query"));
    if scheme.is_empty() || host.is_empty() {
        return Err("an address needs `scheme` and `host`".into());
    }
    let usual = matches!((scheme.as_str(), port.as_str()), (_, "" | "-1") | ("http", "80") | ("https", "443"));
    let port = if usual { String::new() } else { format!(":{port}") };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mark = if query.is_empty() || query.starts_with('?') { "" } else { "?" };
    Ok(format!("{scheme}://{host}{port}{slash}{path}{mark}{query}"))
}
