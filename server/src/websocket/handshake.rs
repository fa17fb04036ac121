//! The opening handshake (RFC 6455, section 4.2), on the server's side.

use axum::http::{HeaderMap, HeaderName, Method, Version, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// What a key is hashed with (section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a request does not open a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is something else, or lacks a part.
    BadRequest(&'static str),
    /// It speaks another version than 13; the answer names ours (section 4.2.2).
    Version,
}

/// The answer's `Sec-WebSocket-Accept`, when the request opens a WebSocket.
///
/// # Errors
/// See [`Refused`].
pub fn accept(method: &Method, version: Version, headers: &HeaderMap) -> Result<String, Refused> {
    if method != Method::GET || version != Version::HTTP_11 {
        return Err(Refused::BadRequest("A WebSocket is opened with GET and HTTP/1.1."));
    }
    if !has_token(headers, &header::CONNECTION, "upgrade") || !has_token(headers, &header::UPGRADE, "websocket") {
        return Err(Refused::BadRequest(
            "A WebSocket is opened with \"Connection: Upgrade\" and \"Upgrade: websocket\".",
        ));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refused::Version);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    let key = key.ok_or(Refused::BadRequest("Sec-WebSocket-Key is 16 bytes in Base64."))?;
    Ok(accept_key(key.as_bytes()))
}

/// Whether the client offers this subprotocol.
#[must_use]
pub fn offers(headers: &HeaderMap, subprotocol: &str) -> bool {
    has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, subprotocol)
}

fn accept_key(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    STANDARD.encode(hash.finalize())
}

/// Whether a list in a header has this word.
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
        assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn only_what_opens_a_websocket_does() {
        let good = [
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
            assert_eq!(check(&headers(&rest)).unwrap_err() == Refused::Version, missing == 2);
        }
        for (name, value) in [
            (header::SEC_WEBSOCKET_VERSION, "8"),
            (header::SEC_WEBSOCKET_KEY, "short"),
            (header::UPGRADE, "h2c"),
            (header::CONNECTION, "close"),
        ] {
            let mut all = headers(&good);
            all.insert(name, value.parse().unwrap());
            assert!(check(&all).is_err());
        }
    }

    #[test]
    fn subprotocols_are_found_in_lists() {
        let offered =
            headers(&[(header::SEC_WEBSOCKET_PROTOCOL, "a, parlor.v1"), (header::SEC_WEBSOCKET_PROTOCOL, "b")]);
        assert!(offers(&offered, "parlor.v1") && offers(&offered, "b") && !offers(&offered, "parlor"));
    }
}
