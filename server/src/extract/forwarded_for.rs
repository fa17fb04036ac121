//! The client's address and scheme behind a proxy: `X-Forwarded-For` and `X-Forwarded-Proto` are used only if the peer is a
//! trusted proxy.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

pub(crate) fn is_trusted_proxy(peer: IpAddr, proxies: &[IpNet]) -> bool {
    proxies.iter().any(|network| network.contains(&peer.to_canonical()))
}

/// The client's address: the peer's or, behind trusted proxies, the last address in `X-Forwarded-For` that is not a trusted
/// proxy. Addresses before it may be forged.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    // A client may have sent any bytes before the addresses of the proxies.
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    for hop in values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b',')) {
        if !is_trusted_proxy(client, proxies) {
            break;
        }
        let Some(before) = str::from_utf8(hop).ok().and_then(|hop| parse(hop.trim())) else { break };
        client = before;
    }
    client
}

/// Whether the client uses https, according to the proxy that it connects to: the first one in the list.
pub(crate) fn is_https(headers: &HeaderMap) -> Option<bool> {
    let first = headers.get(FORWARDED_PROTO)?.to_str().ok()?.split(',').next()?;
    Some(first.trim().eq_ignore_ascii_case("https"))
}

/// Some proxies add the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let address: Option<IpAddr> = hop.trim_matches(['[', ']']).parse().ok();
    address.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip())).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let proxies = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn only_a_named_proxy_is_believed() {
        assert_eq!(seen("192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(seen("192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.9"]), "198.51.100.9");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.9"]), "198.51.100.9");
        assert_eq!(seen("::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", &["198.51.100.9:80"]), "198.51.100.9");
    }

    #[test]
    fn what_a_client_wrote_itself_is_not() {
        assert_eq!(seen("10.0.0.1", &["1.2.3.4, 198.51.100.9"]), "198.51.100.9");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4", "198.51.100.9, 10.7.7.7"]), "198.51.100.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.9, nonsense"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(seen("10.0.0.1", &["caf\u{e9}, 198.51.100.9"]), "198.51.100.9");
        assert_eq!(seen("10.0.0.1", &[""]), "10.0.0.1");
    }
}
