//! The opening handshake (RFC 6455, section 4.2).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha1::{Digest as _, Sha1};

/// Maximum size of a request head, in bytes.
pub(crate) const MAX_REQUEST: usize = 8 * 1024;

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MAX_HEADERS: usize = 64;

/// What to do with the received part of a request.
pub(crate) enum Request<'a> {
    /// The head is incomplete.
    Unfinished,
    /// Send `response` and make the connection a member of `room`. The head has `len` bytes.
    Upgrade { room: &'a str, response: String, len: usize },
    /// Send this and close the connection.
    Refused(&'static str),
}

const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

pub(crate) fn read(bytes: &[u8]) -> Request<'_> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let len = match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_REQUEST => return Request::Unfinished,
        _ => return Request::Refused(BAD_REQUEST),
    };
    let header = |name: &str| {
        request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    let Some(room) = request.path.and_then(|path| path.strip_prefix("/room/")).filter(|room| !room.is_empty()) else {
        return Request::Refused(NOT_FOUND);
    };
    let upgrades = request.method == Some("GET")
        && header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        && header("sec-websocket-version") == Some(b"13");
    match header("sec-websocket-key") {
        Some(key) if upgrades && key.len() == 24 => Request::Upgrade { room, response: response(key), len },
        _ => Request::Refused(BAD_REQUEST),
    }
}

fn response(key: &[u8]) -> String {
    let accept = BASE64_STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;

    /// The example of RFC 6455, section 1.3.
    const HEAD: &str = "GET /room/tea HTTP/1.1\r\nHost: x\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    #[test]
    fn rfc_sample_key_is_accepted() {
        let Request::Upgrade { room, response, len } = read(HEAD.as_bytes()) else { panic!() };
        assert_eq!((room, len), ("tea", HEAD.len()));
        assert!(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    }

    #[test]
    fn incomplete_requests_wait_and_others_are_rejected() {
        assert!(matches!(read(&HEAD.as_bytes()[..90]), Request::Unfinished));
        for wrong in ["POST", "/other", "12\r\n"] {
            let right = if wrong == "POST" {
                "GET"
            } else if wrong == "/other" {
                "/room/tea"
            } else {
                "13\r\n"
            };
            assert!(matches!(read(HEAD.replace(right, wrong).as_bytes()), Request::Refused(_)), "{wrong}");
        }
        assert!(matches!(read(&[b'a'; MAX_REQUEST]), Request::Refused(_)));
    }
}
