//! The host names that the server answers to. A page of an attacker whose host name is made to resolve to this server's address
//! (DNS rebinding) would otherwise be a page of the same origin.

use std::net::IpAddr;

use axum::http::{HeaderMap, header, request::Parts, uri::Authority};

use crate::config::Config;

/// Endings of names that exist in local networks only (RFC 6762, RFC 8375, and `internal`, reserved by ICANN).
const LOCAL_DOMAINS: [&str; 3] = [".local", ".home.arpa", ".internal"];

/// The host name of a request, without port, in lower case.
pub(crate) fn of(parts: &Parts) -> Option<String> {
    let authority = parts.uri.authority().map(Authority::as_str).or_else(|| header(&parts.headers))?;
    let authority = authority.parse::<Authority>().ok().filter(|authority| !authority.as_str().contains('@'))?;
    Some(authority.host().trim_end_matches('.').to_ascii_lowercase())
}

/// `Host` as it was sent.
pub(super) fn header(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// Whether the server answers to this host name: its public URL's, those of `--allowed-host`, and this machine's own names for
/// itself. Without a public URL also IP addresses and names that nobody can register, which no attacker's page has.
pub(crate) fn is_allowed(host: &str, config: &Config) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let is_loopback = address.is_some_and(|address| address.to_canonical().is_loopback());
    if is_loopback || host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    if config.allowed_hosts.iter().any(|allowed| allowed == host) {
        return true;
    }
    match config.public_host() {
        Some(public) => public == host,
        None => address.is_some() || !host.contains('.') || LOCAL_DOMAINS.iter().any(|domain| host.ends_with(domain)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::Request;

    use super::*;

    fn allowed(config: &Config, host: &str) -> bool {
        let (parts, ()) = Request::get("/").header(header::HOST, host).body(()).unwrap().into_parts();
        of(&parts).is_some_and(|host| is_allowed(&host, config))
    }

    #[test]
    fn without_a_public_url_names_that_can_be_registered_are_refused() {
        let config = Config { allowed_hosts: vec!["chat.example".into()], ..Config::default() };
        for host in [
            "127.0.0.1:3000",
            "192.168.1.5",
            "[::1]:80",
            "[fd00::1]",
            "localhost:3000",
            "a.localhost",
            "nas",
            "NAS.local.",
            "chat.Example:8080",
        ] {
            assert!(allowed(&config, host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "evil.example:3000",
            "local",
            "",
            "a@127.0.0.1",
            "chat.example.evil",
        ] {
            assert_eq!(allowed(&config, host), host == "local", "{host}");
        }
    }

    #[test]
    fn with_a_public_url_its_name_and_loopback_are_accepted() {
        let public_url = Some("https://chat.example:8443".into());
        let config = Config { public_url, allowed_hosts: vec!["10.0.0.5".into()], ..Config::default() };
        for host in ["chat.example:8443", "chat.example", "127.0.0.1:3000", "[::1]:3000", "localhost", "10.0.0.5:3000"]
        {
            assert!(allowed(&config, host), "{host}");
        }
        for host in ["evil.example", "192.168.1.5", "nas", "nas.local", "www.chat.example"] {
            assert!(!allowed(&config, host), "{host}");
        }
    }

    #[test]
    fn the_target_of_a_request_counts_before_its_host() {
        let request = Request::get("http://evil.example/").header(header::HOST, "localhost").body(()).unwrap();
        assert_eq!(of(&request.into_parts().0).as_deref(), Some("evil.example"));
    }
}
