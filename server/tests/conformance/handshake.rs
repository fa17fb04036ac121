//! The opening handshake (section 4.2).

use std::net::SocketAddr;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::wire;

const ACCEPT: &str = "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=";
const OURS: &str = "sec-websocket-version: 13";

/// A request and the required response head.
pub(super) struct Case {
    pub(super) name: &'static str,
    request: String,
    /// Size of each write.
    piece: usize,
    status: u16,
    /// A header line in lower case.
    has: &'static str,
}

impl Case {
    pub(super) async fn run(&self, address: SocketAddr) -> Result<(), String> {
        let mut stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        for piece in self.request.as_bytes().chunks(self.piece) {
            stream.write_all(piece).await.map_err(|error| error.to_string())?;
        }
        let head = wire::answer(&mut stream).await.to_lowercase();
        let good = head.starts_with(&format!("http/1.1 {} ", self.status)) && head.contains(self.has);
        // A refused request is not upgraded.
        let opened = head.contains("sec-websocket-accept");
        if good && opened == (self.status == 101) { Ok(()) } else { Err(head) }
    }
}

/// The lines of a valid request with one replaced or removed.
fn with(instead_of: &str, line: &str) -> String {
    let lines = wire::REQUEST.trim_end().split("\r\n").filter_map(|good| {
        let replaced = good.to_lowercase().starts_with(instead_of);
        (!replaced || !line.is_empty()).then_some(if replaced { line } else { good })
    });
    lines.collect::<Vec<_>>().join("\r\n") + "\r\n\r\n"
}

fn and(line: &str) -> String {
    format!("{}\r\n{line}\r\n\r\n", wire::REQUEST.trim_end())
}

pub(super) fn cases() -> Vec<Case> {
    let good = wire::REQUEST.to_owned();
    let answers = [
        ("handshake", good.clone(), 101),
        (
            "names of headers in capitals",
            good.replace("Connection", "CONNECTION").replace("Sec-WebSocket", "SEC-WEBSOCKET"),
            101,
        ),
        (
            "names of headers in small letters",
            good.to_lowercase()
                .replacen("get /lab/echo http", "GET /lab/echo HTTP", 1)
                .replace("dghlihnhbxbszsbub25jzq==", "dGhlIHNhbXBsZSBub25jZQ=="),
            101,
        ),
        ("Upgrade in capitals", with("upgrade", "Upgrade: WEBSOCKET"), 101),
        ("Upgrade in mixed letters", with("upgrade", "Upgrade: WebSocket"), 101),
        ("Connection in small letters", with("connection", "Connection: upgrade"), 101),
        ("Connection as a list", with("connection", "Connection: keep-alive, Upgrade"), 101),
        ("Connection as a list without spaces", with("connection", "Connection: keep-alive,Upgrade"), 101),
        ("Connection as a list with empty parts", with("connection", "Connection: , Upgrade ,,"), 101),
        ("Connection in two lines", with("connection", "Connection: keep-alive\r\nConnection: Upgrade"), 101),
        ("Upgrade as a list", with("upgrade", "Upgrade: h2c, websocket"), 101),
        ("spaces around values", with("sec-websocket-version", "Sec-WebSocket-Version:   13  "), 101),
        ("no space before values", good.replace(": ", ":"), 101),
        ("an extension that is not agreed to", and("Sec-WebSocket-Extensions: permessage-deflate"), 101),
        ("a subprotocol that is not agreed to", and("Sec-WebSocket-Protocol: chat, superchat"), 101),
        ("a query", good.replace("/lab/echo", "/lab/echo?a=b&c=%20"), 101),
        ("an empty body", and("Content-Length: 0"), 101),
        ("one's own origin", and("Origin: http://127.0.0.1"), 101),
        ("no Connection", with("connection", ""), 400),
        ("another Connection", with("connection", "Connection: keep-alive"), 400),
        ("a Connection that only begins so", with("connection", "Connection: Upgraded"), 400),
        ("no Upgrade", with("upgrade", ""), 400),
        ("another Upgrade", with("upgrade", "Upgrade: h2c"), 400),
        ("an Upgrade that only begins so", with("upgrade", "Upgrade: websockets"), 400),
        ("no Host", with("host", ""), 400),
        ("no key", with("sec-websocket-key", ""), 400),
        ("an empty key", with("sec-websocket-key", "Sec-WebSocket-Key:"), 400),
        ("a key that is too short", with("sec-websocket-key", "Sec-WebSocket-Key: c2hvcnQ="), 400),
        ("a key that is too long", with("sec-websocket-key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSBsb25n"), 400),
        ("two keys", and("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA=="), 400),
        ("POST", good.replacen("GET", "POST", 1), 400),
        ("HEAD", good.replacen("GET", "HEAD", 1), 400),
        ("a body", and("Content-Length: 5") + "hello", 400),
        ("a body in chunks", and("Transfer-Encoding: chunked") + "0\r\n\r\n", 400),
        ("no version", with("sec-websocket-version", ""), 426),
        ("version 0", with("sec-websocket-version", "Sec-WebSocket-Version: 0"), 426),
        ("version 7", with("sec-websocket-version", "Sec-WebSocket-Version: 7"), 426),
        ("version 8", with("sec-websocket-version", "Sec-WebSocket-Version: 8"), 426),
        ("version 14", with("sec-websocket-version", "Sec-WebSocket-Version: 14"), 426),
        ("version 013", with("sec-websocket-version", "Sec-WebSocket-Version: 013"), 426),
        ("version 13 among others", with("sec-websocket-version", "Sec-WebSocket-Version: 13, 8"), 426),
        ("two versions", and("Sec-WebSocket-Version: 8"), 426),
        ("a version that is no number", with("sec-websocket-version", "Sec-WebSocket-Version: thirteen"), 426),
        ("a page from elsewhere", and("Origin: https://evil.example"), 403),
        ("a page from nowhere", and("Origin: null"), 403),
        ("two origins", and("Origin: http://127.0.0.1\r\nOrigin: http://127.0.0.1"), 403),
    ];
    let has = |status| match status {
        101 => ACCEPT,
        426 => OURS,
        _ => "content-type: application/json",
    };
    let whole =
        answers.map(|(name, request, status)| Case { name, request, piece: usize::MAX, status, has: has(status) });
    let mut cases = Vec::from(whole);
    cases.push(Case {
        name: "handshake, an octet at a time",
        request: good.clone(),
        piece: 1,
        status: 101,
        has: ACCEPT,
    });
    cases.push(Case { name: "handshake, seven octets at a time", request: good, piece: 7, status: 101, has: ACCEPT });
    cases
}
