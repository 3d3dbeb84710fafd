//! Whose word about the client's address is taken.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::Extensions;
use ipnet::IpNet;

use super::call::Forwarded;

/// A range of addresses.
pub type Range = IpNet;

/// Reads an address, or a range of them such as `10.0.0.0/8`.
///
/// # Errors
/// What the text should look like.
pub fn parse_range(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| single()).map_err(|_| {
        format!("`{text}` is no address such as 10.0.0.1, and no range of them such as 10.0.0.0/8 or fd00::/8")
    })
}

/// Whether headers in which a proxy names its client's address are believed: only when one of the
/// trusted proxies sent them.
pub fn of(proxies: &[IpNet], extensions: &Extensions) -> Forwarded {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    match peer {
        Some(peer) if proxies.iter().any(|range| range.contains(&peer)) => Forwarded::Believed,
        _ => Forwarded::Ignored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believed(proxies: &[&str], peer: &str) -> bool {
        let proxies: Vec<IpNet> = proxies.iter().map(|text| parse_range(text).unwrap()).collect();
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        of(&proxies, &extensions) == Forwarded::Believed
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert!(believed(&["10.0.0.0/8", "::1"], "10.1.2.3"));
        assert!(believed(&["10.0.0.0/8"], "::ffff:10.1.2.3"), "also when both protocols share a socket");
        assert!(believed(&["::1"], "::1"));
        assert!(!believed(&["10.0.0.0/8"], "11.1.2.3"));
        assert!(!believed(&[], "127.0.0.1"));
        assert_eq!(of(&[parse_range("0.0.0.0/0").unwrap()], &Extensions::new()), Forwarded::Ignored);
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        assert!(parse_range("10.0.0.0/33").unwrap_err().contains("10.0.0.0/8"));
        assert!(parse_range("proxy.example.com").is_err());
    }
}
