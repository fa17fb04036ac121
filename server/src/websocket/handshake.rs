//! Server side of the opening handshake (RFC 6455, section 4.2).

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// Hashed together with the key (section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The computation of `Sec-WebSocket-Accept` (section 4.2.2, step 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The request's `Sec-WebSocket-Key`.
    pub key: String,
    /// The same for every WebSocket.
    pub guid: &'static str,
    /// The key followed by the GUID.
    pub joined: String,
    /// Its SHA-1, in hexadecimal digits.
    pub sha1: String,
    /// The same hash in Base64: the answer's `Sec-WebSocket-Accept`.
    pub accept: String,
}

/// Why a request is not a valid handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is another request, or a header is missing or invalid.
    BadRequest(&'static str),
    /// It has another version than 13. The response names ours (section 4.2.2).
    Version,
}

/// Validates a handshake. Returns the response's `Sec-WebSocket-Accept`.
pub fn accept(method: &Method, version: Version, headers: &HeaderMap) -> Result<String, Refused> {
    if method != Method::GET || version != Version::HTTP_11 {
        return Err(Refused::BadRequest("The WebSocket handshake must be a GET request over HTTP/1.1."));
    }
    if !has_token(headers, &header::CONNECTION, "upgrade") || !has_token(headers, &header::UPGRADE, "websocket") {
        return Err(Refused::BadRequest(
            "The WebSocket handshake needs the headers \"Connection: Upgrade\" and \"Upgrade: websocket\".",
        ));
    }
    if !headers.contains_key(header::HOST) {
        return Err(Refused::BadRequest("The WebSocket handshake needs a Host header."));
    }
    // Bytes after the head belong to the WebSocket.
    let length = headers.get(header::CONTENT_LENGTH);
    if headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0") {
        return Err(Refused::BadRequest("The WebSocket handshake must not have a body."));
    }
    if only(headers, &header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refused::Version);
    }
    let key = only(headers, &header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).filter(|key| key.len() == 24);
    key.map(accept_key).ok_or(Refused::BadRequest("Sec-WebSocket-Key must be 16 bytes in Base64."))
}

/// Whether the client offers this subprotocol.
pub fn offers(headers: &HeaderMap, subprotocol: &str) -> bool {
    has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, subprotocol)
}

/// The computation for a key, step by step.
pub fn steps(key: &str) -> Steps {
    let joined = format!("{key}{GUID}");
    let hash = Sha1::digest(&joined);
    let mut sha1 = String::with_capacity(40);
    for byte in hash {
        let _ = write!(sha1, "{byte:02x}");
    }
    Steps { key: key.to_owned(), guid: GUID, joined, sha1, accept: STANDARD.encode(hash) }
}

fn accept_key(key: &str) -> String {
    steps(key).accept
}

/// The value of a header that must not occur twice (sections 11.3.1 and 11.3.5).
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a list in a header contains this token.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_example_of_the_rfc() {
        let steps = steps("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(steps.joined, "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        assert_eq!(steps.sha1, "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
        assert_eq!(steps.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn only_what_opens_a_websocket_does() {
        let good = [
            (header::HOST, "chat.example"),
            (header::CONNECTION, "keep-alive, Upgrade"),
            (header::UPGRADE, "WebSocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let check = |headers: &HeaderMap| accept(&Method::GET, Version::HTTP_11, headers);
        assert!(check(&headers(&good)).is_ok());
        assert!(matches!(accept(&Method::POST, Version::HTTP_11, &headers(&good)), Err(Refused::BadRequest(_))));
        for missing in 0..good.len() {
            let mut rest = good.to_vec();
            rest.remove(missing);
            assert_eq!(check(&headers(&rest)).unwrap_err() == Refused::Version, missing == 3);
        }
        for (name, value) in [
            (header::SEC_WEBSOCKET_VERSION, "8"),
            (header::SEC_WEBSOCKET_KEY, "short"),
            (header::UPGRADE, "h2c"),
            (header::CONNECTION, "close"),
            (header::CONTENT_LENGTH, "5"),
            (header::TRANSFER_ENCODING, "chunked"),
        ] {
            let mut all = headers(&good);
            all.insert(name, value.parse().unwrap());
            assert!(check(&all).is_err());
        }
        for (name, value) in &good[3..] {
            let mut twice = headers(&good);
            twice.append(name, value.parse().unwrap());
            assert!(check(&twice).is_err(), "{name} twice");
        }
    }

    #[test]
    fn subprotocols_are_found_in_lists() {
        let offered =
            headers(&[(header::SEC_WEBSOCKET_PROTOCOL, "a, parlor.v1"), (header::SEC_WEBSOCKET_PROTOCOL, "b")]);
        assert!(offers(&offered, "parlor.v1") && offers(&offered, "b") && !offers(&offered, "parlor"));
    }
}
